"""The same walk with both engines: every set that it leads to must be the same set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import cast

from ordinance.proof.ir import Ruleset
from ordinance.proof.space import Set, Space
from ordinance.proof.walk import Outcome
from selftest.proof.kernel.cudd import CuddSpace
from selftest.proof.kernel.model import Proof

SETS = ("world", "may", "must", "tainted")


def compared(ruleset: Ruleset) -> Iterator[tuple[str, bool]]:
    """Each set of both hooks by name, and whether the engines agree: no packet in one alone, and as many in both."""
    theirs = CuddSpace()
    first, second = Proof(ruleset), Proof(ruleset, cast(Space, theirs))
    for hook, outcome in first.outcomes.items():
        other = second.outcomes[hook]
        for name, ours, there in _pairs(outcome, other):
            alike = theirs.taken_over(outcome.space, ours) == there
            yield f"{hook} {name}", alike and math.isclose(outcome.space.count(ours), theirs.count(there), rel_tol=1e-9)


def _pairs(ours: Outcome, theirs: Outcome) -> Iterator[tuple[str, Set, Set]]:
    for name in SETS:
        yield name, getattr(ours, name), getattr(theirs, name)
    assert len(ours.rewrites) == len(theirs.rewrites)
    for mine, other in zip(ours.rewrites, theirs.rewrites, strict=True):
        yield f"translated by {mine.number}", mine.before, other.before
