"""First-match lists of boxes as diagrams, many boxes at once: neither a box nor what two of them make becomes a diagram."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ordinance.proof.combine import SHIFT, Combiner
from ordinance.proof.fields import FIELDS, Range
from ordinance.proof.nodes import LAST_LEAF, NONE, Row, joined

#: Fields of which rules name very many values; they are the first ones of the diagram.
WIDE = ("daddr", "saddr")
#: Boxes laid out in one go. With more, the ones that are wide in both fields are met again and again.
AT_ONCE = 64
#: So many sets are asked for a box one by one
FEW = 16
_TOP = FIELDS[0].top
Spans = tuple[Range, ...]


class Box(NamedTuple):
    """Packets by the wide fields, and what is decided over them by the others.

    Ranges are in order and apart; None: every value.
    """

    target: Spans | None
    source: Spans | None
    then: int


class Overlay(Combiner):
    """The operations on lists of boxes."""

    def __init__(self) -> None:
        super().__init__()
        self._swallowed: dict[int, bool] = {}

    def first_of(self, boxes: Sequence[Box]) -> int:
        """Return the diagram in which the first box that holds a packet decides over it."""
        return self._laid(boxes, 0)

    def _laid(self, boxes: Sequence[Box], level: int) -> int:
        """Cut a field wherever a box begins or ends; between two cuts the same boxes hold all packets."""
        if level == len(WIDE):
            return self._first([box.then for box in boxes])
        bounds: list[int] = []
        kids: list[int] = []
        known: dict[tuple[int, ...], int] = {(): NONE}
        last = -1
        for bound, held in _cuts(boxes, level):
            kid = known.get(held)
            if kid is None:
                kid = known[held] = self._laid([boxes[rank] for rank in held], level + 1)
            if kid == last:
                bounds[-1] = bound
            else:
                bounds.append(bound)
                kids.append(kid)
                last = kid
        return last if len(kids) == 1 else self.unique(level, bounds, kids)

    def _first(self, decisions: list[int]) -> int:
        found = decisions.pop()
        while decisions:
            found = self.over(decisions.pop(), found)
        return found

    def over(self, first: int, then: int) -> int:
        """Return what `first` decides, and where it decides nothing (NONE), what `then` does; leaves are NONE or decisions."""
        if first == NONE:
            return then
        if first <= LAST_LEAF or then in (NONE, first):
            return first
        key = first << SHIFT | then
        found = self._over.get(key)
        if found is None:
            found = self._over[key] = self._lay(first, then)
        return found

    def _lay(self, first: int, then: int) -> int:
        """Lay one node over another one."""
        level, bounds, kids = self.nodes[first]
        other_level, other_bounds, other_kids = self.nodes[then]
        if level < other_level:
            laid = [then if kid == NONE else kid if kid <= LAST_LEAF else self.over(kid, then) for kid in kids]
            return self.node(level, bounds, laid)
        if other_level < level:
            return self.node(other_level, other_bounds, [first if kid == NONE else self.over(first, kid) for kid in other_kids])
        return self._lay_row(level, (bounds, kids), (other_bounds, other_kids))

    def _lay_row(self, level: int, first: tuple[Row, Row], then: tuple[Row, Row]) -> int:
        """Lay the intervals of one row over those of another one.

        Written out, without a function for each case: most of all time goes here.
        """
        other_bounds, other_kids = then
        known = self._over
        new_bounds: list[int] = []
        new_kids: list[int] = []
        last = -1
        at = 0  #: the interval of `then` where that of `first` begins; `past`: where it ends
        for bound, kid in zip(*first, strict=True):
            past = bisect_left(other_bounds, bound, at)
            if kid == NONE:  # as it is: few are decided beside many that are not
                if other_kids[at] == last:
                    new_bounds.pop()
                    new_kids.pop()
                new_bounds += other_bounds[at:past]
                new_bounds.append(bound)
                new_kids += other_kids[at : past + 1]
                last = new_kids[-1]
            elif kid > LAST_LEAF:
                for place in range(at, past + 1):
                    other = other_kids[place]
                    laid = kid if other == NONE else known.get(kid << SHIFT | other) or self.over(kid, other)
                    if laid == last:
                        new_bounds[-1] = bound if place == past else other_bounds[place]
                    else:
                        new_bounds.append(bound if place == past else other_bounds[place])
                        new_kids.append(laid)
                        last = laid
            elif kid == last:
                new_bounds[-1] = bound
            else:
                new_bounds.append(bound)
                new_kids.append(kid)
                last = kid
            at = past + (other_bounds[past] == bound)
        return last if len(new_kids) == 1 else self.unique(level, new_bounds, new_kids)

    def meets_box(self, of: int, box: Box) -> bool:
        """Whether something is in both a set and a box. Makes no node."""
        met = self._beside(of, 0, box.target)
        if len(met) > FEW:  # a diagram, for which an answer is remembered, and which other boxes share
            inner = self._laid([box], 1)
            return any(self.meets(kid, inner) for kid in met)
        return any(self.meets(kid, box.then) for each in met for kid in self._beside(each, 1, box.source))

    def covers(self, decisions: int, box: Box) -> bool:
        """Whether something is decided over all packets of a box already; `decisions` must be of boxes of every source."""
        return all(self._swallows(kid, box.then) for kid in self._beside(decisions, 0, box.target))

    def _swallows(self, first: int, then: int) -> bool:
        """Whether `first` decides over every packet that `then` decides over. Makes no node."""
        if then == NONE or NONE < first <= LAST_LEAF:
            return True
        if first == NONE:
            return False
        key = first << SHIFT | then
        found = self._swallowed.get(key)
        if found is None:
            found = self._swallowed[key] = self._swallows_node(first, then)
        return found

    def _swallows_node(self, first: int, then: int) -> bool:
        level, _, kids = self.nodes[first]
        other_level, other_bounds, other_kids = self.nodes[then]
        if level < other_level:
            return all(self._swallows(kid, then) for kid in dict.fromkeys(kids))
        if other_level < level:
            return all(self._swallows(first, other) for other in dict.fromkeys(other_kids))
        lows = (0, *(bound + 1 for bound in other_bounds))
        return all(
            self._swallows(kid, other)
            for low, high, other in zip(lows, other_bounds, other_kids, strict=False)
            if other != NONE
            for kid in self._beside(first, level, ((low, high),))
        )

    def forget(self) -> None:
        """Forget what was asked as well."""
        super().forget()
        self._swallowed.clear()

    def _beside(self, of: int, level: int, spans: Spans | None) -> Collection[int]:
        """Return what the values of `spans` in a field lead to."""
        found, bounds, kids = self.nodes[of]
        if spans is None:
            return dict.fromkeys(kids) if found == level else (of,)
        if found != level:
            return (of,) if spans else ()
        met: dict[int, None] = {}
        for low, high in spans:
            first = bisect_left(bounds, low)
            met |= dict.fromkeys(kids[first : bisect_left(bounds, high, first) + 1])
        return met


def apart(ranges: Spans) -> Spans:
    """Return ranges in order, with those joined that overlap or touch. Raises ValueError for a value outside a wide field."""
    for low, high in ranges:
        if low < 0 or high > _TOP:
            raise ValueError(f"an address goes from 0 to {_TOP}: {low}-{high} does not fit")
    if len(ranges) == 1 and ranges[0][0] <= ranges[0][1]:
        return ranges
    return tuple(joined(span for span in ranges if span[0] <= span[1]))


def _cuts(boxes: Sequence[Box], level: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the last value of each interval of a field, and which boxes hold it, in their order."""
    edges: list[tuple[int, int]] = []  # a value, and the rank of the box that begins there, or ~rank of one that has ended
    for rank, box in enumerate(boxes):
        spans = box.source if level else box.target
        for low, high in ((0, _TOP),) if spans is None else spans:
            edges += ((low, rank), (high + 1, ~rank))
    edges.sort()
    held: list[int] = []
    past = 0
    for value, rank in edges:
        if value > past:
            yield value - 1, tuple(held)
            past = value
        if rank >= 0:
            insort(held, rank)
        else:
            del held[bisect_left(held, ~rank)]
    if past <= _TOP:
        yield _TOP, ()
