"""One lane of the tunnel sweep: window after window, each a burst over a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from ordinance.observe.agent.lane import UNASKED_CODE, Lane
from ordinance.observe.agent.window import Window
from ordinance.observe.agent.wire import OPEN, SILENT, Outcome
from ordinance.observe.api import CouldNotLook, Deadline
from ordinance.observe.tunnel.burst import PATIENCE, Burst, Dial, burst
from ordinance.observe.tunnel.meaning import outcome_of_refusal

#: Channels of one burst. A server has 1,024 descriptors unless somebody raised that; from some 1,000 pending on nothing opens.
FLIGHT, LEAST_FLIGHT = 800, 16
MOST_FAILURES = 3  # bursts in a row that came to nothing
SHORT = Outcome("local", "the SSH server of the vantage could not begin to connect (no descriptors, no route, or its own filter)")


class TunnelLane(Lane):
    """As `Lane`, through channels of connections that `dial` makes. `stopped` says that the run is over."""

    def __init__(  # noqa: PLR0917 - as its base, and by which means
        self, addresses: list[str], canaries: list[tuple[str, int, float]], work: list[tuple[int, list[int]]],
        settings: dict[str, Any], seed: float, dial: Dial, stopped: Callable[[], bool],
    ) -> None:  # fmt: skip
        super().__init__(addresses, canaries, work, settings, seed)
        self.flight.close()
        self.windows.size = min(self.windows.size, FLIGHT)
        self.dial = dial
        self.stopped = stopped
        self.failures = 0
        self.until = Deadline(settings["until"] + PATIENCE)

    def run(self, report: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Ask everything; `report` is called after every burst."""
        began = time.monotonic()
        while not self.gave_up and not self.stopped():
            window = self.windows.next(self.epoch)
            if window is None:
                break
            self.window = window
            self.ask(window)
            report({"done": self.done, "rate": self.probes / max(time.monotonic() - began, 0.001)})
            if time.monotonic() > self.settings["until"]:
                self.gave_up = self.gave_up or "the time allowed was over"
        return self.result()

    def ask(self, window: Window) -> None:
        """Make one burst of a window and book what came of it."""
        window.first = window.last = time.monotonic()
        try:
            transport = self.dial()
        except CouldNotLook as failure:
            self.fail(str(failure))
            self.again(window, window.items)
            return
        asked: list[int] = []
        found = burst(transport, self.asks(window, asked), self.settings["timeout"], self.until, self.stopped)
        self.book(window, found)
        self.again(window, [item for item in window.items if item not in set(asked)])

    def asks(self, window: Window, asked: list[int]) -> Iterator[tuple[int, str, int]]:
        """Give the items of a window, each when its turn comes."""
        for item in window.items:
            place = self.canaries[-1 - item][:2] if item < 0 else (self.addresses[item >> 16], item & 0xFFFF)
            if self.has_turn(place[0], spare=item < 0):
                window.last = time.monotonic()
                self.probes += 1
                asked.append(item)
                yield (item, *place)
            elif self.over():
                return

    def has_turn(self, address: str, *, spare: bool) -> bool:
        """Wait for a turn within the pace; False when the time is over, or when a canary (`spare`) would have to wait."""
        while not self.over():
            now = time.monotonic()
            self.throttle.refill(now)
            if self.throttle.room() >= 1:
                if self.throttle.admits(address, now):
                    self.throttle.spend()
                    return True
                if spare:
                    return False
            time.sleep(0.002)
        return False

    def over(self) -> bool:
        """Whether nothing more may be asked."""
        return self.stopped() or time.monotonic() > self.settings["until"]

    # -- booking ----------------------------------------------------------------------------------------------------------------

    def book(self, window: Window, found: Burst) -> None:
        """Book answers, silence, and what has to be asked again."""
        short = []
        for item, code, text in found.answers:
            outcome = OPEN if code == 0 else outcome_of_refusal(code, text)
            if outcome is None:
                short.append(item)
            else:
                self.settle_item(item, window, outcome)
        for item in found.silent:
            self.settle_item(item, window, SILENT)
        self.run_short(window, short, floor=self.windows.size <= LEAST_FLIGHT)
        if found.alive and len(short) < len(found.answers) + len(found.silent):
            self.failures = 0
        elif not self.over():
            self.fail("its SSH server could not begin to connect" if found.alive else "the SSH connection broke")
        self.again(window, found.undone)

    def run_short(self, window: Window, items: list[int], *, floor: bool) -> None:
        """Ask fewer at once; what could not be begun even among few is the vantage's own failure."""
        if not items:
            return
        self.windows.size = max(LEAST_FLIGHT, self.windows.size // 2)
        if not floor:
            self.again(window, items)
            return
        for item in items:
            self.settle_item(item, window, SHORT)

    def settle_item(self, item: int, window: Window, outcome: Outcome) -> None:
        """Book one outcome. A canary that was not asked is left out; a port that was not, stays so, with its reason."""
        if item < 0 and outcome.answer in ("unasked", "local"):
            pass
        elif item < 0:
            self.end_canary(-1 - item, window, outcome == OPEN)
        else:
            self.end_port(item, window, outcome)
        self.settle(window)

    def again(self, window: Window, items: list[int]) -> None:
        """Leave canaries out, and put ports back: they were not asked for certain."""
        for item in items:
            if item >= 0:
                self.states[item >> 16][item & 0xFFFF] = UNASKED_CODE
                self.windows.again.append(item)
                self.requeued += 1
            self.settle(window)

    def fail(self, why: str) -> None:
        """Count a burst that came to nothing."""
        self.failures += 1
        if self.failures >= MOST_FAILURES:
            self.gave_up = f"{MOST_FAILURES} times in a row the vantage was of no use: {why}"
