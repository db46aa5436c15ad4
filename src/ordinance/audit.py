"""One audit from its first act to its last: the plan, the looks, the verdicts as they come in, the published results."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ordinance.inventory.load import load as load_inventory
from ordinance.inventory.model import Inventory
from ordinance.judge.register import apply_registers, exempted
from ordinance.judge.verdict import NotRun, Unproven, Verdict, Violated
from ordinance.labkeeper import LabKeeper
from ordinance.law.load import load_law, load_profile
from ordinance.law.model import Law, Profile
from ordinance.observatory import Observatory
from ordinance.observe import looks
from ordinance.observe.api import LOOKS, LookContext
from ordinance.observe.door import NetworkDoor
from ordinance.observe.gate import KillSwitch
from ordinance.plan import PlannedCheck, Selection, make_plan
from ordinance.record.folder import PLAN, RunFolder
from ordinance.record.journal import Journal
from ordinance.record.results import RunFacts, build_plan, encode

__all__ = ["Audit", "Brief"]

looks.register_all()


@dataclass(frozen=True, slots=True)
class Brief:
    """What is audited against what: read before anything else happens."""

    inventory: Inventory
    inventory_sha256: str
    law: Law
    profile: Profile
    selection: Selection

    @classmethod
    def read(cls, inventory: Path, profile: str, selection: Selection) -> Brief:
        """Read inventory, policy and profile. Raises DataError with every problem found."""
        read = load_inventory(inventory)
        digest = hashlib.sha256(inventory.read_bytes()).hexdigest()
        return cls(read, digest, load_law(), load_profile(profile), selection)

    def plan(self) -> tuple[PlannedCheck, ...]:
        """Every check that was asked for."""
        return make_plan(self.law, self.inventory, self.selection)

    def day_of(self, moment: datetime) -> date:
        """The city's calendar day."""
        return moment.astimezone(ZoneInfo(self.inventory.timezone)).date()

    def foregone(self, check: PlannedCheck, today: date) -> Verdict | None:
        """A verdict that needs no looking: decided not to apply, or nothing declared to look at."""
        exemption = exempted(check.control, self.inventory.registers, today)
        if exemption is not None:
            return exemption
        return Unproven(check.lacking) if check.lacking else None

    def looks_behind(self, checks: Iterable[PlannedCheck], today: date) -> tuple[str, ...]:
        """Names of the looks that these checks rest on, where there is something to look at."""
        wanted = [
            name for check in checks if self.foregone(check, today) is None for name in self.law.controls[check.control].looks
        ]
        return tuple(dict.fromkeys(wanted))


@dataclass(slots=True)
class Audit:
    """State of one run. `verdicts` begins with every planned check as not-run."""

    brief: Brief
    folder: RunFolder
    plan: tuple[PlannedCheck, ...]
    started: datetime
    journal: Journal
    observatory: Observatory = field(init=False)
    keeper: LabKeeper | None = None
    fault: str = ""  #: why the run could not go on
    selected: str = ""  #: what was asked for, in words; empty: everything
    left_out: frozenset[str] = frozenset()  #: controls that are not checked on every target they have
    strays: list[str] = field(default_factory=list)  #: tests in the suites that failed and verify no control
    tracebacks: list[str] = field(default_factory=list)
    verdicts: dict[tuple[str, str], Verdict] = field(init=False)
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _door: NetworkDoor | None = None

    def __post_init__(self) -> None:
        self.verdicts = {check.key: NotRun() for check in self.plan}
        self.observatory = Observatory(LOOKS, self._context)

    def open(self) -> str:
        """Bring up what the run looks from; says in words what was done. Raises OrdinanceError."""
        if not self.brief.inventory.lab:
            return "a real network"
        self.keeper = LabKeeper()
        self.keeper.open()
        return "the embedded city, started for this run" if self.keeper.started else "the embedded city, already up"

    def look(self) -> None:
        """Start every look that the plan needs, side by side."""
        for name in self.looks_needed():
            self.observatory.start(name)

    def lost(self) -> str:
        """Why there is nothing left to look at; empty while there is."""
        return self.keeper.lost() if self.keeper is not None else ""

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

    def narrow(self, keys: Collection[tuple[str, str]]) -> None:
        """Plan only these checks; possible until the looks begin."""
        self.left_out = frozenset(check.control for check in self.plan if check.key not in keys)
        self.plan = tuple(check for check in self.plan if check.key in keys)
        self.verdicts = {check.key: NotRun() for check in self.plan}

    @property
    def facts(self) -> RunFacts:
        """What is known about the run before it has ended."""
        return RunFacts(self.folder.id, self.started, self.started, self.brief.inventory_sha256, selection=self.selected)

    def write_plan(self) -> None:
        """Put the denominator on disk, before the first packet."""
        plan = build_plan(self.facts, profile=self.brief.profile, inventory=self.brief.inventory, plan=self.plan)
        self.folder.write(PLAN, encode(plan))

    def spent(self, check: PlannedCheck, seconds: float) -> None:
        """Add to the time a check took."""
        self.seconds[check.key] = self.seconds.get(check.key, 0.0) + seconds

    def today(self) -> date:
        """The city's calendar day on which the run began."""
        return self.brief.day_of(self.started)

    def redact(self, text: str) -> str:
        """`text` without any secret that this run has used."""
        return text if self._door is None else self._door.vault.redact_text(text)

    def close(self) -> None:
        """Stop looking and let go of what was opened."""
        self.observatory.halt()
        try:
            if self._door is not None:
                self._door.close()
            if self.keeper is not None:
                self.keeper.close()
        finally:
            self.journal.close()

    def _context(self, look: str) -> LookContext:
        with self._lock:
            if self._door is None:
                halted = lambda: self.observatory.halted  # noqa: E731
                switch = KillSwitch.of_environment(halted, self.folder.reports)
                self._door = NetworkDoor(self.brief.inventory, self.journal, switch=switch)
            door = self._door
        return LookContext(
            door=door.for_look(look), inventory=self.brief.inventory, profile=self.brief.profile, sight=self.observatory.see
        )


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
