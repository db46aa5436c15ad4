"""What stands in a run folder: `observations.jsonl` and `results.json`."""

from __future__ import annotations

from typing import Any

import msgspec


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `observations.jsonl`: who looked, from where, at what, when, what came back."""

    id: str  #: "o-000017", in the order of the journal
    previous: str = ""  #: hex SHA-256 of the whole line before this one (see `record.chain`)
    look: str
    vantage: str
    target: str  #: "198.51.100.5:25/tcp", "mail", ...
    action: str  #: "connect", "dialogue", "ssh-exec", "agent", "snmp-get", "dns", "resolve" ...
    started: str  #: UTC, RFC 3339 with milliseconds
    monotonic: float  #: seconds on the runner's monotonic clock
    seconds: float  #: how long it took
    outcome: str  #: "ok", or an `Unseen` word
    seen: str  #: safe text: C0, C1, DEL, bidi, zero width and surrogates are shown as escapes
    raw: str = ""  #: base64 of the raw bytes, capped; empty when there are none
    raw_sha256: str = ""
    details: dict[str, Any] = {}


class PassageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What may begin from one zone of a firewall to another."""

    source: str
    target: str
    what: list[str]
    beyond: bool  #: some of it is not within the policy


class EvidenceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence in a check."""

    text: str
    witness: bool
    observations: list[str]
    passages: list[PassageRecord] = []  #: of a firewall's zones, for a picture


class CheckRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One check of `results.json`. `compliant_world` is the sentence of the control."""

    control: str
    clause: str
    target: str
    vantage: str
    verdict: str
    reason: str
    evidence: list[EvidenceRecord] = []
    compliant_world: str = ""
    decided_by: str = ""  #: not-applicable, waived
    until: str = ""  #: waived
    seconds: float = 0.0


class ClauseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One clause of the policy as the report shows it."""

    id: str
    title: str
    text: str
    disposition: str  #: tested | attested | not-testable
    why: str
    controls: list[str]  #: covered ones
    controls_not_covered_yet: list[str]
    standing: str  #: one of `ordinance.record.clauses.Standing`
    attestation: dict[str, str] | None = None  #: by, on, reference, until, state (in force | not in force)
    human_part: str = ""  #: what of a tested clause no test can see, so that a person attests it


class ControlRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One control of the policy, built or not."""

    id: str
    clause: str
    compliant_world: str
    witness: str
    vantage: str
    covered: bool


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The head of `results.json`."""

    id: str
    city: str
    inventory: str
    inventory_sha256: str
    profile: str
    policy: str
    status: str  #: complete | incomplete
    headline: str  #: compliant | violated | unproven | incomplete | nothing-to-check
    exit_code: int
    started: str
    finished: str
    seconds: float
    valid_until: str
    selection: str  #: "" for everything, else the words of --clause/--control/-k
    planned: int
    counts: dict[str, int]  #: verdict -> checks
    controls_covered: int  #: coverage: controls of the policy that are built ...
    controls_in_policy: int  #: ... of all that controls.md names
    versions: dict[str, str]
    scope: list[str]
    vantages: list[dict[str, str]]
    readings: list[str]  #: declared readings of the policy, in words
    parameters: dict[str, Any]
    timezone: str = "UTC"  #: the city's, an IANA name
    incomplete_because: str = ""  #: in words, when status is incomplete
    observations: int = 0  #: lines of the journal ...
    observations_sha256: str = ""  #: ... and the hash of that file, when it was closed
    judged_again: str = ""  #: a sentence, in a replay by another profile or policy than the run's own; empty otherwise


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """`results.json`."""

    run: RunRecord
    clauses: list[ClauseRecord]
    checks: list[CheckRecord]
    controls: list[ControlRecord] = []
    sections: dict[str, str] = {}  #: number of a section -> its heading, where it is no clause itself


class PlanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`plan.json`: what the run set out to do, written before the first packet."""

    run: str
    started: str
    inventory: str
    inventory_sha256: str
    profile: str
    selection: str
    checks: list[dict[str, str]]  #: control, clause, target, vantage
