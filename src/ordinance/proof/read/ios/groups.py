"""Object groups of IOS: networks, services, and groups within groups; time ranges too.

Source: "Cisco IOS Security Configuration Guide: Access Control Lists", Object Groups for ACLs.
"""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_network

from ordinance.proof.fields import ICMP as ICMP_NUMBER
from ordinance.proof.fields import IPV4, TCP, UDP
from ordinance.proof.ir import ALWAYS, Match, Unknown
from ordinance.proof.read.cisco.addresses import Addresses
from ordinance.proof.read.cisco.clock import time_range
from ordinance.proof.read.cisco.config import Command
from ordinance.proof.read.cisco.entry import Service
from ordinance.proof.read.cisco.names import TCP_PORTS, UDP_PORTS
from ordinance.proof.read.cisco.ports import OPERATORS, both, icmp_match, port_match, port_of
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.ios.entries import Groups, protocol_number
from ordinance.proof.read.making import protocol
from ordinance.proof.read.text import LineError, Problems, shown

_SKIPPED = ("description",)
_WITH_PORTS = {"tcp": (TCP,), "udp": (UDP,), "tcp-udp": (TCP, UDP)}


def groups_of(commands: list[Command], problems: Problems) -> Groups:
    """Read every object group and time range. A group may be defined after one that it is a member of."""
    reader = _Reader(
        {command.words[-1]: command for command in commands if command.words[0] == "object-group" and command.words[2:]}, problems
    )
    groups = Groups()
    for command in commands:
        with problems.at(command.line):
            if command.words[0] == "time-range" and command.words[1:]:
                groups.times[command.words[1]] = time_range(command, problems)
            elif command.words[0] == "object-group":
                reader.read(command, groups)
    return groups


class _Reader:
    def __init__(self, defined: dict[str, Command], problems: Problems) -> None:
        self._defined = defined
        self._problems = problems

    def read(self, command: Command, groups: Groups) -> None:
        kind, name = command.words[1:2], command.words[-1]
        if len(command.words) != 3:  # noqa: PLR2004 - object-group KIND NAME
            raise LineError("an object group without kind or name", "write object-group network NAME, or service")
        if kind == ("network",):
            groups.networks[name] = self._networks(command, ())
        elif kind == ("service",):
            groups.services[name] = tuple(self._services(command, ()))
        else:
            groups.networks[name] = Addresses()
            groups.networks[name].add_match(Unknown(command.text))

    def _nested(self, name: str, within: tuple[str, ...]) -> Command:
        if name not in self._defined:
            raise LineError(f"no object group is called {shown(name)}", f"define it: object-group network {name}")
        if name in within:
            raise LineError(f"the object group {shown(name)} is a member of itself", "take one of the memberships out")
        return self._defined[name]

    def _networks(self, command: Command, within: tuple[str, ...]) -> Addresses:
        found, inside = Addresses(), (*within, command.words[-1])
        for line in command.below:
            words = Words(line.words)
            with self._problems.at(line.line):
                if words.has("group-object"):
                    found.add(self._networks(self._nested(words.take("the name of a group"), inside), inside))
                elif not words.has(*_SKIPPED):
                    _network(words, found)
        return found

    def _services(self, command: Command, within: tuple[str, ...]) -> list[Service]:
        found, inside = [], (*within, command.words[-1])
        for line in command.below:
            words = Words(line.words)
            with self._problems.at(line.line):
                if words.has("group-object"):
                    found.extend(self._services(self._nested(words.take("the name of a group"), inside), inside))
                elif not words.has(*_SKIPPED):
                    found.extend(_service(words))
        return found


def _network(words: Words, found: Addresses) -> None:
    try:
        if words.has("any"):
            found.add_match(ALWAYS)
        elif words.has("host"):
            found.add_network(ip_network(words.take("an address")))
        elif words.has("range"):
            found.add_span(ip_address(words.take("the first address")), ip_address(words.take("the last address")))
        else:
            text = words.take("an address")
            if "/" in text:
                found.add_network(ip_network(text, strict=False))
            else:
                found.add_masked(IPv4Address(text), IPv4Address(words.take("a mask")))
    except ValueError as error:
        raise LineError(f"no address: {error}", "write host 192.0.2.1, 192.0.2.0 255.255.255.0, or range FIRST LAST") from None
    words.end()


def _service(words: Words) -> list[Service]:
    name = words.take("a protocol")
    if name in _WITH_PORTS:
        names = TCP_PORTS if name == "tcp" else UDP_PORTS if name == "udp" else {**UDP_PORTS, **TCP_PORTS}
        source = _port(words, "sport", names) if words.has("source") else None
        header = both(source, _port(words, "dport", names))
        words.end()
        return [Service(protocol(number), header) for number in _WITH_PORTS[name]]
    if name == "ip":
        words.end()
        return [Service(ALWAYS)]
    number = protocol_number(name, IPV4)
    if number is None:
        raise LineError(f"no protocol is called {shown(name)}", "write its number, 0 to 255")
    header = icmp_match(words, IPV4) if number == ICMP_NUMBER else None
    words.end()
    return [Service(protocol(number), header)]


def _port(words: Words, asked: str, names: dict[str, int]) -> Match | None:
    """The operator `eq` may be left out."""
    if words.peek() in OPERATORS:
        return port_match(words, asked, names, several=False)
    one = port_of(words.peek(), names, asked)
    if one is not None:
        words.take("a port")
    return one
