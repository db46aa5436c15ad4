"""What may come in, from a policy file of its own or from the inventory and a profile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ordinance.allowed.policy import openings
from ordinance.allowed.services import allowances
from ordinance.inventory.load import load as load_inventory
from ordinance.law.load import load_profile
from ordinance.proof.fields import interface
from ordinance.proof.policy import PERIMETER, Policy, Service
from ordinance.strict import Leaf, WrongError, load

ANY = "any"


def _address(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        raise WrongError(f'"{text}" is not an IP address') from None


def _interface(text: str) -> None:
    check_interface(text)


def check_interface(text: str) -> None:
    """Raise WrongError for what no interface can be called; `*` at the end stands for any rest."""
    try:
        interface(text.removesuffix("*"), wildcard=text.endswith("*"))
    except ValueError:
        raise WrongError(f'"{text}" cannot be the name of an interface') from None


AddressText = Annotated[str, Meta(description="an IPv4 or IPv6 address"), Leaf(_address)]
InterfaceText = Annotated[str, Meta(description="the name of an interface"), Leaf(_interface)]
Port = Annotated[int, Meta(description="a port number, 1 to 65535", ge=1, le=65535)]
Words = Annotated[str, Meta(description="some text", min_length=1)]


class Inbound(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ports of some addresses that may be reached from outside."""

    to: Annotated[list[AddressText], Meta(description="a list of addresses", min_length=1)]
    protocol: Literal["tcp", "udp"]
    ports: Annotated[list[Port], Meta(description="a list of ports", min_length=1)]
    why: Words


class PolicyFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A policy file: what may come in, and by which interfaces outside comes in."""

    rule: Words = PERIMETER
    outside: list[InterfaceText] = []
    inbound: list[Inbound]
    icmp: bool = True
    later_fragments: bool = True
    stateless_replies: bool = True


def from_file(path: Path) -> Policy:
    """Return the policy of a file. Raises DataError."""
    found = load(path, PolicyFile).value
    services = tuple(
        Service(tuple(map(ip_address, one.to)), one.protocol, tuple((port, port) for port in one.ports), one.why)
        for one in found.inbound
    )
    return Policy(services, tuple(found.outside), found.rule, found.icmp, found.later_fragments, found.stateless_replies)


def from_inventory(path: Path, profile: str, today: date | None = None) -> Policy:
    """Return the perimeter of 9.A: what the inventory's hosts may be reached by under a profile, and what ITD authorised.

    An authorisation counts to its last day. Raises DataError.
    """
    inventory = load_inventory(path)
    services = [
        Service((one.address,), one.protocol, tuple((port, port) for port in one.ports), one.why)
        for one in allowances(inventory, load_profile(profile))
    ]
    opened = [one.service for one in openings(inventory, today or datetime.now(UTC).date()) if one.service is not None]
    return Policy((*services, *opened), (), granted=tuple(one.why for one in opened))


def facing(policy: Policy, outside: tuple[str, ...]) -> Policy:
    """Return the policy for a device that has these interfaces outside; (): all of them."""
    return replace(policy, outside=outside)
