"""Entries of the ASA's extended access lists.

Source: "Cisco ASA Series General Operations CLI Configuration Guide", Access Control Lists, Add an Extended ACE; "Cisco ASA
Series Command Reference", access-list extended.
"""

from __future__ import annotations

from typing import TypeVar

from ordinance.proof.fields import ICMP, ICMPV6, IPV4, IPV6
from ordinance.proof.ir import ALWAYS, Match, Unknown
from ordinance.proof.read.asa.objects import NAMES_OF_PORTS, Host, Objects, of_span, protocol_numbers
from ordinance.proof.read.cisco.entry import Entry, Service
from ordinance.proof.read.cisco.names import ASA_TCP_PORTS, ASA_UDP_PORTS
from ordinance.proof.read.cisco.ports import both, icmp_match, port_match
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.making import V4, V6, every, protocol, some
from ordinance.proof.read.text import LineError, shown

#: who sent it, by name or by tag: no fields of the proof; how many words belong to each
_PEOPLE = {"user": 1, "user-group": 1, "object-group-user": 1, "object-group-security": 1, "security-group": 2}
_LEVELS = "emergencies alerts critical errors warnings notifications informational debugging disable default"
_LOG_WORDS = frozenset([*_LEVELS.split(), *map(str, range(8))])
_Named = TypeVar("_Named")
_BOTH_NAMES = {**ASA_UDP_PORTS, **ASA_TCP_PORTS}


class EntryReader:
    """Reads the entries of one configuration. `addresses`: those of its interfaces, by name; None: not known."""

    def __init__(self, objects: Objects, addresses: dict[str, list[Host] | None]) -> None:
        self._objects = objects
        self._interfaces = addresses

    def read(self, line: int, text: str, words: Words) -> Entry | None:
        """Read what follows the name of a list: permit or deny, and so on; None for one that is inactive. Raises LineError."""
        action = words.take("permit or deny")
        if action not in ("permit", "deny"):
            raise LineError(f"{shown(action)} stands where permit or deny must", "begin the entry with permit or deny")
        services, numbers = self._services(words)
        conditions = self._people(words)
        source = self._address(words, "saddr")
        header = [self._ports(words, "sport", numbers)]
        conditions += self._people(words)
        destination = self._address(words, "daddr")
        header.append(self._ports(words, "dport", numbers) or self._icmp(words, numbers))
        more, active = self._options(words)
        asked = both(*header)
        if asked is not None:
            services = tuple(Service(one.protocol, both(one.header, asked)) for one in services)
        entry = Entry(line, text, action == "permit", services, every(source, destination), (*conditions, *more))
        return entry if active else None

    def _services(self, words: Words) -> tuple[tuple[Service, ...], tuple[int, ...]]:
        """Return the services, and the protocols whose ports or types may follow."""
        word = words.take("a protocol")
        objects = self._objects
        if word == "object":
            return _named(objects.services, words.take("the name of an object"), "service object", "object service"), ()
        if word == "object-group":
            name = words.take("the name of an object group")
            if name in objects.protocol_groups:
                return objects.protocol_groups[name], tuple(NAMES_OF_PORTS)
            if name in objects.opaque_groups:
                return (Service(Unknown(f"object-group {name}")),), ()
            return _named(objects.service_groups, name, "object group of services or protocols", "object-group service"), ()
        numbers = protocol_numbers(word)
        if numbers is None:
            return (Service(ALWAYS),), ()
        return tuple(Service(protocol(number)) for number in numbers), numbers

    def _people(self, words: Words) -> list[Match]:
        found: list[Match] = []
        while words.peek() in _PEOPLE:
            word = words.take("")
            found.append(Unknown(" ".join([word, *(words.take("its value") for _ in range(_PEOPLE[word]))])))
        return found

    def _address(self, words: Words, asked: str) -> Match:
        word = words.take("an address")
        match word:
            case "any" | "any4" | "any6":
                return {"any": ALWAYS, "any4": V4, "any6": V6}[word]
            case "host":
                host = self._objects.address(words.take("an address"))
                return of_span(host, host).of(asked)
            case "interface":
                return self._own(words.take("the name of an interface"), asked)
            case "object" | "object-group" | "object-group-network-service":
                return self._by_name(word, words.take("a name"), asked)
        mask = [] if "/" in word else [words.take("a mask")]
        return of_span(*self._objects.span(Words([word, *mask]))).of(asked)

    def _by_name(self, word: str, name: str, asked: str) -> Match:
        if word == "object":
            if name in self._objects.opaque_groups:
                return Unknown(f"{asked} object {name}")
            return _named(self._objects.networks, name, "network object", "object network").of(asked)
        if name in self._objects.opaque_groups or word != "object-group":
            return Unknown(f"{asked} {word} {name}")
        return _named(self._objects.network_groups, name, "object group of networks", "object-group network").of(asked)

    def _own(self, name: str, asked: str) -> Match:
        if name not in self._interfaces:
            raise LineError(f"no interface is called {shown(name)}", "write its nameif")
        hosts = self._interfaces[name]
        if hosts is None:
            return Unknown(f"{asked} is the address of interface {name}")
        return some([of_span(host, host).of(asked) for host in hosts])

    def _ports(self, words: Words, asked: str, numbers: tuple[int, ...]) -> Match | None:
        with_ports = [number for number in numbers if number in NAMES_OF_PORTS]
        if not with_ports:
            return None
        names = NAMES_OF_PORTS[with_ports[0]] if len(with_ports) == 1 else _BOTH_NAMES
        found = port_match(words, asked, names, several=False)
        if found is None and words.peek() == "object-group":
            return self._port_group(words, asked)
        return found

    def _port_group(self, words: Words, asked: str) -> Match | None:
        """A group after an address is one of ports, unless its name says that it is one of networks."""
        name = words.after("object-group")
        if name not in self._objects.port_groups:
            return None
        words.take("")
        return self._objects.port_groups[words.take("")].of(asked)

    def _icmp(self, words: Words, numbers: tuple[int, ...]) -> Match | None:
        if numbers not in ((ICMP,), (ICMPV6,)):
            return None
        family = IPV4 if numbers == (ICMP,) else IPV6
        if words.has("object-group"):
            lines = _named(
                self._objects.icmp_groups, words.take("the name of a group"), "group of types of ICMP", "object-group icmp-type"
            )
            return some([_type_of(line, family) for line in lines])
        return icmp_match(words, family)

    def _options(self, words: Words) -> tuple[list[Match], bool]:
        found: list[Match] = []
        active = True
        while words.peek():
            if words.has("log"):
                words.skip_while(_LOG_WORDS)
                if words.has("interval"):
                    words.take("seconds")
            elif words.has("time-range"):
                name = words.take("the name of a time range")
                found.append(self._objects.times.get(name, Unknown(f"time-range {name}, which is not in the text")))
            elif words.has("inactive"):
                active = False
            else:
                found += self._people(words) or [Unknown(" ".join(words.rest()))]
        return found, active


def _type_of(line: tuple[str, ...], family: int) -> Match:
    words = Words(line)
    found = icmp_match(words, family)
    if found is None:
        raise LineError(f"{shown(' '.join(line))} is no type of ICMP", "write echo, or its number")
    words.end()
    return found


def _named(of: dict[str, _Named], name: str, what: str, define: str) -> _Named:
    if name not in of:
        raise LineError(f"no {what} is called {shown(name)}", f"define it: {define} {name}")
    return of[name]
