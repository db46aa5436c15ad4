"""Read lab/topology.yml strictly: every problem with its line, what is wrong, and what would be right."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Annotated

import msgspec

from ordinance.errors import DataError, Problem
from ordinance.lab.topology import Interface, LabHost, Net, Nic, Route, Topology
from ordinance.strict import Leaf, Loaded, Rules, WrongError, load

_ZERO = {4: ip_network("0.0.0.0/0"), 6: ip_network("::/0")}


def _matches(pattern: str) -> Leaf:
    compiled = re.compile(pattern + r"\Z")

    def check(text: str) -> None:
        if not compiled.match(text):
            raise WrongError(f'"{text}" is no such name')

    return Leaf(check)


def _ipv4_network(text: str) -> None:
    _network(text, 4)


def _ipv6_network(text: str) -> None:
    _network(text, 6)


def _network(text: str, version: int) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise WrongError(str(error)) from None
    if network.version != version:
        raise WrongError(f'"{text}" is not IPv{version}')
    return network


def _interface(text: str) -> Interface:
    if "/" not in text:
        raise WrongError(f'"{text}" has no prefix length')
    try:
        return ip_interface(text)
    except ValueError as error:
        raise WrongError(str(error)) from None


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError as error:
        raise WrongError(str(error)) from None


def _destination(text: str) -> None:
    if text == "default":
        return
    try:
        ip_network(text)
    except ValueError as error:
        raise WrongError(str(error)) from None


def _said(description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description)


HostName = Annotated[str, _said("a host name: lower-case letters, digits, -"), _matches(r"[a-z][a-z0-9-]{0,30}")]
#: IFNAMSIZ is 16 with the final zero (linux/if.h).
NicName = Annotated[str, _said("a card name: letters and digits, at most 15"), _matches(r"[a-z][a-z0-9]{0,14}")]
Domain = Annotated[str, _said("a domain, as city.example"), _matches(r"[a-z0-9-]+(\.[a-z0-9-]+)+")]


class NetworkText(msgspec.Struct, forbid_unknown_fields=True):
    """One network, as written."""

    ipv4: Annotated[str, _said("an IPv4 network, as 10.20.0.0/24"), Leaf(_ipv4_network)]
    ipv6: Annotated[str, _said('an IPv6 network in quotes, as "2001:db8::/64"'), Leaf(_ipv6_network)]


class NicText(msgspec.Struct, forbid_unknown_fields=True):
    """One network card, as written."""

    network: str
    addresses: list[Annotated[str, _said("an address with its prefix length, as 10.20.0.5/24"), Leaf(_interface)]]


class RouteText(msgspec.Struct, forbid_unknown_fields=True):
    """One route, as written."""

    to: Annotated[str, _said("default, or a network as 10.20.0.0/16"), Leaf(_destination)]
    via: Annotated[str, _said("an address"), Leaf(_address)]


class HostText(msgspec.Struct, forbid_unknown_fields=True):
    """One host, as written."""

    nics: dict[NicName, NicText]
    routes: list[RouteText] = []
    forward: bool = False


class TopologyText(msgspec.Struct, forbid_unknown_fields=True):
    """The file as written."""

    domain: Domain
    networks: dict[NicName, NetworkText]
    hosts: dict[HostName, HostText]


def read_topology(path: Path) -> Topology:
    """Read the file at `path`. Errors: DataError with every problem in it."""
    return _Reader(load(path, TopologyText, Rules(aliases=True))).read()


class _Reader:
    """Makes values of the text, with an eye on what only the whole file tells: unknown networks, addresses given twice."""

    def __init__(self, loaded: Loaded[TopologyText]) -> None:
        self._loaded = loaded
        self._problems: list[Problem] = []
        self._taken: dict[IPv4Address | IPv6Address, str] = {}
        self._networks: dict[str, Net] = {}

    def read(self) -> Topology:
        text = self._loaded.value
        for name, net in text.networks.items():
            self._networks[name] = Net(name, IPv4Network(net.ipv4), IPv6Network(net.ipv6))
        hosts = {name: self._host(name, host) for name, host in text.hosts.items()}
        if not hosts:
            self._wrong(("hosts",), "there is no host", "write at least one")
        if self._problems:
            raise DataError(self._problems)
        return Topology(text.domain, self._networks, hosts)

    def _wrong(self, path: tuple[str | int, ...], what: str, right: str) -> None:
        where = ".".join(str(step) for step in path)
        self._problems.append(self._loaded.problem(path, f"{where}: {what}", right))

    def _host(self, name: str, text: HostText) -> LabHost:
        nics = tuple(self._nic(name, nic, written) for nic, written in text.nics.items())
        if not nics:
            self._wrong(("hosts", name, "nics"), "the host has no network card", "write at least one")
        routes = tuple(self._route(name, index, route, nics) for index, route in enumerate(text.routes))
        return LabHost(name, nics, routes, text.forward)

    def _nic(self, host: str, name: str, text: NicText) -> Nic:
        path = ("hosts", host, "nics", name)
        net = self._networks.get(text.network)
        if net is None:
            self._wrong((*path, "network"), f'there is no network "{text.network}"', f"one of: {', '.join(self._networks)}")
        addresses = tuple(_interface(address) for address in text.addresses)
        for index, address in enumerate(addresses):
            self._place((*path, "addresses", index), host, address, net)
        return Nic(name, text.network, addresses)

    def _place(self, path: tuple[str | int, ...], host: str, address: Interface, net: Net | None) -> None:
        if address.ip in self._taken:
            self._wrong(path, f"{address.ip} is already an address of {self._taken[address.ip]}", "give each address once")
        self._taken.setdefault(address.ip, host)
        if net is None:
            return
        expected = net.ipv4 if address.version == IPv4Network(0).version else net.ipv6
        if address.network != expected:
            self._wrong(path, f"{address} is not in the network {net.name}", f"an address of {expected}, with its prefix length")

    def _route(self, host: str, index: int, text: RouteText, nics: tuple[Nic, ...]) -> Route:
        path = ("hosts", host, "routes", index)
        via = _address(text.via)
        to = _ZERO[via.version] if text.to == "default" else ip_network(text.to)
        if to.version != via.version:
            self._wrong((*path, "via"), f"{via} cannot lead to {to}", "the same version of IP in both")
        if not any(via in address.network for nic in nics for address in nic.addresses if address.version == via.version):
            self._wrong((*path, "via"), f"{via} is on none of this host's networks", "an address that the host reaches directly")
        return Route(to, via)
