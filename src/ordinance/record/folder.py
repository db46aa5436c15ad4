"""The folder of a run, `reports/RUN/`, and `reports/latest`, which never shows a result while a newer run is under way.

The first act of a run replaces `latest` by a plain file that says INCOMPLETE, so `reports/latest/results.json` cannot be
read any more. Its last act replaces that file by a link to its own folder. A run that is killed leaves the marker. Of two
runs at once the one that began last owns `latest`; the other publishes in its own folder only.

Reports name a city's open ports: folders are 0700 and files 0600.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ordinance.errors import OrdinanceError
from ordinance.record.stamp import stamp

MARKER = "INCOMPLETE"
JOURNAL = "observations.jsonl"
PLAN = "plan.json"
RESULTS = "results.json"
REPORT = "report.html"
JUNIT = "junit.xml"


class FolderError(OrdinanceError):
    """The reports folder cannot be used."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk."""

    reports: Path
    id: str

    @classmethod
    def begin(cls, reports: Path, started: datetime) -> RunFolder:
        """First act of a run: mark `latest` incomplete, then make the run's own folder.

        `started` names the run, as `20261123T201500Z-3f9a1c07`. Raises FolderError; `latest` then shows no result either,
        as far as that is in our power.
        """
        run = cls(reports, f"{started.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}")
        with _told(f"the reports folder {reports} cannot be used"):
            reports.mkdir(parents=True, exist_ok=True)
            run._mark(started)
            run.path.mkdir(mode=0o700)
            _sync_folder(reports)
        return run

    @property
    def path(self) -> Path:
        """The folder itself."""
        return self.reports / self.id

    @property
    def journal(self) -> Path:
        """Where the journal of this run is written."""
        return self.path / JOURNAL

    @property
    def report(self) -> Path:
        """Where the report for people is published."""
        return self.path / REPORT

    def write(self, name: str, data: bytes) -> None:
        """Write one file of the run so that it is there whole or not at all, also after a crash."""
        with _told(f"{self.path / name} cannot be written"):
            _publish(self.path / name, data)

    def publish(self, files: Mapping[str, bytes]) -> bool:
        """Last act of a run: write its files, then point `latest` to it.

        Returns False when a run that began later owns `latest`: the files are published, `latest` is left alone.
        """
        for name, data in files.items():
            self.write(name, data)
        with _told(f"{self.reports / 'latest'} cannot be replaced"), _locked(self.reports):
            if marked_run(self.reports) not in (self.id, None):
                return False
            self._point()
            return True

    def _mark(self, started: datetime) -> None:
        text = (
            f"{MARKER}\nrun: {self.id}\nstarted: {stamp(started)}\n"
            "This run has not published its results yet, or was killed before it could. Nothing is known from it.\n"
            f"What it saw so far: {self.id}/{JOURNAL}\n"
        )
        with _locked(self.reports):
            try:
                _publish(self.reports / "latest", text.encode())
            except OSError:
                (self.reports / "latest").unlink(missing_ok=True)
                raise

    def _point(self) -> None:
        link = self.reports / f".latest-{self.id}"
        link.unlink(missing_ok=True)
        link.symlink_to(self.id, target_is_directory=True)
        link.replace(self.reports / "latest")
        _sync_folder(self.reports)


def marked_run(reports: Path) -> str | None:
    """Name the run that owns `latest`: the one its marker or its link names; None when there is no `latest`."""
    latest = reports / "latest"
    if latest.is_symlink():
        return latest.readlink().name
    if not latest.exists():
        return None
    words = dict(line.split(": ", 1) for line in latest.read_text("utf-8").splitlines() if ": " in line)
    return words.get("run", "")


def _publish(path: Path, data: bytes) -> None:
    """Temporary file, fsync, rename, fsync of the folder."""
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder against other runs. The kernel lets go of it when the process ends, however it ends."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise FolderError(f"{what}: {reason}; give another folder, or room and permission to write there") from error
