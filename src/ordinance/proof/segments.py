"""Rules and chains as segments: for any row of rules, which packets it accepts, sends back, lets go on.

A chain is summed up once, however often it is jumped to. Segments of neighbours are joined, then those of neighbours of these,
so that sets stay small for longest. Every set of a segment is "may": with unknowns they overlap, without they are a partition.
"""

from __future__ import annotations

from ordinance.proof.course import Course
from ordinance.proof.ir import Kind, Rule, Statement, Verdict
from ordinance.proof.matching import MATCHES, Matcher
from ordinance.proof.segment import ACCEPT, BACK, DROP, PASS, Run, Segment, Simple
from ordinance.proof.shadow import reached
from ordinance.proof.space import EVERY, MANY, NONE, Set, Space

#: Simple rules that are laid over one another in one go; longer runs of much shadowing blow up before they shrink
RUN = 1024
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
        self._rows: dict[str, list[Segment | Run]] = {}  #: of settled chains; none: to be made again when somebody asks

    def touched(self, segment: Segment) -> Set:
        """Return the packets to which a row of rules may do something."""
        parts = (segment.accept, segment.back, self.dropped(segment), segment.taint, segment.notrack)
        return self.space.any_of(parts)

    def concerns(self, part: Simple | Segment, packets: Set) -> bool:
        """Whether a rule may do something to some of `packets`."""
        return part is not PASS and self.space.meets(packets, part.may if isinstance(part, Simple) else self.touched(part))

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
        parts = [self._simple(rule) for rule in rules]
        mark = self.space.mark()
        parts = self.parts[key] = reached(self.space, parts)
        if policy is None:
            found = self._joined([self._segment(self._summed(run)) for run in _runs(parts)])
        else:
            found = self._settled(key, policy, mark)
        self.chains[key] = found
        return found

    def _joined(self, row: list[Segment]) -> Segment:
        while len(row) > 1:
            pairs = [self.then(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
            row = pairs + row[len(pairs) * 2 :]
            if len(row) > MANY:
                self.space.forget()
        return row[0] if row else PASS

    def _settled(self, key: str, policy: Kind, mark: int) -> Segment:
        """Lay what is exact over the policy as decisions, from the end; from the first unknown on join segments."""
        decisions = leaf = _LEAVES[policy]
        found = None
        row: list[Segment | Run] = []
        for run in reversed(_runs(self.parts[key])):
            part = self._summed(run)
            exact = self._exact(part) if found is None else None
            if exact is not None:
                decisions = self.space.over(self.space.renamed(exact, BACK, leaf), decisions)
            else:
                found = self.then(self._returned(self._segment(part), policy), found or self._accepting(decisions))
            row += [part] if policy is Kind.ACCEPT else []
            self.space.release(mark, [decisions, *_sets([*row, *([found] if found else [])])])
        self._rows[key] = row[::-1]
        return found or self._accepting(decisions)

    def _accepting(self, decisions: int) -> Segment:
        """Return a settled chain: it accepts what it decides so, and drops all others."""
        return Segment(self.space.decided(decisions, ACCEPT), NONE, NONE, None)

    def _exact(self, part: Segment | Run) -> int | None:
        """Return the decisions of a part, if they are all that it does."""
        if isinstance(part, Run):
            return part.decisions
        if part.drop is not None or part.taint != NONE or part.notrack != NONE:
            return None
        space = self.space
        sets = ((part.accept, ACCEPT), (part.back, BACK), (self.dropped(part), DROP))
        return space.first_of([space.decision(of, leaf) for of, leaf in sets])

    def _segment(self, part: Segment | Run) -> Segment:
        if isinstance(part, Segment):
            return part
        accept, back, on = (self.space.decided(part.decisions, leaf) for leaf in (ACCEPT, BACK, NONE))
        return Segment(accept, back, on, None)

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
        row: list[Segment | Run] = [self.chains[key]]
        if key in self._rows:
            row = self._rows[key] = self._rows[key] or [self._summed(run) for run in _runs(self.parts[key])]
        for segment in map(self._segment, row):
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

    def _summed(self, run: list[Simple] | Segment) -> Segment | Run:
        """Return what a run of simple rules does, or the segment that stands alone."""
        return run if isinstance(run, Segment) else self._decided(run)

    def _decided(self, run: list[Simple]) -> Segment | Run:
        """Return what a run of simple rules does.

        Where something is unknown, a packet may be accepted if it is when every accepting rule matches as far as it may, and
        every other one only where it must; so for each verdict. Each rule is met once, so no truth of the unknowns does more.
        """
        space = self.space
        certain = space.first_of([rule.must for rule in run])
        if all(rule.may == rule.must for rule in run):
            return Run(certain)
        sets = dict.fromkeys((ACCEPT, DROP, BACK), NONE)
        for leaf in {rule.leaf for rule in run}:
            best = space.first_of([rule.may if rule.leaf == leaf else rule.must for rule in run])
            sets[leaf] = space.decided(best, leaf)
        return Segment(sets[ACCEPT], sets[BACK], space.decided(certain, NONE), sets[DROP])

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


def _runs(parts: list[Simple | Segment]) -> list[list[Simple] | Segment]:
    """Take a chain apart: runs of simple rules, not too long, and the others one by one."""
    found: list[list[Simple] | Segment] = []
    for part in parts:
        if part is PASS:
            continue
        if isinstance(part, Segment):
            found.append(part)
        elif found and isinstance(run := found[-1], list) and len(run) < RUN:
            run.append(part)
        else:
            found.append([part])
    return found


def _sets(row: list[Segment | Run]) -> list[Set]:
    return [of for part in row for of in part if of is not None]
