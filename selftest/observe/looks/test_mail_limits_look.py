"""Look "mail-limits": what it sees of a mail system, and what it never does to one."""

from __future__ import annotations

import base64

import pytest

from ordinance.judge.mail_limit import limit_advertised, limit_enforced, limit_enforced_undeclared
from ordinance.observe.looks.mail_limits import mail_limits
from selftest.observe.mailtown import OTHER, PROBE, SECRETS, Town, a_context


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr("ordinance.observe.mail.shared.ARRIVAL_SECONDS", 0.3)
    monkeypatch.setattr("ordinance.observe.mail.shared.IMPATIENT_SECONDS", 0.1)
    monkeypatch.setattr("ordinance.observe.mail.box.WATCH_SECONDS", 0.1)


def states(town: Town, **more: object) -> tuple[str, str, str]:
    context = a_context(town, **more)
    seen = mail_limits(context)
    verdicts = (
        limit_advertised("mail", seen, context.profile),
        limit_enforced(PROBE, seen, context.profile),
        limit_enforced_undeclared(PROBE, seen, context.profile),
    )
    return tuple(verdict.state.value for verdict in verdicts)


@pytest.mark.parametrize(
    ("town", "expected"),
    [
        (Town(), "compliant compliant compliant"),
        (Town(advertised=""), "violated compliant compliant"),
        (Town(advertised="SIZE"), "violated compliant compliant"),
        (Town(advertised="SIZE 0"), "violated compliant compliant"),
        (Town(advertised="SIZE 524289"), "violated compliant compliant"),
        (Town(limits_declared=False), "compliant violated compliant"),
        (Town(limits_data=False, quota=2**21), "compliant compliant violated"),
        (Town(limits_data=False, delivers=False), "compliant unproven violated"),
        (Town(delivers=False), "compliant unproven unproven"),
        (Town(banner="220 elsewhere ESMTP"), "unproven unproven unproven"),
        (Town(password="changed"), "compliant unproven unproven"),
        (Town(certificate="elsewhere"), "compliant unproven unproven"),
        (Town(dead=frozenset({25})), "unproven unproven unproven"),
        (Town(dead=frozenset({587})), "unproven unproven unproven"),
        (Town(dead=frozenset({993})), "compliant unproven unproven"),
    ],
)  # fmt: skip
def test_what_the_judges_make_of_it(town: Town, expected: str) -> None:
    town.quota = max(town.quota, 600_000)
    assert " ".join(states(town)) == expected


def test_the_mailbox_is_empty_afterwards_and_other_mailboxes_are_as_before() -> None:
    town = Town(quota=600_000)
    states(town)
    assert town.boxes == {PROBE: [], OTHER: []}


def test_no_credential_is_sent_to_a_server_with_another_name() -> None:
    town = Town(certificate="elsewhere.example")
    states(town)
    assert b"AUTH" not in town.said
    assert b"LOGIN" not in town.said
    assert SECRETS["pw"].encode() not in town.said
    assert base64.b64encode(b"\0probe\0" + SECRETS["pw"].encode()) not in town.said


def test_an_account_fails_to_log_in_once_at_most() -> None:
    town = Town(password="changed")
    context = a_context(town)
    mail_limits(context)
    mail_limits(context)
    assert town.logins == ["imap refused"]


def test_no_more_bytes_are_sent_than_the_inventory_allows() -> None:
    town = Town(quota=600_000)
    assert states(town, byte_budget=400_000)[2] == "unproven"
    assert len(town.said) < 410_000


def test_the_sender_from_outside_is_the_null_one() -> None:
    town = Town(quota=600_000)
    states(town)
    assert b"MAIL FROM:<> SIZE=" in town.said
