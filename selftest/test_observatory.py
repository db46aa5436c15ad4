"""Looks run once each, side by side; what went wrong in one is raised where its result is asked for."""

import threading

import pytest

from ordinance.observatory import Observatory
from ordinance.observe.api import CouldNotLook, LookContext, Unseen


def observatory(**looks) -> Observatory:
    def context(name: str) -> LookContext:
        return LookContext(door=None, inventory=None, profile=None, sight=lambda name: None)

    return Observatory(looks, context)


def test_a_look_runs_once_however_often_it_is_asked_for() -> None:
    calls = []
    made = observatory(a=lambda context: calls.append(1) or "seen")
    made.start("a")
    assert [made.see("a"), made.see("a")] == ["seen", "seen"]
    assert calls == [1]


def test_looks_run_side_by_side() -> None:
    meet = threading.Barrier(2, timeout=10)
    made = observatory(a=lambda context: meet.wait() >= 0, b=lambda context: meet.wait() >= 0)
    made.start("a")
    made.start("b")
    assert made.see("a")
    assert made.see("b")


def test_a_look_may_rest_on_another() -> None:
    made = observatory(a=lambda context: "A", b=lambda context: context.sight("a") + "B")
    assert made.see("b") == "AB"


@pytest.mark.parametrize("error", [CouldNotLook(Unseen.NO_ANSWER, "silent"), KeyError("bug")])
def test_what_went_wrong_is_raised_again_each_time(error: Exception) -> None:
    def broken(context: LookContext) -> None:
        raise error

    made = observatory(a=broken)
    for _ in range(2):
        with pytest.raises(type(error)):
            made.see("a")


def test_waiting_for_another_look_ends_when_the_run_is_stopped() -> None:
    never = threading.Event()
    made = observatory(a=lambda context: never.wait(30), b=lambda context: context.sight("a"))
    made.start("b")
    made.halt()
    with pytest.raises(CouldNotLook) as caught:
        made.see("b")
    never.set()
    assert caught.value.reason is Unseen.HALTED


def test_progress_is_told_of_running_looks_only() -> None:
    told = threading.Event()
    go_on = threading.Event()

    def slow(context: LookContext) -> str:
        context.progress(3, 10, "ports")
        told.set()
        go_on.wait(10)
        return "done"

    made = observatory(a=slow)
    made.start("a")
    assert told.wait(10)
    assert (made.progress()["a"].done, made.progress()["a"].total) == (3, 10)
    go_on.set()
    made.see("a")
    assert made.progress() == {}


def test_a_look_nobody_registered_is_an_error_that_names_the_others() -> None:
    with pytest.raises(LookupError, match="there are: a"):
        observatory(a=lambda context: 1).start("b")
