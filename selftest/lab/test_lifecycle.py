"""The lab's own promises: it comes up quickly, goes at once, and leaves nothing, however it ends."""

import os
import signal
import stat
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from census import Census, family, wait_for

from ordinance.lab import state
from ordinance.lab.place import lab_directory

GONE_SECONDS = 5.0
HOSTS = 14


def test_five_times_up_and_down(ordinance):
    ups, downs = [], []
    for _ in range(5):
        up = ordinance("lab", "up")
        assert (up.returncode, up.stderr) == (0, "")
        assert up.stdout.startswith(f"lab {ordinance.lab}: {HOSTS} hosts up in ")
        census = Census.of(state.find(ordinance.lab))
        assert len(census.members) > 2 * HOSTS
        down = ordinance("lab", "down")
        assert down.returncode == 0
        assert census.left_after(GONE_SECONDS) == []
        ups.append(float(up.stdout.split()[-2]))
        downs.append(float(down.stdout.split()[-2]))
    assert statistics.median(ups) < 4.0  # twice what a quiet machine with two cores needs at most
    assert statistics.median(downs) < 0.5


def test_status_tells_up_from_not_up(ordinance):
    assert ordinance("lab", "status").returncode == 3
    ordinance("lab", "up")
    status = ordinance("lab", "status")
    assert status.returncode == 0
    mail = next(line for line in status.stdout.splitlines() if line.split()[0] == "mail")
    assert "198.51.100.5 2001:db8:100:1::5" in mail
    assert str(state.find(ordinance.lab).pid_of("mail")) in mail


def test_a_name_that_is_up_cannot_be_started_again(ordinance):
    ordinance("lab", "up")
    first = state.find(ordinance.lab)
    second = ordinance("lab", "up")
    assert second.returncode == 4
    assert second.stderr.startswith(f"ordinance: the lab '{ordinance.lab}' is already up")
    assert state.find(ordinance.lab) == first


def test_down_forgets_the_secrets(ordinance):
    ordinance("lab", "up")
    lab = state.find(ordinance.lab)
    secrets = lab.directory / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o600}
    ordinance("lab", "down")
    assert not secrets.exists()
    assert not (lab.directory / state.STATE_FILE).exists()


@pytest.mark.parametrize("end", ["kill the starter", "kill the lab", "close the pipe", "interrupt"])
def test_a_held_city_leaves_nothing_however_it_ends(hold_city, end):
    held = hold_city()
    census = Census.of(held.lab)
    assert {found.split(":")[0].split()[0] for found in census.left()} >= {
        "process",
        "net",
        "mnt",
        "pid",
    }  # it sees them
    match end:
        case "kill the starter":
            held.process.kill()
        case "kill the lab":
            os.kill(held.lab.init.pid, signal.SIGKILL)
        case "close the pipe":
            held.process.stdin.close()
        case "interrupt":
            held.process.send_signal(signal.SIGINT)
    status = held.process.wait(timeout=20)
    assert status == {"kill the starter": -signal.SIGKILL, "kill the lab": 1}.get(end, 0)
    assert census.left_after(GONE_SECONDS) == []
    assert state.find(held.name) is None


def test_killing_the_starter_while_the_city_boots_leaves_nothing(ordinance, city_copy):
    (city_copy / "hosts" / "dept" / "rc").write_text("sleep 30\n")
    name = f"{ordinance.lab}-boot"
    starter = subprocess.Popen(
        [sys.executable, "-m", "ordinance", "lab", "up", "--name", name], env={**os.environ, "ORDINANCE_CITY": str(city_copy)}
    )
    init = wait_for(lambda: _lab_of(name))
    wait_for(lambda: len(family(init)) > 2 * HOSTS)  # well under way; dept holds the start up
    census = Census.of(state.RunningLab(name, str(lab_directory(name)), state.Stamp.of(init), {}))
    assert state.find(name) is None
    starter.kill()
    starter.wait()
    assert census.left_after(GONE_SECONDS) == []


def _lab_of(name):
    """The number of the lab's PID 1, found by the orders in its command line."""
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and f'"name":"{name}"'.encode() in (path / "cmdline").read_bytes():
                inner = (path / "status").read_text().partition("NSpid:")[2].splitlines()[0].split()
                if len(inner) == 2 and inner[-1] == "1":
                    return int(path.name)
        except OSError:
            continue
    return None


def test_the_state_file_of_a_dead_city_is_not_believed(hold_city):
    held = hold_city()
    written = (held.lab.directory / state.STATE_FILE).read_bytes()
    held.end()
    held.lab.directory.mkdir(exist_ok=True)
    (held.lab.directory / state.STATE_FILE).write_bytes(written)
    assert state.find(held.name) is None
    again = hold_city()  # and does not hinder the next
    assert again.lab.alive()


def test_two_cities_run_side_by_side_and_do_not_meet(city, hold_city):
    other = hold_city()
    for lab, text in ((city, b"one"), (other.lab, b"two")):
        lab.exec("www", ["sh", "-c", "cat > /run/mine"], stdin=text)
    assert city.exec("www", ["cat", "/run/mine"]).stdout == b"one"
    assert city.pid_of("www") != other.lab.pid_of("www")
    assert city.secret("probe-password") != other.lab.secret("probe-password")
    other.end()
    assert city.alive()
    assert city.exec("www", ["cat", "/run/mine"]).stdout == b"one"


def test_a_host_that_does_not_boot_is_named_with_the_end_of_its_log(ordinance, city_copy):
    (city_copy / "hosts" / "dept" / "rc").write_text("echo the hamster is asleep\nfalse\n")
    failed = ordinance("lab", "up", ORDINANCE_CITY=str(city_copy))
    assert failed.returncode == 4
    assert "the host 'dept' did not come up: /etc/lab/rc.dept ended with status 1" in failed.stderr
    assert "the hamster is asleep" in failed.stderr
    assert "Traceback" not in failed.stderr.partition("the end of")[0]
    assert state.find(ordinance.lab) is None


def test_an_unknown_secret_in_a_file_is_an_error_with_its_line(ordinance, city_copy):
    target = city_copy / "hosts" / "dept" / "root" / "etc" / "motd"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("hello\n@lab:no-such-thing@\n")
    failed = ordinance("lab", "up", ORDINANCE_CITY=str(city_copy))
    assert failed.returncode == 4
    assert f"{target}:2: the lab has no secret 'no-such-thing'" in failed.stderr
