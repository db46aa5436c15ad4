"""From verdicts to `results.json`. Pure: what is planned is reported, one record for each planned check, always."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ordinance.allowed.policy import openings
from ordinance.errors import OrdinanceError
from ordinance.inventory.model import Inventory
from ordinance.judge.verdict import Evidence, NotApplicable, NotRun, Passages, State, Verdict, Violated, Waived, Witness
from ordinance.law.model import Law, Profile
from ordinance.plan import PlannedCheck
from ordinance.record.clauses import clause_records, live_attestation
from ordinance.record.headline import Headline, count, headline
from ordinance.record.model import CheckRecord, ControlRecord, EvidenceRecord, PassageRecord, PlanRecord, Results, RunRecord
from ordinance.record.readings import readings
from ordinance.record.stamp import stamp

#: An audit speaks for the day it was made on: the next night's run replaces it.
VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known about the run itself. `stopped` says in words why it is incomplete; empty: it came to its end."""

    id: str
    started: datetime
    finished: datetime
    inventory_sha256: str
    selection: str = ""
    stopped: str = ""
    observations: int = 0
    observations_sha256: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


def build_results(
    facts: RunFacts,
    *,
    law: Law,
    profile: Profile,
    inventory: Inventory,
    plan: Sequence[PlannedCheck],
    verdicts: Mapping[tuple[str, str], Verdict],
    seconds: Mapping[tuple[str, str], float] | None = None,
    left_out: Collection[str] = (),
) -> Results:
    """Make the results of a run. `left_out` are controls that were not to be checked on every target they have.

    A planned check without a verdict is reported as not-run. A verdict for a check that was not planned, or a check
    planned twice, is a defect and raises ValueError. A waiver whose day has passed waives nothing: violated.
    """
    _same_plan(plan, verdicts)
    today = _city_day(facts.started, inventory.timezone)
    final = {check.key: _without_dead_waiver(verdicts.get(check.key, NotRun()), today) for check in plan}
    checks = [_check(law, item, final[item.key], (seconds or {}).get(item.key, 0.0)) for item in plan]
    clauses = clause_records(law, checks, inventory.registers.attestations, today, left_out)
    counts = count(State(check.verdict) for check in checks)
    ends = list(_rests_on(law, inventory, final, today))
    run = _run(facts, law, profile, inventory, counts=counts, planned=len(plan), ends=ends)
    return Results(run=run, clauses=clauses, checks=checks, controls=_controls(law), sections=dict(law.sections))


def _run(
    facts: RunFacts, law: Law, profile: Profile, inventory: Inventory, *, counts: dict[str, int], planned: int, ends: list[date]
) -> RunRecord:
    """Make the head of the results; `ends` are the last days of what the verdicts rest on."""
    word = headline(counts, planned, complete=not facts.stopped)
    return RunRecord(
        id=facts.id,
        city=inventory.city,
        inventory=inventory.source,
        inventory_sha256=facts.inventory_sha256,
        profile=profile.name,
        policy=law.title,
        status="incomplete" if facts.stopped else "complete",
        headline=word.value,
        exit_code=int(word.exit_code),
        started=stamp(facts.started),
        finished=stamp(facts.finished),
        seconds=round((facts.finished - facts.started).total_seconds(), 3),
        valid_until=_valid_until(facts, word, ends, inventory.timezone),
        selection=facts.selection,
        planned=planned,
        counts=counts,
        controls_covered=sum(control.covered for control in law.controls.values()),
        controls_in_policy=len(law.controls),
        versions=dict(facts.versions),
        scope=_scope(inventory),
        vantages=_vantages(inventory),
        readings=readings(profile),
        parameters=_parameters(profile),
        timezone=inventory.timezone,
        incomplete_because=facts.stopped,
        observations=facts.observations,
        observations_sha256=facts.observations_sha256,
    )


def build_plan(facts: RunFacts, *, profile: Profile, inventory: Inventory, plan: Sequence[PlannedCheck]) -> PlanRecord:
    """Make what is written down before the first packet."""
    rows = [
        {"control": check.control, "clause": check.clause, "target": check.target, "vantage": check.vantage} for check in plan
    ]
    return PlanRecord(
        run=facts.id,
        started=stamp(facts.started),
        inventory=inventory.source,
        inventory_sha256=facts.inventory_sha256,
        profile=profile.name,
        selection=facts.selection,
        checks=rows,
    )


def encode(record: Results | PlanRecord) -> bytes:
    """As JSON for people and programs: indented, keys in the order of the model."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def read_results(path: Path) -> Results:
    """Read `results.json` back. Raises OrdinanceError when it is not there or is not one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except OSError as error:
        raise OrdinanceError(f"{path} cannot be read ({error.strerror}): that run has published no results") from error
    except msgspec.MsgspecError as error:
        raise OrdinanceError(f"{path} is not the results of a run: {error}") from error


def _same_plan(plan: Sequence[PlannedCheck], verdicts: Mapping[tuple[str, str], Verdict]) -> None:
    keys = {check.key for check in plan}
    if len(keys) != len(plan):
        raise ValueError("a check stands in the plan twice")
    if strange := sorted(set(verdicts) - keys):
        raise ValueError(f"there are verdicts for checks that were not planned: {strange}")


def _city_day(moment: datetime, timezone: str) -> date:
    return moment.astimezone(ZoneInfo(timezone)).date()


def _without_dead_waiver(verdict: Verdict, today: date) -> Verdict:
    if isinstance(verdict, Waived) and verdict.until < today:
        note = f"{verdict.reason}; the waiver by {verdict.by} ended on {verdict.until}"
        return Violated(note, verdict.evidence, verdict.witnesses)
    return verdict


def _check(law: Law, planned: PlannedCheck, verdict: Verdict, seconds: float) -> CheckRecord:
    control = law.controls.get(planned.control)
    decided_by = verdict.decided_by if isinstance(verdict, NotApplicable) else getattr(verdict, "by", "")
    return CheckRecord(
        control=planned.control,
        clause=planned.clause,
        target=planned.target,
        vantage=planned.vantage,
        verdict=verdict.state.value,
        reason=verdict.reason,
        evidence=[_evidence(item) for item in (*verdict.evidence, *verdict.witnesses)],
        compliant_world=control.compliant_world if control else "",
        decided_by=decided_by,
        until=verdict.until.isoformat() if isinstance(verdict, Waived) else "",
        seconds=round(seconds, 3),
    )


def _evidence(item: Evidence) -> EvidenceRecord:
    rows = item.rows if isinstance(item, Passages) else ()
    passages = [PassageRecord(source=row.source, target=row.target, what=list(row.what), beyond=row.beyond) for row in rows]
    return EvidenceRecord(
        text=item.text, witness=isinstance(item, Witness), observations=list(item.observations), passages=passages
    )


def _valid_until(facts: RunFacts, word: Headline, ends_on: Iterable[date], timezone: str) -> str:
    """Say a day after the end, or sooner: the last day of what the results rest on."""
    if word in (Headline.INCOMPLETE, Headline.NOTHING):
        return ""
    ends = [datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC) for day in ends_on]
    return stamp(min([facts.finished + VALID_FOR, *ends]))


def _rests_on(law: Law, inventory: Inventory, verdicts: Mapping[tuple[str, str], Verdict], today: date) -> Iterator[date]:
    """Last days of the waivers and exemptions in use, of what opens a port, and of the attestations in force."""
    yield from (verdict.until for verdict in verdicts.values() if isinstance(verdict, Waived))
    yield from (opening.entry.until for opening in openings(inventory, today))
    exempt = {control for (control, _), verdict in verdicts.items() if isinstance(verdict, NotApplicable)}
    for control in exempt:
        # Of several decisions that say the same the last to end carries it.
        days = [e.until for e in inventory.registers.not_applicable if e.control == control and today <= e.until]
        yield from [max(days)] if days else []
    for clause in law.clauses:
        entry = live_attestation(clause, inventory.registers.attestations, today)
        if entry is not None:
            yield entry.until


def _scope(inventory: Inventory) -> list[str]:
    return [str(net) for net in inventory.scope.allow] + [f"never {net}" for net in inventory.scope.deny]


def _vantages(inventory: Inventory) -> list[dict[str, str]]:
    return [
        {"name": vantage.name, "zone": vantage.zone, "host": vantage.host or "the machine that runs the audit"}
        for vantage in inventory.vantages.values()
    ]


def _parameters(profile: Profile) -> dict[str, Any]:
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(profile).items()}
    del values["name"]
    return values


def _controls(law: Law) -> list[ControlRecord]:
    return [
        ControlRecord(
            id=control.id,
            clause=control.clause,
            compliant_world=control.compliant_world,
            witness=control.witness,
            vantage=control.vantage,
            covered=control.covered,
        )
        for control in law.controls.values()
    ]
