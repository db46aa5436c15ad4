"""9.A.1/authorisations: what the ruleset lets in is what the register authorised, and nothing beyond."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ordinance.judge.authorised import authorisations
from ordinance.judge.verdict import Compliant, Unproven, Violated
from selftest.judge.perimeter_city import MAIL, PROFILE, WWW
from selftest.judge.rulesets_made import (
    CITY,
    FTP_FOR_ONE,
    GOOD,
    NOT_READ,
    TODAY,
    authorisation,
    city,
    listed,
    listing,
    other_program,
    seen,
)


def judged(rules: str, *entries: Any) -> Any:
    return authorisations("fw", seen(listing(rules)), city(*entries), PROFILE, TODAY)


@pytest.mark.parametrize(
    ("rules", "entries", "said"),
    [
        (GOOD, (), "the register authorises none"),
        (FTP_FOR_ONE, (authorisation(),), "1 of 1 in use"),
        (FTP_FOR_ONE, (authorisation(source="192.0.2.0/24, 203.0.113.9"),), "1 of 1 in use"),
        (FTP_FOR_ONE, (authorisation(source=""),), "1 of 1 in use"),
        (FTP_FOR_ONE, (authorisation(until=TODAY),), "1 of 1 in use"),
        (GOOD, (authorisation(),), "0 of 1 in use"),
    ],
)
def test_what_is_let_in_is_what_was_authorised(rules: str, entries: Any, said: str) -> None:
    verdict = judged(rules, *entries)
    assert isinstance(verdict, Compliant)
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("rules", "entries", "said"),
    [
        (FTP_FOR_ONE, (), "192.0.2.30"),
        (FTP_FOR_ONE, (authorisation(source="192.0.2.31"),), "192.0.2.30"),
        (
            FTP_FOR_ONE,
            (authorisation(until=date(2026, 11, 24)),),
            "web-upload of 198.51.100.8:21/tcp by Dana expired on 2026-11-24",
        ),
        (GOOD + f"ip daddr {WWW} tcp dport 21 accept", (authorisation(),), "port 21"),
        (GOOD + f"ip saddr 192.0.2.30 ip daddr {MAIL} tcp dport 21 accept", (authorisation(),), MAIL),
        (GOOD + "meta nfproto ipv6 tcp dport 992 accept", (authorisation(),), "port 992"),
        (GOOD + f"ip daddr {WWW} udp dport 69 accept", (), "UDP"),
    ],
    ids=["none", "another source", "expired", "any source", "another host", "IPv6", "TFTP"],
)
def test_what_is_let_in_beyond_the_register_is_a_violation(rules: str, entries: Any, said: str) -> None:
    verdict = judged(rules, *entries)
    assert isinstance(verdict, Violated)
    assert said in verdict.reason


def test_an_unread_ruleset_leaves_the_authorisations_unproven() -> None:
    assert isinstance(authorisations("fw", NOT_READ, CITY, PROFILE, TODAY), Unproven)


def test_what_the_kernel_does_not_run_says_nothing_of_the_authorisations() -> None:
    verdict = authorisations("fw", other_program(), CITY, PROFILE, TODAY)
    assert isinstance(verdict, Unproven)
    assert "the kernel runs another program" in verdict.reason


@pytest.mark.parametrize("wrong", [{"target": "www"}, {"source": "the contractor"}])
def test_what_the_register_says_must_be_comparable(wrong: dict[str, str]) -> None:
    verdict = authorisations("fw", seen(), city(authorisation(**wrong)), PROFILE, TODAY)
    assert isinstance(verdict, Unproven)
    assert "web-upload" in verdict.reason


def test_an_authorisation_that_expired_is_told_where_nothing_is_let_in() -> None:
    verdict = judged(GOOD, authorisation(until=date(2026, 11, 24)))
    assert isinstance(verdict, Compliant)
    told = verdict.evidence[-1]
    assert told.text == "authorisation web-upload of 198.51.100.8:21/tcp by Dana expired on 2026-11-24"
    assert told.observations == ("o-6",)


def test_an_expired_authorisation_that_cannot_be_read_is_not_what_lets_in() -> None:
    verdict = judged(FTP_FOR_ONE, authorisation(target="www", until=date(2026, 11, 24)))
    assert isinstance(verdict, Violated)
    assert "expired" not in verdict.reason


def test_a_segment_that_begins_no_connection_is_not_what_an_expired_authorisation_opened() -> None:
    rules = GOOD + f"ip saddr 192.0.2.31 ip daddr {WWW} tcp flags & (ack | rst) != 0 tcp dport 21 accept"
    verdict = judged(rules, authorisation(until=date(2026, 11, 24)))
    assert isinstance(verdict, Violated)
    assert "expired" not in verdict.reason


#: Where no rule asks for a state, the kernel puts no fragments together.
UNTRACKED = f"""table inet city {{
    chain input {{
        type filter hook input priority filter; policy drop; iifname "lo" accept
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        iifname "in0" accept
        ip daddr {WWW} ip frag-off & 0x1fff != 0 accept
    }}
}}
"""


def test_a_later_fragment_uses_no_authorisation() -> None:
    verdict = authorisations("fw", seen(listed(UNTRACKED)), city(authorisation()), PROFILE, TODAY)
    assert isinstance(verdict, Compliant)
    assert "0 of 1 in use" in verdict.reason
