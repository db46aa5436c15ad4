"""One lane of the sweep: a process that asks its share of the ports and judges it window by window.

Canaries lost clearly beyond what the quiet path loses void a window: its silent ports are asked again, more slowly.
"""

from __future__ import annotations

import base64
import errno
import random
import socket
import time
import zlib
from collections import deque
from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.flight import Flight, Landed
from ordinance.observe.agent.throttle import Throttle
from ordinance.observe.agent.window import Window, Windows
from ordinance.observe.agent.wire import (
    RESET_ON_CLOSE,
    SHORT,
    SILENT,
    UNASKED,
    UNNAMED,
    Outcome,
    family_of,
    hear_errors,
    outcome_of,
    taken,
)

#: Numbers of the outcomes every lane has; others follow as they come, up to a byte.
FIRST_OUTCOMES = (UNASKED, SILENT, UNNAMED)
UNASKED_CODE, SILENT_CODE, UNNAMED_CODE = range(3)
MOST_OUTCOMES = 255
DEAD_AFTER = 10.0  # seconds without any canary's answer, while canaries are sent: nothing comes through any more
DEAD_CANARIES = 50
REPORT_SECONDS = 0.2
STREAM = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC


class Lane:
    """Asks `work` (address index, ports), with canaries of (address, port, weight). For `settings` see `Sweep.settings`."""

    def __init__(
        self,
        addresses: list[str],
        canaries: list[tuple[str, int, float]],
        work: list[tuple[int, list[int]]],
        settings: dict[str, Any],
        seed: float,
    ) -> None:
        self.addresses = addresses
        self.canaries = canaries
        self.settings = settings
        chance = random.Random(seed)  # noqa: S311 - positions, not secrets
        self.windows = Windows(work, canaries, settings["canaries"], settings["window"], chance)
        self.throttle = Throttle(settings["rate"], settings["per_host"], time.monotonic())
        self.states = {index: bytearray(65536) for index, _ in work}
        self.codes = {outcome: code for code, outcome in enumerate(FIRST_OUTCOMES)}
        self.counts = [[0, 0] for _ in canaries]
        self.most = float(settings["in_flight"])
        self.conc = self.most
        self.epoch = self.voided = self.requeued = self.local = self.probes = self.done = self.unanswered = 0
        self.gave_up = ""
        self.families = {name: family_of(name) for name in [*addresses, *(canary[0] for canary in canaries)]}
        self.flight = Flight()
        self.pending: deque[int] = deque()
        self.window: Window | None = None
        self.last_answer = time.monotonic()

    def run(self, report: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Ask everything; `report` is called about five times a second."""
        began = spoken = time.monotonic()
        while not self.gave_up:
            now = time.monotonic()
            self.throttle.refill(now)
            busy = self.send(now)
            if not busy and not self.flight and not self.windows.again:
                break
            self.collect(busy)
            if now - spoken > REPORT_SECONDS:
                report({"done": self.done, "rate": self.probes / max(now - began, 0.001)})
                spoken = now
            if now > self.settings["until"]:
                self.gave_up = "the time allowed was over"
        self.flight.close()
        return self.result()

    # -- asking -----------------------------------------------------------------------------------------------------------------

    def send(self, now: float) -> bool:
        """Start as many connects as pace and room allow; False when there is nothing left to start."""
        throttle, paced = self.throttle, bool(self.throttle.per_host)
        for _ in range(min(throttle.room(), int(self.conc) - len(self.flight))):
            if not self.pending and not self.deal(now):
                return False
            item = self.pending.popleft()
            window = self.window
            if window is None:
                return False
            address, port = self.canaries[-1 - item][:2] if item < 0 else (self.addresses[item >> 16], item & 0xFFFF)
            if paced and not throttle.admits(address, now):
                if item >= 0:
                    self.pending.appendleft(item)
                    return True
                self.settle(window)  # a canary may be left out, a port may not
            elif self.start(address, port, item, window, now):
                window.last = now
                throttle.spend()
                if self.conc < self.most:
                    self.conc = min(self.most, self.conc + 0.1)
            else:
                self.pending.append(item)
                self.conc = max(16.0, min(self.conc, len(self.flight) * 0.9))
                return True
        return True

    def deal(self, now: float) -> bool:
        """Take up the next window."""
        self.window = self.windows.next(self.epoch)
        if self.window is None:
            return False
        self.window.first = now
        self.pending = deque(self.window.items)
        return True

    def start(self, address: str, port: int, item: int, window: Window, now: float) -> bool:
        """Begin one connect. False: the vantage is short of something, the item waits."""
        sock = None
        try:
            family = self.families[address]
            sock = socket.SocketType(family, STREAM)
            hear_errors(sock, family)
            error = sock.connect_ex((address, port))
        except OSError as problem:
            error = problem.errno or errno.EIO
        if sock is None or error in SHORT:
            if sock is not None:
                sock.close()
            return False
        self.probes += 1
        if error == errno.EINPROGRESS:
            self.flight.add(sock, item, window, now + self.settings["timeout"])
        else:
            self.end(Landed(sock, item, window, error, queued=True), at_once=True)
        return True

    # -- answers ----------------------------------------------------------------------------------------------------------------

    def collect(self, busy: bool) -> None:
        """Take what has answered, then what has waited long enough."""
        for landed in self.flight.early():
            self.end(landed)
        idle = 0.0 if busy and len(self.flight) < self.conc and self.throttle.room() else 0.002
        now = time.monotonic()
        for landed in self.flight.answered(idle if busy else 0.02):
            self.end(landed)
        for landed in self.flight.expired(now):
            self.end(landed)

    def end(self, landed: Landed, at_once: bool = False) -> None:
        """Book the outcome of one connect."""
        sock, item, window, error, queued, _ = landed
        outcome = outcome_of(sock, error, at_once=at_once, queued=queued)
        if error == 0:
            outcome = taken(sock)
            if outcome.answer == "mute" and self.flight.hold(landed):
                return
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        sock.close()
        if item < 0:
            self.end_canary(-1 - item, window, outcome.answer == "open")
        else:
            self.end_port(item, window, outcome)
        self.settle(window)

    def end_port(self, item: int, window: Window, outcome: Outcome) -> None:
        """Book what came from a port."""
        self.done += 1
        code = self.codes.get(outcome)
        if code is None:
            code = self.codes[outcome] = len(self.codes) if len(self.codes) < MOST_OUTCOMES else UNNAMED_CODE
        if outcome.answer == "local":
            self.local += 1
        elif outcome.answer in ("silent", "mute"):
            window.silent.append(item)
        self.states[item >> 16][item & 0xFFFF] = code

    def end_canary(self, canary: int, window: Window, answered: bool) -> None:
        """Book a canary's fate with its window."""
        window.canaries.append((canary, answered))
        self.unanswered = 0 if answered else self.unanswered + 1
        if answered:
            self.last_answer = time.monotonic()
        elif self.unanswered >= DEAD_CANARIES and time.monotonic() - self.last_answer > DEAD_AFTER:
            self.gave_up = f"no canary has answered for {DEAD_AFTER:.0f} s: nothing comes through any more"

    # -- judging windows --------------------------------------------------------------------------------------------------------

    def settle(self, window: Window) -> None:
        """One item of a window is done with; the last one has it judged."""
        window.left -= 1
        if window.left:
            return
        if self.settings["void"] and window.is_lossy(self.settings["quiet_loss"]):
            self.void(window)
            return
        for canary, answered in window.canaries:
            self.counts[canary][0] += 1
            self.counts[canary][1] += answered
        if window.epoch == self.epoch:
            self.throttle.faster()

    def void(self, window: Window) -> None:
        """Ask the silent ports of a window again; slow down, once for all windows that were under way together."""
        self.voided += 1
        for item in window.silent:
            self.states[item >> 16][item & 0xFFFF] = UNASKED_CODE
        self.windows.again += window.silent
        self.requeued += len(window.silent)
        self.done -= len(window.silent)
        if window.epoch == self.epoch:
            self.epoch += 1
            self.throttle.slower(window.rate(), window.passed())
        if self.voided > 50 + 4 * self.windows.planned:
            self.gave_up = f"canaries kept being lost, however slow the sweep: {self.voided} windows void"

    def result(self) -> dict[str, Any]:
        """Tell what this lane saw, ready for JSON."""
        names = sorted(set(self.codes.values()))
        outcomes = {code: outcome for outcome, code in reversed(list(self.codes.items()))}
        return {
            "states": {index: base64.b64encode(zlib.compress(bytes(state), 1)).decode() for index, state in self.states.items()},
            "outcomes": [list(outcomes[code]) for code in names],
            "counts": self.counts,
            "voided": self.voided,
            "requeued": self.requeued,
            "local": self.local,
            "probes": self.probes,
            "rate": self.throttle.rate,
            "gave_up": self.gave_up,
        }
