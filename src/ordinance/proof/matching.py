"""Match trees as sets: what may match, and what must.

An unknown is a variable of the space when the same selector stands in several places, so that those hold together. One that
stands in a single place is settled there: it may match everything and must match nothing. So it is for all of them when there
are very many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ordinance.proof.fields import TOP, Range
from ordinance.proof.ir import All, Either, In, Mask, Match, Not, Ruleset, Statement, Unknown, VerdictMap
from ordinance.proof.masks import mask_ranges
from ordinance.proof.overlay import Box
from ordinance.proof.space import EVERY, NONE, Set, Space

#: More variables than this can make sets explode; the rest is settled where it stands, which proves less, never more.
MOST_VARIABLES = 48
MATCHES = (In, Mask, Unknown, All, Either, Not)


class Extent(NamedTuple):
    """The packets that may match, and those that do whatever the unknowns are. Equal when nothing is unknown."""

    may: Set
    must: Set


class Matcher:
    """Turns match trees into sets of one space."""

    def __init__(self, space: Space, shared: Iterable[str]) -> None:
        self.space = space
        self._shared = frozenset(shared)
        self.variables: set[str] = set()  #: those in use, to be quantified away at the end

    def extent(self, match: Match) -> Extent:
        """Return what may and what must match a tree."""
        if isinstance(match, In):
            found = self.space.ranges(match.field, match.ranges)
            return Extent(found, found)
        if isinstance(match, All):
            return self.every(match.parts)
        if isinstance(match, Either):
            return self._either(match.parts)
        if isinstance(match, Not):
            may, must = self.extent(match.part)
            return Extent(self.space.complement(must), self.space.complement(may))
        if isinstance(match, Mask):
            masked = self.space.masked(match.field, match.mask, match.value)
            return Extent(masked, masked) if masked is not None else self._unknown(_scattered(match), False)
        return self._unknown(match.selector, match.fresh)

    def plain(self, parts: Iterable[Match], leaf: int) -> int | Box | None:
        """Return the decision `leaf` over what matches all of the trees, when they are interval tests only; else None."""
        plain, others = self._split(parts)
        return None if others else self.space.plain(plain, leaf)

    def every(self, parts: Iterable[Match]) -> Extent:
        """Return what may and what must match all of the trees."""
        plain, others = self._split(parts)
        may = must = self.space.box(plain)
        for part in others:
            extent = self.extent(part)
            same = may == must and extent.may == extent.must
            may = self.space.both(may, extent.may)
            must = may if same else self.space.both(must, extent.must)
        return Extent(may, must)

    @staticmethod
    def _split(parts: Iterable[Match]) -> tuple[dict[str, tuple[tuple[int, int], ...]], list[Match]]:
        """Take apart nested conjunctions: one plain interval test a field, and the rest."""
        plain: dict[str, tuple[tuple[int, int], ...]] = {}
        others: list[Match] = []
        waiting = list(parts)
        while waiting:
            part = waiting.pop()
            if isinstance(part, All):
                waiting.extend(part.parts)
            elif isinstance(part, In) and plain.setdefault(part.field, part.ranges) == part.ranges:
                continue
            else:
                others.append(part)
        return plain, others

    def _either(self, parts: tuple[Match, ...]) -> Extent:
        if parts and all(isinstance(part, In) for part in parts):
            tests = [part for part in parts if isinstance(part, In)]
            if all(test.field == tests[0].field for test in tests):
                found = self.space.ranges(tests[0].field, [span for test in tests for span in test.ranges])
                return Extent(found, found)
        extents = [self.extent(part) for part in parts]
        may = self.space.any_of([extent.may for extent in extents])
        if all(extent.may == extent.must for extent in extents):
            return Extent(may, may)
        return Extent(may, self.space.any_of([extent.must for extent in extents]))

    def _unknown(self, selector: str, fresh: bool) -> Extent:
        if fresh or selector not in self._shared:
            return Extent(EVERY, NONE)
        self.variables.add(selector)
        found = self.space.variable(selector)
        return Extent(found, found)


def _scattered(match: Mask) -> str:
    return f"{match.field} & {match.mask:#x} == {match.value:#x}"


def unknowns(statements: Iterable[Statement]) -> Iterator[Unknown]:
    """Yield the unknown matches in some statements, those in verdict maps too; a mask too scattered for a set is one."""
    for test in tests(statements):
        if isinstance(test, Unknown):
            yield test
        elif isinstance(test, Mask) and mask_ranges(test.mask, test.value, TOP[test.field]) is None:
            yield Unknown(_scattered(test))


def tests(statements: Iterable[Statement]) -> Iterator[In | Mask | Unknown]:
    """Yield the leaves of all match trees in some statements."""
    waiting: list[Match] = []
    for statement in statements:
        if isinstance(statement, MATCHES):
            waiting.append(statement)
        elif isinstance(statement, VerdictMap):
            waiting += [match for match, _ in statement.entries]
    while waiting:
        match = waiting.pop()
        if isinstance(match, All | Either):
            waiting += match.parts
        elif isinstance(match, Not):
            waiting.append(match.part)
        else:
            yield match


def said(ruleset: Ruleset) -> Iterator[tuple[Statement, int]]:
    """Yield every statement of a ruleset, with the number of rules that say it, for readers give rules the same object."""
    rules = [rule for chain in ruleset.chains.values() for rule in chain.rules]
    times = Counter(id(statement) for rule in rules for statement in rule.statements)
    for statement in {id(statement): statement for rule in rules for statement in rule.statements}.values():
        yield statement, times[id(statement)]


class Survey(NamedTuple):
    """What has to be known of a whole ruleset before it is walked."""

    selectors: Counter[str]  #: of its unknowns that are not fresh, with the number of rules that say them
    interfaces: dict[str, tuple[Range, ...]]  #: the single ones that it names, of `iif` and `oif`


def survey(ruleset: Ruleset) -> Survey:
    """Look through a ruleset once."""
    selectors: Counter[str] = Counter()
    named: dict[tuple[str, Range], None] = {}
    for statement, times in said(ruleset):
        for test in tests((statement,)):
            if not isinstance(test, In):
                selectors.update({found.selector: times for found in unknowns((test,)) if not found.fresh})
            elif test.field in ("iif", "oif"):
                named.update(((test.field, span), None) for span in test.ranges if span[0] == span[1])
    return Survey(selectors, {field: tuple(span for name, span in named if name == field) for field in ("iif", "oif")})


def shared_unknowns(surveys: Iterable[Survey]) -> frozenset[str]:
    """Return the selectors that stand in several places, at most `MOST_VARIABLES` of them, the most frequent first."""
    counted = sum((found.selectors for found in surveys), Counter[str]())
    return frozenset(selector for selector, times in counted.most_common(MOST_VARIABLES) if times > 1)
