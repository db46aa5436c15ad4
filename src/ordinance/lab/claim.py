"""The name of a lab belongs to one starter at a time, and what labs that are gone left behind is removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ordinance.lab.errors import LabError
from ordinance.lab.place import lab_directory, make_base
from ordinance.lab.process import Stamp
from ordinance.lab.state import find, read_state

#: In a lab's directory while it is being started: who does it.
STARTER_FILE = "starter.json"
#: How long the logs of a lab that is gone are kept, unless one of the same name starts.
_LOG_SECONDS = 86_400.0


@contextmanager
def _base_lock(base: Path) -> Iterator[None]:
    with (base / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def claim(name: str) -> Path:
    """Make the lab's directory afresh, and say in it who is starting the lab. Errors: LabError when the name is taken."""
    base = make_base()
    with _base_lock(base):
        _sweep(base)
        directory = lab_directory(name)
        if find(name) is not None:
            raise LabError(f"the lab {name!r} is already up; `ordinance lab down --name {name}` stops it")
        if _being_started(directory):
            raise LabError(f"the lab {name!r} is just being started by another process; wait for it, or choose another --name")
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        (directory / "mnt").mkdir()
        (directory / "log").mkdir()
        (directory / STARTER_FILE).write_bytes(msgspec.json.encode(Stamp.of(os.getpid())))
    return directory


def _sweep(base: Path) -> None:
    """Remove what labs that are gone left behind, files only: secrets at once, logs when they are a day old."""
    for directory in base.iterdir():
        if not directory.is_dir() or _being_started(directory):
            continue
        lab = read_state(directory)
        if lab is not None and lab.alive():
            continue
        shutil.rmtree(directory / "secrets", ignore_errors=True)
        if time.time() - directory.stat().st_mtime > _LOG_SECONDS:
            shutil.rmtree(directory, ignore_errors=True)


def _being_started(directory: Path) -> bool:
    try:
        stamp = msgspec.json.decode((directory / STARTER_FILE).read_bytes(), type=Stamp)
    except (OSError, msgspec.DecodeError):
        return False
    return stamp.alive()
