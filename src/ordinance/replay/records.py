"""The records of one run, as a replay needs them: plan, inputs, journal, and what was published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from ordinance.errors import OrdinanceError
from ordinance.inputs import INPUTS
from ordinance.record.chain import NotSound
from ordinance.record.ending import EndRecord, read_end
from ordinance.record.folder import JOURNAL, PLAN, RESULTS
from ordinance.record.journal import read_journal
from ordinance.record.model import Observation, PlanRecord, Results
from ordinance.record.results import RunFacts, read_results
from ordinance.record.stamp import moment
from ordinance.record.sums import SUMS, read_sums, sha256_of

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is on disk of a run. `end` is None when it was killed, `published` when it has no results."""

    folder: Path
    plan: PlanRecord
    observations: list[Observation]
    journal_sha256: str
    end: EndRecord | None
    published: Results | None

    @classmethod
    def read(cls, folder: Path) -> Recorded:
        """Read a run folder. Raises NotSound where it is not what was recorded, OrdinanceError where it holds too little.

        Files must be those of `SHA256SUMS`, where there is one; who signed that is for `ordinance verify`.
        """
        _whole(folder)
        _as_sealed(folder)
        observations = read_journal(folder / JOURNAL)
        data = (folder / JOURNAL).read_bytes()
        return cls(
            folder=folder,
            plan=_plan(folder / PLAN),
            observations=observations,
            journal_sha256=hashlib.sha256(data[: data.rfind(b"\n") + 1]).hexdigest(),
            end=read_end(observations),
            published=read_results(folder / RESULTS) if (folder / RESULTS).exists() else None,
        )

    @property
    def planned(self) -> frozenset[Key]:
        """Control and target of every check of the plan."""
        return frozenset((row["control"], row["target"]) for row in self.plan.checks)

    @property
    def sealed(self) -> bool:
        """Whether there is a seal. Files were compared with it; who signed it was not asked."""
        return (self.folder / SUMS).is_file()

    @property
    def never_made(self) -> frozenset[Key]:
        """Checks that the run did not come to. They stay so in a replay."""
        return (
            frozenset((check.control, check.target) for check in self.end.checks if not check.made) if self.end else frozenset()
        )

    @property
    def stopped(self) -> str:
        """Why the run is incomplete; empty when it came to its end and published."""
        if self.published is None:
            return "the run published no results: it was killed, or they could not be written"
        said = self.published.run.incomplete_because or (self.end.stopped if self.end else "")
        return said or ("" if self.end else "the journal has no last line: the run was killed, or is older than this version")

    @property
    def seconds(self) -> Mapping[Key, float]:
        """How long each check took, as far as that is recorded."""
        return {(check.control, check.target): check.seconds for check in self.end.checks} if self.end else {}

    def facts(self) -> RunFacts:
        """What is known about the run itself."""
        return RunFacts(
            id=self.plan.run,
            started=moment(self.plan.started),
            finished=moment(self.end.finished) if self.end else self._last_moment(),
            inventory_sha256=self.plan.inventory_sha256,
            selection=self.plan.selection,
            stopped=self.stopped,
            observations=len(self.observations),
            observations_sha256=self.journal_sha256,
            versions=self.end.versions if self.end else {},
        )

    def _last_moment(self) -> datetime:
        """The latest moment of which a run without an end says anything."""
        ends = [moment(seen.started) + timedelta(seconds=max(0.0, seen.seconds)) for seen in self.observations]
        return max([moment(self.plan.started), *ends])


def _whole(folder: Path) -> None:
    if not folder.is_dir():
        raise OrdinanceError(f"{folder}: there is no such run; name a folder such as reports/latest")
    for name in (PLAN, JOURNAL, INPUTS):
        if not (folder / name).exists():
            why = "the run ended before it looked, or is older than replay"
            raise OrdinanceError(f"{folder / name}: is missing, so nothing can be judged again: {why}")


def _as_sealed(folder: Path) -> None:
    if not (folder / SUMS).is_file():
        return
    for name, (line, digest) in read_sums(folder / SUMS).items():
        if not (folder / name).is_file() or sha256_of(folder / name) != digest:
            raise NotSound(f"{folder / name}: not the file that was sealed; see line {line} of {SUMS}")


def _plan(path: Path) -> PlanRecord:
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=PlanRecord)
        moment(plan.started)
    except ValueError as error:  # of msgspec, of UTF-8, of the moment
        raise NotSound(f"{path}: not what a run writes ({error})") from error
    if any(not {"control", "clause", "target", "vantage"} <= row.keys() for row in plan.checks):
        raise NotSound(f"{path}: a check of the plan has no control, clause, target or vantage")
    return plan
