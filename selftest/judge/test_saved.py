"""9.A.2/saved-equals-running: what the firewall would load after a restart lets the same packets pass as what runs."""

from __future__ import annotations

from typing import Any

import pytest

from ordinance.judge.saved import saved_equals_running
from ordinance.judge.verdict import Compliant, Unproven, Violated
from ordinance.sight.rulesets import RulesetSighting
from selftest.judge.perimeter_city import WWW
from selftest.judge.rulesets_made import BROKEN, CITY, GOOD, NOT_READ, TELNET_FOR_ONE, listing, other_program, seen


def restarted(running: str, saved: str) -> Any:
    return saved_equals_running("fw", seen(listing(running), listing(saved)), CITY)


def test_the_same_rules_in_other_words_are_equal() -> None:
    verdict = restarted(GOOD, GOOD.replace("{ 80, 443 }", "80") + f"ip daddr {WWW} tcp dport 443 accept")
    assert isinstance(verdict, Compliant)


@pytest.mark.parametrize(
    ("running", "saved", "said"),
    [
        (TELNET_FOR_ONE, GOOD, "passes by what runs and would be blocked after a restart"),
        (GOOD, TELNET_FOR_ONE, "is blocked by what runs and would pass after a restart"),
        (GOOD + "ip saddr 192.0.2.0/24 drop", GOOD, ""),
    ],
)
def test_a_difference_is_shown_as_a_packet(running: str, saved: str, said: str) -> None:
    verdict = restarted(running, saved)
    assert isinstance(verdict, Violated if said else Compliant)
    assert said in verdict.reason


def test_a_rule_that_hangs_on_what_nobody_knows_may_differ() -> None:
    assert isinstance(restarted(GOOD + "meta mark 7 accept", GOOD), Unproven)


@pytest.mark.parametrize("sighting", [RulesetSighting(), NOT_READ, other_program(), seen(saved=BROKEN)])
def test_a_ruleset_that_was_not_read_equals_nothing(sighting: RulesetSighting) -> None:
    assert isinstance(saved_equals_running("fw", sighting, CITY), Unproven)
