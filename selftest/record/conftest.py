"""Nights made once, copied for every test that changes them; and what `ordinance verify` says of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ordinance.audit import Brief
from ordinance.cli import main
from ordinance.record.exitcode import ExitCode
from selftest.record.nights_made import make_night, read_brief


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    return read_brief(tmp_path_factory.mktemp("brief"))


@pytest.fixture(scope="module")
def made(brief: Brief, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reports folder of three nights."""
    reports = tmp_path_factory.mktemp("made") / "reports"
    for number in range(3):
        make_night(brief, reports, number)
    return reports


@pytest.fixture
def reports(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "reports", symlinks=True)


@pytest.fixture
def nights(reports: Path) -> list[Path]:
    return sorted(path for path in reports.iterdir() if not path.is_symlink())


@pytest.fixture
def run(nights: list[Path]) -> Path:
    return nights[1]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Verify, and give the one line that was said of what is wrong."""

    def verify(folder: Path, *options: str) -> str:
        assert main(["verify", str(folder), *options]) == ExitCode.NOT_SOUND
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("not sound: ")
        return lines[0].removeprefix("not sound: ")

    return verify
