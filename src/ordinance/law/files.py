"""The policy's file formats: clauses.yml, controls.yml and the profiles."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ordinance.strict import Leaf, WrongError

_CLAUSE = re.compile(r"[0-9]+(?:\.[A-Z](?:\.[0-9]+)?)?\Z")
_CONTROL = re.compile(r"[0-9]+(?:\.[A-Z](?:\.[0-9]+)?)?/[a-z0-9]+(?:-[a-z0-9]+)*\Z")


def _clause_id(text: str) -> None:
    if not _CLAUSE.match(text):
        raise WrongError(f'"{text}" is not the number of a clause')


def _control_id(text: str) -> None:
    if not _CONTROL.match(text):
        raise WrongError(f'"{text}" is not the name of a control')


def _sentence(text: str) -> None:
    if not text.endswith(".") or not text[:1].isupper():
        raise WrongError("not a sentence")


ClauseId = Annotated[str, Meta(description="the number of a clause in quotes, as 9.A.1"), Leaf(_clause_id)]
ControlId = Annotated[str, Meta(description="CLAUSE/slug, as 9.A.1/telnet-blocked"), Leaf(_control_id)]
Sentence = Annotated[str, Meta(description="one sentence, from its capital to its full stop"), Leaf(_sentence)]
Words = Annotated[str, Meta(description="some text", min_length=1)]
Port = Annotated[int, Meta(description="a port number, 1 to 65535", ge=1, le=65535)]
Ports = Annotated[list[Port], Meta(description="a list of port numbers")]
Count = Annotated[int, Meta(description="a whole number, 1 or more", ge=1)]
Days = Annotated[int, Meta(description="a number of days, 1 to 3650", ge=1, le=3650)]
Chance = Annotated[float, Meta(description="a chance above 0 and at most 1e-4", gt=0, le=1e-4)]
Reading = Annotated[Literal["allowed", "violation"], Meta(description="allowed or violation")]


class Clause(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One clause with its own words. `why` belongs to attested and not-testable ones, `human_part` to tested ones."""

    id: ClauseId
    title: Words
    text: Words
    disposition: Literal["tested", "attested", "not-testable"]
    why: Sentence | None = None
    human_part: Sentence | None = None
    controls: list[ControlId] = []


class ClausesFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """clauses.yml: the policy from its first clause to its last."""

    title: Words
    sections: dict[str, Words] = {}
    clauses: list[Clause]


class Control(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that is verified. `targets` and `looks` belong to covered ones."""

    id: ControlId
    clause: ClauseId
    compliant_world: Sentence
    witness: Sentence
    vantage: Words
    covered: bool
    targets: Words | None = None
    looks: list[Words] = []


class ControlsFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """controls.yml: every control of the policy, built or not."""

    controls: list[Control]


class ProfileFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A profile: what the policy leaves to ITD. Every parameter is written out; none has a silent default."""

    name: Words
    public_web: Reading
    public_dns: Reading
    telnet_tcp_ports: Ports
    ftp_tcp_ports: Ports
    tftp_udp_ports: Ports
    smtp_ports: Ports
    nntp_ports: Ports
    web_ports: Ports
    dns_ports: Ports
    management_tcp_ports: Ports
    management_udp_ports: Ports
    default_communities: Annotated[list[Words], Meta(description="a list of SNMP community names")]
    message_size_max: Count
    mailbox_quota_max: Count
    password_max_days: Days
    retention_days: Days
    miss_bound: Chance
    clock_skew_max: Count
    #: a policy of a night before there was rotation does not have it: then what was asked a day ago is too old
    sweep_age_max: Days = 1
