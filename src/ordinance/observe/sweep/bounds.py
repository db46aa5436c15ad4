"""How sure silence is: for each family, the chance that an open port stayed silent in every round.

Of each round, (lost + 1) / (sent + 2) of its canaries (Laplace's rule of succession), multiplied. Answers that came late count:
the far end repeats its SYN-ACK to a port as it does to a canary. Those of void windows do not: their ports were asked again.
"""

from __future__ import annotations

from collections.abc import Iterable

from ordinance.observe.sweep.witnesses import Witnesses


class Bounds:
    """Bounds of some families, for a sweep that is to reach `wanted`."""

    def __init__(self, families: Iterable[int], wanted: float) -> None:
        self.rounds = dict.fromkeys(families, 0)
        self.wanted = wanted
        self.chosen: set[int] = set()  # families some of whose windows of the first round were void

    def end_round(self, families: Iterable[int], *, voided: bool) -> None:
        """Count a round that asked all silent ports of some families."""
        for family in families:
            self.rounds[family] += 1
            if voided and self.rounds[family] == 1:
                self.chosen.add(family)

    def of(self, family: int, witnesses: Witnesses) -> float:
        """Reckon the bound of one family."""
        bound = 1.0
        for number in range(1, self.rounds[family] + 1):
            canaries = witnesses.of_round(number, family)
            lost = int((~witnesses.okay[canaries]).sum())
            share = (lost + 1) / (len(canaries) + 2) if len(canaries) else 1.0
            if number == 1 and family in self.chosen:
                # Windows were kept for their canaries' sake: one clean round out of such a choice is not trusted alone.
                share = max(share, 2 * self.wanted**0.5)
            bound *= share
        return min(bound, 1.0)

    def told(self, witnesses: Witnesses) -> list[dict[str, float]]:
        """List the bounds for the last line."""
        return [
            {"family": family, "rounds": rounds, "miss_bound": self.of(family, witnesses)}
            for family, rounds in sorted(self.rounds.items())
        ]
