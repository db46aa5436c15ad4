"""The journal of a run: one line of JSON for every observation, on its way to the disk before it counts.

Every line carries the hash of the line before it (`record.chain`): none can be changed, taken out or put in unnoticed.

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
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from ordinance.errors import OrdinanceError
from ordinance.record.chain import START, line_name, links
from ordinance.record.ending import END
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
        self._head = START
        self._fault = ""
        self._closed = False
        self._ended = False
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

    @property
    def head(self) -> str:
        """Of the chain: the SHA-256 of the last line acknowledged, in hex; 64 zeros before the first."""
        return self._head

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
            name = self._append(fields)
            self._ended = action == END  # whoever still looks then comes too late
            return name

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
        if self._fault or self._closed or self._ended:
            raise JournalError(self._fault or f"the journal {self.path} is closed")
        name = line_name(self._count + 1)
        try:
            line = msgspec.json.encode(Observation(id=name, previous=self._head, **fields)) + b"\n"
            _write_all(self._file, line)
            self._hash.update(line)
            self._head = hashlib.sha256(line).hexdigest()
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
    """Every observation of a journal, in order. A line that does not follow the one before raises OrdinanceError naming it.

    The last line alone may be cut short (the process was killed while writing): it was never acknowledged and is left out.
    """
    try:
        with path.open("rb") as lines:
            return [link.seen for link in links(lines, path)]
    except OSError as error:
        raise OrdinanceError(f"the journal {path} cannot be read: {error.strerror}") from error


def _write_all(file: int, data: bytes) -> None:
    """Write everything or raise; a short write (a disk running full) is followed by the error that explains it."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
