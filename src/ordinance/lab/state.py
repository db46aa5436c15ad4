"""Labs that are up: found by name, checked against the kernel, and how to reach into their hosts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ordinance.lab.errors import LabError
from ordinance.lab.needs import tool
from ordinance.lab.ns import enter_argv
from ordinance.lab.place import lab_directory, lab_name
from ordinance.lab.process import Stamp

STATE_FILE = "state.json"


class HostState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One host of a running lab: its PID 1, as numbered outside, and its addresses."""

    init: Stamp
    addresses: tuple[str, ...]


class RunningLab(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lab that was up when it was looked for."""

    name: str
    place: str
    init: Stamp
    hosts: Mapping[str, HostState]

    @property
    def directory(self) -> Path:
        """Where its state, secrets and logs are."""
        return Path(self.place)

    def alive(self) -> bool:
        """Whether it is still up."""
        return self.init.alive()

    def pid_of(self, host: str) -> int:
        """Return the number (outside the lab) of a host's PID 1. Errors: LabError for an unknown host, or one that has died."""
        known = self.hosts.get(host)
        if known is None:
            raise LabError(f"the lab {self.name!r} has no host {host!r}; it has: {', '.join(self.hosts)}")
        if not known.init.alive():
            raise LabError(f"the host {host!r} of the lab {self.name!r} is no longer running; see {self.log_of(host)}")
        return known.init.pid

    def log_of(self, host: str) -> Path:
        """Return the file with what a host's start scripts and daemons said."""
        return self.directory / "log" / f"{host}.log"

    def secret(self, name: str) -> str:
        """Return the text of a secret. Errors: LabError when the lab has none of that name."""
        if "/" in name or name.startswith("."):
            raise LabError(f"{name!r} is no name of a secret")
        try:
            return (self.directory / "secrets" / name).read_text(encoding="utf-8")
        except OSError as error:
            raise LabError(f"the lab {self.name!r} has no secret {name!r} ({error.strerror})") from None

    def enter(self, host: str, argv: Sequence[str]) -> list[str]:
        """Return the command line that runs `argv` in a host."""
        return enter_argv(self.pid_of(host), argv, tool("nsenter"))

    def exec(
        self, host: str, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `argv` in a host as its root. `timeout` in seconds.

        Errors: subprocess.TimeoutExpired, after the command and all it started in its session were killed.
        """
        command = self.enter(host, argv)
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as process:
            try:
                out, err = process.communicate(stdin, timeout)
            except BaseException:
                # nsenter stays outside and forks the command into the host: killing nsenter alone would leave it there
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def find(name: str | None = None) -> RunningLab | None:
    """Return the lab of that name if it is up; None when it is not, even if it left its state file behind."""
    lab = read_state(lab_directory(lab_name(name)))
    return lab if lab is not None and lab.alive() else None


def running(name: str | None = None) -> RunningLab:
    """Return the lab of that name. Errors: LabError when it is not up."""
    lab = find(name)
    if lab is None:
        raise LabError(f"the lab {lab_name(name)!r} is not up; `ordinance lab up` starts it")
    return lab


def read_state(directory: Path) -> RunningLab | None:
    """Read what a starter wrote, without asking whether it still holds; None when there is nothing of use."""
    try:
        return msgspec.json.decode((directory / STATE_FILE).read_bytes(), type=RunningLab)
    except (OSError, msgspec.DecodeError):
        return None


def write_state(lab: RunningLab) -> None:
    """Write the state file at one stroke: a reader finds the whole of it or none."""
    new = lab.directory / f"{STATE_FILE}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(lab)) + b"\n")
    new.replace(lab.directory / STATE_FILE)
