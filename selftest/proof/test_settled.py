"""A base chain settled part by part, from its end, is what the same chain is when it is summed up in general."""

from __future__ import annotations

import random

import pytest

from ordinance.proof import segments
from ordinance.proof import space as sets
from ordinance.proof.ir import Havoc, In, Kind, Rule, Statement, Unknown, Verdict, Where
from ordinance.proof.matching import Matcher
from ordinance.proof.segments import Summary
from ordinance.proof.space import Space

SEEDS = range(150)


def chain(chance: random.Random) -> tuple[Rule, ...]:
    """Return a few rules over three small fields: plain, unknown or not, some that may do anything."""
    return tuple(Rule(_statements(chance), Where("made up"), "") for _ in range(chance.randrange(1, 14)))


def _statements(chance: random.Random) -> tuple[Statement, ...]:
    found: list[Statement] = []
    for field in chance.sample(("daddr", "dport", "l4proto"), chance.randrange(3)):
        low = chance.randrange(8)
        found.append(In(field, ((low, low + chance.randrange(6)),)))
    if chance.random() < 0.2:
        found.append(Unknown(chance.choice(("shared", f"once {chance.random()}"))))
    if chance.random() < 0.1:
        found.append(Havoc("whatever"))
    kinds = (Kind.ACCEPT, Kind.ACCEPT, Kind.DROP, Kind.DROP, Kind.RETURN, Kind.CONTINUE)
    return (*found, Verdict(chance.choice(kinds)))


@pytest.mark.parametrize("policy", [Kind.ACCEPT, Kind.DROP])
@pytest.mark.parametrize("run", [1, 2, 5])
@pytest.mark.parametrize("many", [0, sets.MANY_NODES])
def test_settled_is_summed_up(policy: Kind, run: int, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "RUN", run)
    monkeypatch.setattr(sets, "MANY_NODES", many)  # none: whatever is not needed any more is freed at once
    for seed in SEEDS:
        space = Space()
        summary = Summary(space, Matcher(space, ["shared"]))
        rules = chain(random.Random(seed))
        whole, settled = summary.chain("whole", rules), summary.chain("settled", rules, policy)
        ended = space.either(whole.on, whole.back)
        accepts, drops = policy is Kind.ACCEPT, summary.dropped(whole)
        assert settled.accept == (space.either(whole.accept, ended) if accepts else whole.accept), seed
        assert summary.dropped(settled) == (drops if accepts else space.either(drops, ended)), seed
        assert (settled.on, settled.back, settled.taint) == (0, 0, whole.taint), seed
        asked = space.ranges("dport", [(2, 5)])
        assert summary.ended("settled", asked) == space.both(asked, ended), seed
