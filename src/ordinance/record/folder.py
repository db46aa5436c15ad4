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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
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
CSV = "checks.csv"


#: Makes the last files of a run from the others, which are about to be written.
Sealing = Callable[[Mapping[str, bytes]], Mapping[str, bytes]]


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
        """Write one file of the run so that it is there whole or not at all, also after a crash. `name` may be `a/b`."""
        with _told(f"{self.path / name} cannot be written"):
            for folder in reversed((self.path / name).relative_to(self.path).parents[:-1]):
                _make_folder(self.path / folder)
            _publish(self.path / name, data)

    def publish(self, files: Mapping[str, bytes], seal: Sealing | None = None) -> bool:
        """Last act of a run: write its files, then point `latest` to it.

        Everything is on the disk under temporary names before anything gets its final one: a disk that fills up, or fails,
        leaves none of the files, a report that says compliant least of all. They get their names in the order of `files`.
        What `seal` makes of the files goes with them, as the last; no other run is sealed meanwhile.
        Returns False when a run that began later owns `latest`: the files are published, `latest` is left alone.
        """
        with _told(f"the results cannot be written to {self.path}"), _locked(self.reports):
            ours = marked_run(self.reports) in (self.id, None)
            sealed = {**files, **(seal(files) if seal is not None else {})}
            with _staged(self.path, sealed) as parts, self._link(wanted=ours) as link:
                _name(parts)
                try:
                    _name({link: self.reports / "latest"} if ours else {})
                except OSError:
                    _take_away(parts.values())
                    raise
            return ours

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

    @contextmanager
    def _link(self, *, wanted: bool) -> Iterator[Path]:
        """Make the link that is to become `latest`, if it is wanted, under a name of its own."""
        link = self.reports / f".latest-{self.id}"
        try:
            if wanted:
                link.symlink_to(self.id, target_is_directory=True)
            yield link
        finally:
            link.unlink(missing_ok=True)


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
    with _staged(path.parent, {path.name: data}) as parts:
        for part, final in parts.items():
            part.replace(final)
        _sync_folder(path.parent)


@contextmanager
def _staged(folder: Path, files: Mapping[str, bytes]) -> Iterator[dict[Path, Path]]:
    """Put files on the disk under temporary names; gives their final ones. What was not renamed is gone afterwards."""
    parts: dict[Path, Path] = {}
    try:
        for name, data in files.items():
            part = folder / f".{name}-{secrets.token_hex(4)}"
            parts[part] = folder / name
            _write_synced(part, data)
        yield parts
    finally:
        for part in parts:
            with suppress(OSError):  # a disk that fails has said so already; whatever the name, it is nobody's result
                part.unlink(missing_ok=True)


def _name(parts: Mapping[Path, Path]) -> None:
    """Give staged files of one folder their final names, all of them or none, and sync the folder."""
    try:
        for part, final in parts.items():
            part.replace(final)
        for folder in {final.parent for final in parts.values()}:
            _sync_folder(folder)
    except OSError:
        _take_away(parts.values())
        raise


def _take_away(paths: Iterable[Path]) -> None:
    """Unlink what may be there, as far as that is still possible: the error that made it necessary is the one that is told."""
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _write_synced(path: Path, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _make_folder(path: Path) -> None:
    if not path.is_dir():
        path.mkdir(mode=0o700)
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
