"""One audit from its first act to its last: the plan, the looks, the verdicts as they come in, the published results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ordinance.brief import Brief
from ordinance.docket import Docket, now
from ordinance.earlier import nights_before
from ordinance.errors import OrdinanceError
from ordinance.inputs import INPUTS
from ordinance.judge.verdict import NotRun
from ordinance.labkeeper import LabKeeper
from ordinance.observatory import Observatory
from ordinance.observe import looks
from ordinance.observe.api import LOOKS, LookContext
from ordinance.observe.door import NetworkDoor
from ordinance.observe.gate import KillSwitch
from ordinance.plan import PlannedCheck
from ordinance.record.folder import PLAN, RunFolder
from ordinance.record.journal import Journal
from ordinance.record.results import RunFacts, build_plan, encode
from ordinance.sightings import SightingLog

__all__ = ["Audit", "Brief", "now"]

looks.register_all()


@dataclass(slots=True, kw_only=True)
class Audit(Docket):
    """One run that looks: it brings up what it looks from, records what it sees, and judges."""

    folder: RunFolder
    journal: Journal
    keeper: LabKeeper | None = None
    _door: NetworkDoor | None = None

    def __post_init__(self) -> None:
        self.verdicts = {check.key: NotRun() for check in self.plan}
        self.observatory = Observatory(LOOKS, self._context, SightingLog(LOOKS, self.journal, self.redact).perform)

    @property
    def kept(self) -> str:
        """Where the run is kept, in words."""
        return f"the run is kept in {self.folder.path}"

    @property
    def unpublished(self) -> str:
        """What stands where the results would."""
        return f"{self.folder.reports / 'latest'} says INCOMPLETE"

    def unsettled(self) -> list[PlannedCheck]:
        """Checks that nobody has handed in a verdict for."""
        return [check for check in self.plan if self.is_unsettled(check)]

    def open(self) -> str:
        """Bring up what the run looks from; says in words what was done. Raises OrdinanceError."""
        if stopped := self.lost():
            raise OrdinanceError(f"nothing was looked at: {stopped}")
        if not self.brief.inventory.lab:
            return "a real network"
        self.keeper = LabKeeper()
        self.keeper.open()
        return "the embedded city, started for this run" if self.keeper.started else "the embedded city, already up"

    def lost(self) -> str:
        """Why the looking is over before its end: the city is gone, or the kill switch is there; empty while neither is so."""
        gone = self.keeper.lost() if self.keeper is not None else ""
        return gone or KillSwitch.of_environment(reports=self.folder.reports).thrown()

    @property
    def facts(self) -> RunFacts:
        """What is known about the run before it has ended."""
        return RunFacts(self.folder.id, self.started, self.started, self.brief.inventory_sha256, selection=self.selected)

    def write_plan(self) -> None:
        """Put the denominator, and what is judged against, on disk, before the first packet. Raises OrdinanceError."""
        for name, data in self.brief.inputs.items():
            self.folder.write(f"{INPUTS}/{name}", data)
        copies = Brief.of_copies(self.folder.path / INPUTS, self.brief.inventory.source)
        if not copies.says_the_same(self.brief):
            raise OrdinanceError("the inventory or the policy was changed while it was read; run the audit again")
        plan = build_plan(self.facts, profile=self.brief.profile, inventory=self.brief.inventory, plan=self.plan)
        self.folder.write(PLAN, encode(plan))

    def redact(self, text: str) -> str:
        """`text` without any secret that this run has used."""
        return text if self._door is None else self._door.vault.redact_text(text)

    def close(self, last: Callable[[], object] = lambda: None) -> None:
        """Stop looking and let go of what was opened. `last` may write the last line of the journal."""
        self.observatory.halt()
        try:
            if self._door is not None:
                self._door.close()
            if self.keeper is not None:
                self.keeper.close()
            last()
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
            door=door.for_look(look), inventory=self.brief.inventory, profile=self.brief.profile, sight=self.observatory.see,
            earlier=lambda: nights_before(self.folder.reports, self.folder.id, self.brief.inventory),
        )  # fmt: skip
