"""The tunnel engine through OpenSSH, past a real firewall: what every answer of the server means, and what it never means."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from census import wait_for

PROGRAM = Path(__file__).with_name("at_the_tunnel.py")
WWW, MAIL, ECHO = "198.51.100.8", "198.51.100.5", "203.0.113.7"
WWW6, MAIL6, ECHO6 = "2001:db8:100:1::8", "2001:db8:100:1::5", "2001:db8:ffff::7"
CANARIES = [[WWW, 80, 20.0], [MAIL, 25, 1.0]]
BY6 = {
    "addresses": [WWW6], "echo": [ECHO6], "canaries": [[WWW6, 80, 20.0], [MAIL6, 25, 1.0]], "canaries_per_round": {"6": 150},
}  # fmt: skip
FIRST, LAST = 4001, 4400
#: What the firewall does with single ports of WWW; 4001 is dropped like all the others.
RULES = (
    ("4010", "accept"),
    ("4011", "reject with icmpx type admin-prohibited"),
    ("4012", "reject with icmpx type host-unreachable"),
    ("4013", "reject with tcp reset"),
    ("4014", "accept"),
)
LISTENER = (
    "import socket; s = socket.create_server(('::', 4014), family=socket.AF_INET6, dualstack_ipv6=True)\n"
    "print('up', flush=True)\nwhile True: s.accept()[0].close()"
)


@pytest.fixture(scope="module")
def holes(city):
    """Holes in the firewall, and somebody who listens behind one."""
    for port, fate in RULES:
        for to in (f"ip daddr {WWW}", f"ip6 daddr {WWW6}"):
            rule = f"nft insert rule inet city forward {to} tcp dport {port} counter {fate}"
            assert city.exec("fw", ["sh", "-c", rule]).returncode == 0
    start = f'setsid python3 -c "{LISTENER}" >/tmp/listener 2>&1 </dev/null & echo $! >/tmp/listener.pid'
    assert city.exec("www", ["sh", "-c", start]).returncode == 0
    assert wait_for(lambda: b"up" in city.exec("www", ["cat", "/tmp/listener"]).stdout, 20.0)
    yield
    assert city.exec("www", ["sh", "-c", "kill $(cat /tmp/listener.pid)"]).returncode == 0
    listed = city.exec("fw", ["nft", "-a", "list", "chain", "inet", "city", "forward"]).stdout.decode()
    for handle in [line.split()[-1] for line in listed.splitlines() if "dport 40" in line]:
        assert city.exec("fw", ["nft", "delete", "rule", "inet", "city", "forward", "handle", handle]).returncode == 0


@pytest.fixture
def server(city):
    """A further sshd on the vantage: `server(2222, "PermitOpen=...", files=64)`."""
    ports = []

    def start(port, *options, files=1024):
        words = " ".join(f"-o {option}" for option in (f"Port={port}", f"PidFile=/tmp/sshd-{port}", *options))
        command = f"ulimit -n {files}; exec setsid /usr/sbin/sshd {words} >/dev/null 2>&1 </dev/null"
        assert city.exec("outside", ["sh", "-c", command]).returncode == 0
        ports.append(port)
        pid = wait_for(lambda: city.exec("outside", ["cat", f"/tmp/sshd-{port}"]).stdout.decode().strip(), 20.0)
        limits = city.exec("outside", ["cat", f"/proc/{pid}/limits"]).stdout.decode()
        assert f"Max open files            {files} " in limits, limits  # the fault is active
        return port

    yield start
    for port in ports:
        city.exec("outside", ["sh", "-c", f"kill $(cat /tmp/sshd-{port})"])


@pytest.fixture
def tunnel(city):
    """Sweep through the vantage's SSH server."""

    def sweep(port=22, **changed):
        job = {
            "job": "sweep", "addresses": [WWW], "echo": [ECHO], "canaries": CANARIES, "canaries_per_round": {"4": 150},
            "miss_bound": 1e-4, "rate": None, "per_host": None, "timeout": 0.25, "seconds": 60.0, "first_port": FIRST,
            "last_port": LAST, "seed": 7, **changed,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, str(PROGRAM), city.name, str(port), json.dumps(job)], capture_output=True, text=True, timeout=180,
            check=False, env={**os.environ, "ORDINANCE_KILL_SWITCH": "/nonexistent/STOP"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return sweep


def answers(told, echo=False):
    """Port -> answer."""
    found = {}
    for group in told["last"]["answers"]:
        if group["echo"] == echo:
            for first, last in group["ports"]:
                found |= dict.fromkeys(range(first, last + 1), group["answer"])
    return found


@pytest.mark.usefixtures("holes")
@pytest.mark.parametrize(
    # over IPv6 "prohibited" is "Permission denied", which the vantage's own rules say as well: never the firewall's word
    ("family", "asked", "prohibited"),
    [(4, {}, "icmp"), (6, BY6, "local")],
    ids=["ipv4", "ipv6"],
)
def test_every_answer_of_the_firewall_and_of_the_host_is_told_apart(tunnel, city, family, asked, prohibited):
    told = tunnel(**asked)
    last, found = told["last"], answers(told)
    odd = {port: answer for port, answer in found.items() if answer != "silent"}
    assert odd == {4010: "rst", 4011: prohibited, 4012: "icmp", 4013: "rst", 4014: "open"}
    assert len(found) == LAST - FIRST + 1
    assert set(answers(told, echo=True).values()) == {"open"}
    assert (last["complete"], last["privileged"], last["local"]) == (True, False, int(prohibited == "local"))
    assert [bound["family"] for bound in last["bounds"]] == [family]
    assert last["bounds"][0]["rounds"] >= 2
    assert last["bounds"][0]["miss_bound"] <= 1e-4
    assert all(canary["late_answered"] and canary["hops"] is None for canary in last["canaries"])
    assert told["details"]["logins"] >= 4
    assert told["details"]["scope"].startswith("kept by the audit process alone")
    assert told["records"] == [["ssh-connect", "ok"], ["tunnel", "ok"]]
    counted = city.exec("fw", ["nft", "list", "chain", "inet", "city", "forward"]).stdout.decode()
    met = [line for line in counted.splitlines() if "dport 40" in line and ("ip6 daddr" in line) == (family == 6)]
    assert len(met) == len(RULES)
    assert all("packets 0 " not in line for line in met)  # each fault was met


@pytest.mark.usefixtures("holes")
def test_what_the_servers_policy_forbids_is_not_probed_and_never_closed(tunnel, server):
    permit = f"PermitOpen='{WWW}:80 {MAIL}:25 {WWW}:4010 {ECHO}:*'"
    told = tunnel(server(2222, permit))
    found = answers(told)
    assert found.pop(4010) == "rst"
    assert set(found.values()) == {"unasked"}
    assert not told["last"]["complete"]
    assert "ports were not probed: the SSH server of the vantage forbids it (1: open failed)" in told["last"]["why_incomplete"]


def test_a_server_that_forwards_nothing_is_said_to_forbid_it(tunnel, server):
    told = tunnel(server(2223, "AllowTcpForwarding=no"))
    assert not told["last"]["complete"]
    assert told["last"]["why_incomplete"].startswith("no canary could be asked: the SSH server of the vantage forbids it (1:")
    assert set(answers(told).values()) == {"unasked"}


@pytest.mark.usefixtures("holes")
def test_a_server_short_of_descriptors_is_asked_less_at_once_and_the_result_is_right(tunnel, server):
    told = tunnel(server(2224, files=100))
    odd = {port: answer for port, answer in answers(told).items() if answer != "silent"}
    assert odd == {4010: "rst", 4011: "icmp", 4012: "icmp", 4013: "rst", 4014: "open"}
    assert told["last"]["requeued"] > 0  # the fault was met
    assert told["last"]["complete"]


@pytest.mark.usefixtures("holes")
def test_a_server_without_descriptors_for_a_few_is_an_error_and_nothing_is_closed(tunnel, server):
    told = tunnel(server(2225, files=20), last_port=4060)
    last, found = told["last"], answers(told)
    assert not last["complete"] or last["local"] > 0 or last["bounds"][0]["miss_bound"] > 1e-4
    assert found[4014] in {"open", "local", "unasked"}  # never closed, never silent
    truth = {4010: "rst", 4011: "icmp", 4012: "icmp", 4013: "rst"}
    assert {port: answer for port, answer in found.items() if answer in {"rst", "icmp"}}.items() <= truth.items()


@pytest.mark.usefixtures("holes")
def test_loss_costs_rounds_and_not_truth(tunnel, city):
    lossy = (
        "table inet loss { chain l { type filter hook prerouting priority -300; "
        f"ip saddr {WWW} tcp sport != 22 numgen random mod 100 < 10 counter drop; "
        f"ip daddr {WWW} tcp dport != 22 numgen random mod 100 < 10 counter drop; }}; }}"
    )
    assert city.exec("fw", ["nft", lossy]).returncode == 0
    try:
        told = tunnel()
        counted = city.exec("fw", ["nft", "list", "table", "inet", "loss"]).stdout.decode()
    finally:
        assert city.exec("fw", ["nft", "delete", "table", "inet", "loss"]).returncode == 0
    assert all("packets 0 " not in line for line in counted.splitlines() if "numgen" in line)  # the fault was active
    found = answers(told)
    assert {port for port, answer in found.items() if answer == "open"} == {4014}
    assert found[4010] == "rst"
    assert told["last"]["complete"]
    assert told["last"]["bounds"][0]["miss_bound"] <= 1e-4


def test_a_server_that_dies_leaves_the_sweep_incomplete(tunnel, server, city):
    port = server(2226)
    # the listener alone dies: connections that stand go on, no further one can be made
    met = f"grep -q ':{port:04X} [0-9A-F:]* 01 ' /proc/net/tcp"
    watch = f'setsid sh -c "until {met}; do :; done; sleep 3; kill $(cat /tmp/sshd-{port})" >/dev/null 2>&1 </dev/null &'
    assert city.exec("outside", ["sh", "-c", watch]).returncode == 0
    told = tunnel(port, last_port=20_000)
    assert not told["last"]["complete"]
    assert "unasked" in answers(told).values()


def test_a_job_outside_the_scope_asks_for_no_channel(tunnel):
    told = tunnel(addresses=["203.0.113.10"])
    assert told["missed"][0] == "scope"
    assert told["records"] == [["ssh-connect", "ok"], ["tunnel", "scope"]]


def test_what_the_time_does_not_allow_is_said_to_be_unasked(tunnel):
    told = tunnel(seconds=4.0, first_port=1, last_port=65_535)
    assert (told["last"]["complete"], told["last"]["why_incomplete"]) == (False, "the time allowed was over")
    counted = list(answers(told).values())
    assert counted.count("unasked") > 30_000
    assert len(counted) == 65_535


def test_the_pace_of_the_inventory_holds(tunnel):
    told = tunnel(pace={"per_host": 60, "total": 150}, first_port=79, last_port=120, echo=[], seconds=60.0)
    last = told["last"]
    assert answers(told)[80] == "open"
    # lent: six tenths of the pace
    assert last["probes"] <= 150 * 0.6 * last["seconds"] + 10
    asked = sum(canary["sent"] for canary in last["canaries"] if canary["address"] == WWW)
    assert 42 + asked <= 60 * 0.6 * last["seconds"] + 10
