"""Sets of packets: a hash-consed interval decision diagram, in pure Python.

A set is an int, the number of a node: `NONE`, `EVERY`, or a row of intervals of one field, each leading to a set over later
fields. Every set has exactly one node, so equal sets are equal ints. Fields are tested in the order of `fields.FIELDS`, then the
variables of unknowns. All sets of one proof must come from one `Space`. Depth is bounded by the number of fields, so nothing
here can recurse too deep.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ordinance.proof.fields import FIELDS, Field, Range
from ordinance.proof.masks import mask_ranges
from ordinance.proof.nodes import LAST_LEAF
from ordinance.proof.overlay import AT_ONCE, WIDE, Box, Overlay, apart

Set = int
NONE: Set = 0
EVERY: Set = 1
#: Sets joined between two drops of the memory of operations
MANY = 4096
#: Nodes made between two looks for those that nobody needs any more
MANY_NODES = 1 << 16
#: Intervals of a wide node that take the memory of one small node
ROW = 16
Point = dict[str, int]
Region = dict[str, tuple[Range, ...]]


class Space:
    """All sets of packets of one proof, and what can be done with them."""

    def __init__(self, fields: Sequence[Field] = FIELDS) -> None:
        self.fields = list(fields)
        self._level = {field.name: level for level, field in enumerate(self.fields)}
        self._engine = Overlay()
        self._looked = 0  #: at so many nodes
        self._widths = 0  #: intervals of the widest nodes since then
        self._boxes: dict[tuple[str, tuple[Range, ...], Set], Set] = {}
        self._nodes = self._engine.nodes
        self.both = self._engine.both  #: both(a, b): intersection
        self.either = self._engine.either  #: either(a, b): union
        self.complement = self._engine.complement
        self.covers = self._engine.covers  #: whether decisions of boxes of every source leave nothing of another box
        self.over = self._engine.over  #: over(a, b): what a decides, and where it decides nothing, what b does

    # -- making sets ----------------------------------------------------------------------------------------------------------

    def box(self, region: Mapping[str, Iterable[Range]], then: Set = EVERY) -> Set:
        """Return the packets with every field of `region` in its ranges; the same as `all_of` of `ranges`, faster."""
        found = then
        for field in sorted(region, key=self._level.__getitem__, reverse=True):
            if found == NONE:
                return NONE
            spans = region[field]
            if field in WIDE or not isinstance(spans, tuple):  # seldom met twice
                found = self.ranges(field, spans, found)
                continue
            key = field, spans, found
            known = self._boxes.get(key)
            if known is None:
                known = self._boxes[key] = self.ranges(field, spans, found)
            found = known
        return found

    def ranges(self, field: str, ranges: Iterable[Range], then: Set = EVERY) -> Set:
        """Return the packets whose `field` lies in one of `ranges` (any order, they may overlap).

        `then`: a set over later fields that they must be in as well. Raises ValueError for a value outside the field.
        """
        level, top = self._level[field], self.fields[self._level[field]].top
        bounds: list[int] = []
        kids: list[Set] = []
        past = 0  # everything below is settled
        for first, last in sorted(ranges):
            if first < 0 or last > top:
                raise ValueError(f"{field} goes from 0 to {top}: {first}-{last} does not fit")
            low = max(first, past)
            if low > last:
                continue
            if low > past:
                bounds.append(low - 1)
                kids.append(NONE)
            bounds.append(last)
            kids.append(then)
            past = last + 1
        if past <= top:
            bounds.append(top)
            kids.append(NONE)
        return self._engine.node(level, bounds, kids)

    def masked(self, field: str, mask: int, value: int) -> Set | None:
        """Return the packets with `field & mask == value`, or None when that would take too many intervals."""
        found = mask_ranges(mask, value, self.fields[self._level[field]].top)
        return None if found is None else self.ranges(field, found)

    def variable(self, name: str) -> Set:
        """Return the packets for which the unknown `name` holds; a new name becomes a field after all others."""
        if name not in self._level:
            self._level[name] = len(self.fields)
            self.fields.append(Field(name, 1))
        return self._engine.node(self._level[name], [0, 1], [NONE, EVERY])

    # -- decisions: diagrams whose leaves are NONE (not decided) or one of the decisions EVERY, 2, 3 ----------------------------

    def decision(self, of: Set, leaf: int) -> int:
        """Return the diagram that decides `leaf` over the packets of a set, and nothing over all others."""
        return of if leaf == EVERY else self._engine.leaves(of, {NONE: NONE, EVERY: leaf})

    def plain(self, region: Mapping[str, tuple[Range, ...]], leaf: int) -> int | Box:
        """Return the decision `leaf` over a box as a part of a first-match list (`first_of`); no set is made of it yet.

        Raises ValueError for a value outside its field.
        """
        others = {field: spans for field, spans in region.items() if field not in WIDE}
        target, source = (apart(region[field]) if field in region else None for field in WIDE)
        return Box(target, source, self.box(others, leaf))

    def first_of(self, decisions: Sequence[int | Box]) -> int:
        """Return the diagram of a first-match list: the first decision over a packet holds."""
        row = self._laid(decisions)
        while len(row) > 1:
            if len(row) > MANY:
                self.forget()
            pairs = [self._engine.over(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
            row = pairs + row[len(pairs) * 2 :]
        return row[0] if row else NONE

    def _laid(self, decisions: Sequence[int | Box]) -> list[int]:
        """Lay neighbouring boxes over one another, `AT_ONCE`."""
        found: list[int] = []
        boxes: list[Box] = []
        for each in (*decisions, NONE):
            if boxes and (not isinstance(each, Box) or len(boxes) == AT_ONCE):
                found.append(self._engine.first_of(boxes))
                boxes = []
            if isinstance(each, Box):
                boxes.append(each)
            else:
                found.append(each)
        return found

    def decided(self, of: int, leaf: int) -> Set:
        """Return the packets over which a diagram decides `leaf`; NONE: those over which it decides nothing."""
        return self._engine.leaves(of, {other: EVERY if other == leaf else NONE for other in range(LAST_LEAF + 1)})

    def renamed(self, of: int, leaf: int, to: int) -> int:
        """Return the same decisions with one decision instead of another."""
        return self._engine.leaves(of, {other: to if other == leaf else other for other in range(LAST_LEAF + 1)})

    # -- combining ------------------------------------------------------------------------------------------------------------

    def minus(self, left: Set, right: Set) -> Set:
        """Return what is in `left` and not in `right`."""
        return NONE if left in (right, NONE) else self.both(left, self.complement(right))

    def all_of(self, sets: Iterable[Set]) -> Set:
        """Return the intersection of many sets; EVERY of none."""
        return _balanced(list(sets), self.both, EVERY)

    def any_of(self, sets: Iterable[Set]) -> Set:
        """Return the union of many sets; NONE of none."""
        return _balanced(list(sets), self.either, NONE)

    def exists(self, of: Set, fields: Iterable[str]) -> Set:
        """Return the packets that are in `of` for at least one value of `fields`."""
        return self._engine.quantify(of, self._levels(fields), self.either)

    def forall(self, of: Set, fields: Iterable[str]) -> Set:
        """Return the packets that are in `of` whatever the values of `fields`."""
        return self._engine.quantify(of, self._levels(fields), self.both)

    def only(self, of: Set, fields: Iterable[str]) -> Set:
        """Return the projection of `of` on `fields`: every other field may be anything for which `of` has a packet."""
        kept = set(fields)
        return self.exists(of, [field.name for field in self.fields if field.name not in kept])

    def forget(self) -> None:
        """Drop the memory of past operations (never a set): less memory, and the next operation begins anew."""
        self._engine.forget()

    def mark(self) -> int:
        """Return a mark: sets that are made from now on can be let go by it."""
        return len(self._nodes)

    def release(self, mark: int, kept: Iterable[Set]) -> None:
        """Free the sets made since `mark`, except `kept`; none of the others may be used again. Only when there are many."""
        kept = list(kept)
        self._widths += max((len(self._nodes[of][1]) for of in kept), default=0)
        if len(self._nodes) - max(mark, self._looked) + self._widths // ROW > MANY_NODES:
            self._engine.release(mark, [*kept, *self._boxes.values()])
            self._looked, self._widths = len(self._nodes), 0

    # -- asking ---------------------------------------------------------------------------------------------------------------

    def meets(self, packets: Set, other: int | Box) -> bool:
        """Whether a set and another one (or decisions) have a packet in common. Makes no set."""
        return self._engine.meets_box(packets, other) if isinstance(other, Box) else self._engine.meets(packets, other)

    def holds(self, of: Set, point: Mapping[str, int]) -> bool:
        """Whether a packet is in a set. Fields that `point` does not name count as 0."""
        while of > EVERY:
            level, bounds, kids = self._nodes[of]
            of = kids[bisect_left(bounds, point.get(self.fields[level].name, 0))]
        return of == EVERY

    def witness(self, of: Set, wishes: Iterable[Set] = ()) -> Point | None:
        """Return one packet of a set with a value for every field that matters, or None of the empty set.

        `wishes`: sets that it should be in as well, the most important first; a wish that cannot be had is let go.
        """
        held = EVERY  # what it is like so far: small, where the set may be large
        for wish in wishes:
            more = self.both(held, wish)
            held = more if self.meets(of, more) else held
        of = self.both(of, held)
        if of == NONE:
            return None
        point: Point = {}
        while of > EVERY:
            level, bounds, kids = self._nodes[of]
            index = next(index for index, kid in enumerate(kids) if kid != NONE)
            point[self.fields[level].name] = bounds[index - 1] + 1 if index else 0
            of = kids[index]
        return point

    def regions(self, of: Set) -> Iterator[Region]:
        """Yield the set as disjoint boxes: ranges of each field that matters.

        Lazily, for there can be very many: take what is needed; `only` first makes few of them.
        """
        if of == NONE:
            return
        if of == EVERY:
            yield {}
            return
        level, bounds, kids = self._nodes[of]
        parts: dict[Set, list[Range]] = {}
        low = 0
        for bound, kid in zip(bounds, kids, strict=True):
            parts.setdefault(kid, []).append((low, bound))
            low = bound + 1
        for kid, ranges in parts.items():
            for region in self.regions(kid):
                yield {self.fields[level].name: tuple(ranges), **region}

    def values(self, of: Set, field: str) -> list[Range]:
        """Return the values of a field for which the set has a packet, as ranges in order and apart."""
        return self._engine.values(of, self._level[field], self.fields[self._level[field]].top)

    def count(self, of: Set, fields: Sequence[str] | None = None) -> int:
        """Return how many packets a set has, over `fields` (default: all but unknowns), which must be all that matter to it."""
        names = [field.name for field in FIELDS] if fields is None else fields
        levels = {self._level[name]: self.fields[self._level[name]].top + 1 for name in names}
        return self._engine.count(of, levels)

    def size(self, of: Set) -> int:
        """Return the number of nodes of a set."""
        return self._engine.size(of)

    def support(self, of: Set) -> tuple[str, ...]:
        """Return the names of the fields and unknowns that matter to a set, in order."""
        return tuple(self.fields[level].name for level in sorted(self._engine.levels(of)))

    def _levels(self, fields: Iterable[str]) -> frozenset[int]:
        return frozenset(self._level[name] for name in fields if name in self._level)


def _balanced(sets: list[Set], join: Callable[[Set, Set], Set], empty: Set) -> Set:
    """Join neighbours, then neighbours of those: sets stay small for longest."""
    while len(sets) > 1:
        pairs = [join(left, right) for left, right in zip(sets[::2], sets[1::2], strict=False)]
        sets = pairs + sets[len(sets) - 1 :] if len(sets) % 2 else pairs
    return sets[0] if sets else empty
