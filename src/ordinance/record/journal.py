"""The journal of a run: one line of JSON for every observation, on its way to the disk before it counts.

An observation is acknowledged (its id is returned) once its line has been handed to the kernel whole: it then survives
the death of this process, `kill -9` included. Against the loss of power the file is synced at the latest every
`SYNC_RECORDS` records or `SYNC_SECONDS` seconds, whichever comes first with the next record, and when it is closed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from ordinance.errors import OrdinanceError
from ordinance.record.model import Observation
from ordinance.record.stamp import stamp

RAW_CAP = 65_536  #: bytes of raw evidence kept with a record; the hash is of all of it
SYNC_RECORDS = 256
SYNC_SECONDS = 1.0


class JournalError(OrdinanceError):
    """An observation could not be written: from here on nothing more can be proved."""


class Journal:
    """Appends observations. Safe to use from several threads; ids count in the order of the lines.

    `clock` gives monotonic seconds; it is only used to decide when to sync.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._unsynced = 0
        self._synced_at = clock()
        self._hash = hashlib.sha256()
        self._fault = ""
        self._closed = False
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(f"the journal {path} cannot be created: {error.strerror}") from error

    @property
    def broken(self) -> str:
        """Why the journal broke; empty while it is whole. A run with a broken journal must end incomplete."""
        return self._fault

    @property
    def count(self) -> int:
        """Observations acknowledged so far."""
        return self._count

    @property
    def sha256(self) -> str:
        """Of the file as far as it is written."""
        return self._hash.hexdigest()

    def record(
        self,
        *,
        look: str,
        vantage: str,
        target: str,
        action: str,
        started: datetime | str,
        monotonic: float,
        seconds: float,
        outcome: str,
        seen: str,
        raw: bytes = b"",
        details: Mapping[str, Any] | None = None,
    ) -> str:
        """Append one observation and return its id, `o-000001` for the first.

        `seen` must be safe text already. Raises JournalError when the line could not be written whole; every later call
        raises the same.
        """
        fields: dict[str, Any] = {
            "look": look,
            "vantage": vantage,
            "target": target,
            "action": action,
            "started": started if isinstance(started, str) else stamp(started),
            "monotonic": monotonic,
            "seconds": seconds,
            "outcome": outcome,
            "seen": seen,
            "details": dict(details or {}),
        }
        if raw:
            fields["raw"] = base64.b64encode(raw[:RAW_CAP]).decode("ascii")
            fields["raw_sha256"] = hashlib.sha256(raw).hexdigest()
        with self._lock:
            return self._append(fields)

    def close(self) -> None:
        """Sync and close. May be called more than once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                os.fsync(self._file)
            except OSError as error:
                raise self._break(error) from error
            finally:
                os.close(self._file)

    def _append(self, fields: dict[str, Any]) -> str:
        if self._fault or self._closed:
            raise JournalError(self._fault or f"the journal {self.path} is closed")
        name = f"o-{self._count + 1:06d}"
        try:
            line = msgspec.json.encode(Observation(id=name, **fields)) + b"\n"
            _write_all(self._file, line)
            self._hash.update(line)
            self._count += 1
            self._sync_when_due()
        except (OSError, TypeError, ValueError, OverflowError) as error:
            raise self._break(error) from error
        return name

    def _sync_when_due(self) -> None:
        self._unsynced += 1
        if self._unsynced >= SYNC_RECORDS or self._clock() - self._synced_at >= SYNC_SECONDS:
            os.fsync(self._file)
            self._unsynced = 0
            self._synced_at = self._clock()

    def _break(self, error: Exception) -> JournalError:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self._fault = f"the journal {self.path} could not be written: {what}; the run cannot be complete"
        return JournalError(self._fault)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def read_journal(path: Path) -> list[Observation]:
    """Every observation of a journal, in order. A line that is not one raises OrdinanceError naming it.

    The last line alone may be cut short (the process was killed while writing): it was never acknowledged and is left out.
    """
    return list(_observations(path))


def _observations(path: Path) -> Iterator[Observation]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OrdinanceError(f"the journal {path} cannot be read: {error.strerror}") from error
    decoder = msgspec.json.Decoder(Observation)
    whole = data[: data.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            seen = decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise OrdinanceError(f"{path}:{number}: not an observation ({error}); the journal was changed") from error
        if seen.id != f"o-{number:06d}":
            raise OrdinanceError(f"{path}:{number}: the observation is named {seen.id}; lines are missing or moved")
        yield seen


def _write_all(file: int, data: bytes) -> None:
    """Write everything or raise; a short write (a disk running full) is followed by the error that explains it."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
