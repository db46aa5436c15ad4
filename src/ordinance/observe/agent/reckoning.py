"""How sure silence is: what the canaries answered, and for each family the chance that an open port was missed in every round."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ordinance.observe.agent.ears import Ears
from ordinance.observe.agent.unequal import loses_more
from ordinance.observe.agent.wire import version_of

MOST_ROUNDS = 16


class Reckoning:
    """Counts and bounds of a sweep of some families (4, 6) that is to reach `wanted`, the allowed chance of a miss.

    A canary is [address, port, weight]; the list is the sweep's own, and shared with it. Counts are [sent, answered].
    """

    def __init__(self, canaries: list[tuple[str, int, float]], families: Iterable[int], wanted: float) -> None:
        self.canaries = canaries
        self.wanted = wanted
        self.counts = [[0, 0] for _ in canaries]
        self.late = [[0, 0] for _ in canaries]
        self.bounds = dict.fromkeys(families, 1.0)
        self.rounds = dict.fromkeys(self.bounds, 0)

    def leave_out_dead(self, counts: list[list[int]]) -> None:
        """Let a canary that never answered bear no weight: it would only void windows. What it said until now is kept for it."""
        for index, ((name, port, _), seen) in enumerate(zip(self.canaries, counts)):  # noqa: B905 - Python 3.7 has no strict
            if seen[0] and not seen[1]:
                self.canaries[index] = (name, port, 0.0)
                self.counts[index] = list(seen)

    def alive(self) -> set[int]:
        """Those that have answered so far, by index."""
        return {index for index, (_, answered) in enumerate(self.counts) if answered}

    def count(self, results: list[dict[str, Any]]) -> list[list[int]]:
        """Add what the lanes of a round counted; that round's own counts."""
        counts = [[0, 0] for _ in self.canaries]
        for result in results:
            for mine, all_rounds, (sent, answered) in zip(counts, self.counts, result["counts"]):  # noqa: B905 - Python 3.7 has no strict
                for held in (mine, all_rounds):
                    held[0] += sent
                    held[1] += answered
        return counts

    def reckon(self, version: int, counts: list[list[int]], voided: bool) -> None:
        """Multiply the bound of a family by this round's chance of a miss: (lost + 1) / (sent + 2), Laplace's rule."""
        held = [seen for seen, canary in zip(counts, self.canaries) if version_of(canary[0]) == version]  # noqa: B905 - Python 3.7 has no strict
        sent, answered = sum(seen[0] for seen in held), sum(seen[1] for seen in held)
        loss = (sent - answered + 1) / (sent + 2) if sent else 1.0
        self.rounds[version] += 1
        if voided and self.rounds[version] == 1:
            # Windows were kept for their canaries' sake: one clean round out of such a choice is not trusted alone.
            loss = max(loss, 2 * self.wanted**0.5)
        self.bounds[version] *= loss

    def wants_more(self, version: int) -> bool:
        """Whether a family needs another round. One whose silence is proven does not; one without canaries has one round."""
        witnessed = {version_of(canary[0]) for canary in self.canaries if canary[2]}
        hopeless = self.rounds[version] and version not in witnessed
        return not hopeless and self.unsure(version)

    def unsure(self, version: int) -> bool:
        """Whether silence of a family, or of one host of it, does not mean enough yet."""
        held = zip(self.canaries, self.counts)  # noqa: B905 - Python 3.7 has no strict
        seen = [(name, sent, answered) for (name, _, _), (sent, answered) in held if version_of(name) == version]
        return bool(self.bounds[version] > self.wanted or loses_more(seen, self.rounds[version], MOST_ROUNDS, self.wanted))

    def told(self, ears: Ears) -> dict[str, Any]:
        """Tell canaries and bounds as the certificate needs them."""
        canaries = [
            {
                "address": canary[0],
                "port": canary[1],
                "sent": seen[0],
                "answered": seen[1],
                "late_sent": late[0],
                "late_answered": late[1],
                "hops": ears.usual_hops(canary[0]),
            }
            for canary, seen, late in zip(self.canaries, self.counts, self.late)  # noqa: B905 - Python 3.7 has no strict
        ]
        bounds = [{"family": v, "rounds": self.rounds[v], "miss_bound": bound} for v, bound in sorted(self.bounds.items())]
        return {"canaries": canaries, "bounds": bounds}
