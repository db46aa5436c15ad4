"""Static translation of destinations: which packets come in for another address than the one the access rules see.

Source: "Cisco ASA Series Firewall CLI Configuration Guide", Network Address Translation. Static object NAT, and twice NAT
that translates one object to another, are read; translation of sources only needs no reading; everything else is a taint.
"""

from __future__ import annotations

from dataclasses import dataclass

from ordinance.proof.fields import TCP, UDP, Range, ip_range
from ordinance.proof.read.asa.interfaces import Interface
from ordinance.proof.read.asa.objects import NAMES_OF_PORTS, Host, Objects
from ordinance.proof.read.cisco.config import Command
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.text import LineError, OpaqueError, decimal, shown

Span = tuple[Host, Host]
_HARMLESS = {"dns", "no-proxy-arp", "route-lookup", "net-to-net", "unidirectional", "after-auto"}
_MOST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Static:
    """One static translation: what comes in by `outside` for `mapped` goes to `real`.

    `ports`: the protocol, the mapped port and the real one, when only that port is translated.
    """

    line: int
    text: str
    outside: str  #: nameif, or "any"
    real: Span
    mapped: Span
    ports: tuple[int, int, int] | None = None

    @property
    def real_range(self) -> Range:
        """Return the real addresses as a range of `daddr`."""
        return ip_range(self.real[0], self.real[1])


class NatReader:
    """Reads the translations of one configuration."""

    def __init__(self, objects: Objects, interfaces: dict[str, Interface]) -> None:
        self._objects = objects
        self._interfaces = interfaces
        self.statics: list[Static] = []
        self.unread: list[Command] = []

    def of_object(self, command: Command) -> None:
        """Read the `nat` beneath an object. Raises LineError."""
        for line in command.below:
            if line.words[0] == "nat":
                self._read(line, Words(line.words[1:]), command.words[-1])

    def twice(self, command: Command) -> None:
        """Read a `nat` at the left margin. Raises LineError."""
        self._read(command, Words(command.words[1:]), "")

    def _read(self, line: Command, words: Words, name: str) -> None:
        try:
            outside = _outside(words)
            words.has("after-auto")
            if decimal(words.peek(), _MOST_PORT) is not None:
                words.take("its place")
            static = self._object(line, outside, words, name) if name else self._manual(line, outside, words)
        except OpaqueError:
            self.unread.append(line)
        else:
            self.statics.extend([] if static is None else [static])

    def _object(self, line: Command, outside: str, words: Words, name: str) -> Static | None:
        if words.has("dynamic"):
            return None
        if not words.has("static"):
            raise LineError("a translation that is neither static nor dynamic", "write nat (inside,outside) static 192.0.2.1")
        real = self._span(name)
        mapped = self._mapped(words.take("an address"), outside, real)
        ports = None
        if words.has("service"):
            ports = _service(words)
        _rest(words)
        return None if real == mapped and ports is None else Static(line.line, line.text, outside, real, mapped, ports)

    def _manual(self, line: Command, outside: str, words: Words) -> Static | None:
        if not words.has("source"):
            raise OpaqueError
        dynamic = words.has("dynamic")
        if not dynamic and not words.has("static"):
            raise OpaqueError
        real, mapped = words.take("an object"), words.take("an object")
        if words.has("destination"):
            words.has("static")
            if words.take("an object") != words.take("an object") or (not dynamic and real != mapped):
                raise OpaqueError
        if words.peek() == "service" and not dynamic:
            raise OpaqueError
        if dynamic or real == mapped or {"inactive", "unidirectional"} & set(words.rest()):
            return None
        one = self._span(real)
        return Static(line.line, line.text, outside, one, self._mapped(mapped, outside, one))

    def _span(self, name: str) -> Span:
        """Of an object that is no single row of addresses, the translation is not followed."""
        if name not in self._objects.hosts:
            raise OpaqueError
        return self._objects.hosts[name]

    def _mapped(self, text: str, outside: str, real: Span) -> Span:
        if text == "interface":
            found = self._interfaces.get(outside)
            if found is None or not found.hosts:
                raise OpaqueError
            first = next((host for host in found.hosts if host.version == real[0].version), None)
            if first is None:
                raise OpaqueError
            return first, first
        if text in self._objects.hosts:
            return self._objects.hosts[text]
        if text in self._objects.network_groups:
            raise OpaqueError
        first = self._objects.address(text)
        size = int(real[1]) - int(real[0])
        if first.version != real[0].version:
            raise OpaqueError
        if int(first) + size >= 1 << first.max_prefixlen:
            raise LineError(f"not {size + 1} addresses from {first} on", "translate to a network of the same size")
        return first, type(first)(int(first) + size)


def _outside(words: Words) -> str:
    pair = words.take("(real,mapped)")
    if not (pair.startswith("(") and pair.endswith(")") and pair.count(",") == 1):
        if pair.startswith("("):
            raise OpaqueError  # before 8.3
        raise LineError(f"{shown(pair)} stands where the interfaces must", "write nat (inside,outside) ...")
    return pair[1:-1].split(",")[1]


def _service(words: Words) -> tuple[int, int, int]:
    name = words.take("tcp or udp")
    number = {"tcp": TCP, "udp": UDP}.get(name)
    if number is None:
        raise OpaqueError
    names = NAMES_OF_PORTS[number]
    real, mapped = (names.get(text, decimal(text, _MOST_PORT)) for text in (words.take("a port"), words.take("a port")))
    if real is None or mapped is None:
        raise LineError("no port stands where one must", f"write service {name} REAL MAPPED, each a number or a name")
    return number, mapped, real


def _rest(words: Words) -> None:
    words.skip_while(_HARMLESS)
    if words.peek():
        raise OpaqueError
