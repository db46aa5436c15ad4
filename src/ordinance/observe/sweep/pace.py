"""How fast frames leave: the pace that was given, in total and for each host, and the pace that the path bears."""

from __future__ import annotations

from ordinance.observe.sweep.arrays import Array, np

START, FASTEST = 200_000.0, 1e8  # frames a second
LEAP, CLIMB, GOOD = 1.5, 1.01, 2  # after so many good windows: before the first loss, and since
SLOWEST = 100.0
BURST_SECONDS, SMALL_BURST, SMALL_SECONDS = 0.002, 32, 0.032  # small ones cost more than they spare
CATCH_UP = 0.01  # seconds that may be made up for
HOST_SECONDS = 0.02  # of one host's pace, at once


class Pace:
    """`most` frames a second (None: what the path bears), `per_host` to each of `hosts` addresses (None: without limit)."""

    def __init__(self, most: float | None, per_host: float | None, hosts: int, now: float) -> None:
        self.most = most or FASTEST
        self.per_host = per_host
        self.rate = min(START, self.most)
        self.due = now
        self.ready: Array = np.full(hosts, now)
        self.last_cut = -1.0
        self.good = 0

    def burst(self, different: int) -> int:
        """How many frames may leave back to back, when they go to so many different hosts."""
        frames = max(1.0, min(SMALL_BURST, self.rate * SMALL_SECONDS), self.rate * BURST_SECONDS)
        if self.per_host:
            frames = min(frames, max(1, int(self.per_host * HOST_SECONDS)) * different)
        return int(frames)

    def start(self, hosts: Array) -> float:
        """When a burst to these hosts may leave."""
        return max(self.due, float(self.ready[hosts].max())) if self.per_host else self.due

    def spend(self, hosts: Array, now: float) -> None:
        """Count a burst that leaves now."""
        self.due = max(self.due, now - CATCH_UP) + len(hosts) / self.rate
        if self.per_host:
            counts = np.bincount(hosts, minlength=len(self.ready))
            asked = counts > 0
            self.ready[asked] = np.maximum(self.ready[asked], now) + counts[asked] / self.per_host

    def faster(self) -> None:
        """Climb after good windows, never above what was given."""
        self.good += 1
        if self.good % GOOD == 0:
            self.rate = min(self.most, self.rate * (LEAP if self.last_cut < 0 else CLIMB))

    def slower(self, measured: float, passed: float, sent: float, now: float) -> None:
        """Fall below what came through: `passed` of `measured` frames a second; once for all that was under way together."""
        if sent > self.last_cut:
            self.rate = max(min(SLOWEST, self.most), min(self.rate, measured) * min(0.9, max(0.2, 0.9 * passed)))
            self.last_cut = now
            self.good = 0
