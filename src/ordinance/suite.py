"""The words compliance suites are written in: `@control`, `Check`, and `sighting` for the fixtures that look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from ordinance.inventory.model import Inventory
from ordinance.judge.verdict import Unproven, Verdict, Violated
from ordinance.law.model import Profile
from ordinance.observatory import Observatory
from ordinance.observe.api import CouldNotLook
from ordinance.plan import PlannedCheck
from ordinance.sightings import LookDefect


class PolicyBroken(AssertionError):
    """A check ended violated. pytest shows it as a failure."""


class NotProven(Exception):
    """A check ended unproven: what had to be seen could not be. pytest shows it as an error."""


@dataclass(frozen=True, slots=True)
class Check:
    """One planned check while its test runs."""

    planned: PlannedCheck
    inventory: Inventory
    profile: Profile
    record: Callable[[PlannedCheck, Verdict], Verdict]
    today: date  #: the city's calendar day on which the run began

    @property
    def target(self) -> str:
        """Name of the public group, host, zone or mailbox this check is about."""
        return self.planned.target

    def settle(self, verdict: Verdict) -> None:
        """Hand in the verdict. A check is settled once; what was handed in is what the report says."""
        final = self.record(self.planned, verdict)
        if isinstance(final, Violated):
            raise PolicyBroken(final.reason)
        if isinstance(final, Unproven):
            raise NotProven(final.reason)


def control(name: str) -> pytest.MarkDecorator:
    """Say which control of `policy/controls.yml` a test function verifies; it runs once for each planned target."""
    return pytest.mark.control(name)


def sighting(look: str, unseen: Callable[[str], Any] | None = None) -> Any:
    """A session fixture with what the named look saw; a look that could not see makes its checks unproven.

    `unseen` is for a look that only adds to what its checks rest on: it makes of any reason what they are given instead.
    """

    @pytest.fixture(scope="session")
    def seen(observatory: Observatory) -> Any:
        if unseen is None:
            return observatory.see(look)
        try:
            return observatory.see(look)
        except (CouldNotLook, LookDefect) as missed:
            return unseen(str(missed))

    return seen
