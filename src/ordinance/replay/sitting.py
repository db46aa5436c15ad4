"""One replay: the checks of a recorded run, judged again from what its looks saw."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec

from ordinance.brief import Brief
from ordinance.docket import Docket, Key
from ordinance.errors import OrdinanceError
from ordinance.inputs import INPUTS
from ordinance.judge.verdict import NotRun
from ordinance.observatory import Observatory
from ordinance.observe import looks
from ordinance.observe.api import LOOKS
from ordinance.plan import PlannedCheck, Selection, make_plan
from ordinance.record.chain import NotSound
from ordinance.record.model import Results
from ordinance.record.stamp import moment
from ordinance.replay.records import Recorded
from ordinance.sightings import Recalled

looks.register_all()


@dataclass(frozen=True, slots=True)
class Terms:
    """What to judge by: the recorded policy and profile, or others on purpose (then the run is judged anew)."""

    policy: Path | None = None
    profile: str | None = None

    @property
    def recorded(self) -> bool:
        """Whether nothing else is asked for than what the run was judged by."""
        return self.policy is None and self.profile is None

    def words(self, brief: Brief) -> str:
        """What is different from the night, in a sentence; empty when nothing is."""
        if self.recorded:
            return ""
        other = " and another policy than that of the run" if self.policy is not None else ""
        return f"Judged again from the records, under the profile {brief.profile.name}{other}."


@dataclass(slots=True, kw_only=True)
class Replay(Docket):
    """The docket of a recorded run. Nothing is looked at; what the looks saw is recalled."""

    recorded: Recorded
    terms: Terms
    place: Path  #: where the results go

    def __post_init__(self) -> None:
        self.verdicts = {check.key: NotRun() for check in self.plan}
        self.seconds = dict(self.recorded.seconds)
        self.observatory = Observatory(LOOKS, _no_context, Recalled.of(self.recorded.observations, LOOKS).perform)

    @classmethod
    def of(cls, recorded: Recorded, terms: Terms, place: Path) -> Replay:
        """Prepare a replay. Raises NotSound when plan and inputs are not those of one run; DataError, OrdinanceError."""
        whole = terms.policy is not None and not recorded.plan.selection  # then a newer policy may plan more
        brief = Brief.of_copies(
            recorded.folder / INPUTS, recorded.plan.inventory, policy=terms.policy, profile=terms.profile,
            kept=None if whole else recorded.planned,
        )  # fmt: skip
        plan = brief.plan()
        _same_run(recorded, terms, brief, plan)
        everything = make_plan(brief.law, brief.inventory, Selection())
        kept = {check.key for check in plan}
        return cls(
            brief=brief, plan=plan, started=moment(recorded.plan.started), selected=recorded.plan.selection,
            left_out=frozenset(check.control for check in everything if check.key not in kept),
            recorded=recorded, terms=terms, place=place,
        )  # fmt: skip

    @property
    def kept(self) -> str:
        """Where the results go, in words."""
        return f"the results go to {self.place}"

    @property
    def unpublished(self) -> str:
        """What stands where the results would."""
        return f"{self.place} is not written"

    def is_due(self, check: PlannedCheck) -> bool:
        """Whether the run came to this check: nothing that was seen later makes it made."""
        return check.key not in self.recorded.never_made

    def open(self) -> str:
        """There is nothing to bring up."""
        return f"the records of {self.recorded.plan.run}; nothing is sent"

    def untested(self, collected: Collection[Key]) -> list[str]:
        """Controls with a planned check that was not collected: a replay judges all of them or nothing."""
        return sorted({check.control for check in self.plan if check.key not in collected})

    def unsettled(self) -> list[PlannedCheck]:
        """Checks that this replay ought to have judged and did not."""
        return [check for check in self.plan if self.is_unsettled(check) and self.is_due(check)]

    def spent(self, check: PlannedCheck, seconds: float) -> None:
        """Leave it at the time the check took in the night."""

    def results_told(self, results: Results) -> Results:
        """The results, saying so when they are judged otherwise than in the night."""
        words = self.terms.words(self.brief)
        return msgspec.structs.replace(results, run=msgspec.structs.replace(results.run, judged_again=words))

    def write_plan(self) -> None:
        """Leave it as it was written in the night."""

    def close(self) -> None:
        """Let no look go on."""
        self.observatory.halt()


def free_place(run: Path, asked: Path | None) -> Path:
    """Where the results of a replay go: an empty folder that is asked for, or a new one beside the run. Raises OrdinanceError."""
    if asked is not None:
        if run in (asked.resolve(), *asked.resolve().parents):
            raise OrdinanceError(f"{asked}: is the run itself, or within it; name a folder elsewhere")
        if asked.exists() and (not asked.is_dir() or any(asked.iterdir())):
            raise OrdinanceError(f"{asked}: is there already; a replay writes into a new or an empty folder")
        return asked
    number, place = 1, run.with_name(f"{run.name}-replayed")
    while place.exists():
        number += 1
        place = run.with_name(f"{run.name}-replayed-{number}")
    return place


def _no_context(look: str) -> NoReturn:
    raise OrdinanceError(f"a replay looks at nothing, and {look} was to look")


def _same_run(recorded: Recorded, terms: Terms, brief: Brief, plan: tuple[PlannedCheck, ...]) -> None:
    """Raise NotSound unless inventory, profile and plan are those that were written down before the first packet."""
    then = recorded.plan
    if then.inventory_sha256 != brief.inventory_sha256:
        raise NotSound(f"{recorded.folder / INPUTS}: the inventory is not the one that the plan names by its hash")
    if not terms.recorded:
        return
    if then.profile != brief.profile.name:
        raise NotSound(f"{recorded.folder / INPUTS}: the profile is {brief.profile.name}, and the plan names {then.profile}")
    rows = [(row["control"], row["clause"], row["target"], row["vantage"]) for row in then.checks]
    if rows != [(check.control, check.clause, check.target, check.vantage) for check in plan]:
        raise NotSound(f"{recorded.folder}: the plan is not the one that inventory and policy in {INPUTS} lead to")
