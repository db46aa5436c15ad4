"""What the terminal shows while a look is under way: one line, rewritten on a terminal, every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

import pytest

from ordinance.observatory import Progress

#: Seconds between two lines where a line cannot be rewritten.
QUIET_SECONDS = 10.0


class Waiting:
    """Tells the person at the terminal what the run waits for."""

    def __init__(self, config: pytest.Config, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._said = clock()
        self._began = clock()
        self._writer = config.get_terminal_writer()
        self._open = False  # an unfinished line stands on the terminal

    def say(self, text: str) -> None:
        """One whole line."""
        with self._shown():
            self._clear()
            self._writer.line(text)
            self._writer.flush()  # what waits in the buffer when capturing sets in would be captured

    def tick(self, progress: Mapping[str, Progress]) -> None:
        """Called a few times a second while a check waits for a look."""
        text = self._line(progress)
        if self._writer.hasmarkup:
            with self._shown():
                self._writer.write("\r\x1b[2K" + text[: self._writer.fullwidth - 1], flush=True)
                self._open = True
        elif self._clock() - self._said >= QUIET_SECONDS:
            self._said = self._clock()
            self.say(text)

    def _clear(self) -> None:
        if self._open:
            self._writer.write("\r\x1b[2K")
            self._open = False

    def _line(self, progress: Mapping[str, Progress]) -> str:
        told = [f"{name}: {_share(state)}" for name, state in sorted(progress.items())]
        return f"looking, {self._clock() - self._began:.0f} s: " + "; ".join(told)

    def _shown(self) -> AbstractContextManager[None]:
        """Past pytest's capturing, for as long as something is written; capturing that was not on is left off."""
        manager = self._config.pluginmanager.get_plugin("capturemanager")
        return manager.global_and_fixture_disabled() if manager is not None else nullcontext()


def _share(state: Progress) -> str:
    if state.total <= 0:
        return state.text or "under way"
    return f"{100 * state.done // state.total} % {state.text}".rstrip()
