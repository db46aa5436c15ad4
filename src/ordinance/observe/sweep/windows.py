"""Some thousand probes with canaries at random places among them, judged together.

Evenly spaced canaries would lie: behind a rate limiter the first frame of each burst always gets through. Such a sweep once
reported no loss and found 21 of 38 open ports.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future

from ordinance.observe.sweep.arrays import Array, np

PROBES, FEWEST = 4096, 512
TOGETHER = 4  # a window is judged with up to three that followed it
#: Standard deviations beyond the quiet path's loss: of the windows together, and of one alone.
MANY_SIGMA, ONE_SIGMA = 4.0, 5.0
LEAST_VARIANCE = 0.004  # of the quiet path's loss, which was learnt from few canaries


class Window:
    """Places `first` to `last` of a round, and canaries by their numbers."""

    def __init__(self, first: int, last: int, number: int) -> None:
        self.first, self.last, self.round = first, last, number
        self.canaries = (0, 0)
        self.frames = 0
        self.began = self.sent = 0.0
        self.leaving: Sequence[Future[float]] = ()  # what has not left yet
        self.answered = self.refused = 0

    def due(self, early: float, now: float) -> bool:
        """Whether all of it has left, and its answers have had so many seconds."""
        if self.leaving and all(part.done() for part in self.leaving):
            self.sent = max(part.result() for part in self.leaving)
            self.leaving = ()
        return not self.leaving and now - self.sent > early

    def asked(self) -> int:
        """Count its canaries."""
        return self.canaries[1] - self.canaries[0]

    def measured(self) -> float:
        """Frames a second while it was sent."""
        return self.frames / max(self.sent - self.began, 1e-4)


def lossy(windows: Sequence[Window], quiet: float) -> float:
    """Share of its canaries that the first of `windows`, or all of them, lost beyond doubt; 0 when there is doubt."""
    variance = max(quiet * (1 - quiet), LEAST_VARIANCE)
    lost = 0.0
    for together, sigma in ((windows, MANY_SIGMA), (windows[:1], ONE_SIGMA)):
        asked = sum(window.asked() for window in together)
        share = 1 - sum(window.answered for window in together) / asked if asked else 0.0
        if asked and share > quiet + sigma * math.sqrt(variance / asked):
            lost = max(lost, share)
    return lost


def mixed(probes: Sequence[Array], canaries: Sequence[Array], chance: Array) -> list[Array]:
    """Put canaries at random places among probes, column by column; any set of places is as likely as any other."""
    size = len(probes[0]) + len(canaries[0])
    probe = np.ones(size, bool)
    probe[chance.choice(size, len(canaries[0]), replace=False)] = False
    whole = []
    for near, far in zip(probes, canaries):  # noqa: B905 - Python 3.9
        column = np.empty(size, near.dtype)
        column[probe], column[~probe] = near, far
        whole.append(column)
    return whole
