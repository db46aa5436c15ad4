"""Rules and chains as segments: for any row of rules, which packets it accepts, sends back, lets go on.

A chain is summed up once, however often it is jumped to. Segments of neighbours are joined, then those of neighbours of these,
so that sets stay small for longest. Every set of a segment is "may": with unknowns they overlap, without they are a partition.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from ordinance.proof.ir import Either, Havoc, Kind, Nat, Notrack, Rule, Statement, Taint, Verdict, VerdictMap
from ordinance.proof.matching import MATCHES, Matcher
from ordinance.proof.space import EVERY, MANY, NONE, Set, Space

#: Rules of one block: few enough to be asked one by one.
BLOCK = 128
#: Decisions in diagrams
ACCEPT, DROP, BACK = 1, 2, 3
_LEAVES = {Kind.ACCEPT: ACCEPT, Kind.DROP: DROP, Kind.REJECT: DROP, Kind.RETURN: BACK}


class Segment(NamedTuple):
    """What a row of rules may do to the packets that meet it."""

    accept: Set
    back: Set  #: leaves the chain by `return`
    on: Set  #: goes on behind the row
    drop: Set | None  #: None: exactly all others, nothing is unknown
    taint: Set = NONE  #: meets an effect that is not followed
    notrack: Set = NONE


def translated(space: Space, nat: Nat, of: Set) -> Set:
    """Return those packets that a translation is for: one to an address of another family lets them go on."""
    return of if nat.family is None else space.both(of, space.ranges("family", [(nat.family, nat.family)]))


PASS = Segment(NONE, NONE, EVERY, None)


class Simple(NamedTuple):
    """A rule of matches and one plain verdict, as decisions: over what it may match, and over what it must."""

    leaf: int
    may: int
    must: int


class Block(NamedTuple):
    """A run of rules, for those who follow packets through a chain (see `trace`)."""

    rules: tuple[Rule, ...]
    touched: Set  #: the packets to which some of the rules may do something
    stopped: Set  #: the packets that for certain do not come to its end


class Summary:
    """Sums up chains, each after those it jumps to."""

    def __init__(self, space: Space, matcher: Matcher) -> None:
        self.space = space
        self.matcher = matcher
        self.chains: dict[str, Segment] = {}
        self.blocks: dict[str, list[Block]] = {}

    def touched(self, segment: Segment) -> Set:
        """Return the packets to which a row of rules may do something."""
        parts = (segment.accept, segment.back, self.dropped(segment), segment.taint, segment.notrack)
        return self.space.any_of(parts)

    def dropped(self, segment: Segment) -> Set:
        """Return what a segment may drop."""
        if segment.drop is not None:
            return segment.drop
        space = self.space
        return space.complement(space.either(segment.accept, space.either(segment.back, segment.on)))

    def chain(self, key: str, rules: tuple[Rule, ...]) -> Segment:
        """Sum up a chain and remember it; the chains that it jumps to must have been summed up before."""
        row: list[Segment] = []
        for simple, run in groupby(map(self._simple, rules), key=lambda found: isinstance(found, Simple)):
            if simple:
                row.append(self._decided([found for found in run if isinstance(found, Simple)]))
            else:
                row += [found for found in run if isinstance(found, Segment)]
        while len(row) > 1:
            pairs = [self.then(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
            row = pairs + row[len(pairs) * 2 :]
            if len(row) > MANY:
                self.space.forget()
        found = self.chains[key] = row[0] if row else PASS
        return found

    def _simple(self, rule: Rule) -> Simple | Segment:
        """Return a rule of matches and one plain verdict, as nearly every rule is, as a decision; others as segments."""
        *matches, last = rule.statements or (None,)
        leaf = _LEAVES.get(last.kind) if isinstance(last, Verdict) else None
        if leaf is None or not all(isinstance(match, MATCHES) for match in matches):
            return self.rule(rule.statements)
        found = self.matcher.plain(matches, leaf)  # type: ignore[arg-type]
        if found is not None:
            return Simple(leaf, found, found)
        may, must = self.matcher.every(matches)  # type: ignore[arg-type]
        first = self.space.decision(may, leaf)
        return Simple(leaf, first, first if may == must else self.space.decision(must, leaf))

    def _decided(self, run: list[Simple]) -> Segment:
        """Return a run of simple rules as one segment.

        Where something is unknown, a packet may be accepted if it is when every accepting rule matches as far as it may, and
        every other one only where it must; so for each verdict. Each rule is met once, so no truth of the unknowns does more.
        """
        space = self.space
        leaves = {rule.leaf for rule in run}
        exact = all(rule.may == rule.must for rule in run)
        certain = space.first_of([rule.must for rule in run])
        sets = dict.fromkeys((ACCEPT, DROP, BACK), NONE)
        for leaf in leaves:
            if exact and leaf == DROP:
                continue
            best = certain if exact else space.first_of([rule.may if rule.leaf == leaf else rule.must for rule in run])
            sets[leaf] = space.decided(best, leaf)
        return Segment(sets[ACCEPT], sets[BACK], space.decided(certain, NONE), None if exact else sets[DROP])

    def then(self, first: Segment, second: Segment) -> Segment:
        """Join two neighbours."""
        both, either = self.space.both, self.space.either
        on = first.on
        drop = None
        if first.drop is not None or second.drop is not None:
            drop = either(self.dropped(first), both(on, self.dropped(second)))
        return Segment(
            either(first.accept, both(on, second.accept)),
            either(first.back, both(on, second.back)),
            both(on, second.on),
            drop,
            either(first.taint, both(on, second.taint)),
            either(first.notrack, both(on, second.notrack)),
        )

    def rule(self, statements: tuple[Statement, ...]) -> Segment:
        """Return the segment of one rule."""
        lead = 0
        while lead < len(statements) and isinstance(statements[lead], MATCHES):
            lead += 1
        may, must = self.matcher.every(statements[:lead])  # type: ignore[arg-type]
        if len(statements) == lead + 1 and isinstance(verdict := statements[lead], Verdict):
            simple = self._plain(verdict.kind, may, must)
            if simple is not None:
                return simple
        course = _Course(self, may, must)
        for statement in statements[lead:]:
            course.meet(statement)
        return course.end()

    def _plain(self, kind: Kind, may: Set, must: Set) -> Segment | None:
        """Matches and one plain verdict: nearly every rule."""
        on = self.space.complement(must)
        exact = may == must
        if kind is Kind.ACCEPT:
            return Segment(may, NONE, on, None if exact else NONE)
        if kind in (Kind.DROP, Kind.REJECT):
            return Segment(NONE, NONE, on, None if exact else may)
        if kind is Kind.RETURN:
            return Segment(NONE, may, on, None if exact else NONE)
        return None


class _Course:
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
