"""Which packet of a violation a sender can send: his own address, whole and first, a port of his system's choice, and now."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from ordinance.proof.policy import Policy
from ordinance.proof.read.nft import read_nft
from ordinance.proof.sendable import Breach, Sendable, Sender, Way, sendable
from ordinance.proof.space import NONE
from ordinance.proof.verdict import violating
from ordinance.proof.walk import HOOKS, Walk
from selftest.judge.rulesets_made import listing

OWN, OWN6, WWW, WWW6, GATE = "203.0.113.20", "2001:db8:ffff::20", "198.51.100.8", "2001:db8:100:1::8", "203.0.113.1"
WAYS = tuple(Way(ip_address(own), ip_address(to)) for own, to in ((OWN, WWW), (OWN6, WWW6), (OWN, GATE)))
NOON = {"second": ((43_200, 43_300),), "day": ((3, 3),)}
SENDER = Sender("the vantage outside", WAYS, mute=(9100,), now=NOON)
POLICY = Policy((), ("out0",))
TRANSLATED = "table ip t {{\n chain p {{\n type nat hook prerouting priority dstnat;\n{}\n}}\n}}\n"


def found(rules: str, before: str = "", sender: Sender = SENDER) -> Any:
    ruleset = read_nft(listing(rules, before).text, "fw")
    walk = Walk([ruleset])
    outcomes = [walk.path(ruleset, hook) for hook in HOOKS]
    every = [Breach(outcome, violating(outcome, POLICY), (ip_address(GATE),)) for outcome in outcomes]
    return sendable([breach for breach in every if breach.packets != NONE], POLICY, sender)


def packet(target: str, port: int, protocol: str = "tcp") -> Sendable:
    target_address = ip_address(target)
    return Sendable(ip_address(OWN if target_address.version == 4 else OWN6), target_address, protocol, port)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (f"ip daddr {WWW} tcp dport 8443 accept", packet(WWW, 8443)),
        ("meta nfproto ipv6 tcp dport 8443 accept", packet(WWW6, 8443)),
        (f"ip daddr {WWW} udp dport 5353 accept", packet(WWW, 5353, "udp")),
        ("udp dport { 9100, 9101 } accept", packet(WWW, 9101, "udp")),
        ("tcp dport 9100 accept", packet(WWW, 9100)),
        (f"ip saddr {OWN} tcp dport 23 accept", packet(WWW, 23)),
        ("ip saddr 203.0.113.0/24 tcp dport 4000-4002 tcp sport >= 1024 accept", packet(WWW, 4000)),
        ("tcp flags syn / fin,syn,rst,ack tcp dport 24 accept", packet(WWW, 24)),
    ],
    ids=["a port", "IPv6", "UDP", "not to a printer", "a connection", "our address", "source ports", "flags"],
)
def test_a_packet_is_found_that_the_sender_can_send(rules: str, expected: Sendable) -> None:
    assert found(rules) == expected


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (
            "ip saddr 192.0.2.0/24 tcp dport 23 accept",
            f"comes from an address of the vantage outside ({OWN}",
        ),
        ("ip protocol gre accept", "begins a TCP connection"),
        ("udp dport 9100 accept", "UDP datagram that may be sent"),
        ("ip daddr 198.51.100.9 tcp dport 23 accept", "its scope admits"),
        ("tcp sport 20 tcp dport 23 accept", "certain source ports"),
        ("tcp flags ack / syn,fin,rst,ack tcp dport 23 accept", "begins a TCP connection"),
        ("meta day 4 tcp dport 23 accept", "at another time"),
    ],
)
def test_what_cannot_be_sent_says_why(rules: str, words: str) -> None:
    assert words in found(rules)


def test_without_the_time_only_what_passes_at_any_time_is_sent() -> None:
    by_day = "meta day 3 tcp dport 23 accept"
    assert found(by_day) == packet(WWW, 23)
    assert "what time it is there is not known" in found(by_day, sender=replace(SENDER, now=None))
    assert found("tcp dport 23 accept", sender=replace(SENDER, now=None)) == packet(WWW, 23)


def test_a_packet_that_is_translated_is_sent_to_where_it_is_translated() -> None:
    before = TRANSLATED.format(f'iifname "out0" ip daddr {WWW} tcp dport 8080 dnat to 10.20.0.81:80')
    assert found("ip daddr 10.20.0.81 tcp dport 80 accept", before) == packet(WWW, 8080)


def test_a_sender_without_any_address_sends_nothing() -> None:
    assert "its scope admits" in found("accept", sender=Sender("nobody", ()))
