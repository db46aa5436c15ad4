"""A process that can be recognised again: its number alone is not enough, because numbers come back."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import msgspec

#: Fields of /proc/PID/stat after the command name (proc(5)): the first is the state, the twentieth the start time in ticks.
_STATE, _START = 0, 19


def _fields(pid: int) -> list[str]:
    """Read the fields after the command name, which may itself hold blanks and brackets. Errors: OSError when it is gone."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()


class Stamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A process: its number, when it started (clock ticks since boot), and in which boot of the machine."""

    pid: int
    start: str
    boot: str

    @classmethod
    def of(cls, pid: int) -> Stamp:
        """Stamp a living process. Errors: OSError when there is none."""
        return cls(pid, _fields(pid)[_START], _boot())

    def alive(self) -> bool:
        """Whether this very process still runs. A zombie has ended: its memory, files and namespaces are gone."""
        try:
            fields = _fields(self.pid)
        except OSError:
            return False
        return fields[_START] == self.start and fields[_STATE] not in "ZX" and self.boot == _boot()

    def kill(self, seconds: float) -> bool:
        """Kill the process and wait until it has ended; whether it did within `seconds`."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.alive():  # the number may have gone to another process before the handle was opened
                return True
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)


def children_that_are_init(parent: int) -> dict[int, int]:
    """Map the children of `parent` that are PID 1 of a namespace: their number one namespace further in -> their number here.

    By parent, not by depth of nesting: labs that run side by side must not be mixed up.
    """
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # ended while we read
        status = dict(line.partition(":\t")[::2] for line in text.splitlines())
        inner = status.get("NSpid", "").split()
        if status.get("PPid") == str(parent) and inner[-1:] == ["1"] and len(inner) > 1:
            found[int(inner[-2])] = int(entry.name)
    return found
