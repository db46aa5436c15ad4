"""The nodes of the diagram, each there once, and what can be asked of one without making another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Row = tuple[int, ...]
Node = tuple[int, Row, Row]  #: level, last value of each interval, where each interval leads
NONE, EVERY = 0, 1
#: Leaves of diagrams of decisions (see `over`): NONE is "not decided", and up to here every other leaf is a decision.
LAST_LEAF = 3


class Nodes:
    """Unique nodes; the first ones are the leaves."""

    def __init__(self) -> None:
        leaf: Node = (1 << 32, (), ())  # tested after every field
        self.nodes: list[Node] = [leaf] * (LAST_LEAF + 1)
        self._ids: dict[Node, int] = {}

    def node(self, level: int, bounds: Sequence[int], kids: Sequence[int]) -> int:
        """Return the one node of these intervals; neighbours that lead to the same place become one."""
        merged_bounds: list[int] = []
        merged: list[int] = []
        last = -1
        for bound, kid in zip(bounds, kids, strict=True):
            if kid == last:
                merged_bounds[-1] = bound
            else:
                merged_bounds.append(bound)
                merged.append(kid)
                last = kid
        return merged[0] if len(merged) == 1 else self.unique(level, merged_bounds, merged)

    def unique(self, level: int, bounds: Sequence[int], kids: Sequence[int]) -> int:
        """Return the one node of these intervals, of which no two neighbours lead to the same place."""
        key = (level, tuple(bounds), tuple(kids))
        found = self._ids.get(key)
        if found is None:
            found = len(self.nodes)
            self.nodes.append(key)
            self._ids[key] = found
        return found

    def release(self, mark: int, kept: Iterable[int]) -> None:
        """Free the nodes from the number `mark` on that no set of `kept` leads to.

        No number is given twice: who asks for a node that was freed gets an error, never another set.
        """
        live: set[int] = set()
        waiting = list(kept)
        while waiting:
            node = waiting.pop()
            if node >= mark and node not in live:  # a node leads to older ones only
                live.add(node)
                waiting.extend(self.nodes[node][2])
        for number in range(mark, len(self.nodes)):
            if number not in live and self.nodes[number] is not None:
                del self._ids[self.nodes[number]]
                self.nodes[number] = None  # type: ignore[call-overload]

    def reachable(self, of: int) -> set[int]:
        """Return the nodes of a set, without the leaves."""
        seen: set[int] = set()
        waiting = [of]
        while waiting:
            node = waiting.pop()
            if node > EVERY and node not in seen:
                seen.add(node)
                waiting.extend(self.nodes[node][2])
        return seen

    def values(self, of: int, level: int, top: int) -> list[tuple[int, int]]:
        """Return the values of one level, at most `top`, for which there is a point in a set; as ranges in order and apart."""
        found: list[tuple[int, int]] = []
        seen, waiting = {NONE}, [of]
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            tested, bounds, kids = self.nodes[node]
            if tested < level:
                waiting.extend(kids)
            elif tested > level:
                return [(0, top)]
            else:
                lows = (0, *(bound + 1 for bound in bounds))
                found += [(low, high) for low, high, kid in zip(lows, bounds, kids, strict=False) if kid != NONE]
        return joined(found)

    def size(self, of: int) -> int:
        """Return the number of nodes."""
        return len(self.reachable(of))

    def levels(self, of: int) -> set[int]:
        """Return the levels that matter."""
        return {self.nodes[node][0] for node in self.reachable(of)}

    def count(self, of: int, widths: Mapping[int, int]) -> int:
        """Return the number of points over the levels of `widths`, each with so many values."""
        whole = 1
        for width in widths.values():
            whole *= width
        # shares of the whole space, exact: below a node everything not tested counts fully
        memory = {NONE: 0, EVERY: whole}
        for node in sorted(self.reachable(of)):  # a node is younger than those it leads to
            level, bounds, kids = self.nodes[node]
            low, total = 0, 0
            for bound, kid in zip(bounds, kids, strict=True):
                total += (bound - low + 1) * memory[kid]
                low = bound + 1
            memory[node] = total // widths[level]
        return memory[of]


def joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges in order, with those joined that overlap or touch."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return found
