"""What a verdict on a ruleset tells: every doubt, every chain, how many more regions, and why nothing was read."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from ordinance.judge.ruleset import ruleset_proof
from ordinance.judge.verdict import Unproven, Violated
from ordinance.sight.rulesets import RulesetSighting
from selftest.judge.perimeter_city import PROFILE, WWW
from selftest.judge.rulesets_made import CITY, GOOD, TODAY, authorisation, city, listed, listing, seen, to_nowhere

SECOND = "table inet second { chain forward { type filter hook forward priority 10; policy drop; accept; }\n}\n"
ONLY_INPUT = (
    "table inet city { chain input { type filter hook input priority filter; policy drop; ct state established accept; }\n}\n"
)
NO_RULE = """table inet city {
    chain input { type filter hook input priority filter; policy drop; }
    chain forward { type filter hook forward priority filter; policy drop; }
}
"""


def proof(sighting: RulesetSighting, inventory: Any = CITY) -> Any:
    return ruleset_proof("fw", sighting, inventory, PROFILE, TODAY)


def unread(**unseen: str) -> RulesetSighting:
    return RulesetSighting(firewalls=(replaced(seen().firewalls[0], running=None, unseen=unseen),))


@pytest.mark.parametrize(
    ("sighting", "reason"),
    [
        (unread(), "fw: its running ruleset was not read: nobody said why"),
        (unread(running="fw is gone"), "fw: its running ruleset was not read: fw is gone"),
        (seen(listed(NO_RULE)), "fw: the ruleset holds no rule"),
    ],
)
def test_why_nothing_is_proven_is_told(sighting: RulesetSighting, reason: str) -> None:
    verdict = proof(sighting)
    assert isinstance(verdict, Unproven)
    assert (verdict.reason, verdict.witnesses) == (reason, ())


def test_a_ruleset_that_no_kernel_would_load_is_none() -> None:
    verdict = proof(seen(to_nowhere()))
    assert isinstance(verdict, Unproven)
    assert verdict.reason.startswith(
        "fw: its ruleset is not one that a kernel would load: ruleset of fw:1: chain inet city forward"
    )


def test_every_outer_address_that_no_device_carries_is_named() -> None:
    outer = tuple(map(ip_address, ("203.0.113.1", "203.0.113.77", "203.0.113.78")))
    strange = replace(CITY, hosts={**CITY.hosts, "fw": replace(CITY.hosts["fw"], outer_addresses=outer)})
    verdict = proof(seen(), strange)
    assert isinstance(verdict, Unproven)
    assert "carries 203.0.113.77, 203.0.113.78: whose" in verdict.reason


def test_every_hook_that_cannot_be_proven_is_told() -> None:
    verdict = proof(seen(listing(GOOD + "meta mark 7 accept", own="meta mark 7 accept;")))
    assert isinstance(verdict, Unproven)
    first, second = verdict.reason.split("; a TCP packet")
    assert "chain inet city input" in first
    assert "chain inet city forward" in second


def test_every_authorisation_that_cannot_be_compared_is_told() -> None:
    verdict = proof(seen(), city(authorisation(target="www"), authorisation(id="second", source="the contractor")))
    assert isinstance(verdict, Unproven)
    assert "; authorisation second opens nothing that can be proved" in verdict.reason


def test_all_chains_that_accept_a_packet_are_named() -> None:
    verdict = proof(seen(listing(GOOD + "tcp dport 8443 accept", SECOND)))
    assert isinstance(verdict, Violated)
    assert any("dport 8443 accept and chain inet second forward" in item.text for item in verdict.evidence)


def test_what_no_chain_decides_is_told_as_such() -> None:
    verdict = proof(seen(listed(ONLY_INPUT)))
    assert isinstance(verdict, Violated)
    assert any(item.text.startswith("no chain that decides: ") for item in verdict.evidence)


@pytest.mark.parametrize(("ports", "more"), [(12, None), (13, 1), (30, 18), (230, 218)])
def test_regions_that_are_left_out_are_counted(ports: int, more: int | None) -> None:
    wide = ", ".join(f'"e{number}" . {2000 + number}' for number in range(ports))
    verdict = proof(seen(listing(GOOD + f"ip daddr {WWW} oifname . tcp dport {{ {wide} }} accept")))
    assert isinstance(verdict, Violated)
    told = [item for item in verdict.evidence if "more regions" in item.text]
    assert [item.text.partition(" accept: ")[2] for item in told] == ([f"and {more} more regions"] if more else [])
    assert all(item.observations == ("o-6",) for item in told)
