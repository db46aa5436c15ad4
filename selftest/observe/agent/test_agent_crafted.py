"""Crafted packets through a real firewall that is watched from within: protocols, odd segments, fragments."""

from __future__ import annotations

import json
import subprocess
import sys
from ipaddress import ip_address
from random import Random
from typing import Any

import pytest

from ordinance.inventory.model import Service
from ordinance.observe.looks import inbound_protocols as look
from ordinance.observe.shipping import argv, request
from selftest.observe.agent.bed import Bed
from selftest.observe.agent.test_agent_datagrams import FAREWELL, HEX4, HEX6

MAIL, NEWS, UNUSED, OWN, MAIL6 = (
    ip_address(text) for text in ("198.51.100.5", "198.51.100.6", "198.51.100.9", "198.51.100.1", "2001:db8:100:1::5")
)
OF = {4: bytes.fromhex(HEX4), 6: bytes.fromhex(HEX6)}


def probes(kinds: Any, *addresses: Any) -> list[look.Probe]:
    return [probe for address in addresses for probe in kinds(OF[address.version], address, Random(5))]


def watched(net: Bed, asked: list[look.Probe], **more: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Send them; what each was answered and what became of it at the firewall, by address and kind."""
    job = {"job": "watch", "own4_hex": HEX4, "own6_hex": HEX6, "farewell_hex": FAREWELL.hex(), "seconds": 30, "quiet": 5}
    targets = [look._target(number, probe) for number, probe in enumerate(asked)]
    last = {"address": str(MAIL), "number": 0, "parts": [look._part(253, FAREWELL)]}
    with subprocess.Popen(net.enter("fw", sys.executable, *argv()[1:]), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watcher:
        assert watcher.stdin is not None
        assert watcher.stdout is not None
        watcher.stdin.write(request(job))
        watcher.stdin.flush()
        assert json.loads(watcher.stdout.readline()) == {"ready": True}
        told = net.agent({"job": "crafted", "targets": targets, "rounds": 2, "timeout": 0.3, "farewell": last, **more})
        seen = json.loads(watcher.stdout.readline())
        watcher.stdin.close()
    assert told["privileged"]
    assert told["complete"]
    counts = {tuple(one[:3]): one[3:] for one in seen["seen"]}
    flows = {tuple(one) for one in seen["flows"]}
    found = {}
    for probe, target, one in zip(asked, targets, told["targets"], strict=True):
        protocol, port, own_port = probe.flow
        mark = own_port if probe.protocol == look.raw.UDP else target["number"]
        arrived, left = counts.get((probe.protocol, str(probe.address), mark), (0, 0))
        flow = (protocol, str(probe.address), port, own_port) in flows
        replies = {(r["answer"], r["by"], r["type"], r["code"], r["hops"]) for r in one["replies"]}
        found[str(probe.address), probe.what] = {**one, "arrived": arrived, "left": left, "flow": flow, "replies": replies}
    return found


def control(*addresses: Any) -> list[look.Probe]:
    ports = {MAIL: 25, NEWS: 119, MAIL6: 25}
    services = [Service("x", address, ports[address], "smtp", "", frozenset()) for address in addresses]
    return list(look._controls(OF, services, Random(9)))


def test_every_protocol_arrives_and_ends_there_and_a_syn_made_alike_crosses(net: Bed) -> None:
    net.also("table inet own { chain i { type filter hook input priority 0; meta l4proto != { icmpv6, icmp } counter drop; }; }")
    found = watched(net, [*probes(look._protocols, MAIL, UNUSED, OWN, MAIL6), *control(MAIL, MAIL6)])
    for (_, what), seen in found.items():
        if what.startswith("SYN"):
            assert {reply[0] for reply in seen["replies"]} == {"open"}, what
            assert {reply[4] for reply in seen["replies"]} == {1}, what
            assert (seen["arrived"], seen["left"], seen["flow"]) == (2, 2, True), what
        else:
            assert (seen["arrived"], seen["left"], seen["flow"]) == (2, 0, False), what
            assert not seen["replies"], what
    assert {what for address, what in found if address == str(MAIL6)} >= {"GRE", "SCTP", "hop-by-hop options", "routing header"}
    assert net.counters()[-1] > 0


@pytest.mark.parametrize(
    ("rule", "what", "code"),
    [
        ("meta l4proto gre accept;", "GRE", (3, 2)),
        ("meta l4proto esp accept;", "ESP", (3, 2)),
        ("ip protocol 4 accept;", "IPIP", None),
    ],
)
def test_a_protocol_that_crosses_is_seen_to_and_the_host_says_it_does_not_know_it(
    net: Bed, rule: str, what: str, code: tuple[int, int] | None
) -> None:
    net.filter(rule)
    found = watched(net, probes(look._protocols, MAIL, UNUSED))
    seen = found[str(MAIL), what]
    assert seen["left"] == seen["arrived"] > 0
    assert seen["flow"]
    if code:
        assert ("icmp", str(MAIL), *code, None) in seen["replies"]
    assert found[str(UNUSED), what]["flow"]
    assert not found[str(MAIL), "AH"]["left"]


@pytest.mark.parametrize("address", [MAIL, MAIL6])
def test_a_question_to_a_name_server_made_alike_crosses_and_is_answered(net: Bed, address: Any) -> None:
    # the bed's host answers UDP on 69; the question goes to 53
    net.filter("udp dport { 53, 69 } accept;")
    net.also("table inet n { chain p { type nat hook prerouting priority dstnat; udp dport 53 redirect to :69; }; }", where="dmz")
    service = Service("ns", address, 53, "dns", "", frozenset())
    asked = list(look._controls(OF, [service], Random(9), "city.example"))
    assert [probe.what for probe in asked] == ["SYN to port 53", "DNS question"]
    seen = watched(net, asked)[str(address), "DNS question"]
    assert seen["left"] > 0
    assert seen["flow"]
    if address is MAIL:  # nobody listens on UDP over IPv6 there
        assert seen["replies"] == {("open", str(MAIL), None, None, None)}


def test_a_datagram_whose_port_another_socket_has_is_not_sent(net: Bed) -> None:
    net.filter("udp dport 69 accept;")
    service = Service("ns", MAIL, 53, "dns", "", frozenset())
    (asked,) = [probe for probe in look._controls(OF, [service], Random(9), "city.example") if probe.protocol == look.raw.UDP]
    hold = f"import socket; s = socket.socket(type=2); s.bind(('', {asked.flow[2]})); print('held', flush=True); input()"
    with subprocess.Popen(net.enter("out", sys.executable, "-c", hold), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        seen = watched(net, [asked])[str(MAIL), "DNS question"]
        holder.communicate(b"\n")
    assert (seen["sent"], seen["arrived"]) == (0, 0)
    assert {reply[0] for reply in seen["replies"]} == {"local"}


def test_rounds_go_on_while_no_control_of_a_family_has_answered(net: Bed) -> None:
    asked = [*probes(look._protocols, UNUSED)[:1], *control(NEWS)]
    net.filter(allowed="")
    lost = watched(net, asked, most_rounds=4)
    assert [seen["sent"] for seen in lost.values()] == [4, 4]
    net.filter()
    assert [seen["sent"] for seen in watched(net, asked, most_rounds=4).values()] == [2, 2]


def test_an_sctp_answer_is_heard(net: Bed) -> None:
    net.filter("meta l4proto sctp accept;")
    seen = watched(net, probes(look._protocols, MAIL))[str(MAIL), "SCTP"]
    assert seen["left"]
    assert seen["flow"]
    assert seen["replies"], "an abort, or protocol unreachable"


@pytest.mark.parametrize(
    ("next_header", "what"), [(0, "hop-by-hop options"), (60, "destination options"), (43, "routing header")]
)
def test_what_hides_behind_an_extension_header_is_seen_to_cross(net: Bed, next_header: int, what: str) -> None:
    net.filter(f"ip6 nexthdr {next_header} accept;")
    seen = watched(net, probes(look._protocols, MAIL6))[str(MAIL6), what]
    assert seen["left"]
    assert {reply[0] for reply in seen["replies"]} == {"rst"}, "nobody listens on telnet there over IPv6"
    assert {reply[4] for reply in seen["replies"]} == {1}


def test_a_filter_with_memory_lets_no_odd_segment_in(net: Bed) -> None:
    found = watched(net, [*probes(look._stealth, NEWS, MAIL6), *control(NEWS)])
    for (_, what), seen in found.items():
        if what != "SYN to port 119":
            assert (seen["left"], seen["flow"], seen["replies"]) == (0, False, set()), what
            assert seen["arrived"] == (4 if "fragments" in what else 2), what


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("tcp sport 53 accept;", "SYN from port 53 to port 22"),
        ("tcp sport 88 accept;", "SYN from port 88 to port 22"),
        ("tcp flags & (syn | ack) == ack accept;", "ACK to port"),
        ("tcp flags & (fin | syn | rst | ack) == fin accept;", "FIN to port"),
        ("tcp flags == 0x0 accept;", "NULL to port"),
    ],
)
def test_a_hole_by_source_port_or_flags_is_answered_by_the_host_and_seen_to_cross(net: Bed, rule: str, what: str) -> None:
    net.filter(rule)
    found = watched(net, [*probes(look._stealth, NEWS), *control(NEWS)])
    seen = next(seen for (_, kind), seen in found.items() if kind.startswith(what))
    assert {reply[0] for reply in seen["replies"]} == {"rst"}
    assert {reply[4] for reply in seen["replies"]} == {1}, "as far as the host, not the firewall"
    assert seen["left"] == seen["arrived"] > 0
    other = next(seen for (_, kind), seen in found.items() if kind.startswith("SYN from port 123"))
    assert (other["left"], other["replies"]) == (0, set())


def test_a_fragment_hole_is_answered_by_the_host(net: Bed) -> None:
    net.filter("ip frag-off & 0x3fff != 0 counter accept;")
    rule = "iifname f0 ip frag-off & 0x3fff != 0 notrack;"
    net.also(f"table inet early {{ chain p {{ type filter hook prerouting priority -450; {rule} }}; }}")
    seen = watched(net, probes(look._stealth, NEWS))[str(NEWS), "SYN in tiny fragments"]
    assert seen["left"] == seen["arrived"] > 0
    assert {(reply[0], reply[4]) for reply in seen["replies"]} == {("rst", 1)}
    assert net.counters()[0] > 0


def test_without_the_right_to_raw_sockets_the_job_says_so_and_sends_nothing(net: Bed) -> None:
    targets = [look._target(number, probe) for number, probe in enumerate(probes(look._stealth, NEWS))]
    words = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", sys.executable, *argv()[1:]]
    with subprocess.Popen(net.enter("out", *words), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as agent:
        assert agent.stdin is not None
        assert agent.stdout is not None
        agent.stdin.write(request({"job": "crafted", "targets": targets, "rounds": 1, "timeout": 0.1}))
        agent.stdin.flush()
        last = json.loads(agent.stdout.readline())
        agent.stdin.close()
    assert last["privileged"] is False
    assert last["complete"] is False
    assert {one["sent"] for one in last["targets"]} == {0}
