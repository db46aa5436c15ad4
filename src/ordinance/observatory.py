"""Looks side by side: each runs once a run, in a thread of its own; whoever asks for its result waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ordinance.observe.api import CouldNotLook, Look, LookContext, Unseen


@dataclass(slots=True)
class Progress:
    """How far a look is, for the person who waits."""

    done: int = 0
    total: int = 0
    text: str = ""


@dataclass(slots=True)
class _Running:
    thread: threading.Thread
    finished: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BaseException | None = None
    progress: Progress = field(default_factory=Progress)


class Observatory:
    """Starts looks and hands out what they saw.

    `context_for` makes the context of a look from its name; the observatory adds `sight`, `progress` and `halted`.
    `perform` is given the name of a look and what would make it: it records what is seen, or recalls what was recorded.
    """

    def __init__(
        self,
        looks: Mapping[str, Look],
        context_for: Callable[[str], LookContext],
        perform: Callable[[str, Callable[[], Any]], Any] = lambda _, act: act(),
    ) -> None:
        self._looks = looks
        self._context_for = context_for
        self._perform = perform
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()
        self._halt = threading.Event()
        #: called about five times a second while somebody waits
        self.on_wait: Callable[[Mapping[str, Progress]], None] = lambda _: None

    def start(self, name: str) -> None:
        """Start a look unless it already runs. Threads are daemons: an interrupted run does not wait for them."""
        with self._lock:
            if name in self._running:
                return
            if name not in self._looks:
                raise LookupError(f"no look is named {name}; there are: {', '.join(sorted(self._looks))}")
            thread = threading.Thread(target=self._run, args=(name,), name=f"look {name}", daemon=True)
            self._running[name] = _Running(thread)
        thread.start()

    def see(self, name: str) -> Any:
        """What the look saw. Raises its CouldNotLook, or whatever went wrong in it."""
        self.start(name)
        running = self._running[name]
        while not running.finished.wait(0.2):
            self.on_wait(self.progress())
        return _outcome(running)

    def progress(self) -> dict[str, Progress]:
        """Progress of the looks that are still running."""
        with self._lock:
            return {name: running.progress for name, running in self._running.items() if not running.finished.is_set()}

    def halt(self) -> None:
        """Ask every look to stop; the door refuses new actions from now on."""
        self._halt.set()

    @property
    def halted(self) -> bool:
        """Whether the run was told to stop."""
        return self._halt.is_set()

    def _sight(self, name: str) -> Any:
        """As `see`, for a look that needs another: waits without telling anybody."""
        self.start(name)
        running = self._running[name]
        while not running.finished.wait(0.2):
            if self._halt.is_set():
                raise CouldNotLook(Unseen.HALTED, f"the run was stopped while {name} was still looking")
        return _outcome(running)

    def _run(self, name: str) -> None:
        running = self._running[name]

        def report(done: int, total: int, text: str) -> None:
            running.progress = Progress(done, total, text)

        def act() -> Any:
            context = self._context_for(name)
            context.sight = self._sight
            context.progress = report
            context.halted = self._halt.is_set
            return self._looks[name](context)

        try:
            running.result = self._perform(name, act)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised again where the result is asked for
            running.error = error
        finally:
            running.finished.set()


def _outcome(running: _Running) -> Any:
    if running.error is not None:
        raise running.error
    return running.result
