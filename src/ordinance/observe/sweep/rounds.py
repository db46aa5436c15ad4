"""One round: every port still in doubt is asked once, window by window; one that lost canaries is asked again, more slowly."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from ordinance.observe.sweep.air import Air
from ordinance.observe.sweep.arrays import Array, np
from ordinance.observe.sweep.ledger import Ledger
from ordinance.observe.sweep.pace import Pace
from ordinance.observe.sweep.windows import FEWEST, PROBES, TOGETHER, Window, lossy, mixed
from ordinance.observe.sweep.witnesses import Witnesses

LEAST_CANARIES = 16  # in a window, of all families together
MOST_CANARIES = 512
SHARE_OF_PACE = 0.1  # of what a host may be asked, where that is limited, for canaries
NAP, SPIN = 0.02, 0.0003  # seconds slept at most, and at least
WINDOW_SECONDS = 1.0
SMALL_SWEEP = 8  # windows there are to be at least
DEAD_AFTER, DEAD_CANARIES = 10.0, 50  # without any canary's answer: nothing comes through any more
VOID_AT_MOST = 50, 4  # windows, and times the planned ones


class Stop(Exception):
    """Why the sweep ends before its time."""


class Rounds:
    """Sends rounds. `quiet` is what the calibrated path loses, `early` how many seconds an answer may take."""

    def __init__(  # noqa: PLR0917 - what it works with
        self,
        ledger: Ledger,
        witnesses: Witnesses,
        air: Air,
        pace: Pace,
        until: float,
        progress: Callable[[int, int, int, float], None],
    ) -> None:
        self.ledger, self.witnesses, self.air, self.pace, self.until, self.progress = (
            ledger,
            witnesses,
            air,
            pace,
            until,
            progress,
        )
        self.size = ledger.targets.hosts
        self.quiet, self.early = 0.01, 0.05
        self.voided = self.requeued = self.dropped = 0
        self.asked_again = 0  # of the dropped answers, those whose windows were asked again
        self.void_windows = True

    def run(self, number: int, shares: Mapping[int, float]) -> bool:
        """Ask everything that is wanted once; `shares` canaries for each port, by family. True when windows were void."""
        self.number, self.shares, self.voided_now, self.done = number, shares, 0, 0
        self.total = self.ledger.count_wanted()
        self.again: deque[tuple[int, int]] = deque()
        self.pending: deque[Window] = deque()
        places = len(self.ledger.targets)
        self.turn = int(self.witnesses.chance.integers(0, places // self.size)) * self.size
        self.cursor, self.wrapped = self.turn, False
        self.began, self.frames_before = time.monotonic(), self.air.sent
        while (piece := self._next()) is not None or self.pending:
            if piece is not None:
                self._send(*piece)
            else:
                self.rest(0.001)
            self._judge()
        self.air.flush()
        return self.voided_now > 0

    # -- dealing ----------------------------------------------------------------------------------------------------------------

    def _rows(self) -> int:
        """Rows for a window: about a second of what is sent, and several windows even to a small sweep."""
        probes = min(PROBES, max(FEWEST, min(self.pace.rate * WINDOW_SECONDS, self.total / SMALL_SWEEP)))
        return max(1, int(probes) // self.size) * self.size

    def _next(self) -> tuple[int, int] | None:
        """Take the next places: as many rows as hold a window's worth of wanted ones."""
        if not self._left():
            return self.again.popleft() if self.again else None
        rows = self._rows()
        first = last = self.cursor
        end = self.turn if self.wrapped else len(self.ledger.targets)
        held = 0
        while last < end and held < rows // 2 + 1:
            after = min(last + rows, end)
            held += int(np.count_nonzero(self.ledger.wanted(last, after)))
            last = after
        self.cursor = last
        return first, last

    def _left(self) -> bool:
        if not self.wrapped and self.cursor >= len(self.ledger.targets):
            self.cursor, self.wrapped = 0, True
        return self.cursor < self.turn if self.wrapped else True

    def _canaries(self, hosts: Array) -> Array:
        """Choose canaries for a window's probes; where hosts have a pace, no more than its share for them."""
        least = LEAST_CANARIES / max(1, len(self.shares))
        most = float(MOST_CANARIES)
        if self.pace.per_host and len(self.witnesses.host):
            busiest = int(np.bincount(hosts).max())
            least = most = max(1.0, SHARE_OF_PACE * busiest * len(np.unique(self.witnesses.host)) / max(1, len(self.shares)))
        return self.witnesses.wanted({family: min(most, max(least, share * len(hosts))) for family, share in self.shares.items()})

    # -- sending ----------------------------------------------------------------------------------------------------------------

    def _send(self, first: int, last: int) -> None:
        wanted = self.ledger.wanted(first, last)
        hosts = np.flatnonzero(wanted) % self.size
        if not len(hosts):
            return
        ports = self.ledger.targets.ports_of(first, last)[wanted]
        sources = np.full(len(hosts), self.air.sources.first + self.number, np.uint32)
        columns = [hosts, ports, sources, np.zeros(len(hosts), np.uint32)]
        window = Window(first, last, self.number)
        window.began = time.monotonic()
        start = self.witnesses.count
        chosen = self._canaries(hosts)
        if len(chosen):
            columns = mixed(columns, self.witnesses.deal(chosen, window.began), self.witnesses.chance)
        window.canaries = start, self.witnesses.count
        window.frames = len(columns[0])
        self.ledger.ask(first, wanted)
        self._bursts(columns, window)
        window.sent, window.leaving = time.monotonic(), self.air.leaving()
        self.done += len(hosts)
        self.pending.append(window)
        self.progress(
            self.done, self.total, self.number, (self.air.sent - self.frames_before) / (window.sent - self.began + 1e-6)
        )

    def _bursts(self, columns: list[Array], window: Window) -> None:
        """Send a window at its pace, hearing what comes between bursts."""
        numbers = np.full(window.frames, -1, np.int64)
        canary = columns[3] > 0
        numbers[canary] = np.arange(*window.canaries)
        different = len(np.unique(columns[0])) if self.pace.per_host else 1
        size = self.pace.burst(different)
        for at in range(0, window.frames, size):
            part = [column[at : at + size] for column in columns]
            self.rest(self.pace.start(part[0]) - time.monotonic())
            now = time.monotonic()
            if now > self.until:
                raise Stop("the time allowed was over")
            asked = numbers[at : at + size]
            self.witnesses.asked_at[asked[asked >= 0]] = now
            self.pace.spend(part[0], now)
            self.air.send(*part)
            self.air.hear()

    def rest(self, seconds: float) -> None:
        """Let time pass, without burning it, and hear what comes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, NAP) if left > SPIN else left)
            self.air.hear()

    # -- judging ----------------------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        """Judge the oldest windows whose answers have had their time."""
        self.air.hear()
        self._notice_drops()
        now = time.monotonic()
        left = bool(self.again) or self._left()
        while self.pending and self.pending[0].due(self.early, now):
            together = [window for window in list(self.pending)[:TOGETHER] if window.due(self.early, now)]
            if left and len(together) < TOGETHER:
                return
            for window in together:
                numbers = slice(*window.canaries)
                window.answered = int(self.witnesses.okay[numbers].sum())
                window.refused = int(self.witnesses.refused[numbers].sum())
            self._conclude(self.pending.popleft(), lossy(together, self.quiet), now)
            left = bool(self.again) or self._left()

    def _conclude(self, window: Window, lost: float, now: float) -> None:
        if self.void_windows and (lost or window.refused):
            self._void(window)
            self.pace.slower(window.measured(), (1 - lost) / max(0.05, 1 - self.quiet), window.sent, now)
        else:
            self.witnesses.round[slice(*window.canaries)] = window.round
            self.pace.faster()
        silent = self.witnesses.count - self.witnesses.newest
        if self.shares and silent > DEAD_CANARIES and now - self.witnesses.last_answer > DEAD_AFTER:
            raise Stop(f"no canary has answered for {DEAD_AFTER:.0f} s: nothing comes through any more")

    def _void(self, window: Window) -> None:
        self.voided += 1
        self.voided_now += 1
        lost = self.ledger.void(window.first, window.last, refusals=window.refused > 0)
        self.requeued += lost
        self.done -= lost
        self.again.append((window.first, window.last))
        most, times = VOID_AT_MOST
        if self.voided_now > most + times * len(self.ledger.targets) // PROBES:
            raise Stop(f"canaries kept being lost, however slow the sweep: {self.voided} windows void")

    def _notice_drops(self) -> None:
        """Void all windows under way when a ring had no room for answers: nobody knows to whose."""
        drops = self.air.drops()
        if drops == self.dropped:
            return
        if self.void_windows and self.pending:
            self.asked_again += drops - self.dropped
        self.dropped = drops
        now = time.monotonic()
        while self.void_windows and self.pending:
            window = self.pending.popleft()
            self._void(window)
            self.pace.slower(window.measured(), 1.0, window.sent, now)
