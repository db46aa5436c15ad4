"""9.A.2/saved-equals-running: which of the two was not read or lies, and everything that differs, is told."""

from __future__ import annotations

from typing import Any

import pytest

from ordinance.judge.saved import saved_equals_running
from ordinance.judge.verdict import Unproven, Violated
from ordinance.sight.rulesets import FirewallRules, Listing, RulesetSighting
from selftest.judge.perimeter_city import WWW
from selftest.judge.rulesets_made import BROKEN, CITY, DEVICES, GOOD, TELNET_FOR_ONE, listed, listing, lying, seen, to_nowhere

TRANSLATING = (
    "table ip t {\n chain p {\n type nat hook prerouting priority dstnat;\n"
    f'iifname "out0" ip daddr {WWW} tcp dport 8080 dnat to {WWW}:80\n}}\n}}\n'
)
#: A second chain that every forwarded packet meets.
SECOND = "table inet second { chain forward { type filter hook forward priority 10; policy drop; accept; }\n}\n"
ONLY_INPUT = (
    "table inet city { chain input { type filter hook input priority filter; policy drop; ct state established accept; }\n}\n"
)
NO_RULE = "table inet city { chain forward { type filter hook forward priority filter; policy drop; }\n}\n"


def judged(**given: Any) -> Any:
    return saved_equals_running("fw", seen(**given), CITY)


@pytest.mark.parametrize(
    ("running", "saved", "unseen", "said"),
    [
        (listing(), None, {"saved": "tool: no such file"}, "its saved ruleset was not read: tool: no such file"),
        (listing(), None, {}, "its saved ruleset was not read: nobody said why"),
        (None, listing(), {"running": "vantage: fw is gone"}, "its running ruleset was not read: vantage: fw is gone"),
        (None, listing(), {}, "its running ruleset was not read: nobody said why"),
        (BROKEN, listing(), {}, "its listing cannot be read: ruleset of fw:1"),
        (listing(), BROKEN, {}, "its listing cannot be read: /etc/nftables.conf of fw:1"),
        (listing(), lying(), {}, "the saved listing: chain inet city forward"),
        (lying(), listing(), {}, "the running listing: chain inet city forward"),
        (listing(), to_nowhere(), {}, "a ruleset is not one that a kernel would load"),
        (to_nowhere(), listing(), {}, "a ruleset is not one that a kernel would load"),
    ],
)
def test_which_ruleset_cannot_be_compared_is_told(
    running: Listing | None, saved: Listing | None, unseen: dict[str, str], said: str
) -> None:
    read = FirewallRules(
        host="fw", running=running, saved=saved, unseen=unseen, saved_file="/etc/nftables.conf", devices=DEVICES, flows=()
    )
    verdict = saved_equals_running("fw", RulesetSighting(firewalls=(read,)), CITY)
    assert isinstance(verdict, Unproven)
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("running", "saved", "said"),
    [
        (listing(), listing(GOOD, TRANSLATING), "rewrites packets only in /etc/nftables.conf"),
        (listing(GOOD, TRANSLATING), listing(), "rewrites packets only in what runs"),
    ],
)
def test_a_translation_of_only_one_of_them_is_a_difference(running: Listing, saved: Listing, said: str) -> None:
    verdict = judged(running=running, saved=saved)
    assert isinstance(verdict, Violated)
    assert said in verdict.reason


def test_every_hook_that_differs_is_told() -> None:
    verdict = judged(running=listing(TELNET_FOR_ONE, own="tcp dport 22 accept;"), saved=listing())
    assert isinstance(verdict, Violated)
    assert "a restart (input); " in verdict.reason
    assert "a restart (forward); " in verdict.reason


def test_every_hook_that_may_differ_is_told() -> None:
    verdict = judged(running=listing(GOOD + "meta mark 7 accept", own="meta mark 7 accept;"), saved=listing())
    assert isinstance(verdict, Unproven)
    assert "a restart (input); " in verdict.reason
    assert verdict.reason.endswith("a restart (forward)")


def test_all_chains_that_let_a_packet_pass_are_named() -> None:
    verdict = judged(running=listing(TELNET_FOR_ONE, SECOND), saved=listing(GOOD, SECOND))
    assert isinstance(verdict, Violated)
    assert any("dport 23 accept and chain inet second forward" in item.text for item in verdict.evidence)


def test_what_no_chain_blocks_is_told_as_such() -> None:
    verdict = judged(running=listed(ONLY_INPUT), saved=listing())
    assert isinstance(verdict, Violated)
    assert any("(no chain that decides)" in item.text for item in verdict.evidence)


def test_two_rulesets_without_a_rule_prove_nothing() -> None:
    verdict = judged(running=listed(NO_RULE), saved=listed(NO_RULE))
    assert isinstance(verdict, Unproven)
    assert verdict.reason == "fw: one of the rulesets holds no rule"
    assert verdict.witnesses == ()
