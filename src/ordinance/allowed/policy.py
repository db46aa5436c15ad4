"""What a ruleset may let in from outside, as the proof takes it (9.A.1, 9.A.2): the readings of the policy, and authorisations.

The readings are the sweep's (`allowed.services`), for every address of every host: behind translation the inner ones count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ordinance.allowed.services import allowances
from ordinance.inventory.model import Address, Authorisation, Host, Inventory
from ordinance.law.model import Profile
from ordinance.proof.policy import Policy, Service
from ordinance.sight.rulesets import FirewallRules

#: Controls whose authorisations open a port: the others waive what was found.
OPENING = ("9.A.1/telnet-blocked", "9.A.1/ftp-blocked", "9.A.1/authorisations")
_PLACE = re.compile(r"\[?([0-9A-Fa-f:.]+?)\]?:(\d{1,5})/(tcp|udp)\Z")
_HIGHEST_PORT = 65_535
_LOOPBACK = "lo"


@dataclass(frozen=True, slots=True)
class Opening:
    """An authorisation that opens a port, read; `wrong` says why it cannot be."""

    entry: Authorisation
    service: Service | None
    wrong: str = ""


def inbound_policy(seen: FirewallRules, host: Host, inventory: Inventory, profile: Profile, today: date) -> Policy:
    """Return what may come in through a firewall by the devices that face outside."""
    return Policy(services(inventory, profile, today), outside(seen, host))


def outside(seen: FirewallRules, host: Host) -> tuple[str, ...]:
    """Name the devices that face outside: all but the loopback and those with an address declared as an inner one.

    A device of which the inventory says nothing faces outside: it is not known that it does not.
    """
    inner = {*map(str, host.addresses)} - {*map(str, host.outer_addresses)}
    inner |= {str(endpoint.address) for endpoint in (host.ssh, host.snmp) if endpoint is not None}
    return tuple(device.name for device in seen.devices if device.name != _LOOPBACK and not inner & {*_plain(device.addresses)})


def unplaced(seen: FirewallRules, host: Host) -> tuple[str, ...]:
    """Return outer addresses of a firewall that no device facing outside carries: the ruleset is then perhaps another's."""
    facing = {*outside(seen, host)}
    carried = {address for device in seen.devices if device.name in facing for address in _plain(device.addresses)}
    return tuple(str(address) for address in host.outer_addresses if str(address) not in carried)


def _plain(addresses: tuple[str, ...]) -> Iterator[str]:
    for text in addresses:
        try:
            yield str(ip_address(text))
        except ValueError:
            continue  # what is no address is nobody's


def openings(inventory: Inventory, today: date, *, lapsed: bool = False) -> list[Opening]:
    """Read the authorisations that open a port: those in date, or with `lapsed` those whose last day is over."""
    entries = [entry for entry in inventory.registers.authorisations if entry.control in OPENING]
    return [_read(entry) for entry in entries if (entry.until < today) is lapsed]


def _read(entry: Authorisation) -> Opening:
    place = _place(entry.target)
    if place is None:
        return Opening(entry, None, f'its target "{entry.target}" names no single port, as 198.51.100.7:23/tcp does')
    sources: tuple[IPv4Network | IPv6Network, ...] = ()
    if entry.source:
        try:
            sources = tuple(ip_network(part.strip()) for part in entry.source.split(","))
        except ValueError:
            return Opening(entry, None, f'its source "{entry.source}" is no address or network')
    address, port, protocol = place
    why = f"authorised as {entry.id} by {entry.approved_by} until {entry.until}"
    return Opening(entry, Service((address,), protocol, ((port, port),), why, sources))


def _place(text: str) -> tuple[Address, int, str] | None:
    """Read what `attribution.place` writes: address, port, protocol."""
    found = _PLACE.fullmatch(text)
    try:
        address = ip_address(found[1]) if found else None
    except ValueError:
        return None
    if found is None or address is None or not 0 < int(found[2]) <= _HIGHEST_PORT:
        return None
    return address, int(found[2]), found[3]


def services(inventory: Inventory, profile: Profile, today: date) -> tuple[Service, ...]:
    """Return everything that may come in: the readings of the policy, and what ITD authorised until `today` or later."""
    read = [
        Service((found.address,), found.protocol, tuple((port, port) for port in found.ports), found.why)
        for found in allowances(inventory, profile)
    ]
    opened = [found.service for found in openings(inventory, today) if found.service is not None]
    return (*read, *opened)
