"""Destination NAT: which packets a rule translates, and what they are afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordinance.proof.fields import CT_STATES, TOP, Range
from ordinance.proof.ir import Base, Nat, NatKind, Rule, Ruleset
from ordinance.proof.space import NONE, Set, Space
from ordinance.proof.trace import Tracer

if TYPE_CHECKING:
    from ordinance.proof.walk import Walk

#: NAT is set up by the first packet of a flow, or of one that is related to it.
SET_UP = tuple((CT_STATES[name], CT_STATES[name]) for name in ("new", "related"))


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One rule of destination NAT that packets meet."""

    number: int  #: value of the field `nat` afterwards
    nat: Nat
    rule: Rule
    before: Set  #: the packets it translates, as they came in

    def apply(self, space: Space, of: Set) -> Set:
        """Return what those of `of` that it translates are afterwards."""
        after = space.both(of, self.before)
        fixed: dict[str, tuple[Range, ...]] = {"nat": ((self.number, self.number),)}
        if self.nat.addresses:
            fixed["daddr"] = self.nat.addresses
        if self.nat.ports:
            fixed["dport"] = self.nat.ports
        return space.both(space.exists(after, self.changed()), space.box(fixed))

    def changed(self) -> tuple[str, ...]:
        """Return the fields that it rewrites."""
        address = ("daddr",) if self.nat.addresses or self.nat.kind is NatKind.REDIRECT else ()
        return ("nat", *address, *(("dport",) if self.nat.ports else ()))


def rewrites(walk: Walk, ruleset: Ruleset, base: Base, passed: Set, so_far: int) -> tuple[list[Rewrite], Set, Set]:
    """Return what a nat chain translates, which packets are then certainly gone in their old form, and which may be tainted."""
    space = walk.space
    first = space.both(passed, space.box({"ct": SET_UP, "nat": ((0, 0),)}))
    found: list[Rewrite] = []
    doubtful = tainted = NONE
    for hit in Tracer(walk, ruleset).base(base, first):
        if hit.doubt:
            doubtful = space.either(doubtful, hit.packets)
        elif hit.nat is not None and hit.nat.kind in (NatKind.DNAT, NatKind.REDIRECT):
            number = so_far + len(found) + 1
            if number >= TOP["nat"]:  # beyond the field: what it makes of them is not followed
                tainted = space.either(tainted, hit.packets)
                continue
            found.append(Rewrite(number, hit.nat, hit.rule or Rule((), base.where, ""), hit.packets))
    gone = space.any_of([rewrite.before for rewrite in found])
    return found, space.minus(gone, doubtful), tainted
