"""Where every clause of the policy stands after a run. No clause is left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum

from ordinance.inventory.model import Attestation
from ordinance.judge.verdict import State
from ordinance.law.model import Clause, Disposition, Law
from ordinance.record.model import CheckRecord, ClauseRecord


class Standing(StrEnum):
    """How a clause stands. Only COMPLIANT says that all the policy asks for here was looked at and found so."""

    VIOLATED = "violated"
    UNPROVEN = "unproven"  #: a check could not be settled, or an attestation is missing, expired or not yet in force
    NOT_RUN = "not-run"  #: the run ended before any of its checks
    WAIVED = "waived"
    COMPLIANT = "compliant"
    #: so far as it was looked at; other controls are not built or not selected, or nobody attests the human part
    COMPLIANT_IN_PART = "compliant-in-part"
    NOT_APPLICABLE = "not-applicable"
    NOT_SELECTED = "not-selected"
    NOT_COVERED_YET = "not-covered-yet"
    ATTESTED = "attested"
    NOT_TESTABLE = "not-testable"


def clause_records(
    law: Law, checks: Sequence[CheckRecord], attestations: Sequence[Attestation], today: date, left_out: Collection[str] = ()
) -> list[ClauseRecord]:
    """One record for every clause, in the policy's order. `today` is the city's day on which the run began.

    `left_out` are controls that were not checked on every target they have: their clauses can be compliant in part only.
    """
    return [_record(law, clause, checks, attestations, today, left_out=left_out) for clause in law.clauses.values()]


def live_attestation(clause: str, attestations: Sequence[Attestation], today: date) -> Attestation | None:
    """Find the attestation of exactly this clause that is in force on `today`, the one that lasts longest."""
    live = [entry for entry in attestations if entry.clause == clause and entry.on <= today <= entry.until]
    return max(live, key=lambda entry: entry.until, default=None)


def _record(
    law: Law,
    clause: Clause,
    checks: Sequence[CheckRecord],
    attestations: Sequence[Attestation],
    today: date,
    *,
    left_out: Collection[str],
) -> ClauseRecord:
    covered = [name for name in clause.controls if name in law.controls and law.controls[name].covered]
    later = [name for name in clause.controls if name not in covered]
    own = [check for check in checks if check.clause == clause.id or check.control in covered]
    open_still = [*later, *(name for name in covered if name in left_out)]
    live = live_attestation(clause.id, attestations, today)
    shown = live or _last(clause.id, attestations)
    return ClauseRecord(
        id=clause.id,
        title=clause.title,
        text=clause.text,
        disposition=clause.disposition.value,
        why=clause.why,
        controls=covered,
        controls_not_covered_yet=later,
        standing=_standing(clause, covered, open_still, own, live).value,
        attestation=_words(shown, in_force=shown is live) if shown else None,
        human_part=clause.human_part,
    )


def _standing(
    clause: Clause, covered: list[str], open_still: list[str], checks: list[CheckRecord], live: Attestation | None
) -> Standing:
    if checks:
        made = {check.control for check in checks}
        whole = not open_still and made >= {*covered} and (live is not None or not clause.human_part)
        return _of_checks({check.verdict for check in checks}, whole=whole)
    if clause.disposition is Disposition.NOT_TESTABLE:
        return Standing.NOT_TESTABLE
    if clause.disposition is Disposition.ATTESTED:
        return Standing.ATTESTED if live else Standing.UNPROVEN
    return Standing.NOT_SELECTED if covered else Standing.NOT_COVERED_YET


def _of_checks(verdicts: set[str], *, whole: bool) -> Standing:
    """Let the worst verdict be the standing of the clause; `whole` is false while a part of it stands open."""
    if State.VIOLATED in verdicts:
        return Standing.VIOLATED
    if verdicts == {State.NOT_RUN}:
        return Standing.NOT_RUN
    if verdicts & {State.UNPROVEN, State.NOT_RUN}:
        return Standing.UNPROVEN
    if State.WAIVED in verdicts:
        return Standing.WAIVED
    if State.COMPLIANT in verdicts:
        return Standing.COMPLIANT if whole else Standing.COMPLIANT_IN_PART
    return Standing.NOT_APPLICABLE


def _last(clause: str, attestations: Sequence[Attestation]) -> Attestation | None:
    """Find the one that ended last, to be shown as expired."""
    return max((entry for entry in attestations if entry.clause == clause), key=lambda entry: entry.until, default=None)


def _words(entry: Attestation, *, in_force: bool) -> dict[str, str]:
    return {
        "by": entry.by,
        "on": entry.on.isoformat(),
        "reference": entry.reference,
        "until": entry.until.isoformat(),
        "state": "in force" if in_force else "not in force",
    }
