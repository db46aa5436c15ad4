"""Port ranges."""

from __future__ import annotations

import msgspec
import pytest

from ordinance.sight.perimeter import SweepSighting
from ordinance.sight.ports import count, each, listed, ranges, said
from selftest.judge.perimeter_city import sweep


@pytest.mark.parametrize(
    ("ports", "runs"),
    [
        ([], ()),
        ([7], ((7, 7),)),
        ([3, 1, 2, 2], ((1, 3),)),
        ([1, 3], ((1, 1), (3, 3))),
        (range(1, 65_536), ((1, 65_535),)),
    ],
)
def test_ports_fold_into_runs_and_back(ports: list[int], runs: tuple[tuple[int, int], ...]) -> None:
    assert ranges(ports) == runs
    assert list(each(runs)) == sorted(set(ports))
    assert count(runs) == len(set(ports))


def test_long_lists_are_cut_and_counted() -> None:
    assert said(((1, 5), (7, 7))) == "1-5, 7"
    assert said(((1, 1), (3, 3), (5, 5)), most=2) == "1, 3 and 1 more ranges"
    assert listed(["a", "b", "c"], most=2) == "a, b and 1 more"


def test_a_sighting_is_json_and_comes_back_the_same() -> None:
    seen = sweep()
    assert msgspec.json.decode(msgspec.json.encode(seen), type=SweepSighting) == seen
