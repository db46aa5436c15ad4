"""Many rulesets, one after the other, for so many seconds."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from selftest.proof.kernel import rulesets, saved
from selftest.proof.kernel.bed import bed
from selftest.proof.kernel.pools import PROTOCOLS
from selftest.proof.kernel.reading import read_nft, read_saved
from selftest.proof.kernel.ruleset import CannotLoad, Ruleset, load
from selftest.proof.kernel.shoot import Range
from selftest.proof.kernel.shrink import shrink
from selftest.proof.kernel.trial import Lane, Read, Result, trial


@dataclass(frozen=True)
class Kind:
    """A way of writing rulesets, and how the proof reads them."""

    name: str
    write: Callable[[random.Random], Ruleset]
    read: Read


NFT = Kind("nft", rulesets.ruleset, read_nft)
IPTABLES = Kind("iptables", saved.ruleset, read_saved)


@dataclass(frozen=True)
class Plan:
    """What to do. Ruleset number n of a seed is always the same one."""

    seed: int
    seconds: float = math.inf
    most: int = sys.maxsize  #: rulesets
    kinds: Sequence[Kind] = (NFT, NFT, IPTABLES)
    count: int = 400  #: packets a ruleset
    patient: bool = False  #: go on after a disagreement
    only: tuple[int, ...] = ()  #: these rulesets alone
    beside: Callable[[Lane, Result], None] | None = field(default=None)  #: called after each ruleset

    def numbers(self) -> Iterator[int]:
        """Of the rulesets to do."""
        until = time.monotonic() + self.seconds
        for number in self.only or range(1, self.most + 1):
            if not self.only and time.monotonic() > until:
                return
            yield number


def run(plan: Plan) -> Result:
    """Do it; the first disagreement of each ruleset is made small."""
    total = Result()
    with bed() as made:
        seeing = Range(made, PROTOCOLS[4], PROTOCOLS[6])
        lane = Lane(made, seeing)
        for number in plan.numbers():
            kind = plan.kinds[number % len(plan.kinds)]
            dice = random.Random(plan.seed * 1_000_003 + number)
            result = _one(lane, kind, dice, plan.count)
            total.add(result)
            if plan.beside is not None:
                plan.beside(lane, total)
            if result.disagreements:
                total.small.append(f"seed {plan.seed}, ruleset {number}\n{shrink(lane, result.disagreements[0], kind.read)}")
                if not plan.patient:
                    break
        seeing.close()
    return total


def _one(lane: Lane, kind: Kind, dice: random.Random, count: int) -> Result:
    written = kind.write(dice)
    try:
        loaded = load(lane.bed, written)
    except CannotLoad as refusal:
        nothing = Result()
        nothing.tally["rulesets not loaded"] = 1
        nothing.tally[f"not loaded: {str(refusal).splitlines()[0][:80]}"] = 1
        return nothing
    return trial(lane, loaded, kind.read, dice, count)
