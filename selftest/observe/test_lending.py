"""The packet agent goes at a part of the pace, and everybody else at the rest."""

from __future__ import annotations

import threading
from ipaddress import ip_address

import pytest

from ordinance.inventory.model import Pace
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.lending import OTHER_SHARE, SWEEP_SHARE, Lender
from ordinance.observe.pace import Pacer
from selftest.observe.world import reason_of

A = ip_address("198.51.100.5")
SWEEP = {"job": "sweep", "rate": 100, "per_host": 10, "seconds": 60.0}
CAREFUL = {"job": "careful", "rate": 10.0, "seconds": 40.0}


class Clock:
    def __init__(self):
        self.at = 100.0

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


def lender(pace):
    clock = Clock()
    pacer = Pacer(pace, clock.now, clock.sleep)
    return Lender(pace, pacer), pacer, clock


def test_without_a_limit_a_job_is_what_it_was():
    mine, _, clock = lender(Pace(None, None))
    until = Deadline.after(9, clock.now)
    with mine.lend(SWEEP, until, lambda: None) as (job, given), mine.lend(SWEEP, until, lambda: None):
        assert job == SWEEP
        assert given == until


def test_a_sweep_gets_its_part_and_the_time_for_it():
    mine, _, clock = lender(Pace(10, 100))
    with mine.lend(SWEEP, Deadline.after(90, clock.now), lambda: None) as (job, until):
        assert (job["rate"], job["per_host"]) == (100 * SWEEP_SHARE, 10 * SWEEP_SHARE)
        assert job["seconds"] == 60 / SWEEP_SHARE
        assert until.left() == pytest.approx(90 + 60 / SWEEP_SHARE - 60)


@pytest.mark.parametrize("pace", [Pace(10, 100), Pace(10, None), Pace(None, 10)])
def test_another_job_may_all_go_to_one_host(pace):
    mine, _, clock = lender(pace)
    with mine.lend(CAREFUL, Deadline.after(50, clock.now), lambda: None) as (job, until):
        assert job["rate"] == pytest.approx(10 * OTHER_SHARE)
        assert until.left() == pytest.approx(50 + 40 / OTHER_SHARE - 40)


def test_exchanges_get_the_time_that_their_tries_take():
    mine, _, clock = lender(Pace(10, 100))
    job = {"job": "udp", "exchanges": [{"tries": 3}] * 20}
    with mine.lend(job, Deadline.after(10, clock.now), lambda: None) as (paced, until):
        assert paced["rate"] == 2
        assert until.left() == pytest.approx(10 + 60 / 2)


def moments(pacer, clock, count):
    seen = []
    for _ in range(count):
        pacer.wait(A, Deadline.after(60, clock.now))
        seen.append(round(clock.at - 100, 3))
    return seen


def test_who_connects_directly_goes_slower_while_jobs_are_at_work():
    mine, pacer, clock = lender(Pace(10, None))
    until = Deadline.after(9, clock.now)
    with mine.lend(SWEEP, until, lambda: None), mine.lend(CAREFUL, until, lambda: None):
        assert moments(pacer, clock, 3) == [0, 0.5, 1.0]
    assert moments(pacer, clock, 3) == [1.5, 1.6, 1.7]


def test_parts_never_add_up_to_more_than_the_whole():
    assert SWEEP_SHARE + OTHER_SHARE < 1


def test_a_second_job_of_a_kind_waits_for_the_first_and_stops_with_the_run():
    mine, _, clock = lender(Pace(10, 100))
    until = Deadline.after(9, clock.now)
    checks = []

    def halted():
        checks.append(1)
        if len(checks) > 1:
            raise CouldNotLook(Unseen.HALTED, "stopped")

    def second():
        with mine.lend(CAREFUL, until, halted):
            raise AssertionError("it did not wait")

    with mine.lend(CAREFUL, until, lambda: None):
        assert reason_of(second) is Unseen.HALTED
    with mine.lend(CAREFUL, until, lambda: None):
        pass


def test_its_deadline_begins_with_its_turn():
    mine, _, clock = lender(Pace(10, 100))
    until = Deadline.after(9, clock.now)
    given = []

    def second():
        with mine.lend(CAREFUL, until, lambda: None) as (_, later):
            given.append(later.left())

    with mine.lend(CAREFUL, until, lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        while not given and clock.at < 130:
            clock.at += 30
    thread.join()
    assert given[0] == pytest.approx(9 + 40 / OTHER_SHARE - 40)
