"""One program run from the vantage of the bed, and what it took."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from selftest.observe.sweep.field import Field


@dataclass(frozen=True, slots=True)
class Taken:
    """What a run took: wall and processor seconds, resident memory at its peak (MB); and what it printed, if it ended in time."""

    wall: float
    cpu: float
    memory: float
    text: str
    ended: bool


def run(field: Field, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 120.0) -> Taken:
    """Run to the end, or kill after `timeout` seconds. The processor's time is what the kernel bills to the program.

    On veth that includes the firewall's work and the targets', which is done inside the sender's own send().
    """
    read, write = os.pipe()
    with tempfile.TemporaryFile("w+") as told, os.fdopen(write, "wb") as given:
        began = time.monotonic()
        process = subprocess.Popen(field.enter("out", *argv), stdin=read, stdout=told, stderr=subprocess.DEVNULL)
        os.close(read)
        killer = threading.Timer(timeout, process.kill)
        killer.start()
        given.write(stdin)
        given.flush()  # and left open: its end would end the agent
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, told.read(), process.returncode >= 0)
