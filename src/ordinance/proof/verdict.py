"""The verdict of a proof: proved, violation with a packet, or cannot prove with the packet and what it hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ordinance.proof import wording
from ordinance.proof.collector import held_off
from ordinance.proof.groups import Acceptor, Group, accepted_by, doubts, groups
from ordinance.proof.policy import Policy
from ordinance.proof.space import NONE, Point, Set
from ordinance.proof.typical import Example, example, single
from ordinance.proof.walk import Outcome
from ordinance.proof.world import plausible_new


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A packet that the policy does not allow."""

    sentence: str
    packet: Point  #: every field, as the hook sees it (after destination NAT)
    original: Point  #: as it came in; the same when no NAT met it
    by: tuple[Acceptor, ...]
    hook: str


@dataclass(frozen=True, slots=True)
class Proved:
    """Nothing that may pass is outside the policy."""

    told: str
    readings: tuple[str, ...]
    families: tuple[int, ...]  #: for which it holds: both
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Violation:
    """Packets outside the policy pass, whatever the unknowns are."""

    counterexample: Counterexample
    groups: tuple[Group, ...]  #: everything that violates, by accepting rule
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CannotProve:
    """Packets outside the policy may pass, or nobody can tell; `reasons` is never empty."""

    reasons: tuple[str, ...]
    counterexample: Counterexample | None = None
    groups: tuple[Group, ...] = field(default=())
    readings: tuple[str, ...] = ()


Verdict = Proved | Violation | CannotProve


@held_off()
def prove(outcomes: Sequence[Outcome], policy: Policy, refused: Sequence[str] = ()) -> Verdict:
    """Judge what passes one device: all of its hooks together.

    `refused`: why the listing is not to be trusted, if the gate found a reason; then nothing can be proved or disproved.
    """
    if not outcomes:
        return CannotProve(("there is nothing to judge: no hook was walked",))
    readings = policy.readings(outcomes[0].ruleset.stateful)
    cases = [_Case(outcome, policy) for outcome in outcomes]
    if refused:
        return CannotProve(tuple(refused), readings=readings)
    violated = [case for case in cases if case.violating != NONE]
    if violated:
        found = tuple(group for case in violated for group in groups(case.outcome, case.violating))
        return Violation(violated[0].counterexample(violated[0].violating), found, readings)
    doubtful = [case for case in cases if case.reasons()]
    if doubtful:
        return _cannot(doubtful, readings)
    return Proved(_told(outcomes), readings, (0, 1), outcomes[0].ruleset.notes)


def violating(outcome: Outcome, policy: Policy) -> Set:
    """Return the packets that pass one hook for certain and are outside the policy."""
    return _Case(outcome, policy).violating


def _cannot(cases: Sequence[_Case], readings: tuple[str, ...]) -> CannotProve:
    reasons = tuple(dict.fromkeys(reason for case in cases for reason in case.reasons()))
    shown = next((case for case in cases if case.doubtful != NONE), None)
    found = tuple(group for case in cases for group in groups(case.outcome, case.doubtful))
    return CannotProve(reasons, shown.counterexample(shown.doubtful) if shown else None, found, readings)


def _told(outcomes: Sequence[Outcome]) -> str:
    rules = sum(len(chain.rules) for chain in outcomes[0].ruleset.chains.values())
    hooks = " and ".join(outcome.hook for outcome in outcomes)
    return f"of all packets from outside, by IPv4 and by IPv6, only those that the policy allows pass {hooks} ({rules} rules)"


class _Case:
    """One hook of one ruleset against the policy."""

    def __init__(self, outcome: Outcome, policy: Policy) -> None:
        self.outcome = outcome
        self._policy = policy
        space = outcome.space
        allowed = policy.allowed(space, outcome.ruleset.stateful)
        self.doubtful: Set = space.minus(outcome.may, allowed)
        self._tainted: Set = space.both(outcome.tainted, policy.from_outside(space))
        certain = NONE if outcome.taints else space.minus(space.minus(outcome.must, allowed), outcome.tainted)
        self.violating: Set = space.both(certain, plausible_new(space)) if certain != NONE else NONE

    def reasons(self) -> tuple[str, ...]:
        """Return why nothing can be proved here."""
        found = [f"{taint}" for taint in self.outcome.taints]
        if self.doubtful != NONE:
            shown = self._example(self.doubtful)
            hangs = doubts(self.outcome, single(self.outcome.space, shown.point))
            said = "; it hangs on " + ", ".join(hangs) if hangs else ""
            found.append(f"{self._sentence(shown, self._by(shown), 'may be accepted')}{said}")
        if self._tainted != NONE:
            case = example(self.outcome, self._tainted, self._policy)
            met = doubts(self.outcome, single(self.outcome.space, case.point)) if case else ()
            found.append(f"what becomes of some packets is not followed: {', '.join(met) or 'they are rewritten'}")
        return tuple(found)

    def counterexample(self, of: Set) -> Counterexample:
        """Return an ordinary packet of a set that is not empty, and who accepts it."""
        case = self._example(of)
        by = self._by(case)
        certain = self.violating != NONE
        sentence = self._sentence(case, by, "is accepted" if certain else "may be accepted")
        return Counterexample(sentence, case.point, self._original(case.point), by, self.outcome.hook)

    def _example(self, of: Set) -> Example:
        found = example(self.outcome, of, self._policy)
        if found is None:
            raise ValueError("no packet of an empty set can be shown")
        return found

    def _by(self, case: Example) -> tuple[Acceptor, ...]:
        found, _ = accepted_by(self.outcome, single(self.outcome.space, case.point))
        by = found[0][0] if found else ()
        return tuple(acceptor for acceptor in by if acceptor.rule is not None) or by

    def _sentence(self, case: Example, accepting: tuple[Acceptor, ...], fate: str) -> str:
        original = self._original(case.point)
        subject = wording.packet(original, case.free, case.when)
        changed = case.point.get("nat", 0)
        nat = f", rewritten to {wording.target(case.point)} by {self._rewriter(changed)}," if changed else ""
        by = " and by ".join(map(str, accepting))
        who = f"by {by}" if by else f"because no chain of hook {self.outcome.hook} decides over it"
        itself = " for the firewall itself" if self.outcome.hook == "input" else ""
        return f"{subject}{itself}{nat} {fate} {who}"

    def _rewriter(self, number: int) -> str:
        rule = self.outcome.rewrites[number - 1].rule
        where = f"handle {rule.where.handle}" if rule.where.handle is not None else str(rule.where)
        return f"rule {where} ({wording.plain(rule.text)})"

    def _original(self, point: Point) -> Point:
        """Return a packet that destination NAT makes into this one."""
        number = point.get("nat", 0)
        if not number:
            return point
        space = self.outcome.space
        rewrite = self.outcome.rewrites[number - 1]
        same = single(space, {**point, "nat": 0}, rewrite.changed())
        found = space.witness(space.both(rewrite.before, same))
        return {**point, "nat": 0, **(found or {})}
