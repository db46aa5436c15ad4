"""The operations on diagrams. `Space` is what to use; this is its engine, where all the time goes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

from ordinance.proof.nodes import EVERY, LAST_LEAF, NONE, Nodes, Row

SHIFT = 32
Join = Callable[[int, int], int]
Rows = tuple[Row, Row]  #: last values, and where they lead


class Combiner(Nodes):
    """The operations, and the memory of what was combined."""

    def __init__(self) -> None:
        super().__init__()
        self._both: dict[int, int] = {}
        self._either: dict[int, int] = {}
        self._over: dict[int, int] = {}
        self._apart: set[int] = set()  #: of `meets`
        self._not: dict[int, int] = {NONE: EVERY, EVERY: NONE}

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
        key = left << SHIFT | right
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
        key = left << SHIFT | right
        found = self._either.get(key)
        if found is None:
            found = self._either[key] = self._merge(left, right, self.either, EVERY, NONE)
        return found

    def _merge(self, left: int, right: int, join: Join, zero: int, one: int) -> int:
        """Combine two nodes; `zero` swallows (zero join x = zero), `one` is neutral (one join x = x join one = x)."""
        level, bounds, kids = self.nodes[left]
        other_level, other_bounds, other_kids = self.nodes[right]
        if level < other_level:
            return self.node(level, bounds, [right if kid == one else zero if kid == zero else join(kid, right) for kid in kids])
        if other_level < level:
            joined = [left if kid == one else zero if kid == zero else join(left, kid) for kid in other_kids]
            return self.node(other_level, other_bounds, joined)
        if len(bounds) < len(other_bounds):
            return self._merge_row(level, (bounds, kids), (other_bounds, other_kids), join, (zero, one))
        return self._merge_row(level, (other_bounds, other_kids), (bounds, kids), join, (zero, one))

    def _merge_row(self, level: int, few: Rows, many: Rows, join: Join, ends: tuple[int, int]) -> int:
        """Combine the intervals of two rows, interval by interval of the shorter one.

        Where that swallows, the other's are skipped, and where it leaves them as they are copied: most sets are narrow beside a
        broad one. Written out, without a function for each case: much of all time goes here.
        """
        zero, one = ends
        other_bounds, other_kids = many
        new_bounds: list[int] = []
        new_kids: list[int] = []
        last = -1
        at = 0  #: the interval of `many` where that of `few` begins; `past`: where it ends
        for bound, kid in zip(*few, strict=True):
            past = bisect_left(other_bounds, bound, at)
            if kid == one:
                if other_kids[at] == last:
                    new_bounds.pop()
                    new_kids.pop()
                new_bounds += other_bounds[at:past]
                new_bounds.append(bound)
                new_kids += other_kids[at : past + 1]
                last = new_kids[-1]
            else:
                for place in range(past, past + 1) if kid == zero else range(at, past + 1):
                    other = other_kids[place]
                    joined = kid if kid == zero or other in (one, kid) else zero if other == zero else join(kid, other)
                    if joined == last:
                        new_bounds[-1] = bound if place == past else other_bounds[place]
                    else:
                        new_bounds.append(bound if place == past else other_bounds[place])
                        new_kids.append(joined)
                        last = joined
            at = past + (other_bounds[past] == bound)
        return last if len(new_kids) == 1 else self.unique(level, new_bounds, new_kids)

    def meets(self, left: int, right: int) -> bool:
        """Whether something is in both; either may be decisions. Makes no node."""
        if left == NONE or right == NONE:
            return False
        if left <= LAST_LEAF or right <= LAST_LEAF or left == right:
            return True  # every node leads to something
        key = left << SHIFT | right
        if key in self._apart:
            return False
        level, bounds, kids = self.nodes[left]
        other_level, other_bounds, other_kids = self.nodes[right]
        if level < other_level:
            found = any(self.meets(kid, right) for kid in dict.fromkeys(kids))
        elif other_level < level:
            found = any(self.meets(left, kid) for kid in dict.fromkeys(other_kids))
        elif len(bounds) < len(other_bounds):
            found = self._overlap(bounds, kids, other_bounds, other_kids)
        else:
            found = self._overlap(other_bounds, other_kids, bounds, kids)
        if not found:
            self._apart.add(key)
        return found

    def _overlap(self, bounds: Row, kids: Row, other_bounds: Row, other_kids: Row) -> bool:
        """Ask for each interval of the shorter row what it meets in the longer one."""
        first = 0
        for bound, kid in zip(bounds, kids, strict=True):
            last = bisect_left(other_bounds, bound, first)
            if kid != NONE and any(self.meets(kid, other) for other in dict.fromkeys(other_kids[first : last + 1])):
                return True
            first = last + (other_bounds[last] == bound)
        return False

    def leaves(self, of: int, into: Mapping[int, int]) -> int:
        """Return the same diagram with other leaves."""
        memory = dict(into)

        def walk(node: int) -> int:
            found = memory.get(node)
            if found is None:
                level, bounds, kids = self.nodes[node]
                joined = [memory[kid] if kid in memory else walk(kid) for kid in kids]
                found = memory[node] = self.node(level, bounds, joined)
            return found

        return walk(of)

    def complement(self, of: int) -> int:
        """Return everything else."""
        found = self._not.get(of)
        if found is None:
            level, bounds, kids = self.nodes[of]
            known = self._not
            found = self.unique(level, bounds, [known[kid] if kid in known else self.complement(kid) for kid in kids])
            self._not[of] = found
            self._not[found] = of
        return found

    def quantify(self, of: int, levels: frozenset[int], join: Join) -> int:
        """Join what the intervals of each of `levels` lead to: `either` for some value, `both` for every value."""
        memory = {NONE: NONE, EVERY: EVERY}
        deepest = max(levels, default=-1)

        def walk(node: int) -> int:
            found = memory.get(node)
            if found is None:
                level, bounds, kids = self.nodes[node]
                if level > deepest:
                    return node
                walked = [memory[kid] if kid in memory else walk(kid) for kid in kids]
                if level in levels:
                    row = list(dict.fromkeys(walked))
                    while len(row) > 1:  # neighbours first: what is joined stays small for longest
                        pairs = [join(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
                        row = pairs + row[len(pairs) * 2 :]
                    found = row[0]
                else:
                    found = self.node(level, bounds, walked)
                memory[node] = found
            return found

        return walk(of)

    def release(self, mark: int, kept: Iterable[int]) -> None:
        """Free nodes, and forget what was combined."""
        super().release(mark, kept)
        self.forget()
        dead = [of for of, other in self._not.items() if self.nodes[of] is None or self.nodes[other] is None]
        for of in dead:
            del self._not[of]

    def forget(self) -> None:
        """Forget what was combined, not what there is."""
        self._both.clear()
        self._either.clear()
        self._over.clear()
        self._apart.clear()
