"""What rules do to packets: one rule, or a row of them, in sets."""

from __future__ import annotations

from typing import NamedTuple

from ordinance.proof.ir import Nat
from ordinance.proof.overlay import Box
from ordinance.proof.space import EVERY, NONE, Set, Space


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


#: Decisions in diagrams
ACCEPT, DROP, BACK = 1, 2, 3


class Simple(NamedTuple):
    """A rule of matches and one plain verdict, as decisions: over what it may match, and over what it must."""

    leaf: int
    may: int | Box
    must: int | Box


class Run(NamedTuple):
    """A row of simple rules without unknowns: what they decide."""

    decisions: int
