"""UDP questions through a real firewall that is watched from within: what answers, what ends there, what crosses unseen."""

from __future__ import annotations

import base64
import json
import select
import socket
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ordinance.observe.agent import own_ports as ports
from ordinance.observe.agent.datagrams import Asked
from ordinance.observe.agent.own_ports import bind, kernel_range
from ordinance.observe.shipping import argv, request
from selftest.observe.agent.bed import Bed

MAIL, NEWS, UNUSED, OWN = "198.51.100.5", "198.51.100.6", "198.51.100.9", "198.51.100.1"
MAIL6, OWN6, UNUSED6 = "2001:db8:100:1::5", "2001:db8:100:1::1", "2001:db8:100:1::9"
EVERY = (MAIL, NEWS, UNUSED, OWN, MAIL6, OWN6, UNUSED6)
FAREWELL = b"ordinance-over"
HEX4, HEX6 = "cb007114", "20010db8ffff00000000000000000020"


def target(address: str, port: int, payload: bytes = b"hello", *, control: bool = False) -> dict[str, Any]:
    return {"address": address, "port": port, "payload_b64": base64.b64encode(payload).decode(), "control": control}


def ask(net: Bed, *targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    job = {"job": "datagrams", "targets": list(targets), "rounds": 2, "timeout": 0.2, "farewell": target(MAIL, 9, FAREWELL)}
    return net.agent({**job, **more})


def watched(net: Bed, *targets: dict[str, Any], **more: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Ask while the firewall is watched: what each target told, and what was seen there."""
    job = {"job": "watch", "own4_hex": HEX4, "own6_hex": HEX6, "farewell_hex": FAREWELL.hex(), "seconds": 30, "quiet": 5}
    with subprocess.Popen(net.enter("fw", sys.executable, *argv()[1:]), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watcher:
        assert watcher.stdin is not None
        assert watcher.stdout is not None
        watcher.stdin.write(request(job))
        watcher.stdin.flush()
        assert json.loads(watcher.stdout.readline()) == {"ready": True}
        told = ask(net, *targets, **more)
        last = json.loads(watcher.stdout.readline())
        watcher.stdin.close()
    assert last.get("done"), last
    assert "error" not in last, last
    return told["targets"], last


def fate(told: dict[str, Any], asked: dict[str, Any], last: dict[str, Any]) -> tuple[int, int, bool]:
    """Arrived, left, taken for a flow."""
    key = [17, asked["address"], told["own_port"]]
    counts = next((seen[3:] for seen in last["seen"] if seen[:3] == key), [0, 0])
    flow = [17, asked["address"], asked["port"], told["own_port"]] in last["flows"]
    return counts[0], counts[1], flow


def test_rounds_go_on_while_no_control_of_a_family_has_answered(net: Bed) -> None:
    asked = target(MAIL, 69, control=True), target(MAIL, 123)
    assert [one["sent"] for one in ask(net, *asked, most_rounds=4)["targets"]] == [4, 4]
    net.filter("udp dport 69 accept;")
    assert [one["sent"] for one in ask(net, *asked, most_rounds=4)["targets"]] == [2, 2]


def test_what_is_dropped_arrives_and_ends_there(net: Bed) -> None:
    asked = [target(address, 123) for address in EVERY]
    # the bed's firewall filters what it forwards; what is for itself is dropped here
    net.also("table inet own { chain i { type filter hook input priority 0; udp dport 123 counter drop; }; }")
    told, last = watched(net, *asked)
    assert [(one["sent"], one["silent"], one["replies"]) for one in told] == [(2, 2, [])] * len(EVERY)
    assert [fate(one, was, last) for one, was in zip(told, asked, strict=True)] == [(2, 0, False)] * len(EVERY)
    assert last["tracks"]
    assert last["lost"] == 0
    assert net.counters()[-1] == 4, "the drop of what was for the firewall itself was not active"


def test_an_answer_is_told_and_its_way_is_seen(net: Bed) -> None:
    net.filter("udp dport 69 accept;")
    asked = [target(MAIL, 69, control=True), target(NEWS, 123)]
    told, last = watched(net, *asked)
    assert [(r["answer"], r["by"], r["times"]) for r in told[0]["replies"]] == [("open", MAIL, 2)]
    assert base64.b64decode(told[0]["said_b64"]) == b"hello"
    assert fate(told[0], asked[0], last) == (2, 2, True)
    assert fate(told[1], asked[1], last) == (2, 0, False)


def test_a_hole_to_a_host_where_nobody_listens_is_seen_by_the_icmp_of_the_host_and_at_the_firewall(net: Bed) -> None:
    net.filter("udp dport 500 accept;")
    asked = [target(NEWS, 500), target(MAIL6, 500)]
    told, last = watched(net, *asked)
    assert [(r["answer"], r["by"], r["type"], r["code"]) for r in told[0]["replies"]] == [("icmp", NEWS, 3, 3)]
    assert [(r["answer"], r["by"], r["type"], r["code"]) for r in told[1]["replies"]] == [("icmp", MAIL6, 1, 4)]
    assert told[0]["sent"] == 1, "who has answered is left in peace"
    assert fate(told[0], asked[0], last) == (1, 1, True)


def test_a_hole_to_an_address_that_nobody_uses_is_a_flow(net: Bed) -> None:
    net.filter("udp dport 500 accept;")
    asked = [target(UNUSED, 500), target(UNUSED6, 500)]
    told, last = watched(net, *asked)
    assert [fate(one, was, last) for one, was in zip(told, asked, strict=True)] == [(2, 0, True)] * 2


def test_what_the_firewall_takes_for_itself_is_a_flow(net: Bed) -> None:
    asked = [target(OWN, 500), target(OWN6, 500)]
    net.also(
        "table inet own { chain i { type filter hook input priority 0; udp dport 500 counter accept; ct state new drop; }; }"
    )
    told, last = watched(net, *asked)
    assert [fate(one, was, last)[1:] for one, was in zip(told, asked, strict=True)] == [(0, True)] * 2


def test_a_hole_without_connection_tracking_is_seen_to_be_sent_on(net: Bed) -> None:
    net.filter("udp dport 500 accept;")
    net.also("table inet raw { chain p { type filter hook prerouting priority -300; udp dport 500 notrack; }; }")
    asked = [target(NEWS, 500)]
    told, last = watched(net, *asked)
    arrived, left, flow = fate(told[0], asked[0], last)
    assert (arrived, left, flow) == (arrived, arrived, False)
    assert arrived


def test_a_translated_destination_is_booked_under_what_was_asked(net: Bed) -> None:
    net.filter("udp dport 5060 accept;")
    rule = f"ip daddr {UNUSED} udp dport 5060 dnat to {NEWS};"
    net.also(f"table ip n {{ chain p {{ type nat hook prerouting priority dstnat; {rule} }}; }}")
    asked = [target(UNUSED, 5060)]
    told, last = watched(net, *asked)
    arrived, left, flow = fate(told[0], asked[0], last)
    assert arrived
    assert left == arrived
    assert flow


def test_a_prohibition_is_told_with_its_sender(net: Bed) -> None:
    net.filter("udp dport 123 reject with icmpx admin-prohibited;")
    told, _ = watched(net, target(NEWS, 123))
    assert [(r["answer"], r["by"], r["type"], r["code"]) for r in told[0]["replies"]] == [("icmp", "203.0.113.1", 3, 13)]


def test_a_pending_error_costs_no_datagram(net: Bed) -> None:
    """A socket with an ICMP error in its queue refuses the next send; the error is booked and the datagram sent all the same."""
    net.filter("udp dport 500 accept;")
    told = ask(net, target(NEWS, 500, control=True), rounds=5, timeout=0.05)["targets"][0]
    assert told["sent"] == 5
    assert sum(reply["times"] for reply in told["replies"]) >= 1


def test_an_error_that_waits_when_a_datagram_is_sent_is_booked_and_the_datagram_sent_again() -> None:
    """On the loopback, where the error is waited for: in the bed it is there in time only by chance."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = Asked(target("127.0.0.1", port))
    asked.open(iter(()))
    assert asked.sock is not None
    asked.send()
    waiting = select.poll()
    waiting.register(asked.sock, select.POLLERR)
    assert waiting.poll(5000), "no error waits on the socket"
    asked.send()
    assert asked.sent == 2
    assert asked.sock is not None
    asked.close()
    assert {outcome.by for outcome in asked.kinds} == {"ICMP of its own"}, "which is that of the loopback"


def test_no_port_of_ours_was_anothers_before(net: Bed) -> None:
    """An answer to another program, late, would else come back to us, from the port that the other had asked."""
    told = ask(net, *(target(address, 123) for address in EVERY))["targets"]
    low, high = kernel_range()
    ours = [one["own_port"] for one in told]
    assert [port for port in ours if low <= port <= high] == []
    assert len(set(ours)) == len(ours)


def test_a_port_in_use_is_passed_over_and_at_the_end_the_kernel_gives_one() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        used = other.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            assert bind(sock, "127.0.0.1", iter([used])) == sock.getsockname()[1] != used


def test_ports_are_not_asked_of_a_kernel_that_keeps_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "range"
    monkeypatch.setattr(ports, "RANGE", str(said))
    assert ports.own_ports(Random(1)) == []
    said.write_text("1024\t65535\n")
    assert ports.own_ports(Random(1)) == []
    said.write_text("1026\t65534\n")
    assert sorted(ports.own_ports(Random(1))) == [1024, 1025, 65535]


def test_what_does_not_leave_the_vantage_is_its_own(net: Bed) -> None:
    net.also("table inet own { chain o { type filter hook output priority 0; udp dport 123 counter drop; }; }", where="out")
    told, last = watched(net, target(NEWS, 123))
    assert {reply["answer"] for reply in told[0]["replies"]} == {"local"}
    assert last["seen"] == [] or all(seen[2] != told[0]["own_port"] for seen in last["seen"])
    assert net.counters("out")[0] > 0


def test_the_pace_is_kept(net: Bed) -> None:
    """So many a second to one host: the firewall's own limit, a little above, never bites."""
    net.filter("udp dport 500-540 limit rate over 25/second burst 3 packets counter drop;")
    told = ask(net, *(target(NEWS, port) for port in range(500, 530)), rounds=1, rate=1000.0, per_host=20.0)
    assert all(one["sent"] == 1 for one in told["targets"])
    assert net.counters()[0] == 0


def test_time_that_is_too_short_is_told(net: Bed) -> None:
    told = ask(net, *(target(NEWS, port) for port in range(500, 530)), rounds=1, rate=10.0, seconds=0.5)
    assert told["complete"] is False


def test_the_watcher_goes_home_when_nothing_comes(net: Bed) -> None:
    job = {"job": "watch", "own4_hex": HEX4, "own6_hex": "", "farewell_hex": "", "seconds": 30, "quiet": 1, "patience": 0.3}
    with subprocess.Popen(net.enter("fw", sys.executable, *argv()[1:]), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watcher:
        assert watcher.stdin is not None
        assert watcher.stdout is not None
        watcher.stdin.write(request(job))
        watcher.stdin.flush()
        assert json.loads(watcher.stdout.readline()) == {"ready": True}
        last = json.loads(watcher.stdout.readline())
        watcher.stdin.close()
    assert last["done"]
    assert last["seen"] == []


def test_others_are_not_watched(net: Bed) -> None:
    """Only the vantage's own addresses are: what else a city sends and receives is nobody's business."""
    net.filter("udp dport 69 accept;")
    asked = [target(MAIL, 69)]
    told, last = watched(net, *asked)
    assert {seen[1] for seen in last["seen"]} <= {MAIL, OWN, "203.0.113.1"}, "answers of the host go the other way, unwatched"
    assert fate(told[0], asked[0], last) == (1, 1, True)
