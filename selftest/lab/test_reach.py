"""Reaching into a running city: exec, joining a network, SSH, certificates; as root of the machine or of a user namespace."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from census import Census, wait_for

from ordinance.lab.errors import LabError

GONE_SECONDS = 5.0
USER_NAMESPACE = (sys.executable, str(Path(__file__).with_name("in_user_namespace.py")))


def test_exec_passes_stdin_output_and_exit_status(city, ordinance):
    done = city.exec("mail", ["sh", "-c", "cat; echo problem >&2; exit 7"], stdin=b"said")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"said", b"problem\n")
    by_hand = ordinance("lab", "exec", "--name", city.name, "mail", "--", "sh", "-c", "hostname -f; exit 9")
    assert (by_hand.returncode, by_hand.stdout) == (9, "mail.city.example\n")


def test_exec_ends_what_it_started_when_time_is_up(city):
    with pytest.raises(subprocess.TimeoutExpired):
        city.exec("dept", ["sleep", "77.125"], timeout=0.5)
    listed = city.exec("dept", ["ps", "ax", "-o", "args"]).stdout.decode()
    assert "sleep 77.125" not in listed


def test_an_unknown_host_or_secret_is_said(city):
    with pytest.raises(LabError, match=r"has no host 'nowhere'; it has: .*mail"):
        city.pid_of("nowhere")
    with pytest.raises(LabError, match="has no secret 'nothing'"):
        city.secret("nothing")
    with pytest.raises(LabError, match="is no name of a secret"):
        city.secret("../state.json")


def test_a_host_that_is_killed_is_missed_and_the_others_go_on(hold_city):
    held = hold_city()
    os.kill(held.lab.pid_of("dept"), signal.SIGKILL)
    wait_for(lambda: not held.lab.hosts["dept"].init.alive())
    with pytest.raises(LabError, match=r"the host 'dept' .* is no longer running"):
        held.lab.pid_of("dept")
    assert held.lab.exec("www", ["hostname"]).stdout == b"www\n"


def test_a_process_that_joins_a_host_sees_its_network_only(city):
    script = (
        "import socket, sys, pathlib; from ordinance.lab import ns, state; lab = state.find(sys.argv[1]);"
        "ns.join_network(lab.pid_of('itd')); print(sorted(name for _, name in socket.if_nameindex()));"
        "print(socket.create_connection(('10.20.0.81', 80), 3).getpeername()); print(pathlib.Path('/etc/hostname').read_text())"
    )
    done = subprocess.run([sys.executable, "-c", script, city.name], capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout.splitlines()[:2] == ["['eth0', 'lo', 'mgmt0']", "('10.20.0.81', 80)"], done.stderr
    assert done.stdout.splitlines()[2] == Path("/etc/hostname").read_text().strip()  # the file system stays


def test_hosts_have_names_addresses_and_forwarding_as_in_the_topology(city):
    for host in ("fw", "ws1"):
        shown = json.loads(city.exec(host, ["ip", "-j", "addr"]).stdout)
        have = {address["local"] for link in shown for address in link["addr_info"] if address["scope"] == "global"}
        assert have == set(city.hosts[host].addresses)
        forwarding = city.exec(host, ["cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"])
        assert forwarding.stdout == (b"1\n1\n" if host == "fw" else b"0\n0\n")
    assert city.exec("ws1", ["hostname"]).stdout == b"ws1\n"


def test_ssh_finds_the_pinned_host_key_and_takes_the_labs_own_key(city, ordinance):
    pinned = dict(line.split(" ", 1) for line in ordinance("lab", "hostkeys").stdout.splitlines())
    script = (
        'umask 077; cat > /run/key; echo "$1" > /run/known;'
        "ssh -i /run/key -o UserKnownHostsFile=/run/known -o StrictHostKeyChecking=yes -o BatchMode=yes 172.31.255.16 hostname"
    )
    argv = ["sh", "-c", script, "sh", f"172.31.255.16 {pinned['www']}"]
    done = city.exec("itd", argv, stdin=city.secret("ssh-key").encode())
    assert (done.returncode, done.stdout) == (0, b"www\n"), done.stderr


def test_certificates_are_good_for_their_own_names_only(city):
    argv = "curl -sS -m 5 --cacert /run/ca.pem --resolve {0}:443:198.51.100.8 -o /dev/null -w %{{http_code}} https://{0}/"
    city.exec("itd", ["sh", "-c", "cat > /run/ca.pem"], stdin=city.secret("ca.pem").encode())
    for name in ("www.city.example", "city.example"):
        assert city.exec("outside", ["true"]).returncode == 0
        city.exec("outside", ["sh", "-c", "cat > /run/ca.pem"], stdin=city.secret("ca.pem").encode())
        assert city.exec("outside", argv.format(name).split()).stdout == b"200"
    wrong = city.exec("outside", argv.format("mail.city.example").split())
    assert wrong.returncode == 60  # curl: the peer's certificate is not good for that name


def test_the_same_city_runs_in_a_user_namespace(hold_city):
    held = hold_city(prefix=USER_NAMESPACE)
    census = Census.of(held.lab)
    assert Path(f"/proc/{held.lab.init.pid}/ns/user").readlink() != Path("/proc/self/ns/user").readlink()
    assert held.lab.exec("mail", ["hostname", "-f"]).stdout == b"mail.city.example\n"
    page = held.lab.exec("outside", ["curl", "-s", "-m", "5", "http://198.51.100.8/"]).stdout
    assert b"Welcome to the City of Example" in page
    script = (
        "import socket, sys; from ordinance.lab import ns, state; ns.join_network(state.find(sys.argv[1]).pid_of('itd'));"
        "print(socket.create_connection(('10.20.0.81', 80), 3).getpeername()[1])"
    )
    joined = subprocess.run([sys.executable, "-c", script, held.name], capture_output=True, text=True, timeout=20, check=False)
    assert joined.stdout == "80\n", joined.stderr
    held.process.kill()
    held.process.wait()
    assert census.left_after(GONE_SECONDS) == []
