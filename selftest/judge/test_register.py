"""Authorisations and exemptions reach exactly as far as their words and their last day."""

from dataclasses import replace
from datetime import date

import pytest

from ordinance.inventory.model import Authorisation, Exemption, Registers
from ordinance.judge.register import apply_registers, exempted
from ordinance.judge.verdict import Compliant, Evidence, State, Unproven, Violated, Waived, Witness

CONTROL = "9.A.1/telnet-blocked"
SEEN = (Evidence("198.51.100.7:23 answered", ("o-000001",)),)
WITNESS = (Witness("the mail gateway answered", ("o-000002",)),)


def authorised(target: str, until: date, control: str = CONTROL) -> Registers:
    entry = Authorisation("ITD-1", control, target, "Chief Information Officer", "vendor support", until)
    return Registers(authorisations=(entry,))


ONE = Violated("23 is open", SEEN, breaches=("198.51.100.7:23/tcp",))
TWO = Violated("23 is open", SEEN, breaches=("198.51.100.7:23/tcp", "198.51.100.8:23/tcp"))
WHOLE = Violated("SIZE is not set", SEEN)
TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("verdict", "target", "until", "state"),
    [
        (ONE, "198.51.100.7:23/tcp", date(2026, 11, 23), State.WAIVED),
        (ONE, "198.51.100.7:23/tcp", date(2026, 11, 22), State.VIOLATED),
        (ONE, "198.51.100.8:23/tcp", date(2027, 1, 1), State.VIOLATED),
        (ONE, "public-ipv4", date(2027, 1, 1), State.VIOLATED),
        (TWO, "198.51.100.7:23/tcp", date(2027, 1, 1), State.VIOLATED),
        (WHOLE, "public-ipv4", date(2027, 1, 1), State.WAIVED),
        (WHOLE, "public-ipv6", date(2027, 1, 1), State.VIOLATED),
        (Unproven("no answer"), "public-ipv4", date(2027, 1, 1), State.UNPROVEN),
        (Compliant("silent", SEEN, WITNESS), "public-ipv4", date(2027, 1, 1), State.COMPLIANT),
    ],
    ids=[
        "last day",
        "a day late",
        "another address",
        "wider than the breach",
        "one of two",
        "whole target",
        "other target",
        "unproven is never waived",
        "compliant stays",
    ],
)
def test_an_authorisation_waives_what_it_names_until_its_last_day(verdict, target, until, state) -> None:
    assert apply_registers(verdict, CONTROL, "public-ipv4", authorised(target, until), TODAY).state is state


def test_an_authorisation_of_another_control_waives_nothing() -> None:
    registers = authorised("198.51.100.7:23/tcp", date(2027, 1, 1), "9.A.1/ftp-blocked")
    assert apply_registers(ONE, CONTROL, "public-ipv4", registers, TODAY) is ONE


def test_an_expired_authorisation_is_told() -> None:
    verdict = apply_registers(ONE, CONTROL, "public-ipv4", authorised("198.51.100.7:23/tcp", date(2026, 1, 1)), TODAY)
    assert "ITD-1 by Chief Information Officer expired on 2026-01-01" in verdict.reason


@pytest.mark.parametrize(("until", "found"), [(date(2026, 11, 23), True), (date(2026, 11, 22), False)])
def test_an_exemption_holds_until_its_last_day(until: date, found: bool) -> None:
    registers = Registers(not_applicable=(Exemption(CONTROL, "CIO", "no such service", until),))
    assert (exempted(CONTROL, registers, TODAY) is not None) is found
    assert exempted("9.A.1/ftp-blocked", registers, TODAY) is None


def test_a_violation_of_many_authorisations_lasts_until_the_first_of_them_ends() -> None:
    first = Authorisation("ITD-9", CONTROL, "198.51.100.8:23/tcp", "Deputy", "migration", date(2026, 12, 1))
    later = Authorisation("ITD-1", CONTROL, "198.51.100.7:23/tcp", "Chief", "vendor support", date(2027, 1, 1))
    verdict = apply_registers(replace(TWO, witnesses=WITNESS), CONTROL, "public-ipv4", Registers((later, first)), TODAY)
    assert isinstance(verdict, Waived)
    assert (verdict.by, verdict.until, verdict.evidence, verdict.witnesses) == ("Deputy", date(2026, 12, 1), SEEN, WITNESS)
    assert verdict.reason == (
        "23 is open; authorised as ITD-1 by Chief until 2027-01-01: vendor support; "
        "authorised as ITD-9 by Deputy until 2026-12-01: migration"
    )


def test_every_expired_authorisation_is_told() -> None:
    lapsed = [
        Authorisation(f"ITD-{n}", CONTROL, target, "Chief", "vendor support", date(2026, 1, n))
        for n, target in enumerate(TWO.breaches, 1)
    ]
    verdict = apply_registers(TWO, CONTROL, "public-ipv4", Registers(tuple(lapsed)), TODAY)
    assert verdict.reason == (
        "23 is open; authorisation ITD-1 by Chief expired on 2026-01-01; authorisation ITD-2 by Chief expired on 2026-01-02"
    )


def test_one_live_authorisation_beside_a_lapsed_one_waives_nothing() -> None:
    entries = (
        Authorisation("ITD-1", CONTROL, TWO.breaches[0], "Chief", "vendor support", date(2027, 1, 1)),
        Authorisation("ITD-2", CONTROL, TWO.breaches[1], "Chief", "vendor support", date(2026, 1, 1)),
    )
    verdict = apply_registers(TWO, CONTROL, "public-ipv4", Registers(entries), TODAY)
    assert isinstance(verdict, Violated)
    assert verdict.reason == "23 is open; authorisation ITD-2 by Chief expired on 2026-01-01"


def test_a_lapsed_authorisation_that_was_given_anew_is_live() -> None:
    entries = (
        Authorisation("ITD-1", CONTROL, ONE.breaches[0], "Chief", "vendor support", date(2026, 1, 1)),
        Authorisation("ITD-2", CONTROL, ONE.breaches[0], "Chief", "vendor support", date(2027, 1, 1)),
    )
    for order in (entries, entries[::-1]):
        assert apply_registers(ONE, CONTROL, "public-ipv4", Registers(order), TODAY).state is State.WAIVED


@pytest.mark.parametrize("until", [TODAY, date(2027, 1, 1)], ids=["on its last day", "later"])
def test_an_authorisation_for_one_source_waives_nothing_and_says_whose_it_is(until: date) -> None:
    entry = Authorisation("ITD-1", CONTROL, ONE.breaches[0], "Chief", "vendor support", until, source="203.0.113.0/24")
    verdict = apply_registers(ONE, CONTROL, "public-ipv4", Registers((entry,)), TODAY)
    assert isinstance(verdict, Violated)
    assert verdict.reason == "23 is open; authorisation ITD-1 by Chief holds from 203.0.113.0/24 alone"
    late = apply_registers(ONE, CONTROL, "public-ipv4", Registers((replace(entry, until=date(2026, 11, 22)),)), TODAY)
    assert late.reason == "23 is open; authorisation ITD-1 by Chief expired on 2026-11-22"
