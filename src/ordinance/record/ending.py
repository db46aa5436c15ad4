"""The last line of the journal of a run that ended: what is needed, beside the sightings, to make its results again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ordinance.record.chain import NotSound
from ordinance.record.model import Observation

#: The action of that line. A journal without it belongs to a run that was killed.
END = "end"


class CheckEnd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One planned check: how long it took, and whether it was made at all."""

    control: str
    target: str
    seconds: float
    made: bool


class EndRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The details of that line."""

    finished: str  #: UTC, RFC 3339 with milliseconds
    stopped: str  #: why the run is incomplete; empty when it came to its end
    versions: dict[str, str]
    checks: list[CheckEnd]


def end_details(end: EndRecord) -> dict[str, Any]:
    """As `details` of an observation."""
    details: dict[str, Any] = msgspec.to_builtins(end)
    return details


def read_end(observations: Sequence[Observation]) -> EndRecord | None:
    """The end of a journal; None when it has none. Raises NotSound at one that is not the last line, or is none."""
    found = [seen for seen in observations if seen.action == END]
    if not found:
        return None
    if len(found) > 1 or observations[-1] is not found[0]:
        raise NotSound(f"{found[0].id}: the end of the run is not the last line of its journal")
    try:
        return msgspec.convert(found[0].details, EndRecord, strict=True)
    except msgspec.ValidationError as error:
        raise NotSound(f"{found[0].id}: the end of the run cannot be read: {error}") from error
