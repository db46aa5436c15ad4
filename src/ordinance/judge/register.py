"""What ITD decided on paper, applied to a verdict: exemptions and authorisations, each by name and with a last day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ordinance.inventory.model import Authorisation, Registers
from ordinance.judge.verdict import NotApplicable, Verdict, Violated, Waived


def exempted(control: str, registers: Registers, today: date) -> NotApplicable | None:
    """The decision that `control` does not apply here, if one is in date. `until` is the last day it holds."""
    for entry in registers.not_applicable:
        if entry.control == control and today <= entry.until:
            return NotApplicable(f"{entry.reason} (decided by {entry.decided_by}, until {entry.until})", entry.decided_by)
    return None


def apply_registers(verdict: Verdict, control: str, target: str, registers: Registers, today: date) -> Verdict:
    """A violation becomes waived when every breach in it was authorised by ITD and no such authorisation has expired.

    An authorisation names one breach ("198.51.100.7:23/tcp"), or the whole target where a verdict lists no breaches: it
    never reaches further than its words. An expired one waives nothing, and neither does one that holds for a source: nobody
    knows that what was seen was seen from there. The reason then says that there was one.
    """
    if not isinstance(verdict, Violated):
        return verdict
    parts = verdict.breaches or (target,)
    entries = [entry for entry in registers.authorisations if entry.control == control and entry.target in parts]
    live = {entry.target: entry for entry in entries if today <= entry.until and not entry.source}
    if all(part in live for part in parts):
        return _waive(verdict, tuple(live[part] for part in parts))
    lapsed = [entry for entry in entries if entry.target not in live]
    if not lapsed:
        return verdict
    notes = "; ".join(f"authorisation {entry.id} by {entry.approved_by} {_why_not(entry, today)}" for entry in lapsed)
    return replace(verdict, reason=f"{verdict.reason}; {notes}")


def _why_not(entry: Authorisation, today: date) -> str:
    return f"expired on {entry.until}" if entry.until < today else f"holds from {entry.source} alone"


def _waive(verdict: Violated, entries: tuple[Authorisation, ...]) -> Waived:
    first = min(entries, key=lambda entry: entry.until)
    notes = "; ".join(
        f"authorised as {entry.id} by {entry.approved_by} until {entry.until}: {entry.reason}" for entry in dict.fromkeys(entries)
    )
    return Waived(f"{verdict.reason}; {notes}", first.approved_by, first.until, verdict.evidence, verdict.witnesses)
