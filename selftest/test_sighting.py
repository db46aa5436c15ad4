"""A look that only adds to its checks gives them its reason when it fails; any other raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ordinance.observatory import Observatory
from ordinance.observe.api import CouldNotLook, LookContext, Unseen
from ordinance.sightings import LookDefect
from ordinance.suite import sighting


def failing(error: Exception) -> Callable[[LookContext], Any]:
    def look(_: LookContext) -> Any:
        raise error

    return look


@pytest.fixture(scope="session")
def observatory() -> Observatory:
    looks = {
        "gone": failing(CouldNotLook(Unseen.VANTAGE, "outside is gone")),
        "broken": failing(LookDefect("KeyError: 'ports'")),
        "full": failing(OSError("no space is left for the journal")),
    }
    return Observatory(looks, lambda name: LookContext(door=None, inventory=None, profile=None, sight=lambda _: None))  # type: ignore[arg-type]


gone, broken, full = (sighting(name, lambda why: f"not seen: {why}") for name in ("gone", "broken", "full"))
needed = sighting("gone")


def test_a_look_that_only_adds_gives_its_reason(gone: str, broken: str) -> None:
    assert gone == "not seen: vantage: outside is gone"
    assert broken == "not seen: KeyError: 'ports'"


def test_what_is_needed_raises(request: pytest.FixtureRequest) -> None:
    with pytest.raises(CouldNotLook):
        request.getfixturevalue("needed")


def test_a_record_that_cannot_be_kept_raises_all_the_same(request: pytest.FixtureRequest) -> None:
    with pytest.raises(OSError, match="no space"):
        request.getfixturevalue("full")
