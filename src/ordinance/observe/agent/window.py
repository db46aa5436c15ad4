"""Some thousand ports with canaries at random places among them, judged together.

Evenly spaced canaries would lie: behind a rate limiter the first packet of each burst always gets through.
"""

from __future__ import annotations

import itertools
import math
import random

from ordinance.observe.agent.wire import version_of


class Window:
    """Ports and canaries that are judged together. A port is `address index << 16 | port`, a canary `-1 - its index`."""

    def __init__(self, items: list[int], epoch: int) -> None:
        self.items = items
        self.left = len(items)
        self.epoch = epoch
        self.silent: list[int] = []
        self.canaries: list[tuple[int, bool]] = []  # (canary, answered)
        self.first = self.last = 0.0

    def rate(self) -> float:
        """Reckon the connects a second while it was sent."""
        return len(self.items) / max(self.last - self.first, 0.001)

    def passed(self) -> float:
        """Share of its canaries that answered."""
        return sum(1 for _, answered in self.canaries if answered) / max(1, len(self.canaries))

    def is_lossy(self, quiet_loss: float) -> bool:
        """Whether it lost clearly more canaries than the quiet path loses (three standard deviations)."""
        sent = len(self.canaries)
        lost = sum(1 for _, answered in self.canaries if not answered)
        return lost > sent * quiet_loss + 3 * math.sqrt(sent * quiet_loss * (1 - quiet_loss)) + 1.5


class Windows:
    """Deals out windows: one port of every address in turn, so that no host is hammered, then what was asked for again."""

    def __init__(
        self,
        work: list[tuple[int, list[int]]],
        canaries: list[tuple[str, int, float]],
        wanted: dict[str, float],
        size: int,
        chance: random.Random,
    ) -> None:
        total = sum(len(ports) for _, ports in work)
        self.size = size
        self.planned = 1 + total // size
        self.chance = chance
        self.again: list[int] = []
        rows = itertools.zip_longest(*[[index << 16 | port for port in ports] for index, ports in work])
        self.source = (item for row in rows for item in row if item is not None)
        self.weights = [canary[2] for canary in canaries]
        self.kinds = []  # (canaries of a family, how many for each port)
        for version in (4, 6):
            held = [index for index, canary in enumerate(canaries) if version_of(canary[0]) == version and canary[2] > 0]
            if held:
                self.kinds.append((held, wanted.get(str(version), 0.0) / max(total, 1)))

    def next(self, epoch: int) -> Window | None:
        """Take the next ports and mix in canaries; None when nothing is left."""
        items = list(itertools.islice(self.source, self.size))
        if not items and self.again:
            items, self.again = self.again[: self.size], self.again[self.size :]
        if not items:
            return None
        for canary in self.pick(len(items)):
            items.insert(self.chance.randrange(len(items) + 1), -1 - canary)
        return Window(items, epoch)

    def pick(self, ports: int) -> list[int]:
        """Choose canaries for so many ports, by weight, each family in its share."""
        picked: list[int] = []
        for held, share in self.kinds:
            wanted = share * ports
            number = int(wanted) + (self.chance.random() < wanted - int(wanted))
            picked += self.chance.choices(held, [self.weights[index] for index in held], k=number)
        return picked
