"""What the starter and the lab's first process say to each other: orders in, one report out."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Orders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the lab's first process is told. The three numbers are file descriptors it was given."""

    name: str
    directory: str
    image: str
    city: str
    ip: str  #: path of ip(8)
    pid_pipe: int  #: where the number of the lab's PID 1 is to be written
    report_pipe: int  #: where the Report is to be written
    lifeline: int  #: whose end-of-file means: the starter is gone, and the lab must go; KEEP in it means: stay without it

    @property
    def place(self) -> Path:
        """The mount point of the lab's tmpfs, seen inside the lab only."""
        return Path(self.directory) / "mnt"

    def log_of(self, host: str) -> Path:
        """Return the log file of a host (or of the lab's own PID 1: `lab`)."""
        return Path(self.directory) / "log" / f"{host}.log"


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the start went: every host's PID 1 as numbered inside the lab, or what failed (`host` is empty: the lab itself)."""

    pids: dict[str, int] = {}
    failed: str | None = None
    host: str = ""


#: Said over the lifeline when the lab shall outlive its starter.
KEEP = b"k"
#: Seconds in which every host must have started.
BOOT_SECONDS = 60.0
