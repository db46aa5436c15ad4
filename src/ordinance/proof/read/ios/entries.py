"""Entries of IOS access lists: standard, extended, IPv6.

Source: "Cisco IOS Security Command Reference", access-list (IP standard, IP extended), permit (IP), permit (IPv6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_network

from ordinance.proof.fields import ICMP as ICMP_NUMBER
from ordinance.proof.fields import ICMPV6 as ICMPV6_NUMBER
from ordinance.proof.fields import IPV4, IPV6, TCP, UDP
from ordinance.proof.ir import ALWAYS, Match, Unknown
from ordinance.proof.read.cisco.addresses import Addresses
from ordinance.proof.read.cisco.entry import Entry, Service
from ordinance.proof.read.cisco.names import PROTOCOLS, TCP_PORTS, UDP_PORTS
from ordinance.proof.read.cisco.ports import both, flags_match, icmp_match, port_match
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.making import every, masked, network, protocol
from ordinance.proof.read.text import LineError, decimal, shown

_MOST_PROTOCOL = 255
_PORTS_OF: Mapping[int, dict[str, int]] = {TCP: TCP_PORTS, UDP: UDP_PORTS, PROTOCOLS["sctp"]: {}}
#: options of an entry that ask something which is no field of the proof, and how many words belong to each
UNKNOWN_OPTIONS = {
    "dscp": 1, "precedence": 1, "tos": 1, "option": 1, "flow-label": 1, "hop-limit": 2, "ttl": 2, "packet-length": 2,
    "routing": 0, "routing-type": 1, "dest-option": 0, "dest-option-type": 1, "mobility": 0, "mobility-type": 1, "hbh": 0,
    "auth": 0, "undetermined-transport": 0,
}  # fmt: skip
_LOGS = ("log", "log-input")


@dataclass(slots=True)
class Groups:
    """What entries refer to: object groups of networks and of services, and time ranges."""

    networks: dict[str, Addresses] = field(default_factory=dict)
    services: dict[str, tuple[Service, ...]] = field(default_factory=dict)
    times: dict[str, Match] = field(default_factory=dict)


class EntryReader:
    """Reads the entries of the access lists of one configuration."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups

    def standard(self, line: int, text: str, words: Words) -> Entry:
        """Read what follows the number of a standard list: permit or deny, and a source. Raises LineError."""
        permit = _action(words)
        source = self._source_of_standard(words)
        words.skip_while(_LOGS)
        words.end()
        return Entry(line, text, permit, (Service(ALWAYS),), source)

    def _source_of_standard(self, words: Words) -> Match:
        if words.peek() in ("any", "host", "object-group"):
            return self._address(words, "saddr", IPV4)
        address = _ipv4(words.take("an address"))
        wildcard = words.peek()
        if not wildcard[:1].isdigit():
            return masked("saddr", address, IPv4Address("255.255.255.255"))
        words.take("a wildcard mask")
        return masked("saddr", address, _inverse(wildcard))

    def extended(self, line: int, text: str, words: Words, family: int) -> Entry:
        """Read what follows the name of an extended list, of IPv4 or IPv6. Raises LineError."""
        locked = _lock_and_key(words)
        permit = _action(words)
        services, number = self._services(words, family)
        names = _PORTS_OF.get(number, {}) if number is not None else None
        source = self._address(words, "saddr", family)
        from_port = None if names is None else port_match(words, "sport", names, several=True)
        destination = self._address(words, "daddr", family)
        to_port = None if names is None else port_match(words, "dport", names, several=True)
        options = _Options(self._groups, number, family)
        options.read(words)
        header = both(from_port, to_port, *options.header)
        if header is not None:
            services = tuple(Service(service.protocol, both(service.header, header)) for service in services)
        if options.later and any(service.header is not None for service in services):
            raise LineError(
                "the keyword fragments beside ports, types or flags", "a later fragment has none; take one of them out"
            )
        addresses, grouped = every(source, destination), "object-group" in text.split()
        return Entry(line, text, permit, services, addresses, (*locked, *options.conditions), options.later, grouped)

    def _services(self, words: Words, family: int) -> tuple[tuple[Service, ...], int | None]:
        """Return the protocols, and the number of the one that has ports or types, if there is just one."""
        if words.has("object-group"):
            name = words.take("the name of an object group")
            if name not in self._groups.services:
                raise LineError(f"no object group of services is called {shown(name)}", f"define it: object-group service {name}")
            return self._groups.services[name], None
        name = words.take("a protocol")
        if name == ("ip" if family == IPV4 else "ipv6"):
            return (Service(ALWAYS),), None
        number = protocol_number(name, family)
        if number is None:
            raise LineError(f"no protocol is called {shown(name)}", f"write its number, 0 to {_MOST_PROTOCOL}")
        return (Service(protocol(number)),), number

    def _address(self, words: Words, asked: str, family: int) -> Match:
        word = words.take("an address")
        if word == "any":
            return ALWAYS
        if word == "object-group":
            name = words.take("the name of an object group")
            if name not in self._groups.networks:
                raise LineError(f"no object group of networks is called {shown(name)}", f"define it: object-group network {name}")
            return self._groups.networks[name].of(asked)
        if family == IPV6:
            return _ipv6_source(word, words, asked)
        if word == "host":
            return masked(asked, _ipv4(words.take("an address")), IPv4Address("255.255.255.255"))
        if "/" in word:
            raise LineError(
                f"{shown(word)} is written as NX-OS writes it", "IOS writes an address and a wildcard mask, as 10.0.0.0 0.0.0.255"
            )
        return masked(asked, _ipv4(word), _inverse(words.take("a wildcard mask")))


class _Options:
    """What may follow the destination of an entry."""

    def __init__(self, groups: Groups, number: int | None, family: int) -> None:
        self._groups, self._number, self._family = groups, number, family
        self.header: list[Match] = []
        self.conditions: list[Match] = []
        self.later = False

    def read(self, words: Words) -> None:
        if self._number == (ICMP_NUMBER if self._family == IPV4 else ICMPV6_NUMBER):
            kind = icmp_match(words, self._family)
            self.header.extend([] if kind is None else [kind])
        while words.peek():
            self._one(words)

    def _one(self, words: Words) -> None:
        flags = flags_match(words) if self._number == TCP else None
        if flags is not None:
            self.header.append(flags)
            return
        word = words.take("an option")
        if word == "fragments":
            self.later = True
        elif word == "time-range":
            name = words.take("the name of a time range")
            self.conditions.append(self._groups.times.get(name, Unknown(f"time-range {name}, which is not in the text")))
        elif word == "reflect":
            words.take("the name of a reflexive list")  # what it lets in is met where the list is evaluated
            if words.has("timeout"):
                words.take("seconds")
        elif word in _LOGS:
            words.rest()  # a cookie may follow; a log is the last of an entry's options
        elif word in UNKNOWN_OPTIONS:
            # marking and routing change them between the list inward and that outward
            self.conditions.append(Unknown(" ".join([word, *_values(words, UNKNOWN_OPTIONS[word])]), fresh=True))
        else:
            self.conditions.append(Unknown(" ".join([word, *words.rest()]), fresh=True))


def _values(words: Words, count: int) -> list[str]:
    """Return the words of an option; a range has one more."""
    found = [words.take("its value") for _ in range(count)]
    return [*found, words.take("the range's last value")] if found[:1] == ["range"] else found


def protocol_number(name: str, family: int) -> int | None:
    """Return the number of a protocol, as a list of this family means the name."""
    if name == "icmp" and family == IPV6:
        return ICMPV6_NUMBER
    return PROTOCOLS.get(name, decimal(name, _MOST_PROTOCOL))


def _lock_and_key(words: Words) -> list[Match]:
    """An entry of a dynamic list is in force for those who have logged in."""
    if not words.has("dynamic"):
        return []
    name = words.take("the name of the dynamic list")
    if words.has("timeout"):
        words.take("minutes")
    return [Unknown(f"somebody has logged in to the dynamic list {name}")]


def _action(words: Words) -> bool:
    word = words.take("permit or deny")
    if word not in ("permit", "deny"):
        raise LineError(f"{shown(word)} stands where permit or deny must", "begin the entry with permit or deny")
    return word == "permit"


def _ipv4(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise LineError(f"{shown(text)} is no IPv4 address", "write 192.0.2.1, or any, or host 192.0.2.1") from None


def _inverse(text: str) -> IPv4Address:
    """A bit of a wildcard mask that is set is not compared."""
    try:
        return IPv4Address(int(IPv4Address(text)) ^ 0xFFFF_FFFF)
    except ValueError:
        raise LineError(f"{shown(text)} is no wildcard mask", "write 0.0.0.255 for the last eight bits") from None


def _ipv6_source(word: str, words: Words, asked: str) -> Match:
    text = f"{words.take('an address')}/128" if word == "host" else word
    try:
        net = ip_network(text, strict=False)
    except ValueError:
        raise LineError(f"{shown(text)} is no IPv6 prefix", "write 2001:db8::/32, or any, or host 2001:db8::1") from None
    if net.version != 6 or "/" not in text:  # noqa: PLR2004 - IP's version
        raise LineError(f"{shown(text)} is no IPv6 prefix", "write 2001:db8::/32, or any, or host 2001:db8::1")
    return network(asked, net)
