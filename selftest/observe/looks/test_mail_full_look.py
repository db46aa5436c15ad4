"""Look "mail-full": the story of the probe mailbox, and that it always ends with the mailbox empty."""

from __future__ import annotations

import pytest

from ordinance.judge.mail_full import full_cannot_receive, full_cannot_send, recovers
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.looks.mail_full import mail_full
from selftest.observe.mailtown import OTHER, PROBE, Town, a_context


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr("ordinance.observe.mail.shared.ARRIVAL_SECONDS", 0.3)
    monkeypatch.setattr("ordinance.observe.mail.shared.IMPATIENT_SECONDS", 0.1)
    monkeypatch.setattr("ordinance.observe.mail.box.WATCH_SECONDS", 0.1)
    monkeypatch.setattr("ordinance.observe.looks.mail_full.RECOUNT_SECONDS", 0.1)
    monkeypatch.setattr("ordinance.observe.looks.mail_full.RECOUNT_POLL_SECONDS", 0.02)


@pytest.mark.parametrize(
    ("town", "expected"),
    [
        (Town(), "compliant compliant compliant"),
        (Town(full_stops_receiving=False), "violated compliant compliant"),
        (Town(full_stops_sending=False), "compliant violated compliant"),
        (Town(stays_full=True), "compliant compliant violated"),
        (Town(full_stops_delivery=False), "violated unproven unproven"),
        (Town(delivers=False), "unproven compliant unproven"),
        (Town(knows_quota=False), "unproven unproven unproven"),
        (Town(password="changed"), "unproven unproven unproven"),
        (Town(certificate="elsewhere"), "unproven unproven unproven"),
        (Town(dead=frozenset({25})), "unproven unproven unproven"),
        (Town(dead=frozenset({587})), "compliant unproven unproven"),
        (Town(dead=frozenset({25, 587})), "unproven unproven unproven"),
        (Town(dead=frozenset({993})), "unproven unproven unproven"),
        (Town(banner="220 elsewhere ESMTP"), "unproven unproven unproven"),
        (Town(quota=16 * 2**20), "unproven unproven unproven"),
    ],
)
def test_what_the_judges_make_of_it(town: Town, expected: str) -> None:
    seen = mail_full(a_context(town))
    verdicts = (full_cannot_receive(PROBE, seen), full_cannot_send(PROBE, seen), recovers(PROBE, seen))
    assert " ".join(verdict.state.value for verdict in verdicts) == expected, [verdict.reason for verdict in verdicts]


def test_the_mailbox_is_filled_to_the_byte_and_empty_afterwards() -> None:
    town = Town()
    seen = mail_full(a_context(town))
    assert seen.fill is not None
    assert seen.fill.used == seen.fill.limit == seen.fill.appended + 2048 + 300 - 2348
    assert "OVERQUOTA" in seen.fill.refused
    assert town.boxes == {PROBE: [], OTHER: []}
    assert seen.uncleaned == ""


def test_the_mailbox_is_emptied_though_the_story_ends_in_the_middle() -> None:
    town = Town()
    context = a_context(town)
    context.halted = lambda: town.was_full
    seen = mail_full(context)
    assert seen.unseen is not None
    assert seen.unseen.reason == Unseen.HALTED.value
    assert town.boxes == {PROBE: [], OTHER: []}


def test_what_is_left_behind_is_said() -> None:
    town = Town()
    context = a_context(town)
    context.progress = lambda done, total, text: setattr(town, "dead", frozenset({993} if done >= 3 else ()))
    assert "mail may be left in probe@city.example" in mail_full(context).uncleaned


def test_nothing_is_sent_when_the_budget_does_not_hold_the_mailbox() -> None:
    town = Town()
    seen = mail_full(a_context(town, byte_budget=200_000))
    assert seen.unseen is not None
    assert seen.unseen.reason == Unseen.SCOPE.value
    assert b"MAIL FROM" not in town.said


def test_without_a_probe_mailbox_there_is_nothing_to_look_at() -> None:
    context = a_context(Town())
    object.__setattr__(context.inventory, "probe_mailbox", None)
    with pytest.raises(CouldNotLook):
        mail_full(context)
