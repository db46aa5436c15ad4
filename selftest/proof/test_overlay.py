"""First-match lists of boxes are what they are rule by rule, and nodes that are let go are gone while the others stay."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordinance.proof import overlay, space
from ordinance.proof.fields import TOP, Field
from ordinance.proof.space import NONE, Space

FIELDS = (Field("daddr", TOP["daddr"]), Field("saddr", TOP["saddr"]), Field("x", 3))
NAMES = ("daddr", "saddr", "x")
EDGE = 6  #: of the addresses that rules name; the last one as well
ADDRESSES = (*range(EDGE + 1), TOP["daddr"])
POINTS = [dict(zip(NAMES, values, strict=True)) for values in product(ADDRESSES, ADDRESSES, range(4))]

addresses = st.tuples(st.integers(0, EDGE), st.sampled_from([*range(EDGE), TOP["daddr"]]))
spans = {"daddr": addresses, "saddr": addresses, "x": st.tuples(st.integers(0, 3), st.integers(0, 3))}
regions = st.fixed_dictionaries({}, optional={name: st.lists(span, max_size=2).map(tuple) for name, span in spans.items()})
rules = st.lists(st.tuples(regions, st.integers(1, 3)), max_size=9)


def holds(region, point):
    return all(any(low <= point[name] <= high for low, high in ranges) for name, ranges in region.items())


@settings(max_examples=200, deadline=None)
@given(rules, st.sampled_from([1, 2, 64]))
def test_the_first_box_decides(listed, at_once):
    made = Space(FIELDS)
    space.AT_ONCE = at_once
    try:
        found = made.first_of([made.plain(region, leaf) for region, leaf in listed])
    finally:
        space.AT_ONCE = overlay.AT_ONCE
    expected = [next((leaf for region, leaf in listed if holds(region, point)), NONE) for point in POINTS]
    for leaf in range(4):
        assert [made.holds(made.decided(found, leaf), point) for point in POINTS] == [got == leaf for got in expected]
    assert found == made.first_of([made.decision(made.box(region), leaf) for region, leaf in listed])


@settings(max_examples=200, deadline=None)
@given(st.lists(regions, max_size=4), regions, st.sampled_from([0, 16]))
def test_a_box_meets_what_its_set_meets(some, region, few):
    made = Space(FIELDS)
    overlay.FEW, usual = few, overlay.FEW
    try:
        met = made.meets(made.any_of([made.box(one) for one in some]), made.plain(region, 2))
    finally:
        overlay.FEW = usual
    assert met == (made.both(made.any_of([made.box(one) for one in some]), made.box(region)) != NONE)


@settings(max_examples=100, deadline=None)
@given(st.lists(regions, max_size=4), st.sampled_from(NAMES))
def test_values_are_the_projection(some, name):
    made = Space(FIELDS)
    of = made.any_of([made.box(one) for one in some])
    assert made.ranges(name, made.values(of, name)) == made.only(of, [name])


def test_a_box_outside_its_field_is_an_error():
    with pytest.raises(ValueError, match="does not fit"):
        Space().plain({"daddr": ((0, TOP["daddr"] + 1),)}, 1)


def test_what_is_let_go_is_gone_and_what_is_kept_is_the_same(monkeypatch):
    monkeypatch.setattr(space, "MANY_NODES", 0)
    made = Space()
    before = made.ranges("dport", [(25, 25)])
    mark = made.mark()
    kept = made.both(made.ranges("saddr", [(1, 5)]), before)
    other = made.complement(made.both(made.ranges("saddr", [(2, 7)]), before))
    made.complement(kept)
    counted = made.count(kept)
    made.release(mark, [kept])
    assert (made.count(kept), made.holds(before, {"dport": 25})) == (counted, True)
    with pytest.raises(TypeError):
        made.holds(other, {"saddr": 3, "dport": 25})
    again = made.complement(made.both(made.ranges("saddr", [(2, 7)]), before))
    assert again not in (other, kept)
    assert made.both(kept, made.complement(kept)) == NONE
    assert made.both(kept, again) == made.minus(kept, made.box({"saddr": ((2, 7),), "dport": ((25, 25),)}))
