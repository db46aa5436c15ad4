"""Probes, rulesets and listeners: what is told where one of them is missing, and every finding of one address."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from ordinance.judge.verdict import Unproven, Violated
from ordinance.judge.witnesses import Sightings, witnesses_agree
from ordinance.sight.perimeter import SweepSighting
from ordinance.sight.rulesets import RulesetSighting
from selftest.judge.perimeter_city import PROFILE, RST_HOST, UNUSED, WWW, answered, canary, icmp, sweep, swept
from selftest.judge.rulesets_made import CITY, GOOD, TODAY, heard, listing, lying, seen

ONLY_80 = GOOD.replace("{ 80, 443 }", "80")
FLOW = (
    "ipv4     2 tcp      6 431999 ESTABLISHED src={source} dst={to} sport={own} dport={port} "
    "src={to} dst={source} sport={port} dport={own} [ASSURED] mark=0 use=1"
)


def judge(probed: SweepSighting | None = None, rules: RulesetSighting | None = None, inventory: Any = CITY) -> Any:
    saw = Sightings(probed or sweep(), rules or seen(listing(ONLY_80)), heard())
    return witnesses_agree("public", saw, inventory, PROFILE, TODAY)


@pytest.mark.parametrize(
    ("unseen", "why"), [({}, "nobody said why"), ({"flows": "no such file"}, "no such file")], ids=["not told", "told"]
)
def test_why_no_connections_were_read_is_told(unseen: dict[str, str], why: str) -> None:
    verdict = judge(rules=seen(listing(ONLY_80), flows=None, unseen=unseen))
    assert isinstance(verdict, Unproven)
    assert verdict.reason == f"public: the connections of fw were not read ({why})"


def test_every_lie_of_a_listing_is_told() -> None:
    twice = replaced(lying(), program=lying().program.replace("0x00007700", "0x00007800"))
    verdict = judge(rules=seen(twice))
    assert isinstance(verdict, Unproven)
    first, second = verdict.reason.removeprefix("public: the ruleset of fw cannot be trusted: ").split("; ")
    assert (first.split(": ")[0], second.split(": ")[0]) == (
        "chain inet city forward, rule handle 6",
        "chain inet city forward, rule handle 7",
    )


def test_without_a_firewall_nothing_is_compared() -> None:
    none = replace(CITY, hosts={name: host for name, host in CITY.hosts.items() if name != "fw"})
    verdict = judge(inventory=none)
    assert isinstance(verdict, Unproven)
    assert verdict.reason == "public: the inventory declares no firewall whose ruleset could be read"


def test_where_nobody_has_an_address_nothing_was_told() -> None:
    """Whoever answers there: the inventory knows nobody, and so no listener of his."""
    alone = replace(CITY, public=(replace(CITY.public[0], addresses=(ip_address(UNUSED),)),))
    there = replaced(canary(WWW), address=UNUSED)
    verdict = judge(sweep(canaries=(there,)), inventory=alone)
    assert isinstance(verdict, Unproven)
    assert verdict.reason == "public: nobody told anything"
    assert verdict.evidence == ()
    assert verdict.witnesses


def test_an_address_that_was_not_swept_is_in_doubt() -> None:
    verdict = judge(sweep(leave_out=(UNUSED,)))
    assert isinstance(verdict, Unproven)
    assert f"{UNUSED} was not swept" in verdict.reason


def test_every_way_in_which_ports_were_let_through_is_a_finding() -> None:
    crossed = swept(WWW, answered(RST_HOST, 8443), answered(icmp((3, 3), by=WWW), 8444, 8446), answered(RST_HOST, 9000))
    verdict = judge(sweep(crossed))
    assert isinstance(verdict, Violated)
    assert verdict.breaches == tuple(f"{WWW}:{port}/tcp" for port in (8443, 8444, 8446, 9000))


@pytest.mark.parametrize(("own", "found"), [(30_000, False), (40_000, True)])
def test_a_connection_is_held_against_the_port_it_comes_from(own: int, found: bool) -> None:
    rules = listing(ONLY_80 + f"ip daddr {WWW} tcp sport 30000 tcp dport 22 accept")
    verdict = judge(rules=seen(rules, flows=(FLOW.format(source="203.0.113.9", to=WWW, own=own, port=22),)))
    words = "22/tcp is open, and the ruleset would not let it begin"
    assert any(words in item.text for item in verdict.evidence) is found
