"""The verdicts. *Compliant* cannot be made without evidence and a witness; every planned check starts as not-run.

Names map to XCCDF 1.2 results (pass, fail, unknown, notapplicable, fail with override, notchecked).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar


class State(StrEnum):
    """The six words a check can end with, as they stand in `results.json`."""

    COMPLIANT = "compliant"
    VIOLATED = "violated"
    UNPROVEN = "unproven"
    NOT_APPLICABLE = "not-applicable"
    WAIVED = "waived"
    NOT_RUN = "not-run"


class NoProof(ValueError):
    """A verdict was to be made without what it must rest on."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen: a sentence for the reader and the observations (journal ids) it rests on."""

    text: str
    observations: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.text.strip() or not self.observations:
            raise NoProof("evidence needs a sentence and at least one observation")


@dataclass(frozen=True, slots=True)
class Witness(Evidence):
    """A positive control: it would have failed, had the looking itself been broken."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What may begin from one zone of a firewall to another; `beyond` when some of it is not within the policy."""

    source: str
    target: str
    what: tuple[str, ...]  #: in lines: "TCP 25, 80; ICMP"
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class Passages(Evidence):
    """What passes between the zones of a firewall, for a picture of it."""

    rows: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Compliant:
    """The policy is obeyed, as far as the evidence goes; the witness shows that the looking worked."""

    state: ClassVar[State] = State.COMPLIANT
    reason: str
    evidence: tuple[Evidence, ...]
    witnesses: tuple[Witness, ...]

    def __post_init__(self) -> None:
        _need(self.reason)
        if not self.evidence or any(isinstance(item, Witness) for item in self.evidence):
            raise NoProof("compliant needs evidence that is not itself a witness")
        if not self.witnesses or not all(isinstance(item, Witness) for item in self.witnesses):
            raise NoProof("compliant needs at least one witness")


@dataclass(frozen=True, slots=True)
class Violated:
    """The policy is broken: subject, what was seen, what is required, clause.

    `breaches` names each part in breach ("198.51.100.7:23/tcp"), so that an authorisation waives what it names and no more;
    empty when the target as a whole is in breach.
    """

    state: ClassVar[State] = State.VIOLATED
    reason: str
    evidence: tuple[Evidence, ...]
    witnesses: tuple[Witness, ...] = ()
    breaches: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need(self.reason)
        if not self.evidence:
            raise NoProof("violated needs evidence")


@dataclass(frozen=True, slots=True)
class Unproven:
    """It could not be seen whether the policy is obeyed; the reason says what was in the way."""

    state: ClassVar[State] = State.UNPROVEN
    reason: str
    evidence: tuple[Evidence, ...] = ()
    witnesses: tuple[Witness, ...] = ()

    def __post_init__(self) -> None:
        _need(self.reason)


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """Somebody decided, by name, that the control does not apply here."""

    state: ClassVar[State] = State.NOT_APPLICABLE
    reason: str
    decided_by: str
    evidence: tuple[Evidence, ...] = ()
    witnesses: tuple[Witness, ...] = ()

    def __post_init__(self) -> None:
        _need(self.reason)
        _need(self.decided_by)


@dataclass(frozen=True, slots=True)
class Waived:
    """A violation that ITD authorised, by name, until a day that has not passed."""

    state: ClassVar[State] = State.WAIVED
    reason: str
    by: str
    until: date
    evidence: tuple[Evidence, ...]
    witnesses: tuple[Witness, ...] = ()

    def __post_init__(self) -> None:
        _need(self.reason)
        _need(self.by)
        if not self.evidence:
            raise NoProof("waived needs the evidence of the violation it waives")


@dataclass(frozen=True, slots=True)
class NotRun:
    """Where every planned check begins."""

    state: ClassVar[State] = State.NOT_RUN
    reason: str = "the run ended before this check was made"
    evidence: tuple[Evidence, ...] = ()
    witnesses: tuple[Witness, ...] = ()


Verdict = Compliant | Violated | Unproven | NotApplicable | Waived | NotRun


def _need(text: str) -> None:
    if not text.strip():
        raise NoProof("a verdict needs its reason in words")
