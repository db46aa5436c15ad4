"""The checks of a run and their verdicts as they come in, whether they rest on looks of tonight or on records."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from ordinance.brief import Brief
from ordinance.judge.register import apply_registers
from ordinance.judge.verdict import NotRun, Unproven, Verdict, Violated
from ordinance.observatory import Observatory
from ordinance.plan import PlannedCheck

Key = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Docket:
    """The state of one judging. `verdicts` begins with every planned check as not-run."""

    brief: Brief
    plan: tuple[PlannedCheck, ...]
    started: datetime
    observatory: Observatory = field(init=False)
    fault: str = ""  #: why the run could not go on
    selected: str = ""  #: what was asked for, in words; empty: everything
    left_out: frozenset[str] = frozenset()  #: controls that are not checked on every target they have
    strays: list[str] = field(default_factory=list)  #: tests in the suites that failed and verify no control
    tracebacks: list[str] = field(default_factory=list)
    verdicts: dict[Key, Verdict] = field(init=False)
    seconds: dict[Key, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> None:
        """Start every look that the plan needs, side by side."""
        for name in self.looks_needed():
            self.observatory.start(name)

    def lost(self) -> str:
        """Why there is nothing left to look at; empty while there is."""
        return ""

    def looks_needed(self) -> tuple[str, ...]:
        """Names of the looks behind the planned checks that have something to look at."""
        return self.brief.looks_behind(self.plan, self.today())

    def foregone(self, check: PlannedCheck) -> Verdict | None:
        """A verdict that needs no looking: decided not to apply, or nothing declared to look at."""
        return self.brief.foregone(check, self.today())

    def settle(self, check: PlannedCheck, verdict: Verdict) -> Verdict:
        """Take in a verdict, after the registers of ITD have been applied to it. A check is settled once."""
        if isinstance(verdict, NotRun):
            raise ValueError(f"{check.control} on {check.target}: not-run is where a check begins, it is no verdict to hand in")
        final = apply_registers(verdict, check.control, check.target, self.brief.inventory.registers, self.today())
        with self._lock:
            if not isinstance(self.verdicts[check.key], NotRun):
                raise RuntimeError(f"{check.control} on {check.target} was settled twice")
            self.verdicts[check.key] = final
        return final

    def could_not_settle(self, check: PlannedCheck, why: str) -> None:
        """Something went wrong before or after the verdict: unproven, unless a violation was already found."""
        with self._lock:
            if not isinstance(self.verdicts[check.key], Violated):
                self.verdicts[check.key] = Unproven(why)

    def is_unsettled(self, check: PlannedCheck) -> bool:
        """Whether nobody has handed in a verdict yet."""
        return isinstance(self.verdicts[check.key], NotRun)

    def narrow(self, keys: Collection[Key]) -> None:
        """Plan only these checks; possible until the looks begin."""
        self.left_out = frozenset(check.control for check in self.plan if check.key not in keys)
        self.plan = tuple(check for check in self.plan if check.key in keys)
        self.verdicts = {check.key: NotRun() for check in self.plan}

    def spent(self, check: PlannedCheck, seconds: float) -> None:
        """Add to the time a check took."""
        self.seconds[check.key] = self.seconds.get(check.key, 0.0) + seconds

    def today(self) -> date:
        """The city's calendar day on which the run began."""
        return self.brief.day_of(self.started)

    def redact(self, text: str) -> str:
        """`text` without any secret that this run has used."""
        return text


def now() -> datetime:
    """The present moment, in UTC, to the millisecond: as it is recorded."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
