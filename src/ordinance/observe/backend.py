"""testinfra on the door's own SSH connection: pinned, with a deadline for every command, recorded.

testinfra's paramiko backend takes any host key, waits without end, and hangs on a command that says much to standard error.
"""

from __future__ import annotations

import shlex
from typing import Any

import testinfra.host
from testinfra.backend.base import BaseBackend

from ordinance.observe.api import Deadline, VantagePoint

COMMAND_SECONDS = 30.0
COMMAND_CAP = 1 << 20  #: bytes of output


class DoorBackend(BaseBackend):  # type: ignore[misc]
    """Runs testinfra's commands through a `VantagePoint`. CouldNotLook passes through every testinfra call."""

    NAME = "ordinance"

    def __init__(self, vantage: VantagePoint, seconds: float = COMMAND_SECONDS) -> None:
        super().__init__(vantage.name)
        self._vantage = vantage
        self._seconds = seconds
        self._encoding = "utf-8"

    def run(self, command: str, *args: str, **kwargs: Any) -> Any:  # noqa: ARG002 - testinfra's own signature
        """Run a command as testinfra wrote it; `args` are quoted before a shell sees them."""
        text = self.get_command(command, *args)
        result = self._vantage.run(("/bin/sh", "-c", text), Deadline.after(self._seconds), cap=COMMAND_CAP)
        return self.result(result.exit_status, self.encode(text), result.stdout, result.stderr)

    @staticmethod
    def quote(command: str, *args: str) -> str:
        """As testinfra's, but an argument that is not text is refused instead of formatted."""
        return command % tuple(shlex.quote(arg) for arg in args) if args else command

    def decode(self, data: bytes) -> str:
        """UTF-8; what is not shows as escapes."""
        return data.decode("utf-8", "backslashreplace")

    def encode(self, data: str) -> bytes:
        """UTF-8."""
        return data.encode("utf-8", "surrogateescape")


def host_over(vantage: VantagePoint) -> Any:
    """Return a `testinfra.host.Host` on a vantage point that runs commands."""
    return testinfra.host.Host(DoorBackend(vantage))
