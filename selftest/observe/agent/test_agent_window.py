"""Windows of the sweep, and its pace: pure, so every rule is shown without a network."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from ordinance.observe.agent.throttle import SLOWEST, Throttle
from ordinance.observe.agent.window import Window, Windows

CANARIES = [("198.51.100.5", 25, 1.0), ("198.51.100.8", 80, 19.0), ("2001:db8::8", 80, 1.0)]


def windows(ports: int = 20_000, size: int = 500, **wanted: float) -> Windows:
    work = [(index, list(range(1, ports // 4 + 1))) for index in range(4)]
    return Windows(work, CANARIES, {"4": wanted.get("v4", 1200.0), "6": wanted.get("v6", 800.0)}, size, random.Random(3))


def all_of(dealt: Windows) -> list[Window]:
    held = []
    while (window := dealt.next(0)) is not None:
        held.append(window)
    return held


def test_canaries_stand_anywhere_in_a_window() -> None:
    """At even distances, or first in each burst, they slip through a rate limiter that drops everything else."""
    places = [place / len(w.items) for w in all_of(windows()) for place, item in enumerate(w.items) if item < 0]
    tenths = [sum(1 for place in places if tenth <= place * 10 < tenth + 1) for tenth in range(10)]
    assert min(tenths) > len(places) * 0.07
    assert max(tenths) < len(places) * 0.13


def test_distances_between_canaries_are_not_even() -> None:
    window = all_of(windows())[0]
    places = [place for place, item in enumerate(window.items) if item < 0]
    distances = {later - earlier for earlier, later in pairwise(places)}
    assert len(distances) > 10


def test_every_port_is_dealt_once_and_hosts_take_turns() -> None:
    items = [item for window in all_of(windows(v4=0, v6=0)) for item in window.items]
    assert len(items) == len(set(items)) == 20_000
    assert [item >> 16 for item in items[:8]] == [0, 1, 2, 3, 0, 1, 2, 3]


def test_each_family_has_its_share_of_canaries_by_weight() -> None:
    picked = [-1 - item for window in all_of(windows()) for item in window.items if item < 0]
    assert picked.count(2) == pytest.approx(800, abs=20)
    assert picked.count(0) + picked.count(1) == pytest.approx(1200, abs=20)
    assert picked.count(1) > 10 * picked.count(0) > 0


def test_what_is_asked_for_again_is_dealt_with_fresh_canaries() -> None:
    dealt = windows()
    all_of(dealt)
    dealt.again += [1, 2, 3] * 100
    again = dealt.next(1)
    assert again is not None
    assert sum(1 for item in again.items if item >= 0) == 300
    assert any(item < 0 for item in again.items)


@pytest.mark.parametrize(
    ("sent", "lost", "quiet_loss", "lossy"),
    [
        (32, 0, 0.005, False),
        (32, 2, 0.005, False),
        (32, 4, 0.005, True),
        (32, 32, 0.005, True),
        (32, 12, 0.2, False),
        (32, 20, 0.2, True),
    ],
)
def test_a_window_is_void_when_it_loses_clearly_more_than_the_quiet_path(
    sent: int, lost: int, quiet_loss: float, lossy: bool
) -> None:
    window = Window([], 0)
    window.canaries = [(0, number >= lost) for number in range(sent)]
    assert window.is_lossy(quiet_loss) is lossy


def test_the_pace_falls_below_what_came_through_and_climbs_again() -> None:
    throttle = Throttle(None, None, 0.0)
    throttle.slower(10_000.0, 0.5)
    assert throttle.rate == pytest.approx(4500)
    throttle.faster()
    assert throttle.rate == pytest.approx(4590)
    for _ in range(40):
        throttle.slower(10_000.0, 0.0)
    assert throttle.rate == SLOWEST


def test_the_pace_never_climbs_above_what_was_given() -> None:
    throttle = Throttle(100.0, None, 0.0)
    throttle.faster()
    assert throttle.rate == 100.0


def test_tokens_keep_the_total_and_the_host_at_their_pace() -> None:
    throttle = Throttle(100.0, 10.0, 0.0)
    started = {"a": 0, "b": 0}
    for step in range(1, 1001):
        now = step / 100
        throttle.refill(now)
        for host in started:
            if throttle.room() and throttle.admits(host, now):
                throttle.spend()
                started[host] += 1
    assert started == {"a": pytest.approx(100, abs=3), "b": pytest.approx(100, abs=3)}
