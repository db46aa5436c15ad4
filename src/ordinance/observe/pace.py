"""Gentleness: so many new connections a second to one address, and in all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ordinance.inventory.model import Address, Pace
from ordinance.observe.api import CouldNotLook, Deadline, Unseen

_SLICE = 0.25  #: seconds between two looks at whether the run was stopped


class Pacer:
    """Spaces connections evenly (a token bucket of one token), so that no second holds more than its share.

    A turn is given at once and waited for outside the lock: threads queue in the order they came.
    """

    def __init__(
        self, pace: Pace, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.pace = pace
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at: dict[Address | None, float] = {}  #: when the next turn begins; None is the total
        self._left = 1.0  #: part of the pace that is not lent to somebody else

    def wait(self, address: Address, deadline: Deadline, check: Callable[[], None] = lambda: None) -> float:
        """Wait for a turn; returns the seconds waited. DEADLINE, without taking the turn, when it would come too late.

        `check` is called while waiting and may raise (the run was stopped).
        """
        with self._lock:
            now = self._now()
            turn = max(now, *(self._free_at.get(key, now) for key, _ in self._limits(address)), now)
            if turn - now > deadline.left():
                raise CouldNotLook(
                    Unseen.DEADLINE, f"the pace allows the next connection to {address} only in {turn - now:.1f} s"
                )
            for key, gap in self._limits(address):
                self._free_at[key] = turn + gap
        while (left := turn - self._now()) > 0:
            check()
            self._sleep(min(left, _SLICE))
        return turn - now

    @contextmanager
    def less(self, share: float) -> Iterator[None]:
        """Go slower by that part of the pace, for as long as somebody else uses it."""
        with self._lock:
            self._left -= share
        try:
            yield
        finally:
            with self._lock:
                self._left += share

    def _limits(self, address: Address) -> list[tuple[Address | None, float]]:
        """Return what is limited, and the seconds between two turns."""
        pairs = ((address, self.pace.per_host), (None, self.pace.total))
        return [(key, 1.0 / (rate * self._left)) for key, rate in pairs if rate is not None]
