"""Object groups of the ASA. A group may have groups as members, which may be defined after it."""

from __future__ import annotations

from ordinance.proof.ir import ALWAYS, Unknown
from ordinance.proof.read.asa.objects import Objects, PortGroup, of_span, protocol_numbers, service
from ordinance.proof.read.cisco.addresses import Addresses
from ordinance.proof.read.cisco.config import Command, refuse_no
from ordinance.proof.read.cisco.entry import Service
from ordinance.proof.read.cisco.names import ASA_TCP_PORTS, ASA_UDP_PORTS
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.making import protocol
from ordinance.proof.read.text import LineError, Problems, shown

_NAMES = {"tcp": ASA_TCP_PORTS, "udp": ASA_UDP_PORTS, "tcp-udp": {**ASA_UDP_PORTS, **ASA_TCP_PORTS}}
_SKIPPED = ("description",)


class GroupReader:
    """Reads the object groups of one configuration."""

    def __init__(self, commands: list[Command], into: Objects, problems: Problems) -> None:
        self._defined = {
            command.words[2]: command for command in commands if command.words[0] == "object-group" and command.words[2:]
        }
        self._into = into
        self._problems = problems

    def read(self, command: Command) -> None:
        """Read one group. Raises LineError."""
        kind, name, *more = [*command.words[1:], "", ""][: max(2, len(command.words) - 1)]
        if not name:
            raise LineError("an object group without kind or name", "write object-group network NAME")
        match kind:
            case "network":
                self._into.network_groups[name] = self._networks(command, ())
            case "service" if more and more[0]:
                self._ports(command, name, more[0])
            case "service":
                self._into.service_groups[name] = tuple(self._services(command, ()))
            case "protocol":
                self._into.protocol_groups[name] = tuple(self._protocols(command, ()))
            case "icmp-type":
                self._into.icmp_groups[name] = self._lines(command, "icmp-object", ())
            case _:
                self._into.opaque_groups.add(name)

    def _member(self, line: Command, words: Words, within: tuple[str, ...]) -> Command:
        name = words.take("the name of a group")
        words.end()
        if name not in self._defined:
            raise LineError(f"no object group is called {shown(name)}", "define it, or correct its name")
        if name in within:
            raise LineError(f"the object group {shown(name)} is a member of itself", f"take {shown(line.text)} out")
        return self._defined[name]

    def _networks(self, command: Command, within: tuple[str, ...]) -> Addresses:
        found, inside = Addresses(), (*within, command.words[2])
        for line in command.below:
            words = Words(line.words)
            with self._problems.at(line.line):
                if words.has("group-object"):
                    found.add(self._networks(self._member(line, words, inside), inside))
                elif words.has("network-object"):
                    self._network(words, found)
                elif words.peek() == "no":
                    refuse_no(line)
                elif not words.has(*_SKIPPED):
                    found.add_match(Unknown(f"object-group {command.words[2]}: {line.text}"))
        return found

    def _network(self, words: Words, found: Addresses) -> None:
        if words.has("object"):
            name = words.take("the name of an object")
            if name not in self._into.networks:
                raise LineError(f"no network object is called {shown(name)}", f"define it: object network {name}")
            found.add(self._into.networks[name])
        elif words.has("host"):
            host = self._into.address(words.take("an address"))
            found.add(of_span(host, host))
        else:
            found.add(of_span(*self._into.span(words)))
        words.end()

    def _services(self, command: Command, within: tuple[str, ...]) -> list[Service]:
        found: list[Service] = []
        inside = (*within, command.words[2])
        for line in command.below:
            words = Words(line.words)
            with self._problems.at(line.line):
                if words.has("group-object"):
                    found.extend(self._services(self._member(line, words, inside), inside))
                elif words.has("service-object"):
                    found.extend(self._service(words))
                elif words.peek() == "no":
                    refuse_no(line)
                elif not words.has(*_SKIPPED):
                    found.append(Service(Unknown(f"object-group {command.words[2]}: {line.text}")))
        return found

    def _service(self, words: Words) -> list[Service]:
        if not words.has("object"):
            return service(words)
        name = words.take("the name of an object")
        words.end()
        if name not in self._into.services:
            raise LineError(f"no service object is called {shown(name)}", f"define it: object service {name}")
        return list(self._into.services[name])

    def _protocols(self, command: Command, within: tuple[str, ...]) -> list[Service]:
        found: list[Service] = []
        for line in self._lines(command, "protocol-object", within):
            numbers = protocol_numbers(Words(line).take("a protocol"))
            found.extend([Service(ALWAYS)] if numbers is None else [Service(protocol(number)) for number in numbers])
        return found

    def _ports(self, command: Command, name: str, of: str) -> None:
        if of not in _NAMES:
            raise LineError(f"{shown(of)} is no protocol of a service group", "write tcp, udp or tcp-udp")
        group = PortGroup(self._lines(command, "port-object", ()), _NAMES[of])
        group.of("dport")  # so that what is wrong with a port is said here
        self._into.port_groups[name] = group

    def _lines(self, command: Command, keyword: str, within: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Return what stands behind a keyword, in a group and in the groups within it."""
        found: list[tuple[str, ...]] = []
        inside = (*within, command.words[2])
        for line in command.below:
            words = Words(line.words)
            with self._problems.at(line.line):
                if words.has("group-object"):
                    found.extend(self._lines(self._member(line, words, inside), keyword, inside))
                elif words.has(keyword):
                    found.append(tuple(words.rest()))
                elif not words.has(*_SKIPPED):
                    raise LineError(f"{shown(line.text)} stands in this object group", f"write {keyword} or group-object")
        return found
