"""Careful probes, echo and UDP exchanges of the agent against real firewalls in namespaces."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import pytest

from ordinance.observe.shipping import argv, request
from selftest.observe.agent.bed import Bed

UNUSED = "198.51.100.9"
OWN = {"198.51.100.5": 25, "198.51.100.6": 119, "2001:db8:100:1::5": 25, "2001:db8:100:1::6": 119}
TFTP = base64.b64encode(b"\0\1nothing\0octet\0").decode()


def careful(net: Bed, address: str = "198.51.100.5", control: str = "", numbers: range = range(0), **more: Any) -> dict[str, Any]:
    control = control or address
    target = {
        "address": address,
        "control": {"address": control, "port": OWN[control]},
        "decoys": [{"transport": "tcp", "port": 47321}],
        "ports": [
            {"transport": "tcp", "port": 23},
            {"transport": "tcp", "port": 21},
            {"transport": "udp", "port": 69, "payload_b64": TFTP},
        ],
        **({"ports": [{"transport": "tcp", "port": number} for number in numbers]} if numbers else {}),
    }
    last = net.agent({"job": "careful", "targets": [target], "miss_bound": 1e-4, "seed": 3, "timeout": 0.25, "late": 0.3, **more})
    return last["targets"][0]


def kinds(seen: dict[str, Any], number: int, where: str = "ports") -> set[tuple[Any, ...]]:
    return kinds_of(next(port for port in seen[where] if port["port"] == number))


def kinds_of(port: dict[str, Any]) -> set[tuple[Any, ...]]:
    return {(r["answer"], r["by"], r["type"], r["code"], r["hops"]) for r in port["replies"]}


def test_silence_is_asked_until_the_control_makes_it_mean_something(net: Bed) -> None:
    seen = careful(net)
    assert [(port["port"], port["sent"], port["silent"]) for port in seen["ports"]] == [(23, 7, 7), (21, 7, 7), (69, 7, 7)]
    assert seen["control"] == {"sent": 7, "answered": 7, "hops": 1}
    assert seen["miss_bound"] <= 1e-4
    assert seen["decoys"][0]["silent"] == 7


def test_an_open_port_and_a_datagram_are_answers(net: Bed) -> None:
    net.filter("meta l4proto { tcp, udp } th dport { 23, 69 } accept;")
    seen = careful(net)
    assert kinds(seen, 23) == {("open", "", None, None, 1)}
    assert kinds(seen, 69) == {("open", "", None, None, None)}
    assert kinds(seen, 21) == set()


def test_a_reset_of_the_host_is_farther_than_the_firewalls(net: Bed) -> None:
    net.filter("tcp dport 21 accept; tcp dport 23 reject with tcp reset;")
    for address in OWN:
        seen = careful(net, address)
        assert kinds(seen, 21) == {("rst", "", None, None, seen["control"]["hops"])}, address
        assert kinds(seen, 23) == {("rst", "", None, None, 0)}, address


def test_icmp_errors_are_told_with_their_sender(net: Bed) -> None:
    net.filter("tcp dport 23 reject with icmpx admin-prohibited; tcp dport 21 reject; udp dport 69 reject;")
    seen = careful(net)
    assert ("icmp", "203.0.113.1", 3, 13, None) in kinds(seen, 23)
    assert ("icmp", "203.0.113.1", 3, 3, None) in kinds(seen, 21) | kinds(seen, 69)
    seen = careful(net, "2001:db8:100:1::5")
    assert ("icmp", "2001:db8:ffff::1", 1, 1, None) in kinds(seen, 23)


def test_udp_let_through_to_a_host_without_a_listener_is_refused_by_that_host(net: Bed) -> None:
    net.filter("udp dport 69 accept;")
    assert kinds(careful(net, "198.51.100.6"), 69) == {("icmp", "198.51.100.6", 3, 3, None)}


@pytest.mark.parametrize(
    ("address", "control", "by"),
    [
        (UNUSED, "198.51.100.5", ("icmp", "203.0.113.1", 3, 1, None)),
        ("2001:db8:100:1::9", "2001:db8:100:1::5", ("icmp", "2001:db8:ffff::1", 1, 3, None)),
    ],
)
def test_a_port_let_through_to_nobody_is_told_by_the_router_seconds_later(
    net: Bed, address: str, control: str, by: object
) -> None:
    net.filter("tcp dport 23 accept;")
    seen = careful(net, address, control, late=4.0)
    assert kinds(seen, 23) == {by}
    assert kinds(seen, 21) == set()
    assert kinds(seen, 47321, "decoys") == set()
    assert seen["slow_decoys"] == 4


def test_a_router_that_refuses_everything_with_host_unreachable_says_so_for_the_decoy_too(net: Bed) -> None:
    net.sh("fw", "ip", "route", "add", "unreachable", "198.51.100.12/32")
    try:
        seen = careful(net, "198.51.100.12", "198.51.100.5", late=1.0)
    finally:
        net.sh("fw", "ip", "route", "del", "unreachable", "198.51.100.12/32")
    told = {port["port"] for port in [*seen["ports"], *seen["decoys"]] if ("icmp", "203.0.113.1", 3, 1, None) in kinds_of(port)}
    assert 47321 in told
    assert told - {47321}


def test_an_unused_address_is_asked_slowly_where_a_limit_may_have_eaten_what_it_brought(net: Bed) -> None:
    net.filter(f"ip daddr {UNUSED} tcp dport 1-14 reject with icmpx admin-prohibited;")
    # rounds enough for more errors than come at once, however late they are
    seen = careful(net, UNUSED, "198.51.100.5", patient=True, numbers=range(1, 15), least_rounds=12)
    assert all(("icmp", "203.0.113.1", 3, 13, None) in kinds(seen, number) for number in range(1, 15))
    assert [port["slow"] for port in seen["ports"] if port["slow"]], "the limit was not felt"
    assert not any(port["slow"] for port in careful(net, UNUSED, "198.51.100.5", numbers=range(1, 15))["ports"])


def test_a_port_that_is_silent_among_many_errors_is_silent_when_it_is_asked_slowly_too(net: Bed) -> None:
    net.filter(f"ip daddr {UNUSED} tcp dport 21 reject with icmpx admin-prohibited;")
    seen = careful(net, UNUSED, "198.51.100.5", patient=True, least_rounds=36)
    (silent,) = [port for port in seen["ports"] if port["port"] == 23]
    assert (silent["silent"], silent["slow"]) == (silent["sent"], 4)


def test_a_cable_that_is_out_is_no_answer_of_anybody(net: Bed) -> None:
    net.sh("fw", "ip", "link", "set", "f0", "down")
    try:
        seen = careful(net, late=4.0)
    finally:
        net.sh("fw", "ip", "link", "set", "f0", "up")
        net.sh("fw", "ip", "addr", "replace", "2001:db8:ffff::1/64", "dev", "f0", "nodad")
    assert seen["control"]["answered"] == 0
    assert seen["rounds"] <= 12
    assert {kind[0] for port in seen["ports"] for kind in kinds_of(port)} <= {"local"}


def test_something_that_answers_for_everything_opens_the_decoy_too(net: Bed) -> None:
    net.also(
        "table ip n { chain p { type nat hook prerouting priority dstnat; "
        "iifname f0 ip daddr 198.51.100.5 meta l4proto tcp dnat to 198.51.100.5:25; }; }"
    )
    seen = careful(net)
    assert kinds(seen, 23) == kinds(seen, 47321, "decoys") == {("open", "", None, None, 1)}


@pytest.mark.parametrize("percent", [25, 35])
def test_loss_is_answered_with_more_rounds(net: Bed, percent: int) -> None:
    net.filter("tcp dport 23 accept;")
    net.also(
        "table ip l { chain p { type filter hook prerouting priority -400; "
        f"numgen random mod 100 < {percent} counter drop; }}; }}"
    )
    seen = careful(net, timeout=0.2)
    assert net.counters()[-1] > 0
    lost = seen["control"]["sent"] - seen["control"]["answered"]
    assert seen["rounds"] > 7 or lost == 0  # no control is lost in one of 50 runs at 25 %: then seven rounds are enough
    assert seen["miss_bound"] <= 1e-4
    assert kinds(seen, 23) == {("open", "", None, None, 1)}
    assert kinds(seen, 21) == set()


def test_a_path_that_loses_everything_proves_nothing(net: Bed) -> None:
    net.filter(allowed="counter drop;")
    seen = careful(net, timeout=0.1, most_rounds=10)
    assert net.counters()[0] > 0
    assert seen["control"]["answered"] == 0
    assert seen["miss_bound"] > 0.9


def test_a_refusal_of_the_vantages_own_stack_is_no_answer_of_the_port(net: Bed) -> None:
    net.also("table inet o { chain out { type filter hook output priority 0; tcp dport 23 counter reject; }; }", where="out")
    seen = careful(net, timeout=0.2)
    assert net.counters("out")[0] > 0
    assert {kind[0] for kind in kinds(seen, 23)} == {"local"}


def test_the_echo_proves_each_port_that_can_be_sent_to(net: Bed) -> None:
    net.also(
        "table inet o { chain out { type filter hook output priority 0; meta l4proto { tcp, udp } th dport 69 counter drop; }; }",
        where="out",
    )
    wanted = [
        {"address": address, "transport": transport, "port": port}
        for address in ("203.0.114.7", "2001:db8:fffe::7")
        for transport, port in (("tcp", 23), ("udp", 70), ("udp", 69), ("tcp", 69))
    ]
    seen = net.agent({"job": "echo", "echoes": wanted, "tries": 2, "timeout": 0.3})["echoes"]
    assert net.counters("out")[0] > 0
    assert [one["echoed"] for one in seen] == [True, True, False, False] * 2


def test_udp_exchanges_bring_replies_errors_and_silence(net: Bed) -> None:
    net.filter("udp dport { 69, 70 } accept;")
    payload = base64.b64encode(b"hello").decode()
    one = {"payload_b64": payload, "tries": 2, "timeout": 0.3}
    asked = [{"address": "198.51.100.5", "port": port, **one} for port in (69, 70, 71)]
    seen = net.agent({"job": "udp", "exchanges": asked})["exchanges"]
    assert [(one["answer"], one["by"], base64.b64decode(one["reply_b64"])) for one in seen] == [
        ("open", "", b"hello"),
        ("icmp", "198.51.100.5", b""),
        ("silent", "", b""),
    ]


def test_an_unknown_job_is_an_error_and_no_result(net: Bed) -> None:
    process = subprocess.run(
        net.enter("out", sys.executable, *argv()[1:]),
        input=request({"job": "dance"}),
        capture_output=True,
        timeout=20,
        check=False,
    )
    last = json.loads(process.stdout.splitlines()[-1])
    assert "KeyError" in last["error"]


def test_the_agent_and_its_lanes_end_when_nobody_listens(net: Bed) -> None:
    job = {
        "job": "sweep",
        "engine": "connect",
        "addresses": ["198.51.100.5"],
        "canaries": [["198.51.100.5", 25, 1]],
        "canaries_per_round": {"4": 600},
        "miss_bound": 1e-4,
        "rate": 200,
        "seconds": 60,
    }
    process = subprocess.Popen(net.enter("out", sys.executable, *argv()[1:]), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request(job))
    process.stdin.flush()
    _under_way(process.stdout)
    lanes = _children(process.pid)
    assert lanes, "no lane was running"
    process.stdin.close()
    assert process.wait(timeout=3) == 3
    process.stdout.close()
    until = time.monotonic() + 3
    while any(_alive(pid) for pid in lanes):
        assert time.monotonic() < until, "a lane lives on"
        time.sleep(0.02)


def _under_way(lines: IO[bytes]) -> None:
    assert any(b"done_ports" in line for line in lines), "it ended before a port was asked"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_killed_agent_leaves_no_lane(net: Bed) -> None:
    job = {
        "job": "sweep",
        "engine": "connect",
        "addresses": ["198.51.100.5"],
        "canaries": [["198.51.100.5", 25, 1]],
        "canaries_per_round": {"4": 600},
        "miss_bound": 1e-4,
        "rate": 200,
        "seconds": 60,
    }
    process = subprocess.Popen(net.enter("out", sys.executable, *argv()[1:]), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request(job))
    process.stdin.flush()
    _under_way(process.stdout)
    lanes = _children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    until = time.monotonic() + 3
    while lanes and any(_alive(pid) for pid in lanes):
        assert time.monotonic() < until, "a lane lives on"
        time.sleep(0.02)
