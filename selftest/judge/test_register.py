"""Authorisations and exemptions reach exactly as far as their words and their last day."""

from datetime import date

import pytest

from ordinance.inventory.model import Authorisation, Exemption, Registers
from ordinance.judge.register import apply_registers, exempted
from ordinance.judge.verdict import Compliant, Evidence, State, Unproven, Violated, Witness

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
