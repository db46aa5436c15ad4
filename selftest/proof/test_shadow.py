"""A rule that is left out because no packet reaches it changes nothing; and such rules are found."""

import random

import pytest

from ordinance.proof import shadow
from ordinance.proof.ir import In, Kind, Rule, Unknown, Verdict, Where
from ordinance.proof.matching import Matcher
from ordinance.proof.segment import PASS, Simple
from ordinance.proof.segments import Summary
from ordinance.proof.shadow import reached
from ordinance.proof.space import NONE, Space


def rule(chance):
    tests = []
    for field, often in (("daddr", 0.8), ("saddr", 0.4), ("dport", 0.7), ("l4proto", 0.3)):
        if chance.random() < often:
            low = chance.randrange(6)
            tests.append(In(field, ((low, low + chance.randrange(5)),)))
    if chance.random() < 0.1:
        tests.append(Unknown("once"))
    return Rule((*tests, Verdict(chance.choice((Kind.ACCEPT, Kind.DROP, Kind.RETURN)))), Where("made up"), "")


@pytest.mark.parametrize("lesson", [1, 3])
def test_what_is_left_out_decides_nothing(lesson, monkeypatch):
    monkeypatch.setattr(shadow, "LESSON", lesson)
    left_out = 0
    for seed in range(150):
        space = Space()
        summary = Summary(space, Matcher(space, []))
        parts = [summary._simple(rule(random.Random(f"{seed} {number}"))) for number in range(25)]
        found = reached(space, parts)
        assert len(found) == len(parts)
        for at, (part, kept) in enumerate(zip(parts, found, strict=True)):
            assert kept is part or kept is PASS
            if kept is PASS:
                left_out += 1
                before = space.first_of([each.must for each in parts[:at]])
                assert space.over(before, space.first_of([part.must])) == before
                assert not summary.concerns(kept, space.complement(NONE))
    assert left_out > 300


def test_it_is_given_up_when_it_does_not_pay(monkeypatch):
    monkeypatch.setattr(shadow, "LESSON", 1)
    monkeypatch.setattr(shadow, "TRIAL", 4)
    space = Space()
    boxes = [space.plain({"daddr": ((number, number),)}, 1) for number in (*range(20), 3)]
    assert PASS not in reached(space, [Simple(1, box, box) for box in boxes])
    monkeypatch.setattr(shadow, "TRIAL", 40)
    assert reached(space, [Simple(1, box, box) for box in boxes])[-1] is PASS
