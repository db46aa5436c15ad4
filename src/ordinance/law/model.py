"""The policy after reading: clauses in order, controls, and the parameters of a profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Disposition(StrEnum):
    """How a clause is dealt with; no clause is omitted."""

    TESTED = "tested"
    ATTESTED = "attested"
    NOT_TESTABLE = "not-testable"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause or sub-clause of City Policy 1.7.1, with its own words."""

    id: str  #: "9.A.1"
    title: str
    text: str
    disposition: Disposition
    why: str  #: why attested, or why not testable; empty when tested
    controls: tuple[str, ...]  #: control ids, those that come later included
    human_part: str = ""  #: what of a tested clause no test can see, so that a person attests it; empty when there is none


@dataclass(frozen=True, slots=True)
class Control:
    """One thing that is verified.

    `covered` is False for a control that is not built yet: shown as "not covered yet", in no plan.
    `targets` names how the plan expands it (see `ordinance.plan`), `looks` what must be seen for it.
    """

    id: str  #: "9.A.1/telnet-blocked"
    clause: str
    compliant_world: str  #: the one sentence of the compliant world
    witness: str
    vantage: str  #: "outside" | "here" | ... : a vantage name of the inventory
    targets: str
    looks: tuple[str, ...]
    covered: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """The numbers and readings that the policy leaves to ITD. Never constants in a test."""

    name: str
    #: 9.A.3 sends the public through the Internet server: "allowed" (a declared reading) or "violation" (strict)
    public_web: str
    #: the public zone's name server, read the same way
    public_dns: str
    telnet_tcp_ports: tuple[int, ...]
    ftp_tcp_ports: tuple[int, ...]
    tftp_udp_ports: tuple[int, ...]
    smtp_ports: tuple[int, ...]
    nntp_ports: tuple[int, ...]
    web_ports: tuple[int, ...]
    dns_ports: tuple[int, ...]
    management_tcp_ports: tuple[int, ...]
    management_udp_ports: tuple[int, ...]
    default_communities: tuple[str, ...]
    message_size_max: int  #: bytes, 3.I
    mailbox_quota_max: int  #: bytes, 3.H
    password_max_days: int  #: days, 10.D
    retention_days: int  #: days, 3.C
    miss_bound: float  #: greatest allowed chance that one open port was missed
    clock_skew_max: int = 300  #: seconds a host's clock may be off before days counted on it prove nothing
    sweep_age_max: int = 14  #: days after which what a sweep knew of a port is no longer known, where sweeps rotate


@dataclass(frozen=True, slots=True)
class Law:
    """The whole policy."""

    title: str
    clauses: dict[str, Clause]  #: in the policy's order
    controls: dict[str, Control]  #: in the policy's order
    sections: dict[str, str] = field(default_factory=dict)  #: headings of sections that are no clause themselves
