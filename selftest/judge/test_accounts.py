"""10.D/password-age over hand-written hosts: good, bad, and each way of not knowing."""

from __future__ import annotations

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
    given = {"people": people, "root_seen": True, "pass_max_days": 90, "observations": ("o-1", "o-2")}
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
