"""A packet's way through one rule, statement by statement."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ordinance.proof.ir import Either, Havoc, Kind, Nat, Notrack, Statement, Taint, Verdict, VerdictMap
from ordinance.proof.matching import MATCHES
from ordinance.proof.segment import Segment, translated
from ordinance.proof.space import NONE, Set

if TYPE_CHECKING:
    from ordinance.proof.segments import Summary


class Course:
    """A packet's way through one rule: how far it may have come, and where it may have left."""

    def __init__(self, summary: Summary, may: Set, must: Set) -> None:
        self._summary = summary
        self._space = summary.space
        self._reach = may
        self._exact = may == must
        self._on = self._space.complement(must)
        self._accept = self._back = self._drop = self._taint = self._notrack = NONE

    def meet(self, statement: Statement) -> None:
        """Pass one statement."""
        if isinstance(statement, MATCHES):
            self._match(*self._summary.matcher.extent(statement))
        elif isinstance(statement, Verdict):
            self._reach = self._verdict(statement, self._reach)
        elif isinstance(statement, VerdictMap):
            self._map(statement)
        elif isinstance(statement, Havoc):
            self._havoc()
        elif isinstance(statement, Taint):
            self._taint = self._space.either(self._taint, self._reach)
        elif isinstance(statement, Notrack):
            self._notrack = self._space.either(self._notrack, self._reach)
        elif isinstance(statement, Nat):
            mine = translated(self._space, statement, self._reach)
            self._verdict(Verdict(Kind.ACCEPT), mine)
            self._reach = self._space.minus(self._reach, mine)

    def end(self) -> Segment:
        """Return what became of all packets; those that came to the end go on to the next rule."""
        on = self._space.either(self._on, self._reach)
        drop = None if self._exact else self._drop
        return Segment(self._accept, self._back, on, drop, self._taint, self._notrack)

    def _match(self, may: Set, must: Set) -> None:
        self._exact = self._exact and may == must
        self._on = self._space.either(self._on, self._space.minus(self._reach, must))
        self._reach = self._space.both(self._reach, may)

    def _verdict(self, verdict: Verdict, reach: Set) -> Set:
        """Let a verdict befall the packets of `reach`; return those that go on within the rule."""
        either = self._space.either
        if verdict.kind is Kind.CONTINUE:
            return reach
        if verdict.kind is Kind.ACCEPT:
            self._accept = either(self._accept, reach)
        elif verdict.kind in (Kind.DROP, Kind.REJECT):
            self._drop = either(self._drop, reach)
        elif verdict.kind is Kind.RETURN:
            self._back = either(self._back, reach)
        else:
            self._call(self._summary.chains[verdict.target], reach, verdict.kind is Kind.GOTO)
        return NONE

    def _call(self, called: Segment, reach: Set, goto: bool) -> None:
        both, either = self._space.both, self._space.either
        self._accept = either(self._accept, both(reach, called.accept))
        self._drop = either(self._drop, both(reach, self._summary.dropped(called)))
        self._taint = either(self._taint, both(reach, called.taint))
        self._notrack = either(self._notrack, both(reach, called.notrack))
        self._exact = self._exact and called.drop is None
        ended = both(reach, either(called.back, called.on))
        if goto:
            self._back = either(self._back, ended)
        else:
            self._on = either(self._on, ended)

    def _map(self, found: VerdictMap) -> None:
        """Entry by entry; what has been met for certain is gone for the next, what misses them all leaves the rule."""
        space = self._space
        left, going_on = self._reach, NONE
        for verdict, entries in groupby(found.entries, key=lambda entry: entry[1]):
            may, must = self._summary.matcher.extent(Either(tuple(match for match, _ in entries)))
            self._exact = self._exact and may == must
            going_on = space.either(going_on, self._verdict(verdict, space.both(left, may)))
            left = space.minus(left, must)
        self._on = space.either(self._on, left)
        self._reach = going_on

    def _havoc(self) -> None:
        either = self._space.either
        self._exact = False
        self._accept = either(self._accept, self._reach)
        self._drop = either(self._drop, self._reach)
        self._back = either(self._back, self._reach)
        self._on = either(self._on, self._reach)
