"""First-match lists of boxes as diagrams, many boxes at once: neither a box nor what two of them make becomes a diagram."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ordinance.proof.combine import Combiner
from ordinance.proof.fields import FIELDS, Range
from ordinance.proof.nodes import NONE, joined

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

    def meets_box(self, of: int, box: Box) -> bool:
        """Whether something is in both a set and a box. Makes no node."""
        met = self._beside(of, 0, box.target)
        if len(met) > FEW:  # a diagram, for which an answer is remembered, and which other boxes share
            inner = self._laid([box], 1)
            return any(self.meets(kid, inner) for kid in met)
        return any(self.meets(kid, box.then) for each in met for kid in self._beside(each, 1, box.source))

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
