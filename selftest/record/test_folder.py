"""`reports/latest` never shows an older result while a run is under way, and never half of a new one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ordinance.errors import OrdinanceError
from ordinance.record import folder as folder_module
from ordinance.record.folder import RunFolder, marked_run

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)


def latest(reports: Path) -> Path:
    return reports / "latest"


def test_a_run_is_named_by_its_beginning_and_never_twice(tmp_path: Path):
    ids = {RunFolder.begin(tmp_path, NOW).id for _ in range(20)}
    assert len(ids) == 20
    assert all(name.startswith("20261123T201500Z-") for name in ids)


def test_the_first_act_hides_the_last_result(tmp_path: Path):
    RunFolder.begin(tmp_path, NOW).publish({"results.json": b"{}"})
    assert (latest(tmp_path) / "results.json").read_bytes() == b"{}"
    run = RunFolder.begin(tmp_path, NOW)
    assert latest(tmp_path).is_file() and not latest(tmp_path).is_symlink()
    with pytest.raises(NotADirectoryError):
        (latest(tmp_path) / "results.json").read_bytes()
    text = latest(tmp_path).read_text()
    assert text.startswith("INCOMPLETE\n")
    assert run.id in text and "2026-11-23T20:15:00.000Z" in text


def test_the_last_act_points_to_the_run(tmp_path: Path):
    run = RunFolder.begin(tmp_path, NOW)
    run.write("plan.json", b"[]")
    assert run.publish({"results.json": b"1", "report.html": b"2", "junit.xml": b"3"}) is True
    assert latest(tmp_path).readlink() == Path(run.id), "relative, so that the folder can be moved"
    assert sorted(path.name for path in run.path.iterdir()) == ["junit.xml", "plan.json", "report.html", "results.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [run.id, "latest"], "nothing temporary is left"


def test_reports_are_private(tmp_path: Path):
    run = RunFolder.begin(tmp_path, NOW)
    run.publish({"results.json": b"1"})
    assert run.path.stat().st_mode & 0o777 == 0o700
    assert (run.path / "results.json").stat().st_mode & 0o777 == 0o600


def test_the_run_that_began_last_owns_latest(tmp_path: Path):
    first, second = RunFolder.begin(tmp_path, NOW), RunFolder.begin(tmp_path, NOW)
    assert first.publish({"results.json": b"first"}) is False
    assert marked_run(tmp_path) == second.id and latest(tmp_path).is_file()
    assert (first.path / "results.json").read_bytes() == b"first"
    assert second.publish({"results.json": b"second"}) is True
    assert (latest(tmp_path) / "results.json").read_bytes() == b"second"


def test_a_run_that_ends_after_a_newer_one_leaves_latest_alone(tmp_path: Path):
    first, second = RunFolder.begin(tmp_path, NOW), RunFolder.begin(tmp_path, NOW)
    second.publish({"results.json": b"second"})
    assert first.publish({"results.json": b"first"}) is False
    assert (latest(tmp_path) / "results.json").read_bytes() == b"second"


def test_many_runs_at_once_leave_one_whole_latest(tmp_path: Path):
    def one() -> None:
        run = RunFolder.begin(tmp_path, NOW)
        run.publish({"results.json": run.id.encode()})

    threads = [threading.Thread(target=one) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runs = [path for path in tmp_path.iterdir() if path.name != "latest"]
    assert len(runs) == 16
    assert all((path / "results.json").read_text() == path.name for path in runs)
    assert (latest(tmp_path) / "results.json").read_text() == marked_run(tmp_path)


def test_a_killed_run_leaves_the_marker(tmp_path: Path):
    RunFolder.begin(tmp_path, NOW).publish({"results.json": b"old"})
    code = f"""
import os, signal, datetime, pathlib
from ordinance.record.folder import RunFolder
run = RunFolder.begin(pathlib.Path({str(tmp_path)!r}), datetime.datetime.now(datetime.UTC))
run.write("results.json", b"new")
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=30, check=False)
    assert done.returncode == -signal.SIGKILL
    assert latest(tmp_path).read_text().startswith("INCOMPLETE")
    assert RunFolder.begin(tmp_path, NOW).publish({"results.json": b"next"}) is True, "the lock died with the process"


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = RunFolder.begin(tmp_path, NOW)
    run.write("results.json", b"old")

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module.os, "fsync", full)
    with pytest.raises(OrdinanceError, match="No space left on device"):
        run.publish({"results.json": b"new"})
    assert (run.path / "results.json").read_bytes() == b"old"
    assert latest(tmp_path).read_text().startswith("INCOMPLETE")


def test_when_no_marker_can_be_written_the_old_result_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    RunFolder.begin(tmp_path, NOW).publish({"results.json": b"old"})

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module.os, "fsync", full)
    with pytest.raises(OrdinanceError, match="cannot be used: No space left on device; give another folder"):
        RunFolder.begin(tmp_path, NOW)
    assert not (latest(tmp_path) / "results.json").exists()


def test_a_folder_that_is_a_file_is_an_error_in_words(tmp_path: Path):
    (tmp_path / "reports").write_text("")
    with pytest.raises(OrdinanceError, match=r"the reports folder .* cannot be used"):
        RunFolder.begin(tmp_path / "reports", NOW)


def test_a_folder_is_made_where_there_is_none(tmp_path: Path):
    assert RunFolder.begin(tmp_path / "a" / "b", NOW).path.is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_an_error_in_words(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(OrdinanceError, match="Permission denied"):
        RunFolder.begin(tmp_path, NOW)
