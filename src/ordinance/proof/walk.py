"""The walk: what passes a hook, over its base chains in order, after prerouting and its NAT.

Accepting ends a base chain and leads to the next one of the hook; dropping is final. What passes is therefore what every base
chain lets pass. Destination NAT of prerouting comes first and rewrites the packet that the later chains see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ordinance.proof.collector import held_off
from ordinance.proof.fields import Range
from ordinance.proof.ir import Base, Kind, Ruleset
from ordinance.proof.matching import Matcher, shared_unknowns, survey
from ordinance.proof.order import called_first, own_policies
from ordinance.proof.rewrite import SET_UP, Rewrite, rewrites
from ordinance.proof.segment import Segment
from ordinance.proof.segments import Summary
from ordinance.proof.space import NONE, Set, Space
from ordinance.proof.world import NOT_TRACKED_YET, packets, untracked

HOOKS = ("input", "forward")
#: Priority of the kernel's destination NAT (NF_IP_PRI_NAT_DST), whatever the priority of the nat chain.
DSTNAT = -100
#: Priority of connection tracking (NF_IP_PRI_CONNTRACK): a `ct state` read before it is never new or established.
CONNTRACK = -200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of all packets at one hook. Sets are of packets as the hook sees them, after destination NAT (`nat`)."""

    walk: Walk
    ruleset: Ruleset
    hook: str
    world: Set  #: packets that there can be at all
    may: Set  #: those that may pass: for some truth of the unknowns
    must: Set  #: those that pass whatever the unknowns are
    tainted: Set  #: those that may have met an effect which is not followed
    rewrites: tuple[Rewrite, ...]  #: the destination NAT that was met, number 1 of `nat` first

    @property
    def space(self) -> Space:
        """The space of the sets."""
        return self.walk.space

    @property
    def taints(self) -> tuple[str, ...]:
        """What may decide over any packet without being followed."""
        return self.ruleset.taints


@dataclass(frozen=True, slots=True)
class _Flow:
    """Packets under way, in sets over the unknowns as well."""

    world: Set
    passed: Set
    dropped: Set
    tainted: Set = NONE
    notrack: Set = NONE


class Walk:
    """Walks rulesets in one space, so that their outcomes can be compared."""

    def __init__(self, rulesets: Sequence[Ruleset], space: Space | None = None) -> None:
        self.space = space or Space()
        self._surveys = {id(ruleset): survey(ruleset) for ruleset in rulesets}
        self.matcher = Matcher(self.space, shared_unknowns(self._surveys.values()))
        self._summaries: dict[int, Summary] = {}

    def summary(self, ruleset: Ruleset) -> Summary:
        """Return the summed-up chains of a ruleset. Raises DataError for jumps to nowhere or in a circle."""
        found = self._summaries.get(id(ruleset))
        if found is None:
            found = self._summaries[id(ruleset)] = Summary(self.space, self.matcher)
            policies = own_policies(ruleset)
            for chain in called_first(ruleset):
                found.chain(chain.key, chain.rules, policies.get(chain.key))
            self.space.forget()
        return found

    def singles(self, ruleset: Ruleset) -> dict[str, tuple[Range, ...]]:
        """Return the single interfaces that a ruleset names, by field."""
        found = self._surveys.get(id(ruleset))
        if found is None:
            found = self._surveys[id(ruleset)] = survey(ruleset)
        return found.interfaces

    @held_off()
    def path(self, ruleset: Ruleset, hook: str) -> Outcome:
        """Walk prerouting and then `hook` ("input" or "forward"). Raises DataError for a ruleset that no kernel would load."""
        self.summary(ruleset)  # its errors come before any answer, even where no base chain calls a chain
        world = packets(self.space, ruleset, hook)
        flow = _Flow(world, world, NONE)
        made: tuple[Rewrite, ...] = ()
        for base in bases(ruleset, "prerouting"):
            if base.nat:
                flow, made = self._translate(ruleset, base, flow, made)
            else:
                flow = self._before_routing(ruleset, base, flow)
        for base in judged(ruleset, hook):
            flow = self._chain(ruleset, base, flow)
        variables = self.matcher.variables
        may = self.space.exists(flow.passed, variables)
        must = may if self._exact(ruleset, hook) else self.space.minus(may, self.space.exists(flow.dropped, variables))
        tainted = self.space.exists(flow.tainted, variables)
        world = self.space.exists(flow.world, variables)
        return Outcome(self, ruleset, hook, world, may, must, tainted, made)

    def _exact(self, ruleset: Ruleset, hook: str) -> bool:
        """Whether nothing unknown is met on the way: then what may pass must."""
        met = [*bases(ruleset, "prerouting"), *judged(ruleset, hook)]
        return not self.matcher.variables and all(self.summary(ruleset).chains[base.chain].drop is None for base in met)

    def effect(self, ruleset: Ruleset, base: Base) -> Segment:
        """Return what a base chain does, its policy included, to the packets of all families; `on` and `back` are empty."""
        space = self.space
        found = self.summary(ruleset).chains[base.chain]
        accept, drop = found.accept, found.drop
        ended = space.either(found.on, found.back)
        if base.policy is Kind.ACCEPT:
            accept = space.either(accept, ended)
        elif drop is not None:
            drop = space.either(drop, ended)
        drop = space.complement(accept) if drop is None else drop
        mine = space.ranges("family", [(family, family) for family in base.families])
        if base.nat:
            mine = space.both(mine, space.ranges("ct", SET_UP))
        accept, drop = space.either(accept, space.complement(mine)), space.both(drop, mine)
        return Segment(accept, NONE, NONE, drop, space.both(found.taint, mine), space.both(found.notrack, mine))

    def _chain(self, ruleset: Ruleset, base: Base, flow: _Flow) -> _Flow:
        effect = self.effect(ruleset, base)
        both, either = self.space.both, self.space.either
        return _Flow(
            flow.world,
            both(flow.passed, effect.accept),
            either(flow.dropped, both(flow.passed, effect.drop or NONE)),
            either(flow.tainted, both(flow.passed, effect.taint)),
            either(flow.notrack, both(flow.passed, effect.notrack)),
        )

    def _before_routing(self, ruleset: Ruleset, base: Base, flow: _Flow) -> _Flow:
        """A filter chain of prerouting: no outgoing interface yet, and before connection tracking no state yet."""
        fixed: dict[str, tuple[Range, ...]] = {"oif": ((0, 0),)}
        if base.priority < CONNTRACK:
            fixed["ct"] = NOT_TRACKED_YET
        seen, space = self.space.box(fixed), self.space
        effect = self.effect(ruleset, base)

        def as_seen(of: Set) -> Set:
            return space.exists(space.both(of, seen), fixed)

        accept, drop = as_seen(effect.accept), as_seen(effect.drop or NONE)
        notrack = space.both(flow.passed, as_seen(effect.notrack))
        tainted = space.either(flow.tainted, space.both(flow.passed, as_seen(effect.taint)))
        dropped = space.either(flow.dropped, space.both(flow.passed, drop))
        flow = _Flow(flow.world, space.both(flow.passed, accept), dropped, tainted)
        certain = notrack if self.summary(ruleset).chains[base.chain].drop is None else NONE
        return self._untrack(flow, notrack, certain, base.priority) if notrack != NONE else flow

    def _untrack(self, flow: _Flow, notrack: Set, certain: Set, priority: int) -> _Flow:
        """Packets that met `notrack` have no state, whatever they would have had; where it comes late, who knows."""
        space = self.space
        certain = certain if priority < CONNTRACK else NONE

        def moved(of: Set) -> Set:
            return space.either(space.minus(of, certain), untracked(space, space.both(of, notrack)))

        late = notrack if priority >= CONNTRACK else NONE
        return _Flow(moved(flow.world), moved(flow.passed), moved(flow.dropped), space.either(moved(flow.tainted), late))

    def _translate(
        self, ruleset: Ruleset, base: Base, flow: _Flow, made: tuple[Rewrite, ...]
    ) -> tuple[_Flow, tuple[Rewrite, ...]]:
        """A nat chain of prerouting."""
        found, gone, tainted = rewrites(self, ruleset, base, flow.passed, len(made))

        def moved(of: Set) -> Set:
            return self.space.any_of([self.space.minus(of, gone), *(rewrite.apply(self.space, of) for rewrite in found)])

        effect = self.effect(ruleset, base)
        dropped = self.space.either(flow.dropped, self.space.both(flow.passed, effect.drop or NONE))
        passed = self.space.both(flow.passed, effect.accept)
        after = _Flow(moved(flow.world), moved(passed), moved(dropped), self.space.either(moved(flow.tainted), tainted))
        return after, (*made, *found)


def judged(ruleset: Ruleset, hook: str) -> list[Base]:
    """Return the base chains that decide at a hook; what is forwarded passes postrouting as well, whose NAT decides nothing."""
    after = [base for base in bases(ruleset, "postrouting") if not base.nat] if hook == "forward" else []
    return [*bases(ruleset, hook), *after]


def bases(ruleset: Ruleset, hook: str) -> list[Base]:
    """Return the base chains of a hook in the order in which packets meet them."""
    found = [base for base in ruleset.bases if base.hook == hook]
    return sorted(found, key=lambda base: (DSTNAT, 1, base.priority) if base.nat else (base.priority, 0, 0))
