"""`ordinance verify REPORTS`: every night, and how they follow one another."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from ordinance.audit import Brief
from ordinance.cli import main
from ordinance.record.folder import RunFolder
from selftest.record.nights_made import FIRST, begin, end, make_night


def remake(night: Path, brief: Brief, monkeypatch: pytest.MonkeyPatch, records: int = 11) -> None:
    """The same night once more, otherwise, under the same name and signed with the same key."""
    started = FIRST + timedelta(days=1)
    shutil.rmtree(night)
    monkeypatch.setattr(RunFolder, "begin", classmethod(lambda cls, reports, _: (night.mkdir(), cls(reports, night.name))[1]))
    end(begin(brief, night.parent, started, records), seconds=61)


def test_a_run_that_was_sent_without_the_one_before_is_sound_and_that_is_told(
    run: Path, nights: list[Path], tmp_path: Path, capsys
) -> None:
    alone = shutil.copytree(run, tmp_path / "mail" / run.name)
    assert main(["verify", str(alone)]) == 0
    assert capsys.readouterr().out.endswith(f"; the run before it, {nights[0].name}, is not here\n")


def test_a_run_beside_another_one_before_it_is_not_sound(run: Path, nights: list[Path], told) -> None:
    (nights[0] / "head.json").write_text((nights[0] / "head.json").read_text().replace("2026", "2025"))
    assert (
        told(run)
        == f"{nights[0]}/head.json: not the one that {run.name} was sealed after: that night was replaced or rolled back"
    )


def test_a_night_that_was_made_again_is_told_by_the_next(
    reports: Path, nights: list[Path], brief: Brief, monkeypatch, told
) -> None:
    shutil.move(nights[2], reports.parent / "kept")
    remake(nights[1], brief, monkeypatch)
    shutil.move(reports.parent / "kept", nights[2])
    (reports / "latest").unlink()
    assert main(["verify", str(nights[1])]) == 0, "by itself nothing is wrong with it"
    assert (
        told(reports)
        == f"{nights[1]}/head.json: not the one that {nights[2].name} was sealed after: that night was replaced or rolled back"
    )


def test_old_nights_that_were_put_away_are_told_and_are_no_fault(reports: Path, nights: list[Path], capsys) -> None:
    shutil.rmtree(nights[0])
    assert main(["verify", str(reports)]) == 0
    assert f"the run before it, {nights[0].name}, is not here" in capsys.readouterr().out


def test_a_night_that_is_missing_between_two_others_is_a_fault(reports: Path, nights: list[Path], told) -> None:
    shutil.rmtree(nights[1])
    assert (
        told(reports)
        == f"{nights[2]}/head.json: follows {nights[1].name}, which is missing: a night was taken away or rolled back"
    )


def test_a_night_that_begins_anew_is_a_fault(reports: Path, nights: list[Path], brief: Brief, told, tmp_path: Path) -> None:
    other = make_night(brief, tmp_path / "elsewhere", 5)
    shutil.copytree(other, reports / other.name)
    assert told(reports) == (
        f"{reports / other.name}/head.json: follows no run, though there are older ones: a night was taken away or rolled back"
    )


def test_two_nights_after_the_same_one_are_a_fault(reports: Path, nights: list[Path], brief: Brief, told, tmp_path: Path) -> None:
    shutil.move(nights[2], tmp_path / "kept")
    other = make_night(brief, reports, 3)
    shutil.move(tmp_path / "kept", nights[2])
    assert (
        told(reports)
        == f"{other}/head.json: names {nights[1].name} as the run before it, as {nights[2].name} does: a night was rolled back"
    )


def test_a_night_stripped_of_its_results_is_told_by_the_next(reports: Path, nights: list[Path], told) -> None:
    for name in ("results.json", "head.json", "SHA256SUMS", "SHA256SUMS.sig"):
        (nights[1] / name).unlink()
    assert told(reports) == f"{nights[1]}/head.json: is missing"


def test_latest_turned_back_to_an_older_night_is_a_fault(reports: Path, nights: list[Path], told) -> None:
    (reports / "latest").unlink()
    (reports / "latest").symlink_to(nights[0].name)
    assert (
        told(reports) == f"{reports}/latest: leads to {nights[0].name}, which {nights[2].name} has followed: it was turned back"
    )


def test_latest_that_leads_nowhere_is_a_fault(reports: Path, told) -> None:
    (reports / "latest").unlink()
    (reports / "latest").symlink_to("20261129T201500Z-00000000")
    assert "latest: leads to 20261129T201500Z-00000000, which has no results" in told(reports)


def test_a_run_under_way_or_killed_is_told_and_is_no_fault_of_the_others(reports: Path, brief: Brief, capsys, told) -> None:
    audit = begin(brief, reports, FIRST + timedelta(days=9))
    audit.close()
    assert main(["verify", str(reports)]) == 0
    out = capsys.readouterr().out
    assert f"{audit.folder.path}: has not ended or was killed; it proves nothing" in out
    assert f"{reports}/latest: says INCOMPLETE" in out
    assert "has neither results.json nor SHA256SUMS" in told(audit.folder.path)


def test_runs_of_which_none_ended_are_not_sound(brief: Brief, tmp_path: Path, told) -> None:
    begin(brief, tmp_path, FIRST).close()
    assert told(tmp_path) == f"{tmp_path}: holds no run whose evidence is sound"
