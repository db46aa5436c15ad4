"""The picture of what passes between the zones: how zones are named, and how protocols, ports and families are told."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from ordinance.inventory.model import Endpoint, Inventory, SecretRef
from ordinance.judge import ruleset
from ordinance.judge.verdict import Passages
from ordinance.sight.rulesets import Device
from selftest.judge.perimeter_city import PROFILE, WWW
from selftest.judge.rulesets_made import CITY, DEVICES, GOOD, TODAY, listing, seen

OUT, IN = "outside (out0)", "public (in0)"


def drawn(rules: str, devices: tuple[Device, ...] = DEVICES, inventory: Inventory = CITY) -> Passages:
    verdict = ruleset.ruleset_proof("fw", seen(listing(rules), devices=devices), inventory, PROFILE, TODAY)
    return next(item for item in verdict.evidence if isinstance(item, Passages))


def told(rules: str) -> str:
    """What passes from outside to the public hosts, in words."""
    return " ".join(next(row.what for row in drawn(rules).rows if (row.source, row.target) == (OUT, IN)))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("accept", "everything"),
        ("meta l4proto tcp accept", "TCP any port"),
        ("meta nfproto ipv6 meta l4proto tcp accept", "TCP any port over IPv6 only"),
        (
            "meta nfproto ipv4 accept",
            "TCP any port over IPv4 only; UDP any port over IPv4 only; IP protocol 0 over IPv4 only; ICMP; "
            "IP protocol 2 over IPv4 only; IP protocol 3 over IPv4 only; IP protocol 4 over IPv4 only; "
            "IP protocol 5 over IPv4 only; and 248 more protocols",
        ),
        (
            "meta l4proto 0-126 accept",
            "TCP any port; UDP any port; IP protocol 0; ICMP; IP protocol 2; IP protocol 3; IP protocol 4; IP protocol 5; "
            "and 119 more protocols",
        ),
        ("meta l4proto gre accept", "GRE"),
        ("meta nfproto ipv4 meta l4proto gre accept", "GRE over IPv4 only"),
        ("meta nfproto ipv6 meta l4proto gre accept", "GRE over IPv6 only"),
        ("meta l4proto icmp accept", "ICMP"),
        ("ip protocol icmp accept", "ICMP"),
        (
            "meta l4proto { 41, 47, 50, 51, 88, 89 } accept",
            "IPv6-in-IPv4; GRE; ESP; AH; IP protocol 88; IP protocol 89",
        ),
        ("tcp dport 2000 accept; meta l4proto { tcp, udp } th dport 3000 accept", "TCP 2000, 3000; UDP 3000"),
        ("tcp dport 1990-2000 accept; meta l4proto { tcp, udp } th dport 2001-2002 accept", "TCP 1990-2002; UDP 2001-2002"),
        ("tcp dport 2001-2002 accept; meta l4proto { tcp, udp } th dport 1990-2000 accept", "TCP 1990-2002; UDP 1990-2000"),
        (
            "tcp dport { 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 } accept",
            "TCP 1, 3, 5, 7, 9, 11, 13, 15, 17, 19",
        ),
        (
            "tcp dport { 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21 } accept",
            "TCP 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 1 more",
        ),
    ],
)
def test_protocols_ports_and_families_are_told(rule: str, words: str) -> None:
    assert told(rule) == words


def wide(family: int, protocol: str, first: int) -> str:
    ports = ", ".join(str(first + 2 * number) for number in range(10))
    return f"meta nfproto ipv{family} {protocol} dport {{ {ports} }} accept"


def lines(protocols: str) -> tuple[str, ...]:
    """Many ports of TCP and UDP, other ones by each family, and some other protocols."""
    four = [wide(family, protocol, 10_000 + family) for family in (4, 6) for protocol in ("tcp", "udp")]
    rules = "\n".join([*four, f"{protocols} accept"])
    return next(row.what for row in drawn(rules).rows if (row.source, row.target) == (OUT, IN))


def test_six_lines_are_told_whole_and_more_are_cut() -> None:
    short, long = lines("meta l4proto 89"), lines("ip protocol { 88, 89, 103, 112, 115, 132 }")
    assert len(short) == len(long) == 6
    assert short[-1].endswith("protocol 89")
    assert long == (*short[:5], "and more")


#: Beside the two known ones: where the firewall is managed, and an inner one of no public group.
MANAGED, INNER = "10.99.0.1", "10.1.0.1"
FW = replace(
    CITY.hosts["fw"],
    addresses=(*CITY.hosts["fw"].addresses, ip_address(INNER)),
    ssh=Endpoint(ip_address(MANAGED), 22, "audit", SecretRef("env", "KEY"), ()),
)
FOUR = (*DEVICES, Device(name="mg0", index=4, addresses=(MANAGED,)), Device(name="lan0", index=5, addresses=(INNER,)))


def test_zones_are_named_by_the_addresses_of_their_devices() -> None:
    rows = drawn("accept", FOUR, replace(CITY, hosts={**CITY.hosts, "fw": FW})).rows
    assert {row.source for row in rows} == {OUT, IN, "management (mg0)", "inside (lan0)"}


def test_what_goes_beyond_the_policy_to_one_zone_is_not_beyond_it_to_another() -> None:
    rows = drawn(GOOD + 'iifname "out0" oifname "in0" tcp dport 8025 accept').rows
    assert {row.target: row.beyond for row in rows if row.source == OUT} == {OUT: False, IN: True}


def test_a_segment_that_answers_nobody_goes_beyond_the_policy() -> None:
    """The ruleset knows states: what it lets in by its flags is of no connection it let begin."""
    rows = drawn(GOOD + f"ip daddr {WWW} tcp flags & (ack | rst) != 0 tcp dport 2222 accept").rows
    assert all(row.beyond for row in rows if row.source == OUT)
