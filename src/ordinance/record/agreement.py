"""Do the parts of a run say the same: head, plan, results, journal? Planned is reported; what is cited is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ordinance.judge.verdict import State
from ordinance.record.chain import NotSound
from ordinance.record.ending import END
from ordinance.record.folder import JOURNAL, PLAN, RESULTS
from ordinance.record.head import HEAD, Head
from ordinance.record.headline import count, headline
from ordinance.record.model import CheckRecord, PlanRecord, Results
from ordinance.record.sums import sha256_of

INVENTORY = "inputs/inventory.yml"
#: What a verdict must rest on, evidence and witness (`ordinance.judge.verdict`).
_RESTS_ON = {State.COMPLIANT: {False, True}, State.VIOLATED: {False}, State.WAIVED: {False}}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a journal holds: the ids of its observations, the hash of all its whole lines, the action of the last."""

    names: set[str]
    sha256: str
    last_action: str


def agree(folder: Path, head: Head, plan: PlanRecord, results: Results, journal: Recorded) -> None:
    """Raise NotSound at the first thing that two parts of the run in `folder` say differently."""
    name, run = folder.resolve().name, results.run
    if head.run != name:
        raise NotSound(f"{folder / HEAD}: is of the run {head.run}, in a folder named {name}: put in another's place, or renamed")
    _same(folder / RESULTS, HEAD, _of_head(head, results))
    _same(folder / PLAN, RESULTS, _of_plan(plan, results))
    _planned_is_reported(folder, plan, results)
    _same(folder / RESULTS, "the journal", [("observations", run.observations, len(journal.names))])
    _same(folder / RESULTS, "the journal", [("observations_sha256", run.observations_sha256, journal.sha256)])
    _same(folder / RESULTS, INVENTORY, [("inventory_sha256", run.inventory_sha256, sha256_of(folder / INVENTORY))])
    if run.status == "complete" and journal.last_action != END:
        raise NotSound(
            f"{folder / JOURNAL}:{len(journal.names)}: this last line is no end, though the run is said to be complete"
        )
    for check in results.checks:
        _rests_on_the_journal(folder / RESULTS, check, journal)


def _of_head(head: Head, results: Results) -> list[tuple[str, Any, Any]]:
    run = results.run
    return [
        ("id", run.id, head.run),
        ("started", run.started, head.started),
        ("finished", run.finished, head.finished),
        ("observations", run.observations, head.records),
        ("planned", run.planned, head.plan),
    ]


def _of_plan(plan: PlanRecord, results: Results) -> list[tuple[str, Any, Any]]:
    run = results.run
    return [
        ("run", plan.run, run.id),
        ("started", plan.started, run.started),
        ("inventory_sha256", plan.inventory_sha256, run.inventory_sha256),
        ("profile", plan.profile, run.profile),
        ("selection", plan.selection, run.selection),
    ]


def _same(path: Path, other: str, facts: list[tuple[str, Any, Any]]) -> None:
    for name, here, there in facts:
        if here != there:
            place = _at(path, f'"{name}": {_json(here)}')
            raise NotSound(f"{place}: {name} is {here!r}, while {other} has {there!r}")


def _planned_is_reported(folder: Path, plan: PlanRecord, results: Results) -> None:
    path, run = folder / RESULTS, results.run
    planned = [tuple(row.get(name, "") for name in ("control", "clause", "target", "vantage")) for row in plan.checks]
    reported = [(check.control, check.clause, check.target, check.vantage) for check in results.checks]
    if lost := next((row for row in planned if row not in set(reported)), None):
        raise NotSound(f"{path}: {lost[0]} on {lost[2]} was planned and is not reported")
    if strange := next((row for row in reported if row not in set(planned)), None):
        raise NotSound(f"{path}: {strange[0]} on {strange[2]} is reported and was not planned")
    _same(path, PLAN, [("planned", run.planned, len(planned)), ("number of checks", len(reported), len(planned))])
    try:
        counts = count(State(check.verdict) for check in results.checks)
        word = headline(counts, run.planned, complete=run.status == "complete")
    except ValueError as error:
        raise NotSound(f"{path}: {error}") from error
    facts = [
        ("counts", run.counts, counts),
        ("headline", run.headline, word.value),
        ("exit_code", run.exit_code, int(word.exit_code)),
    ]
    _same(path, "the list of its checks", facts)


def _rests_on_the_journal(path: Path, check: CheckRecord, journal: Recorded) -> None:
    what = f"{check.control} on {check.target}"
    for name in _cited(check):
        if name not in journal.names:
            raise NotSound(f"{_at(path, _json(name))}: {what} rests on {name}, which the journal does not hold")
    missing = _RESTS_ON.get(State(check.verdict), set()) - {piece.witness for piece in check.evidence if piece.observations}
    if missing:
        kind = "witness" if True in missing else "evidence"
        raise NotSound(f"{path}: {what} is {check.verdict} without {kind} that cites an observation")


def _cited(check: CheckRecord) -> Iterator[str]:
    for piece in check.evidence:
        yield from piece.observations


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _at(path: Path, text: str) -> str:
    """`path`, with the line on which this text stands first, if it is there."""
    data = path.read_bytes()
    place = data.find(text.encode("utf-8", "replace"))
    line = data.count(b"\n", 0, place) + 1
    return f"{path}:{line}" if place >= 0 else str(path)
