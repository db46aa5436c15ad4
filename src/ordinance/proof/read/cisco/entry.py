"""One entry of an access list, and what it means.

Fragments ("Access Control Lists and IP Fragments", Cisco document 8014; "Cisco IOS IP Configuration Guide", Specifying IP
Extended Access Lists with Fragment Control): an entry that asks for nothing beyond layer 3 is of every fragment; one that
asks for ports permits, but does not deny, a later fragment whose layer 3 fits; one with the keyword `fragments` is of later
fragments only.
"""

from __future__ import annotations

from dataclasses import dataclass

from ordinance.proof.fields import IPV4
from ordinance.proof.ir import In, Kind, Match, Not, Rule, Unknown, Verdict, Where
from ordinance.proof.read.making import FIRST, HEADER, every, some

_LATER6 = every(In("ext6", ((1, 1),)), Unknown("the packet is a later fragment of IPv6"))


@dataclass(frozen=True, slots=True)
class Service:
    """A protocol, and what is asked of its header (without guards), or None."""

    protocol: Match
    header: Match | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    `conditions`: what else it asks for, unknowns and times among it. `later`: it has the keyword `fragments`.
    `grouped`: it refers to an object group.
    """

    line: int
    text: str
    permit: bool
    services: tuple[Service, ...]
    addresses: Match
    conditions: tuple[Match, ...] = ()
    later: bool = False
    grouped: bool = False


def rule_of(entry: Entry, file: str, family: int | None, *more: Match) -> Rule:
    """Return the rule that an entry is. `family`: of the list's packets, or None for both (no fragments are seen then)."""
    services = some([_service(service, entry, family) for service in entry.services])
    match = every(*more, entry.addresses, services, *entry.conditions)
    verdict = Verdict(Kind.ACCEPT if entry.permit else Kind.DROP)
    return Rule((match, verdict), Where(file, entry.line), entry.text)


def _service(service: Service, entry: Entry, family: int | None) -> Match:
    if entry.later:
        return every(service.protocol, Not(FIRST) if family == IPV4 else _LATER6)
    if service.header is None:
        return service.protocol
    asked = every(HEADER, service.header)
    if family is None:  # a firewall puts fragments together first
        return every(service.protocol, asked)
    first = FIRST if family == IPV4 else Not(_LATER6)
    if not entry.permit:
        return every(service.protocol, first, asked)
    return every(service.protocol, some([every(first, asked), Not(first)]))
