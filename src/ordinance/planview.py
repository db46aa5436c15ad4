"""What `--plan` prints: every check, and everything that would be contacted. Nothing is sent to make it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ordinance.observe.contacts import Contact, contacts
from ordinance.plan import PlannedCheck

if TYPE_CHECKING:
    from ordinance.audit import Brief


def plan_lines(brief: Brief, checks: Sequence[PlannedCheck]) -> Iterator[str]:
    """The plan in words: checks by clause, then contacts by vantage."""
    inventory = brief.inventory
    yield f"Plan for {inventory.city} ({inventory.source}), profile {brief.profile.name}: {len(checks)} checks. Nothing is sent."
    yield from _checks(checks)
    yield ""
    yield "Would be contacted:"
    names = brief.looks_behind(checks, brief.day_of(datetime.now(UTC)))
    for vantage, group in _by_vantage(contacts(names, inventory, brief.profile)).items():
        yield f"  from {vantage}"
        for contact in group:
            yield f"    {contact.target}  {contact.what}  [{contact.look}]"


def _checks(checks: Sequence[PlannedCheck]) -> Iterator[str]:
    clause = ""
    for check in checks:
        if check.clause != clause:
            clause = check.clause
            yield f"  clause {clause}"
        note = f"  ({check.lacking})" if check.lacking else ""
        yield f"    {check.control} on {check.target} from {check.vantage}{note}"


def _by_vantage(found: Sequence[Contact]) -> dict[str, list[Contact]]:
    groups: dict[str, list[Contact]] = {}
    for contact in found:
        groups.setdefault(contact.vantage, []).append(contact)
    return groups
