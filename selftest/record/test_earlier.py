"""What earlier nights swept counts only as far back as every night is here and sound; what they saw open is never forgotten."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from ordinance.audit import Brief
from ordinance.earlier import nights_before
from ordinance.observe.api import LOOKS, Night
from ordinance.record.folder import JOURNAL
from ordinance.record.seal import SEAL
from ordinance.sight.perimeter import Rotation, SweepSighting
from ordinance.sightings import SightingLog
from selftest.judge.perimeter_city import ALL, sweep
from selftest.record.nights_made import FIRST, begin, end

NOW = "20261201T000000Z-00000000"
SEEN = structs.replace(sweep(), rotation=Rotation(wanted=ALL, earlier=()))


def make(brief: Brief, reports: Path, number: int, seen: SweepSighting | None = SEEN) -> Path:
    audit = begin(brief, reports, FIRST + timedelta(days=number), 2)
    if seen is not None:
        SightingLog(LOOKS, audit.journal).perform("perimeter-sweep", lambda: seen)
    end(audit)
    return audit.folder.path


@pytest.fixture(scope="module")
def swept(brief: Brief, tmp_path_factory: pytest.TempPathFactory) -> Path:
    reports = tmp_path_factory.mktemp("swept") / "reports"
    for number in range(3):
        make(brief, reports, number)
    return reports


@pytest.fixture
def reports(swept: Path, tmp_path: Path) -> Path:
    return shutil.copytree(swept, tmp_path / "reports", symlinks=True)


@pytest.fixture
def found(reports: Path, brief: Brief):
    def read() -> tuple[Night, ...]:
        return nights_before(reports, NOW, brief.inventory)

    return read


def linked(nights: tuple[Night, ...]) -> list[bool]:
    return [night.linked for night in nights]


def test_sound_nights_count_newest_first_each_for_itself(found, nights) -> None:
    seen = found()
    assert [night.run for night in seen] == [path.name for path in reversed(nights)]
    assert linked(seen) == [True, True, True]
    assert all(night.sweep == structs.replace(SEEN, rotation=None) for night in seen)


def test_nothing_older_than_a_missing_night_counts(found, nights) -> None:
    shutil.rmtree(nights[1])
    seen = found()
    assert linked(seen) == [True, False]
    assert "one is missing, or was replaced" in seen[1].why


@pytest.mark.parametrize("name", [JOURNAL, "results.json", "plan.json", "head.json", "SHA256SUMS.sig", "inputs/inventory.yml"])
def test_neither_a_night_that_was_tampered_with_counts_nor_anything_older(found, nights, name: str) -> None:
    path = nights[1] / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    seen = {night.run: night for night in found()}
    assert seen[nights[2].name].linked
    assert not seen[nights[0].name].linked
    assert nights[1].name not in seen or not seen[nights[1].name].linked


def test_a_night_whose_seal_was_taken_away_can_only_accuse_and_nothing_older_counts(found, nights) -> None:
    for name in SEAL:
        (nights[1] / name).unlink()
    seen = found()
    assert linked(seen) == [True, False, False]
    assert "was never sealed" in seen[1].why


def test_a_run_that_was_killed_can_accuse_and_stands_in_nobodys_way(found, nights) -> None:
    for name in (*SEAL, "results.json", "report.html", "junit.xml"):
        (nights[2] / name).unlink()
    assert linked(found()) == [False, True, True]


def test_a_night_without_its_journal_is_in_the_way(found, nights) -> None:
    for name in (*SEAL, JOURNAL):
        (nights[2] / name).unlink()
    assert linked(found()) == [False, False]


def test_a_night_that_was_replaced_by_another_sound_one_is_in_the_way(found, nights, brief, tmp_path) -> None:
    other = make(brief, tmp_path / "elsewhere", 1)
    shutil.rmtree(nights[1])
    shutil.copytree(other, nights[1].with_name(other.name))
    seen = found()
    assert linked(seen) == [True, False, False]


def test_nights_of_another_city_are_nobodys(found, reports, brief) -> None:
    assert nights_before(reports, NOW, replace(brief.inventory, city="Elsewhere")) == ()
    assert nights_before(reports, NOW, replace(brief.inventory, lab=True)) == ()


def test_a_night_without_a_sweep_is_a_link_and_no_more(reports, brief, found) -> None:
    make(brief, reports, 3, seen=None)
    assert linked(found()) == [True, True, True]


def test_the_run_itself_is_not_an_earlier_one(reports, brief, nights) -> None:
    assert nights[2].name not in {night.run for night in nights_before(reports, nights[2].name, brief.inventory)}
