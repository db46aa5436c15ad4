"""What the simulated city is made of: networks, hosts, network cards, addresses, routes. Frozen values; read by `topofile`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

Interface = IPv4Interface | IPv6Interface


@dataclass(frozen=True, slots=True)
class Net:
    """One network segment (a bridge)."""

    name: str
    ipv4: IPv4Network
    ipv6: IPv6Network


@dataclass(frozen=True, slots=True)
class Nic:
    """One network card of a host, plugged into the network of that name."""

    name: str
    network: str
    addresses: tuple[Interface, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Packets to `to` go by way of `via`, which is on one of the host's own networks."""

    to: IPv4Network | IPv6Network
    via: IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class LabHost:
    """One host of the city."""

    name: str
    nics: tuple[Nic, ...]
    routes: tuple[Route, ...] = ()
    forward: bool = False  #: passes packets on between its networks (the firewall)

    @property
    def addresses(self) -> tuple[IPv4Address | IPv6Address, ...]:
        """Every address of the host, in the order of the file."""
        return tuple(interface.ip for nic in self.nics for interface in nic.addresses)


@dataclass(frozen=True, slots=True)
class Topology:
    """The whole city."""

    domain: str
    networks: Mapping[str, Net]
    hosts: Mapping[str, LabHost]
