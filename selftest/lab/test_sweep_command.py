"""`ordinance sweep` on the real city: what it finds is there, what it cannot vouch for it says, and Ctrl-C ends it everywhere."""

import json
import os
import signal
import subprocess
import sys

import pytest
import yaml
from census import wait_for
from suite_run import ROOT, agents

#: Most seconds from the signal to the end, on a machine that does other things too; a quiet one needs a third of a second.
SOON = 20.0
GONE = 10.0


@pytest.fixture
def sweep(city, tmp_path):
    """Start `ordinance sweep ...` as a user does, in the city that is up."""
    started = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "ordinance", "sweep", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            env={**os.environ, "ORDINANCE_LAB": city.name}, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def swept(process, seconds=180):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def opened(found):
    return {
        address["address"]: [run for answer in address["answers"] if answer["answer"] == "open" for run in answer["ports"]]
        for address in found["addresses"]
    }


def test_a_group_is_swept_and_the_table_says_what_is_open(sweep):
    code, out, err = swept(sweep("public-ipv4", "--from", "outside", "--ports", "1-600"))
    assert code == 0, out + err
    assert "complete: what is not shown above was not open" in out
    open_lines = [line.split() for line in out.splitlines() if line.startswith("  open ")]
    assert [" ".join(words[1:]) for words in open_lines] == ["53", "25", "119", "80, 443"]
    assert "covered       9,600 of 9,600 ports" in out
    assert out.count("note: nobody is seen to be at 198.51.100.") == 1


def test_ipv6_is_swept_too_and_told_as_json(sweep):
    code, out, err = swept(sweep("public-ipv6", "--from", "outside", "--ports", "1-130", "--json"))
    assert code == 0, out + err
    found = json.loads(out)
    assert found["complete"] is True
    assert opened(found)["2001:db8:100:1::8"] == [[80, 80]]
    assert opened(found)["2001:db8:100:1::1"] == []


def test_a_hole_is_seen_though_nobody_listens_behind_it(sweep, city):
    pierce = [
        "nft",
        "insert",
        "rule",
        "inet",
        "city",
        "forward",
        "ip",
        "daddr",
        "198.51.100.8",
        "tcp",
        "dport",
        "4444",
        "accept",
    ]
    tables = city.exec("fw", ["nft", "list", "tables"]).stdout.decode()
    assert "table inet city" in tables, tables
    assert city.exec("fw", pierce).returncode == 0
    try:
        code, out, _ = swept(sweep("198.51.100.8", "--from", "outside", "--ports", "4440-4450", "--json"))
    finally:
        listed = city.exec("fw", ["nft", "-a", "list", "chain", "inet", "city", "forward"]).stdout.decode()
        handle = next(line.split()[-1] for line in listed.splitlines() if "4444" in line)
        assert city.exec("fw", ["nft", "delete", "rule", "inet", "city", "forward", "handle", handle]).returncode == 0
    answers = {a["answer"]: a["ports"] for a in json.loads(out)["addresses"][0]["answers"]}
    assert answers["let-through"] == [[4444, 4444]]
    assert code == 0


@pytest.mark.parametrize(
    ("option", "why"),
    [("SetEnv=PATH=/nowhere", "there is no python3"), ("ForceCommand=/bin/false", "ended with status 1 before it was done")],
    ids=["no python", "no commands"],
)
def test_a_vantage_that_runs_no_agent_sweeps_through_channels_and_says_why(sweep, city, tmp_path, option, why):
    listen = f"-o Port=2231 -o PidFile=/tmp/sshd-2231 -o {option}"
    assert city.exec("outside", ["sh", "-c", f"/usr/sbin/sshd {listen} >/dev/null 2>&1 </dev/null"]).returncode == 0
    pid = wait_for(lambda: city.exec("outside", ["cat", "/tmp/sshd-2231"]).stdout.decode().strip(), 20.0)
    data = yaml.safe_load((ROOT / "inventory" / "lab.yml").read_text())
    hosts_named(data, "outside")["ansible_port"] = 2231
    inventory = tmp_path / "channels.yml"
    inventory.write_text(yaml.safe_dump(data, sort_keys=False))
    words = ("198.51.100.8", "--from", "outside", "--ports", "70-90", "--inventory", str(inventory), "--json")
    try:
        code, out, err = swept(sweep(*words))
    finally:
        city.exec("outside", ["sh", "-c", f"kill {pid}; rm /tmp/sshd-2231"])
    found = json.loads(out)
    assert code == 0, out + err
    assert opened(found) == {"198.51.100.8": [[80, 80]]}
    held = found["certificate"]
    assert held["engine"] == "tunnel sweep through SSH channels"
    assert held["by"]["name"] == "tunnel"
    assert why in held["by"]["why"]
    assert (held["hears_icmp"], held["reads_hops"]) == (False, False)


def hosts_named(data, name):
    """The variables of a host, wherever in the tree it stands."""
    for value in data.values() if isinstance(data, dict) else ():
        if isinstance(value, dict):
            if name in value and isinstance(value[name], dict) and "ansible_host" in value[name]:
                return value[name]
            if (found := hosts_named(value, name)) is not None:
                return found
    return None


def test_a_vantage_that_nothing_vouches_for_is_unproven(sweep):
    code, out, _ = swept(sweep("10.20.0.81", "--from", "workstation", "--ports", "80"))
    assert code == 6
    assert "UNPROVEN: ports may have been missed" in out
    assert "no outside echo shows what the vantage can send" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
def test_a_signal_ends_it_here_and_at_the_vantage_and_nothing_is_claimed(sweep, city, number, form):
    process = sweep("public-ipv4", "--from", "outside", *form)
    assert wait_for(lambda: process.poll() is not None or agents(city, "outside"), 60.0)
    assert process.poll() is None
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    code, out, err = swept(process, SOON)
    assert code == 2, out + err
    assert "Traceback" not in err
    assert wait_for(lambda: not agents(city, "outside"), GONE)
    if form:
        told = json.loads(out)
        assert (told["complete"], told["interrupted"], told["addresses"]) == (False, True, [])
    else:
        assert out == ""
        assert "interrupted: the sweep is incomplete, and nothing is known from it" in err
