"""Rules and chains as segments: for any row of rules, which packets it accepts, sends back, lets go on.

A chain is summed up once, however often it is jumped to. Segments of neighbours are joined, then those of neighbours of these,
so that sets stay small for longest. Every set of a segment is "may": with unknowns they overlap, without they are a partition.
"""

from __future__ import annotations

from itertools import groupby

from ordinance.proof.course import Course
from ordinance.proof.ir import Kind, Rule, Statement, Verdict
from ordinance.proof.matching import MATCHES, Matcher
from ordinance.proof.segment import PASS, Segment, Simple
from ordinance.proof.space import EVERY, MANY, NONE, Set, Space

#: Simple rules that are laid over one another in one go; longer runs of much shadowing blow up before they shrink
RUN = 1024
#: Decisions in diagrams
ACCEPT, DROP, BACK = 1, 2, 3
#: What the policy of a base chain does to whatever comes to its end
_POLICIES = {Kind.ACCEPT: Segment(EVERY, NONE, NONE, None), Kind.DROP: Segment(NONE, NONE, NONE, None)}
_LEAVES = {Kind.ACCEPT: ACCEPT, Kind.DROP: DROP, Kind.REJECT: DROP, Kind.RETURN: BACK}


class Summary:
    """Sums up chains, each after those it jumps to."""

    def __init__(self, space: Space, matcher: Matcher) -> None:
        self.space = space
        self.matcher = matcher
        self.chains: dict[str, Segment] = {}
        self.parts: dict[str, list[Simple | Segment]] = {}  #: of each chain, rule by rule
        self._rows: dict[str, list[Segment]] = {}  #: of chains that were settled

    def touched(self, segment: Segment) -> Set:
        """Return the packets to which a row of rules may do something."""
        parts = (segment.accept, segment.back, self.dropped(segment), segment.taint, segment.notrack)
        return self.space.any_of(parts)

    def concerns(self, part: Simple | Segment, packets: Set) -> bool:
        """Whether a rule may do something to some of `packets`."""
        return self.space.meets(packets, part.may if isinstance(part, Simple) else self.touched(part))

    def dropped(self, segment: Segment) -> Set:
        """Return what a segment may drop."""
        if segment.drop is not None:
            return segment.drop
        space = self.space
        return space.complement(space.either(segment.accept, space.either(segment.back, segment.on)))

    def chain(self, key: str, rules: tuple[Rule, ...], policy: Kind | None = None) -> Segment:
        """Sum up a chain and remember it; the chains that it jumps to must have been summed up before.

        `policy`: of a base chain to which nothing jumps; it is settled here, from the last rules to the first. Then what later
        rules drop is as good as what the policy drops, and the sets stay small where most rules are shadowed.
        """
        parts = self.parts[key] = [self._simple(rule) for rule in rules]
        row: list[Segment] = []
        for simple, run in groupby(parts, key=lambda found: isinstance(found, Simple)):
            if simple:
                decided = [found for found in run if isinstance(found, Simple)]
                row += [self._decided(decided[at : at + RUN]) for at in range(0, len(decided), RUN)]
            else:
                row += [found for found in run if isinstance(found, Segment)]
        found = self.chains[key] = self._joined(row) if policy is None else self._settled(key, row, policy)
        return found

    def _joined(self, row: list[Segment]) -> Segment:
        while len(row) > 1:
            pairs = [self.then(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
            row = pairs + row[len(pairs) * 2 :]
            if len(row) > MANY:
                self.space.forget()
        return row[0] if row else PASS

    def _settled(self, key: str, row: list[Segment], policy: Kind) -> Segment:
        self._rows[key] = row
        found = _POLICIES[policy]
        for segment in reversed(row):
            found = self.then(self._returned(segment, policy), found)
        return found

    def _returned(self, segment: Segment, policy: Kind) -> Segment:
        """Let the policy decide over what returns."""
        if segment.back == NONE:
            return segment
        if policy is Kind.ACCEPT:
            return segment._replace(accept=self.space.either(segment.accept, segment.back), back=NONE)
        drop = None if segment.drop is None else self.space.either(segment.drop, segment.back)
        return segment._replace(drop=drop, back=NONE)

    def ended(self, key: str, packets: Set) -> Set:
        """Return those of some packets that may come to a chain's end, or return from it."""
        both, either = self.space.both, self.space.either
        left, returned = packets, NONE
        for segment in self._rows.get(key, [self.chains[key]]):
            returned = either(returned, both(left, segment.back))
            left = both(left, segment.on)
        return either(left, returned)

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
        course = Course(self, may, must)
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
