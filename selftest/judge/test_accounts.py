"""10.D/password-age over hand-written hosts: good, bad, and each way of not knowing."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from msgspec.structs import replace

from ordinance.judge.accounts import password_age
from ordinance.judge.verdict import Compliant, Violated
from ordinance.sight.accounts import Account, AccountsSighting, HostAccounts, Password
from selftest.judge.city_cases import CITY, PROFILE

TODAY = 20_780


def person(name: str = "dana", **changed: object) -> Account:
    given = {"uid": 1000, "shell": "/bin/bash", "password": Password.SET, "last_change": TODAY - 20, "max_days": 90}
    return Account(name=name, **{**given, **changed})


def ws1(*people: Account, **changed: object) -> HostAccounts:
    given = {"people": people, "root_seen": True, "pass_max_days": 90, "observations": ("o-1", "o-2"), "clock_skew": 0.2}
    return HostAccounts(host="ws1", today=TODAY, **{**given, **changed})


def judged(*people: Account, **changed: object):
    return password_age("ws1", AccountsSighting(hosts=(ws1(*people, **changed),)), CITY, PROFILE)


ALICE = person("alice")


@pytest.mark.parametrize(
    "dana",
    [
        person(),
        person(max_days=0),
        person(last_change=0),  # must change at the next login
        person(last_change=TODAY - 90),
        person(last_change=TODAY + 1),  # clocks differ
        person(password=Password.LOCKED, last_change=TODAY - 400),
        person(password=Password.NONE, max_days=None, last_change=None),
    ],
)
def test_a_password_that_ages_in_time_is_compliant(dana: Account) -> None:
    verdict = judged(ALICE, dana)
    assert isinstance(verdict, Compliant), verdict.reason
    assert "alice, dana" in verdict.witnesses[0].text


@pytest.mark.parametrize(
    ("dana", "words"),
    [
        (person(max_days=99_999), "dana may keep its password 99999 days"),
        (person(max_days=91), "91 days"),
        (person(max_days=-1), "never has to change"),
        (person(max_days=None), "never has to change"),
        (person(last_change=TODAY - 91), "91 days ago"),
        (person(last_change=None), "turns ageing off"),
        (person(last_change=TODAY + 2), "in the future"),
        (person(last_change=10**9), "in the future"),
        (person(password=Password.LOCKED, max_days=99_999), "99999"),
        (person(password=Password.EMPTY, max_days=99_999), "99999"),
        (person(password=Password.UNSHADOWED, max_days=None, last_change=None), "/etc/passwd"),
    ],
)
def test_a_password_that_may_grow_old_is_violated_by_account_and_host(dana: Account, words: str) -> None:
    verdict = judged(ALICE, dana)
    assert isinstance(verdict, Violated)
    assert words in verdict.reason
    assert "ws1" in verdict.reason
    assert "dana" in verdict.reason
    assert verdict.breaches == ("ws1:dana",)


@pytest.mark.parametrize("value", [None, 99_999, -1, 91])
def test_login_defs_that_lets_new_passwords_grow_old_is_violated(value: int | None) -> None:
    verdict = judged(ALICE, person(), pass_max_days=value)
    assert isinstance(verdict, Violated)
    assert verdict.breaches == ("ws1:login.defs",)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ((), "nobody looked"),
        ((HostAccounts(host="ws1", today=TODAY, unseen="tool: Permission denied"),), "Permission denied"),
        ((ws1(ALICE, person(), observations=()),), "nobody looked"),
        ((ws1(ALICE, person(), root_seen=False),), "not read whole"),
        ((ws1(ALICE, person(), person("ghost")),), "does not know ghost"),
        ((ws1(ALICE),), "dana of the directory was not found"),
        ((ws1(ALICE, person(password=Password.ELSEWHERE)),), "kept outside /etc/shadow"),
    ],
)
def test_not_knowing_is_unproven(seen: tuple[HostAccounts, ...], words: str) -> None:
    verdict = password_age("ws1", AccountsSighting(hosts=seen), CITY, PROFILE)
    assert verdict.state.value == "unproven"
    assert words in verdict.reason


def test_a_host_of_which_the_directory_says_nothing_is_unproven() -> None:
    seen = replace(ws1(), host="www")
    assert password_age("www", AccountsSighting(hosts=(seen,)), CITY, PROFILE).state.value == "unproven"


def test_a_breach_outweighs_an_account_the_directory_does_not_know() -> None:
    assert isinstance(judged(ALICE, person(), person("ghost", max_days=99_999)), Violated)


def test_a_host_without_people_has_root_as_witness() -> None:
    seen = replace(ws1(), host="bare")
    verdict = password_age("bare", AccountsSighting(hosts=(seen,)), CITY, PROFILE)
    assert isinstance(verdict, Compliant)
    assert "root" in verdict.witnesses[0].text


# -- days -----------------------------------------------------------------------------------------------------------------------


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("changed", "today", "state"),
    [
        ("2028-02-28", "2028-05-28", "compliant"),  # 90 days, the leap day among them
        ("2028-02-28", "2028-05-29", "violated"),
        ("2028-02-29", "2028-05-29", "compliant"),
        ("2028-02-29", "2028-05-30", "violated"),
        ("2027-02-28", "2027-05-29", "compliant"),  # the same days of a year without one
        ("2027-02-28", "2027-05-30", "violated"),
        ("2027-12-01", "2028-02-29", "compliant"),
        ("2027-11-30", "2028-02-29", "violated"),
        ("2100-02-28", "2100-05-29", "compliant"),  # no leap year
        ("2026-01-07", "2026-04-07", "compliant"),  # summer time begins on 2026-03-08 in Los Angeles; shadow(5) counts in UTC
        ("2026-01-07", "2026-04-08", "violated"),
        ("2026-10-01", "2026-12-30", "compliant"),  # and ends on 2026-11-01
        ("2026-10-01", "2026-12-31", "violated"),
    ],
)
def test_ninety_days_are_ninety_days(changed: str, today: str, state: str) -> None:
    seen = replace(ws1(person("alice", last_change=day(today)), person(last_change=day(changed))), today=day(today))
    assert password_age("ws1", AccountsSighting(hosts=(seen,)), CITY, PROFILE).state.value == state


@pytest.mark.parametrize(
    ("last_change", "shown"),
    [
        (day("2028-02-29"), "(2028-02-29)"),
        (1, "(1970-01-02)"),
        (day("9999-12-31"), "(9999-12-31)"),
        (day("9999-12-31") + 1, "(day 2932897)"),
        (-1, "(day -1)"),
    ],
)
def test_a_day_is_told_as_a_date_while_dates_last(last_change: int, shown: str) -> None:
    assert shown in judged(ALICE, person(last_change=last_change)).reason


# -- clocks ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skew", "error", "state"),
    [
        (0.0, 0.0, "compliant"),
        (300.0, 0.0, "compliant"),
        (-300.0, 0.0, "compliant"),
        (299.0, 1.0, "compliant"),
        (300.1, 0.0, "unproven"),
        (-300.1, 0.0, "unproven"),
        (299.0, 1.1, "unproven"),  # it may be further off than it seems
        (None, 0.0, "unproven"),
    ],
)
def test_days_are_counted_on_a_clock_that_is_right(skew: float | None, error: float, state: str) -> None:
    assert judged(ALICE, person(), clock_skew=skew, clock_error=error).state.value == state


@pytest.mark.parametrize("last_change", [TODAY - 91, TODAY + 2, TODAY - 20])
@pytest.mark.parametrize("skew", [86_400.0, None])
def test_on_a_wrong_clock_an_age_proves_nothing_either_way(last_change: int, skew: float | None) -> None:
    verdict = judged(ALICE, person(last_change=last_change), clock_skew=skew)
    assert verdict.state.value == "unproven"
    assert "clock" in verdict.reason


@pytest.mark.parametrize(
    "dana", [person(max_days=91), person(max_days=None), person(last_change=None), person(password=Password.UNSHADOWED)]
)
def test_what_hangs_on_no_clock_is_violated_on_a_wrong_one_too(dana: Account) -> None:
    assert isinstance(judged(ALICE, dana, clock_skew=86_400.0), Violated)


@pytest.mark.parametrize(
    ("skew", "words"),
    [
        (0.4, "its clock is the runner's to the second"),
        (2.4, "its clock is +2 s from the runner's"),
        (-2.4, "its clock is -2 s from the runner's"),
        (1000.0, "its clock is +1000 s from the runner's"),
        (None, "its clock was not read"),
    ],
)
def test_the_skew_is_shown_with_the_evidence(skew: float | None, words: str) -> None:
    assert judged(ALICE, person(), clock_skew=skew).evidence[0].text.endswith(words)


def test_how_far_a_clock_is_off_is_told() -> None:
    assert "its clock is 400 s behind (at most 300 s is allowed)" in judged(ALICE, person(), clock_skew=-400.0).reason
    assert "its clock is 400 s ahead (at most 300 s is allowed)" in judged(ALICE, person(), clock_skew=400.0).reason


# -- words ----------------------------------------------------------------------------------------------------------------------


def test_several_breaches_and_several_doubts_are_told_in_a_row() -> None:
    verdict = judged(person("alice", max_days=None), person(max_days=99_999))
    assert verdict.reason.startswith(
        "ws1: account alice never has to change its password (no maximum age); account dana may keep its password 99999 days; "
    )
    doubted = judged(ALICE, root_seen=False)
    assert doubted.reason == (
        "ws1: root is not in the list that was read, so passwd or shadow was not read whole; "
        "dana of the directory was not found there"
    )


def test_nobody_looked_is_told_as_that() -> None:
    verdict = password_age("ws1", AccountsSighting(), CITY, PROFILE)
    assert verdict.reason == "the accounts of ws1 could not be read: nobody looked"


def test_a_new_password_that_must_change_at_once_is_fine() -> None:
    assert isinstance(judged(ALICE, person(), pass_max_days=0), Compliant)
    assert isinstance(judged(ALICE, person(), pass_max_days=1), Compliant)


def test_one_account_is_told_as_one() -> None:
    city = dataclasses.replace(CITY, hosts={**CITY.hosts, "ws1": dataclasses.replace(CITY.hosts["ws1"], accounts=("dana",))})
    verdict = password_age("ws1", AccountsSighting(hosts=(ws1(person()),)), city, PROFILE)
    assert verdict.reason == "the one human account of ws1 must change the password within 90 days and did; so must a new one"


def test_an_account_without_a_day_is_told_so_in_the_evidence() -> None:
    locked = person(password=Password.LOCKED, last_change=None)
    assert "dana: password locked, unknown age, lasts 90 days" in judged(ALICE, locked).evidence[0].text
