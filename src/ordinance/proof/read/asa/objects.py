"""Names, objects and object groups of the ASA: networks, services, protocols, types of ICMP, and groups within groups.

Source: "Cisco ASA Series General Operations CLI Configuration Guide", Objects for Access Control.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ordinance.proof.fields import ICMP, ICMPV6, IPV4, IPV6, TCP, UDP
from ordinance.proof.ir import ALWAYS, Match, Unknown
from ordinance.proof.read.cisco.addresses import Addresses
from ordinance.proof.read.cisco.config import Command
from ordinance.proof.read.cisco.entry import Service
from ordinance.proof.read.cisco.names import ASA_TCP_PORTS, ASA_UDP_PORTS, PROTOCOLS
from ordinance.proof.read.cisco.ports import OPERATORS, both, icmp_match, port_match
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.making import protocol, some
from ordinance.proof.read.text import LineError, Problems, decimal, shown

Host = IPv4Address | IPv6Address
_MOST_PROTOCOL = 255
_OBJECT = 3  # object KIND NAME
_SCTP = PROTOCOLS["sctp"]
_EITHER = {**ASA_UDP_PORTS, **ASA_TCP_PORTS}
NAMES_OF_PORTS = {TCP: ASA_TCP_PORTS, UDP: ASA_UDP_PORTS, _SCTP: {}}


@dataclass(slots=True)
class PortGroup:
    """An `object-group service NAME tcp`: ports, without saying of which end. Each is (operator, ports) in words."""

    lines: list[tuple[str, ...]]
    names: dict[str, int]

    def of(self, asked: str) -> Match:
        """Return the match of the ports, of `sport` or `dport`."""
        found = [port_match(Words(line), asked, self.names, several=False) for line in self.lines]
        return some([match for match in found if match is not None])


@dataclass(slots=True)
class Objects:
    """Everything that an entry can refer to by name."""

    names: dict[str, str] = field(default_factory=dict)
    networks: dict[str, Addresses] = field(default_factory=dict)
    hosts: dict[str, tuple[Host, Host]] = field(default_factory=dict)  #: objects that are one host, network or range
    services: dict[str, tuple[Service, ...]] = field(default_factory=dict)
    network_groups: dict[str, Addresses] = field(default_factory=dict)
    service_groups: dict[str, tuple[Service, ...]] = field(default_factory=dict)
    port_groups: dict[str, PortGroup] = field(default_factory=dict)
    protocol_groups: dict[str, tuple[Service, ...]] = field(default_factory=dict)
    icmp_groups: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    opaque_groups: set[str] = field(default_factory=set)
    times: dict[str, Match] = field(default_factory=dict)

    def address(self, text: str) -> Host:
        """Return an address, or what a `name` stands for. Raises LineError."""
        try:
            return ip_address(self.names.get(text, text))
        except ValueError:
            raise LineError(
                f"{shown(text)} is no address, nor a name of one", "write 192.0.2.1, or any, or host 192.0.2.1"
            ) from None

    def span(self, words: Words) -> tuple[Host, Host]:
        """Read ADDRESS MASK, or PREFIX/LENGTH; the mask must be that of a network. Raises LineError."""
        text = words.take("an address")
        if "/" not in text:
            address = self.address(text)
            text = f"{address}/{words.take('a mask')}" if isinstance(address, IPv4Address) else f"{address}/128"
        try:
            net = ip_network(text, strict=False)
        except ValueError:
            raise LineError(f"{shown(text)} is no network", "write 192.0.2.0 255.255.255.0, or 2001:db8::/32") from None
        return net.network_address, net.broadcast_address


def of_span(first: Host, last: Host) -> Addresses:
    """Return the group of the addresses from first to last."""
    found = Addresses()
    found.add_span(first, last)
    return found


def read_object(command: Command, into: Objects, problems: Problems) -> None:
    """Read `object network NAME` or `object service NAME` and what stands beneath it. Raises LineError."""
    if len(command.words) != _OBJECT:
        raise LineError("an object without kind or name", "write object network NAME, or object service NAME")
    _, kind, name = command.words
    if kind not in ("network", "service"):
        into.opaque_groups.add(name)
        return
    for line in command.below:
        words = Words(line.words)
        with problems.at(line.line):
            if words.has("description", "nat"):
                continue
            if kind == "network":
                _network_object(words, name, line.text, into)
            elif not words.has("service"):
                raise LineError(f"{shown(line.text)} is no line of a service object", "write service tcp destination eq 80")
            else:
                into.services[name] = tuple(service(words))


def _network_object(words: Words, name: str, text: str, into: Objects) -> None:
    if words.has("fqdn"):
        into.networks[name] = Addresses()
        into.networks[name].add_match(Unknown(f"object {name}: {text}"))
        return
    if words.has("host"):
        first = last = into.address(words.take("an address"))
    elif words.has("range"):
        first, last = into.address(words.take("the first address")), into.address(words.take("the last address"))
    elif words.has("subnet"):
        first, last = into.span(words)
    else:
        raise LineError(f"{shown(text)} is no line of a network object", "write host, subnet, range or fqdn")
    words.end()
    into.hosts[name] = (first, last)
    into.networks[name] = of_span(first, last)


def service(words: Words) -> list[Service]:
    """Read PROTOCOL [source OPERATOR PORT] [destination OPERATOR PORT], or icmp TYPE [CODE]. Raises LineError."""
    name = words.take("a protocol")
    numbers = protocol_numbers(name)
    if numbers is None:
        return [Service(ALWAYS)]
    if numbers in ((ICMP,), (ICMPV6,)):
        header = icmp_match(words, IPV4 if numbers == (ICMP,) else IPV6)
    else:
        known = _EITHER if len(numbers) > 1 else NAMES_OF_PORTS.get(numbers[0], {})
        source = port_match(words, "sport", known, several=False) if words.has("source") else None
        stands = words.has("destination") or words.peek() in OPERATORS
        header = both(source, port_match(words, "dport", known, several=False) if stands else None)
    words.end()
    return [Service(protocol(number), header) for number in numbers]


def protocol_numbers(name: str) -> tuple[int, ...] | None:
    """Return the numbers of a protocol's name; None for `ip`, which is every one. Raises LineError."""
    if name == "ip":
        return None
    if name == "tcp-udp":
        return (TCP, UDP)
    number = PROTOCOLS.get(name, decimal(name, _MOST_PROTOCOL))
    if number is None:
        raise LineError(f"no protocol is called {shown(name)}", f"write its number, 0 to {_MOST_PROTOCOL}")
    return (number,)
