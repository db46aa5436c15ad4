"""The pace, on a clock that is simulated: what was given is kept, and a limiter on the path is found and lived with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordinance.observe.sweep.pace import Pace
from ordinance.observe.sweep.windows import PROBES, Window, lossy, mixed


class Limiter:
    """A token bucket, as nft `limit rate over R/second burst B`."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.tokens, self.clock = rate, burst, burst, 0.0
        self.dropped = 0

    def passes(self, now: float, frames: int) -> np.ndarray:
        """Which of a burst's frames get through: the first ones, as far as the tokens go."""
        self.tokens = min(self.burst, self.tokens + (now - self.clock) * self.rate)
        self.clock = now
        passed = min(frames, int(self.tokens))
        self.tokens -= passed
        self.dropped += frames - passed
        return np.arange(frames) < passed


def send(pace: Pace, hosts: np.ndarray, now: float, least: float = 0.0) -> list[tuple[float, np.ndarray]]:
    """Bursts and when they left; a frame takes `least` seconds of the sender's own time."""
    size = pace.burst(len(np.unique(hosts)))
    left = []
    for at in range(0, len(hosts), size):
        part = hosts[at : at + size]
        now = max(now, pace.start(part))
        pace.spend(part, now)
        left.append((now, part))
        now += least * len(part)
    return left


@settings(max_examples=60, deadline=None)
@given(rate=st.floats(20, 200_000), frames=st.integers(50, 4000), stall=st.floats(0, 2))
def test_the_total_pace_is_kept_over_every_stretch(rate: float, frames: int, stall: float) -> None:
    pace = Pace(rate, None, 8, 0.0)
    hosts = np.arange(frames) % 8
    left = send(pace, hosts[: frames // 2], 0.0)
    left += send(pace, hosts[frames // 2 :], left[-1][0] + stall)
    times = np.concatenate([np.full(len(part), when) for when, part in left])
    slack = pace.burst(8) + rate * 0.01 + 2
    for at in range(0, len(times), 37):
        seconds = times[at:] - times[at]
        assert (np.arange(1, len(seconds) + 1) <= seconds * rate + slack).all()


@settings(max_examples=60, deadline=None)
@given(per_host=st.floats(1, 5000), different=st.integers(1, 40), seed=st.integers(0, 2**31))
def test_no_host_gets_more_than_its_pace(per_host: float, different: int, seed: int) -> None:
    hosts = np.random.default_rng(seed).integers(0, different, 1500)
    pace = Pace(None, per_host, different, 0.0)
    left = send(pace, hosts, 0.0)
    times = np.concatenate([np.full(len(part), when) for when, part in left])
    for host in range(different):
        mine = times[hosts == host]
        if len(mine) > 1:
            most = max(int(np.bincount(part, minlength=different)[host]) for _, part in left)
            assert (np.arange(1, len(mine) + 1) <= (mine - mine[0]) * per_host + most + 1e-6).all()


def test_a_slow_pace_for_many_hosts_asks_them_side_by_side() -> None:
    """256 hosts at 10 a second each are 2560 a second, not 10."""
    pace = Pace(None, 10.0, 256, 0.0)
    left = send(pace, np.arange(256 * 20) % 256, 0.0)
    assert left[-1][0] < 2.5


def through(limit: float, burst: float, seconds: float, seed: int) -> tuple[Pace, Limiter, float]:
    """Send windows through a limiter for so long; the pace, the limiter, and good frames a second in the second half."""
    chance = np.random.default_rng(seed)
    pace, limiter = Pace(None, None, 16, 0.0), Limiter(limit, burst)
    now, good, since = 0.0, 0, 0.0
    pending: list[Window] = []
    while now < seconds:
        canaries = np.sort(chance.choice(PROBES + 16, 16, replace=False))
        window = Window(0, PROBES, 1)
        window.canaries, window.frames, window.began = (0, 16), PROBES + 16, now
        at = 0
        for when, part in send(pace, np.arange(PROBES + 16) % 16, now, least=2e-6):
            passed = limiter.passes(when, len(part))
            held = canaries[(canaries >= at) & (canaries < at + len(part))] - at
            window.answered += int(passed[held].sum())
            at += len(part)
            now = when + 2e-6 * len(part)
        window.sent = now
        pending.append(window)
        while len(pending) >= 4 and now - pending[3].sent >= 0.0:
            lost = lossy(pending[:4], 0.004)
            window = pending.pop(0)
            if lost:
                pace.slower(window.measured(), 1 - lost, window.sent, now)
            else:
                pace.faster()
                if now > seconds / 2:
                    good, since = good + window.frames, since or now
    return pace, limiter, good / (now - since)


@pytest.mark.parametrize("limit", [2_000, 20_000, 120_000])
def test_a_limiter_is_found_and_little_of_it_left_unused(limit: int) -> None:
    pace, limiter, good = through(limit, limit / 4, 40.0 if limit > 5000 else 200.0, 3)
    assert limiter.dropped > 1000, "the limiter dropped nothing"
    assert 0.75 * limit < good <= 1.1 * limit
    assert pace.rate < 1.5 * limit


def test_without_loss_the_pace_climbs_to_what_was_given_and_no_further() -> None:
    pace = Pace(500_000, None, 1, 0.0)
    for _ in range(100):
        pace.faster()
    assert pace.rate == 500_000


def test_it_slows_once_for_all_windows_that_were_under_way_together() -> None:
    pace = Pace(None, None, 1, 0.0)
    pace.slower(200_000, 0.5, sent=1.0, now=1.1)
    after = pace.rate
    pace.slower(200_000, 0.5, sent=1.05, now=1.2)
    assert pace.rate == after == pytest.approx(90_000)
    pace.slower(200_000, 0.5, sent=1.15, now=1.3)
    assert pace.rate < after


def loss_seen(evenly: bool) -> tuple[float, float]:
    """Send at 33,000 a second in bursts of 2 ms through a limiter of 20,000: the canaries' loss, and everybody's."""
    chance = np.random.default_rng(8)
    limiter = Limiter(20_000, 5_000)
    size, now, lost, sent, canaries_lost, canaries_sent = 66, 0.0, 0, 0, 0, 0
    limiter.tokens = 0
    for _ in range(40):
        probes = [np.zeros(66 * 62, np.uint32)]
        canaries = [np.ones(66, np.uint32)]
        if evenly:  # each 63rd frame... of bursts that begin with it
            column = np.insert(probes[0], np.arange(0, 66 * 62, 62), 1)
            size = 63
        else:
            column = mixed(probes, canaries, chance)[0]
        for at in range(0, len(column), size):
            now += size / 33_000
            passed = limiter.passes(now, len(column[at : at + size]))
            sent, lost = sent + len(passed), lost + int((~passed).sum())
            canary = column[at : at + size] == 1
            canaries_sent, canaries_lost = canaries_sent + int(canary.sum()), canaries_lost + int((canary & ~passed).sum())
    return canaries_lost / canaries_sent, lost / sent


def test_evenly_spaced_canaries_lie_behind_a_limiter_and_ours_are_not() -> None:
    """They reported no loss at all, and 21 of 38 open ports were found."""
    canaries, everybody = loss_seen(evenly=True)
    assert canaries == 0.0
    assert everybody > 0.35, "the trap is not one"
    canaries, everybody = loss_seen(evenly=False)
    assert canaries == pytest.approx(everybody, abs=0.04)


def test_canaries_fall_anywhere_in_a_window_alike() -> None:
    chance = np.random.default_rng(5)
    at = np.concatenate([np.flatnonzero(mixed([np.zeros(100, int)], [np.ones(4, int)], chance)[0]) for _ in range(5000)])
    counts = np.bincount(at, minlength=104)
    assert len(counts) == 104
    assert (np.abs(counts - 20_000 / 104) < 6 * (20_000 / 104) ** 0.5).all()


def test_mixing_keeps_every_probe_in_its_order() -> None:
    columns = [np.arange(50), np.arange(50) * 2]
    held = mixed(columns, [np.array([-1, -2, -3]), np.array([-1, -2, -3])], np.random.default_rng(1))
    assert [value for value in held[0] if value >= 0] == list(range(50))
    assert [value for value in held[0] if value < 0] == [-1, -2, -3]
    assert ((held[1] == 2 * held[0]) | (held[0] < 0)).all()


@pytest.mark.parametrize(
    ("answered", "quiet", "void"),
    [
        ([16, 16, 16, 16], 0.004, False),
        ([15, 16, 16, 16], 0.004, False),  # one of 64 is chance
        ([14, 16, 16, 16], 0.004, True),
        ([15, 15, 15, 15], 0.004, True),  # together beyond doubt
        ([11, 13, 14, 12], 0.19, False),  # a path that loses this much when it is quiet
        ([3, 13, 14, 12], 0.19, True),
        ([0, 0, 0, 0], 0.004, True),
        ([16], 0.004, False),
        ([8], 0.004, True),
    ],
)
def test_a_window_is_void_when_it_lost_clearly_more_than_the_quiet_path(answered: list[int], quiet: float, void: bool) -> None:
    windows = []
    for count in answered:
        window = Window(0, 4096, 1)
        window.canaries, window.answered = (0, 16), count
        windows.append(window)
    assert (lossy(windows, quiet) > 0) is void


def test_a_window_without_canaries_is_judged_by_nobody() -> None:
    assert lossy([Window(0, 4096, 1)], 0.004) == 0.0
