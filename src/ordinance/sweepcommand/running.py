"""One sweep in a thread of its own, so that a signal is heard at once, whatever the sweep waits for."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from ordinance.inventory.model import Inventory
from ordinance.law.model import Profile
from ordinance.observe.api import CouldNotLook, LookContext, Unseen
from ordinance.observe.door import NetworkDoor
from ordinance.observe.gate import KillSwitch
from ordinance.observe.looks.perimeter_sweep import sweep_of
from ordinance.observe.memory import MemoryJournal
from ordinance.report.text import clean
from ordinance.sight.perimeter import SweepSighting
from ordinance.sweepcommand.request import Request

#: Seconds that a sweep that was told to stop gets for hanging up; then its connections are cut.
FAREWELL = 0.6
QUIET_SECONDS = 10.0  #: between two lines of progress where a line cannot be rewritten
_SLICE = 0.1


@dataclass(slots=True)
class Running:
    """A sweep under way. After `wait`, either `seen` or `missed` is there, unless it was interrupted."""

    request: Request
    inventory: Inventory
    profile: Profile
    seen: SweepSighting | None = None
    missed: CouldNotLook | None = None
    defect: BaseException | None = None
    progress: tuple[int, int, str] = (0, 0, "")
    _halt: threading.Event = field(default_factory=threading.Event)
    _door: NetworkDoor | None = None

    def wait(self, show: Callable[[tuple[int, int, str]], None]) -> bool:
        """Sweep, showing progress; False when it was interrupted (Ctrl-C, SIGTERM), and then nothing of it is believed."""
        thread = threading.Thread(target=self._run, name="sweep", daemon=True)
        try:
            thread.start()
            while thread.is_alive():
                thread.join(_SLICE)
                show(self.progress)
        except KeyboardInterrupt:
            self._halt.set()
            thread.join(FAREWELL)
            return False
        finally:
            if self._door is not None:
                self._door.close()
        if self.missed is not None and self.missed.reason is Unseen.HALTED:
            return False
        if self.defect is not None:
            raise self.defect
        return True

    def _run(self) -> None:
        try:
            switch = KillSwitch.of_environment(self._halt.is_set)
            self._door = NetworkDoor(self.inventory, MemoryJournal(), switch=switch)
            context = LookContext(
                door=self._door.for_look("sweep"), inventory=self.inventory, profile=self.profile, sight=_no_other_look,
                progress=self._report, halted=self._halt.is_set,
            )  # fmt: skip
            self.seen = sweep_of(context, self.request.addresses, self.request.vantage, self.request.ports)
        except CouldNotLook as missed:
            self.missed = missed
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            self.defect = error

    def _report(self, done: int, total: int, text: str) -> None:
        self.progress = (done, total, text)


class Line:
    """Progress on a terminal: one line, rewritten; elsewhere a line every ten seconds."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._said_at = clock()
        self._open = False

    def show(self, progress: tuple[int, int, str]) -> None:
        """Tell how far it is."""
        done, total, text = progress
        shown = clean(f"{100 * done // total} % {text}" if total > 0 else text)
        if not shown:
            return
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[2K{shown[: _columns() - 1]}")
            self._open = True
        elif self._clock() - self._said_at >= QUIET_SECONDS:
            self._said_at = self._clock()
            self._stream.write(f"{shown}\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave no half line."""
        if self._open:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._open = False


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _no_other_look(name: str) -> None:
    raise LookupError(f"a sweep alone rests on no other look, and {name} was asked for")
