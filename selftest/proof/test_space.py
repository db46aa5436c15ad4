"""Sets of packets obey the laws of sets, against sets of plain points."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordinance.proof import fields
from ordinance.proof.fields import Field
from ordinance.proof.space import EVERY, NONE, Space

SMALL = (Field("x", 7), Field("y", 3), Field("z", 1))
POINTS = [dict(zip("xyz", values, strict=True)) for values in product(range(8), range(4), range(2))]

boxes = st.lists(
    st.fixed_dictionaries({f.name: st.lists(st.tuples(st.integers(0, f.top), st.integers(0, f.top)), max_size=2) for f in SMALL}),
    max_size=4,
)


def made(space, some):
    return space.any_of([space.all_of([space.ranges(name, ranges) for name, ranges in box.items()]) for box in some])


def plain(some):
    def inside(point):
        return any(all(any(a <= point[n] <= b for a, b in ranges) for n, ranges in box.items()) for box in some)

    return [inside(point) for point in POINTS]


@settings(max_examples=150, deadline=None)
@given(boxes, boxes)
def test_every_operation_agrees_with_plain_points(left, right):
    space = Space(SMALL)
    a, b = made(space, left), made(space, right)
    p, q = plain(left), plain(right)

    def seen(of):
        return [space.holds(of, point) for point in POINTS]

    assert seen(a) == p
    assert seen(space.both(a, b)) == [x and y for x, y in zip(p, q, strict=True)]
    assert seen(space.either(a, b)) == [x or y for x, y in zip(p, q, strict=True)]
    assert seen(space.minus(a, b)) == [x and not y for x, y in zip(p, q, strict=True)]
    assert (a == b) == (p == q)
    assert space.count(a, "xyz") == sum(p)
    for names in ("x", "y", "xz"):
        groups = {}
        for point, inside in zip(POINTS, p, strict=True):
            groups.setdefault(tuple(v for n, v in point.items() if n not in names), []).append(inside)
        keys = [tuple(v for n, v in point.items() if n not in names) for point in POINTS]
        assert seen(space.exists(a, names)) == [any(groups[key]) for key in keys]
        assert seen(space.forall(a, names)) == [all(groups[key]) for key in keys]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(boxes, st.integers(1, 3)), max_size=6))
def test_the_first_decision_holds(rules):
    space = Space(SMALL)
    found = space.first_of([space.decision(made(space, some), leaf) for some, leaf in rules])
    masks = [(plain(some), leaf) for some, leaf in rules]
    expected = [next((leaf for mask, leaf in masks if mask[at]), NONE) for at in range(len(POINTS))]
    for leaf in range(4):
        assert [space.holds(space.decided(found, leaf), point) for point in POINTS] == [got == leaf for got in expected]


@settings(max_examples=80, deadline=None)
@given(boxes)
def test_witness_and_regions_are_the_set(some):
    space = Space(SMALL)
    a = made(space, some)
    point = space.witness(a)
    assert (point is None) == (a == NONE)
    assert point is None or space.holds(a, point)
    regions = list(space.regions(a))
    rebuilt = space.any_of([space.all_of([space.ranges(n, r) for n, r in region.items()]) for region in regions])
    assert rebuilt == a
    sizes = [space.count(space.all_of([space.ranges(n, r) for n, r in region.items()]), "xyz") for region in regions]
    assert sum(sizes) == space.count(a, "xyz"), "the boxes overlap"


def test_a_wish_is_granted_only_when_it_can_be():
    space = Space(SMALL)
    a = space.ranges("x", [(2, 5)])
    assert space.witness(a, [space.ranges("x", [(7, 7)]), space.ranges("x", [(4, 4)])])["x"] == 4


@pytest.mark.parametrize(("mask", "value"), [(0x12, 0x02), (0xFF, 0x10), (0, 0), (0, 1), (1, 0), (0x80, 0x80), (3, 4)])
def test_a_mask_is_its_values(mask, value):
    space = Space()
    found = space.masked("flags", mask, value)
    assert [space.holds(found, {"flags": x}) for x in range(256)] == [x & mask == value for x in range(256)]


def test_a_scattered_mask_is_refused():
    assert Space().masked("saddr", 0xF, 7) is None


def test_a_range_outside_the_field_is_an_error():
    with pytest.raises(ValueError, match="dport goes from 0 to 65535"):
        Space().ranges("dport", [(0, 65536)])


def test_interfaces_are_intervals_of_names():
    space = Space()
    eth = space.ranges("iif", [fields.interface("eth", wildcard=True)])
    assert space.both(space.ranges("iif", [fields.interface("eth0")]), eth) != NONE
    assert space.both(space.ranges("iif", [fields.interface("et")]), eth) == NONE
    assert space.ranges("iif", [fields.interface("", wildcard=True)]) == EVERY
    assert fields.interface_name(fields.interface("ppp17")[0]) == "ppp17"
    with pytest.raises(ValueError, match="cannot be the name"):
        fields.interface("sixteen-bytes-xx")


def test_unknowns_are_quantified_away():
    space = Space()
    port, mac = space.ranges("dport", [(25, 25)]), space.variable("mac")
    held = space.both(port, mac)
    assert space.exists(held, ["mac"]) == port
    assert space.forall(held, ["mac"]) == NONE
