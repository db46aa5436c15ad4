"""What `ordinance sweep` was asked for: whom, on which ports, from where. Everything that is wrong is said before a packet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from ordinance.errors import UsageError
from ordinance.inventory.model import Address, Inventory, PublicGroup
from ordinance.observe.api import CouldNotLook
from ordinance.observe.scope_guard import ScopeGuard
from ordinance.sight.ports import Range

#: Widest networks that are swept at once: 4,096 IPv4 addresses, 256 IPv6 ones (no IPv6 range of a city can be swept whole).
WIDEST = {4: 20, 6: 120}
MOST_PORT = 65_535
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """A sweep as it may be made: every address is in scope, the vantage exists."""

    asked: str  #: as it was typed
    addresses: tuple[Address, ...]
    ports: Range
    vantage: str

    @classmethod
    def of(cls, asked: str, ports: str, vantage: str, inventory: Inventory) -> Request:
        """Read the command line. Raises UsageError; nothing is resolved and nothing is sent."""
        if vantage not in inventory.vantages:
            known = ", ".join(sorted(inventory.vantages)) or "none"
            raise UsageError(f"--from {vantage}: {inventory.source} has no such vantage; there are: {known}")
        addresses = _addresses(asked, inventory)
        _in_scope(asked, addresses, inventory)
        return cls(asked, addresses, ports_of(ports), vantage)

    def homes(self, inventory: Inventory) -> tuple[tuple[PublicGroup, tuple[Address, ...]], ...]:
        """Public groups with those of the addresses that their canaries vouch for; all public canaries vouch for the others."""
        found = [(group, tuple(a for a in self.addresses if a in set(group.addresses))) for group in inventory.public]
        held = {address for _, some in found for address in some}
        rest = tuple(address for address in self.addresses if address not in held)
        services = tuple(dict.fromkeys(service.address for service in inventory.services))
        everybody = PublicGroup("the inventory", services)
        return tuple((group, some) for group, some in (*found, (everybody, rest)) if some)


def ports_of(text: str) -> Range:
    """Read "25" or "1-1024". Raises UsageError."""
    match = _PORTS.match(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= MOST_PORT:
        raise UsageError(f'--ports {text}: not a range of ports; write one port or "first-last", from 1 to {MOST_PORT}')
    return first, last


def _addresses(asked: str, inventory: Inventory) -> tuple[Address, ...]:
    group = next((group for group in inventory.public if group.name == asked), None)
    if group is not None:
        return group.addresses
    try:
        if "/" not in asked:
            return (ip_address(asked),)
        network = ip_network(asked)
    except ValueError as error:
        groups = ", ".join(group.name for group in inventory.public) or "none"
        why = f" ({error})" if "/" in asked else ""
        raise UsageError(
            f"{asked}: neither an address, nor a network such as 198.51.100.0/28, nor a public group{why}; groups: {groups}"
        ) from None
    widest = WIDEST[network.version]
    if network.prefixlen < widest:
        raise UsageError(f"{asked}: wider than a /{widest}; sweep it in parts")
    return tuple(network)


def _in_scope(asked: str, addresses: tuple[Address, ...], inventory: Inventory) -> None:
    guard = ScopeGuard(inventory.scope)
    barred: list[Address] = []
    for address in addresses:
        try:
            guard.check(address)
        except CouldNotLook:
            barred.append(address)
    if barred:
        which = asked if len(addresses) == 1 else f"{len(barred)} of the {len(addresses)} addresses of {asked}, {barred[0]} first"
        right = "sweep less, or add to scope.allow what may be contacted"
        raise UsageError(f"{which}: not in the scope of {inventory.source}; nothing was sent; {right}")
