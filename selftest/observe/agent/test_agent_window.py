"""Windows of the sweep, and its pace: pure, so every rule is shown without a network."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from ordinance.observe.agent.lane import SILENT_CODE, UNASKED_CODE, Lane
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


@pytest.mark.parametrize(
    ("sent", "lost", "quiet_loss", "lossy"),
    [
        (100, 1, 0.0, False),
        (100, 2, 0.0, True),  # no loss is usual: more than 1.5 is too many
        (100, 7, 0.02, False),  # 2 are usual; 2 + 3 * 1.4 + 1.5 = 7.7
        (100, 8, 0.02, True),
        (100, 66, 0.5, False),  # 50 are usual; 50 + 3 * 5 + 1.5 = 66.5
        (100, 67, 0.5, True),
        (0, 0, 0.5, False),
    ],
)
def test_the_limit_beyond_which_a_window_is_void(sent: int, lost: int, quiet_loss: float, lossy: bool) -> None:
    window = Window([], 0)
    window.canaries = [(0, number >= lost) for number in range(sent)]
    assert window.is_lossy(quiet_loss) is lossy


def test_rate_and_share_of_a_window() -> None:
    window = Window(list(range(500)), 0)
    assert window.rate() == 500_000, "sent at once: a thousandth of a second"
    window.first, window.last = 10.0, 12.0
    assert window.rate() == 250
    assert window.passed() == 0.0, "no canary answered"
    window.canaries = [(0, True), (0, False), (1, True), (1, True)]
    assert window.passed() == 0.75


def test_a_new_window_waits_for_everything_it_holds() -> None:
    window = Window([3, -1, 4], 7)
    assert (window.left, window.epoch, window.silent, window.canaries) == (3, 7, [], [])
    assert window.first == window.last == 0.0


def test_what_is_asked_for_again_comes_after_everything_else_and_in_windows_of_the_same_size() -> None:
    dealt = Windows([(0, list(range(1, 101)))], [], {}, 60, random.Random(1))
    dealt.again += range(1001, 1101)
    held = all_of(dealt)
    assert [len(window.items) for window in held] == [60, 40, 60, 40]
    assert held[2].items + held[3].items == list(range(1001, 1101))
    assert dealt.planned == 1 + 100 // 60
    assert dealt.again == []
    assert all(window.epoch == 0 for window in held)


def test_ports_carry_the_address_they_belong_to() -> None:
    dealt = Windows([(2, [80, 443]), (5, [22])], [], {}, 10, random.Random(1))
    window = dealt.next(3)
    assert window is not None
    assert window.items == [2 << 16 | 80, 5 << 16 | 22, 2 << 16 | 443]
    assert window.epoch == 3
    assert dealt.next(3) is None


def test_a_canary_without_weight_is_never_picked_and_a_family_that_is_not_asked_for_gets_none() -> None:
    canaries = [("198.51.100.5", 25, 0.0), ("198.51.100.8", 80, 0.5), ("2001:db8::8", 80, 1.0)]
    dealt = Windows([(0, list(range(1, 1001)))], canaries, {"4": 500.0}, 100, random.Random(2))
    picked = [-1 - item for window in all_of(dealt) for item in window.items if item < 0]
    assert set(picked) == {1}
    assert len(picked) == 500


def test_canaries_of_an_uneven_share_are_rounded_by_chance_not_away() -> None:
    dealt = Windows([(0, list(range(1, 10_001)))], [("198.51.100.8", 80, 1.0)], {"4": 50.0}, 100, random.Random(2))
    numbers = [sum(1 for item in window.items if item < 0) for window in all_of(dealt)]
    assert set(numbers) == {0, 1}
    assert sum(numbers) == pytest.approx(50, abs=15)


def test_nothing_to_ask_is_no_window() -> None:
    assert Windows([], [], {}, 100, random.Random(1)).next(0) is None


# -- a lane judges its windows --------------------------------------------------------------------------------------------------


def lane(*, void: bool = True) -> Lane:
    settings = {"canaries": {}, "window": 100, "rate": None, "per_host": None, "in_flight": 10, "void": void, "quiet_loss": 0.005}
    return Lane(["198.51.100.5"], [("198.51.100.8", 80, 1.0)], [(0, [21, 22, 23])], settings, 0.5)


def a_window(answered: int, lost: int) -> Window:
    """A window with one item left, port 23 silent, and so many canaries."""
    window = Window([23], 0)
    window.silent = [23]
    window.canaries = [(0, True)] * answered + [(0, False)] * lost
    return window


def test_a_good_window_keeps_its_silence_and_counts_its_canaries() -> None:
    judged = lane()
    judged.states[0][23] = SILENT_CODE
    judged.settle(a_window(31, 1))
    assert judged.counts == [[32, 31]]
    assert (judged.windows.again, judged.voided, judged.states[0][23]) == ([], 0, SILENT_CODE)


def test_a_void_window_is_asked_again_and_none_of_its_canaries_counts() -> None:
    """The canaries of windows that were kept would otherwise look as if they were all."""
    judged = lane()
    judged.states[0][23] = SILENT_CODE
    judged.settle(a_window(20, 12))
    assert judged.counts == [[0, 0]]
    assert (judged.windows.again, judged.voided, judged.requeued) == ([23], 1, 1)
    assert judged.states[0][23] == UNASKED_CODE


def test_a_window_is_judged_when_its_last_item_is_done() -> None:
    judged, window = lane(), a_window(20, 12)
    window.left = 2
    judged.settle(window)
    assert (judged.voided, judged.counts) == (0, [[0, 0]])
    judged.settle(window)
    assert judged.voided == 1


def test_where_no_canary_bears_witness_no_window_is_void() -> None:
    judged = lane(void=False)
    judged.settle(a_window(0, 32))
    assert (judged.voided, judged.counts) == (0, [[32, 0]])


def test_windows_that_were_under_way_together_slow_the_lane_once() -> None:
    judged = lane()
    windows = [a_window(20, 12), a_window(20, 12)]
    for window in windows:
        window.first, window.last = 0.0, 0.001
        judged.settle(window)
    assert (judged.voided, judged.epoch) == (2, 1)


def test_a_path_on_which_every_window_is_void_is_given_up() -> None:
    judged = lane()
    for _ in range(50 + 4 * judged.windows.planned + 1):
        judged.settle(a_window(20, 12))
    assert "canaries kept being lost" in judged.gave_up
