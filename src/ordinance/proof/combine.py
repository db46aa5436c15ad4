"""The nodes of the diagram and the operations on them. `Space` is what to use; this is its engine, where all the time goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Node = tuple[int, tuple[int, ...], tuple[int, ...]]  #: level, last value of each interval, where each interval leads
NONE, EVERY = 0, 1
_SHIFT = 32


class Combiner:
    """Unique nodes, and the memory of what was combined."""

    def __init__(self) -> None:
        leaf: Node = (1 << _SHIFT, (), ())
        self.nodes: list[Node] = [leaf, leaf]
        self._ids: dict[Node, int] = {}
        self._both: dict[int, int] = {}
        self._either: dict[int, int] = {}
        self._not: dict[int, int] = {NONE: EVERY, EVERY: NONE}

    def node(self, level: int, bounds: list[int], kids: list[int]) -> int:
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
        return merged[0] if len(merged) == 1 else self._unique(level, merged_bounds, merged)

    def _unique(self, level: int, bounds: list[int], kids: list[int]) -> int:
        key = (level, tuple(bounds), tuple(kids))
        found = self._ids.get(key)
        if found is None:
            found = len(self.nodes)
            self.nodes.append(key)
            self._ids[key] = found
        return found

    def both(self, left: int, right: int) -> int:
        """Return the intersection."""
        if left == right or right == EVERY:
            return left
        if left == NONE or right == NONE:
            return NONE
        if left == EVERY:
            return right
        if left > right:
            left, right = right, left
        key = left << _SHIFT | right
        found = self._both.get(key)
        if found is None:
            found = self._both[key] = self._merge(left, right, self.both, NONE, EVERY)
        return found

    def either(self, left: int, right: int) -> int:
        """Return the union."""
        if left == right or right == NONE:
            return left
        if left == EVERY or right == EVERY:
            return EVERY
        if left == NONE:
            return right
        if left > right:
            left, right = right, left
        key = left << _SHIFT | right
        found = self._either.get(key)
        if found is None:
            found = self._either[key] = self._merge(left, right, self.either, EVERY, NONE)
        return found

    def _merge(self, left: int, right: int, join: Callable[[int, int], int], zero: int, one: int) -> int:
        """Combine two nodes; `zero` swallows (zero join x = zero), `one` is neutral (one join x = x)."""
        level, bounds, kids = self.nodes[left]
        other_level, other_bounds, other_kids = self.nodes[right]
        if level < other_level:
            return self.node(level, list(bounds), [join(kid, right) for kid in kids])
        if other_level < level:
            return self.node(other_level, list(other_bounds), [join(left, kid) for kid in other_kids])
        new_bounds: list[int] = []
        new_kids: list[int] = []
        at = other_at = 0
        last = -1
        end = len(bounds)
        while at < end:
            bound, other_bound = bounds[at], other_bounds[other_at]
            a, b = kids[at], other_kids[other_at]
            if a == zero or b == zero:
                kid = zero
            elif a == one or a == b:
                kid = b
            elif b == one:
                kid = a
            else:
                kid = join(a, b)
            if bound <= other_bound:
                at += 1
                if bound == other_bound:
                    other_at += 1
            else:
                bound = other_bound
                other_at += 1
            if kid == last:
                new_bounds[-1] = bound
            else:
                new_bounds.append(bound)
                new_kids.append(kid)
                last = kid
        return new_kids[0] if len(new_kids) == 1 else self._unique(level, new_bounds, new_kids)

    def complement(self, of: int) -> int:
        """Return everything else."""
        found = self._not.get(of)
        if found is None:
            level, bounds, kids = self.nodes[of]
            found = self._unique(level, list(bounds), [self.complement(kid) for kid in kids])
            self._not[of] = found
            self._not[found] = of
        return found

    def quantify(self, of: int, levels: frozenset[int], join: Callable[[int, int], int]) -> int:
        """Join what the intervals of each of `levels` lead to: `either` for some value, `both` for every value."""
        memory = {NONE: NONE, EVERY: EVERY}

        def walk(node: int) -> int:
            found = memory.get(node)
            if found is None:
                level, bounds, kids = self.nodes[node]
                walked = [walk(kid) for kid in kids]
                if level in levels:
                    found = walked[0]
                    for kid in walked[1:]:
                        found = join(found, kid)
                else:
                    found = self.node(level, list(bounds), walked)
                memory[node] = found
            return found

        return walk(of)

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

    def forget(self) -> None:
        """Forget what was combined, not what there is."""
        self._both.clear()
        self._either.clear()
