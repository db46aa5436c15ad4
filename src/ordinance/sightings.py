"""What looks saw, as lines of the journal: written when a look ends, read back in a replay.

A look's result is recorded, read back from what was recorded, and only then handed to the judges: a replay judges the very
value that was judged in the night.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_type_hints

from ordinance.errors import OrdinanceError
from ordinance.observe.api import CouldNotLook, Look, Unseen
from ordinance.observe.recorder import JournalLike
from ordinance.observe.safetext import safe
from ordinance.record.model import Observation
from ordinance.sight.packing import Unpackable, pack, unpack

#: The action of a line that holds the result of a look.
SIGHTING = "sighting"
#: The outcome of a look that failed in itself.
DEFECT = "defect"
Act = Callable[[], Any]


class LookDefect(Exception):
    """A look failed in itself; the text says how. Its cause, where there is one, is the error itself."""


@dataclass(slots=True)
class SightingLog:
    """Performs looks and records their results. `redact` takes the run's secrets out of a text."""

    looks: Mapping[str, Look]
    journal: JournalLike
    redact: Callable[[str], str] = field(default=lambda text: text)

    def perform(self, name: str, act: Act) -> Any:
        """Look, record, and give what was recorded. Raises CouldNotLook, LookDefect; JournalError when it cannot be recorded."""
        started, monotonic = datetime.now(UTC), time.monotonic()
        outcome, details, cause = self._outcome(name, act)
        self.journal.record(
            look=name, vantage="", target="", action=SIGHTING, started=started, monotonic=monotonic,
            seconds=time.monotonic() - monotonic, outcome=outcome, seen="", details=details,
        )  # fmt: skip
        return _result(name, details, self.looks, cause)

    def _outcome(self, name: str, act: Act) -> tuple[str, dict[str, Any], BaseException | None]:
        try:
            kind, packed = self._packed(name, act())
            return "ok", {"type": kind.__name__, "sighting": _without_secrets(packed, self.redact)}, None
        except CouldNotLook as missed:
            detail = safe(self.redact(missed.detail))
            unseen = {"reason": missed.reason.value, "detail": detail, "observation": missed.observation}
            return missed.reason.value, {"unseen": unseen}, missed
        except BaseException as error:  # noqa: BLE001 - recorded, and raised again as a defect
            return DEFECT, {"defect": safe(self.redact(f"{type(error).__name__}: {error}"))}, error

    def _packed(self, name: str, seen: Any) -> tuple[type[Any], Any]:
        kind, packed = kind_of(name, self.looks), pack(seen)
        if unpack(packed, kind) != seen:
            raise Unpackable(f"what {name} saw is not what would be read back: a value in it is not of its declared type")
        return kind, packed


@dataclass(slots=True)
class Recalled:
    """The recorded results of looks, by name. Performs a look by reading what it saw."""

    looks: Mapping[str, Look]
    lines: dict[str, Mapping[str, Any]]

    @classmethod
    def of(cls, observations: Iterable[Observation], looks: Mapping[str, Look]) -> Recalled:
        """Find the sightings of a journal. Raises OrdinanceError at one of a look that is not known, or that is there twice."""
        lines: dict[str, Mapping[str, Any]] = {}
        for seen in observations:
            if seen.action != SIGHTING:
                continue
            if seen.look not in looks:
                raise OrdinanceError(f"{seen.id}: a sighting of the look {seen.look!r}, which this version does not know")
            if seen.look in lines:
                raise OrdinanceError(f"{seen.id}: a second sighting of the look {seen.look}; a look is made once a run")
            lines[seen.look] = seen.details
        return cls(looks, lines)

    def perform(self, name: str, act: Act) -> Any:  # noqa: ARG002 - the shape of SightingLog.perform; nothing is looked at
        """What the look saw then. Raises as it did, or CouldNotLook(UNRECORDED) when the records do not hold it."""
        if name not in self.lines:
            raise CouldNotLook(Unseen.UNRECORDED, f"the journal of this run holds no sighting of {name}")
        return _result(name, self.lines[name], self.looks)


def kind_of(name: str, looks: Mapping[str, Look]) -> type[Any]:
    """What a look returns, by its annotation. Raises LookDefect when it has none that is a class."""
    kind = get_type_hints(looks[name]).get("return")
    if not isinstance(kind, type):
        raise LookDefect(f"the look {name} does not say by its annotation what it returns")
    return kind


def _result(name: str, details: Mapping[str, Any], looks: Mapping[str, Look], cause: BaseException | None = None) -> Any:
    """The value of a recorded line, or its error raised. The line is trusted for nothing: an odd one proves nothing."""
    match details:
        case {"type": str(kind), "sighting": packed, **rest} if not rest:
            return _seen(name, kind, packed, looks)
        case {"unseen": {"reason": str(reason), "detail": str(detail), "observation": str(observation), **more}, **rest} if (
            reason in set(Unseen) and not more and not rest
        ):
            raise CouldNotLook(Unseen(reason), detail, observation) from cause
        case {"defect": str(text), **rest} if not rest:
            raise LookDefect(text) from cause
    raise _odd(name, "the line is none that a look writes")


def _seen(name: str, kind: str, packed: Any, looks: Mapping[str, Look]) -> Any:
    wanted = kind_of(name, looks)
    if kind != wanted.__name__:
        raise _odd(name, f"it is a {kind}, and the look gives a {wanted.__name__}")
    try:
        return unpack(packed, wanted)
    except Unpackable as error:
        raise _odd(name, str(error)) from error


def _odd(name: str, why: str) -> CouldNotLook:
    return CouldNotLook(Unseen.UNRECORDED, f"the recorded sighting of {name} cannot be read: {safe(why, cap=1000)}")


def _without_secrets(packed: Any, redact: Callable[[str], str]) -> Any:
    """`packed` with every text in it redacted."""
    if isinstance(packed, str):
        return redact(packed)
    if isinstance(packed, dict):
        return {redact(key): _without_secrets(item, redact) for key, item in packed.items()}
    if isinstance(packed, list):
        return [_without_secrets(item, redact) for item in packed]
    return packed
