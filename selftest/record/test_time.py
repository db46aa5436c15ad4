"""Days and moments: the city's calendar decides, to the second; a run speaks for the day on which it began."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ordinance.brief import Brief
from ordinance.inventory.model import Exemption
from ordinance.judge.register import exempted
from ordinance.judge.verdict import Evidence, NotApplicable, Verdict, Waived
from ordinance.plan import Selection
from ordinance.record.model import Results
from ordinance.record.results import build_results
from ordinance.record.stamp import stamp
from selftest.report import sample

CHECK = ("9.A.1/ftp-blocked", "public-ipv4")
LA = "America/Los_Angeles"


def results(started: str, until: date, timezone: str = LA, lasted: float = 60.0, verdict: Verdict | None = None) -> Results:
    """The results of a run in which one violation is waived until a day."""
    began = datetime.fromisoformat(started).astimezone(UTC)
    facts = replace(sample.facts(), started=began, finished=began + timedelta(seconds=lasted))
    waived = verdict or Waived("open, authorised", "Robin", until, (Evidence("open", ("o-000001",)),))
    inventory = replace(sample.INVENTORY, timezone=timezone, registers=replace(sample.INVENTORY.registers, attestations=()))
    plan = [planned for planned, _ in sample.checks()]
    return build_results(facts, law=sample.LAW, profile=sample.PROFILE, inventory=inventory, plan=plan, verdicts={CHECK: waived})


def state(found: Results) -> str:
    return next(check.verdict for check in found.checks if (check.control, check.target) == CHECK)


#: A moment of local time, and the last day of a waiver; it holds through the end of that day, wherever the city lies.
MIDNIGHTS = [
    (LA, "2026-11-23T23:59:59-08:00", "2026-11-23", "waived"),
    (LA, "2026-11-24T00:00:00-08:00", "2026-11-23", "violated"),
    (LA, "2026-11-24T00:00:01-08:00", "2026-11-23", "violated"),
    ("UTC", "2026-11-23T23:59:59+00:00", "2026-11-23", "waived"),
    ("UTC", "2026-11-24T00:00:00+00:00", "2026-11-23", "violated"),
    # either side of the date line: the same moment is two days
    ("Pacific/Kiritimati", "2026-11-23T09:59:59+00:00", "2026-11-23", "waived"),
    ("Pacific/Kiritimati", "2026-11-23T10:00:00+00:00", "2026-11-23", "violated"),
    ("Pacific/Niue", "2026-11-24T10:59:59+00:00", "2026-11-23", "waived"),
    ("Pacific/Niue", "2026-11-24T11:00:00+00:00", "2026-11-23", "violated"),
    # summer time begins (23 hours) and ends (25 hours, one of them twice) in Los Angeles
    (LA, "2026-03-08T07:59:59+00:00", "2026-03-07", "waived"),
    (LA, "2026-03-08T08:00:00+00:00", "2026-03-07", "violated"),
    (LA, "2026-03-09T06:59:59+00:00", "2026-03-08", "waived"),
    (LA, "2026-03-09T07:00:00+00:00", "2026-03-08", "violated"),
    (LA, "2026-11-01T06:59:59+00:00", "2026-10-31", "waived"),
    (LA, "2026-11-01T07:00:00+00:00", "2026-10-31", "violated"),
    (LA, "2026-11-01T09:30:00+00:00", "2026-11-01", "waived"),  # the second half past one
    (LA, "2026-11-02T07:59:59+00:00", "2026-11-01", "waived"),
    (LA, "2026-11-02T08:00:00+00:00", "2026-11-01", "violated"),
    # the leap day
    (LA, "2028-02-29T23:59:59-08:00", "2028-02-29", "waived"),
    (LA, "2028-03-01T00:00:00-08:00", "2028-02-29", "violated"),
    (LA, "2028-02-29T00:00:00-08:00", "2028-02-28", "violated"),
    (LA, "2026-12-31T23:59:59-08:00", "2026-12-31", "waived"),
    (LA, "2027-01-01T00:00:00-08:00", "2026-12-31", "violated"),
    # half-hour and three-quarter zones
    ("Asia/Kathmandu", "2026-11-23T18:14:59+00:00", "2026-11-23", "waived"),
    ("Asia/Kathmandu", "2026-11-23T18:15:00+00:00", "2026-11-23", "violated"),
]


@pytest.mark.parametrize(("timezone", "started", "until", "expected"), MIDNIGHTS)
def test_a_waiver_ends_with_its_last_day_in_the_city(timezone: str, started: str, until: str, expected: str) -> None:
    assert state(results(started, date.fromisoformat(until), timezone)) == expected


@pytest.mark.parametrize(("timezone", "started", "until", "expected"), MIDNIGHTS)
def test_the_run_reads_its_registers_on_the_same_day(timezone: str, started: str, until: str, expected: str) -> None:
    """A waiver, an exemption and an attestation that the run took for live must be live in its results."""
    inventory = replace(sample.INVENTORY, timezone=timezone)
    brief = Brief(inventory, "", sample.LAW, sample.PROFILE, Selection())
    moment = datetime.fromisoformat(started).astimezone(UTC)
    today = brief.day_of(moment)
    assert (today <= date.fromisoformat(until)) is (expected == "waived")
    registers = replace(inventory.registers, not_applicable=(Exemption(CHECK[0], "CIO", "no", date.fromisoformat(until)),))
    assert (exempted(CHECK[0], registers, today) is not None) is (expected == "waived")


@pytest.mark.parametrize(
    ("lasted", "valid_until"),
    [
        (1.0, "2026-11-24T08:00:00.000Z"),
        (600.0, "2026-11-24T08:00:00.000Z"),  # ends after midnight: its waiver is over, and so is its validity
    ],
)
def test_a_run_that_lasts_over_midnight_speaks_for_the_day_it_began(lasted: float, valid_until: str) -> None:
    found = results("2026-11-23T23:58:00-08:00", date(2026, 11, 23), lasted=lasted)
    assert state(found) == "waived"
    assert found.run.valid_until == valid_until
    assert found.run.seconds == lasted


@pytest.mark.parametrize(
    ("started", "until", "expected"),
    [
        ("2026-03-07T12:00:00-08:00", "2026-03-08", "2026-03-08T20:01:00.000Z"),  # 24 hours, not "noon tomorrow"
        ("2026-03-08T12:00:00-07:00", "2026-03-08", "2026-03-09T07:00:00.000Z"),  # the day ends an hour earlier in UTC
        ("2026-11-01T12:00:00-08:00", "2026-11-01", "2026-11-02T08:00:00.000Z"),  # and an hour later again
        ("2026-10-31T12:00:00-07:00", "2026-12-31", "2026-11-01T19:01:00.000Z"),
        ("2028-02-28T12:00:00-08:00", "2028-02-29", "2028-02-29T20:01:00.000Z"),
        ("2028-02-29T12:00:00-08:00", "2028-02-29", "2028-03-01T08:00:00.000Z"),
    ],
)
def test_results_are_valid_for_twenty_four_hours_or_to_the_end_of_a_day(started: str, until: str, expected: str) -> None:
    assert results(started, date.fromisoformat(until)).run.valid_until == expected


def exempt(*untils: date, decided: bool = True) -> Results:
    entries = tuple(Exemption(CHECK[0], "CIO", "no such service", until) for until in untils)
    inventory = replace(sample.INVENTORY, registers=replace(sample.INVENTORY.registers, attestations=(), not_applicable=entries))
    plan = [planned for planned, _ in sample.checks()]
    verdicts = {CHECK: NotApplicable("no such service", "CIO")} if decided else {}
    return build_results(
        sample.facts(), law=sample.LAW, profile=sample.PROFILE, inventory=inventory, plan=plan, verdicts=verdicts
    )


def test_an_exemption_that_ends_tonight_ends_the_validity() -> None:
    midnight, a_day_later = "2026-11-24T08:00:00.000Z", stamp(sample.facts().finished + timedelta(hours=24))
    assert exempt(date(2026, 11, 23)).run.valid_until == midnight
    assert exempt(date(2026, 11, 24)).run.valid_until == a_day_later
    assert exempt(date(2026, 11, 23), date(2026, 12, 31)).run.valid_until == a_day_later, "the later decision carries it"
    assert exempt(date(2026, 11, 22), date(2026, 11, 23)).run.valid_until == midnight
    assert exempt(date(2026, 11, 23), decided=False).run.valid_until == a_day_later, "a decision that nothing rests on"


def test_a_moment_is_recorded_in_utc_and_never_without_its_zone() -> None:
    local = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo(LA))
    assert stamp(local) == "2026-11-01T08:30:00.000Z"
    assert stamp(local.replace(fold=1)) == "2026-11-01T09:30:00.000Z"
    with pytest.raises(ValueError, match="timezone"):
        stamp(datetime(2026, 11, 1, 1, 30))  # noqa: DTZ001 - that is what is refused
