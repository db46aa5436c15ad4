"""A city made of values, to be looked at through the door's interfaces: hosts, the packet agent, SNMP, name servers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from ordinance.inventory.model import Inventory
from ordinance.observe.api import CommandResult, CouldNotLook, LookContext, TlsPeer, Unseen
from selftest.judge.city_cases import CITY, PROFILE


class Talk:
    """A dialogue in which `answer` makes of all that was written what is read."""

    def __init__(
        self, answer: Callable[[bytes], bytes], observation: str, names: tuple[str, ...] | None = None, *, tls_only: bool = False,
        by_name: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:  # fmt: skip
        self.observation = observation
        self._by_name = by_name or {}
        self._answer = answer
        self._names = names
        self._mute = tls_only
        self._left: bytes | None = None

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def write(self, data: bytes) -> None:
        self._left = b"" if self._mute else self._answer(data)

    def read_some(self, most: int = 4096) -> bytes:
        if self._left is None:
            self._left = self._greeting()
        data, self._left = self._left[:most], self._left[most:]
        return data

    def read_line(self) -> bytes:
        if self._left is None:
            self._left = self._greeting()
        line, _, self._left = self._left.partition(b"\n")
        return line.removesuffix(b"\r")

    def start_tls(self, server_name: str, ca: bytes | None, *, verify: bool = True) -> TlsPeer:
        if self._names is None:
            raise CouldNotLook(Unseen.PROTOCOL, "no TLS", self.observation)
        self._mute = False
        return TlsPeer("TLSv1.3", self._by_name.get(server_name, self._names), "", verify)

    def _greeting(self) -> bytes:
        return self._answer(b"")


@dataclass
class Place:
    """A vantage and a host in one."""

    name: str
    town: Town

    def connect(self, address: Any, port: int, deadline: Any) -> Talk:
        serve = self.town.listeners.get((str(address), port))
        if serve is None:
            raise CouldNotLook(Unseen.NO_ANSWER, f"{address} {port}", self.town.seen())
        names = self.town.certificates.get((str(address), port))
        only = self.town.tls_only and names is not None
        return Talk(serve, self.town.seen(), names, tls_only=only, by_name=self.town.by_server_name)

    def run(self, argv: Sequence[str], deadline: Any, **more: Any) -> CommandResult:
        status, text = self.town.commands.get((self.name, argv[-1]), (127, b""))
        return CommandResult(status, text, b"Permission denied" if status else b"", self.town.seen())

    def agent(self, job: Mapping[str, Any], deadline: Any, on_line: Callable[[dict[str, Any]], None]) -> tuple[Any, str]:
        if not self.town.python3:
            raise CouldNotLook(Unseen.TOOL, "no python3", self.town.seen())
        self.town.jobs.append(job)
        for line in [*self.town.lines, {"done_ports": 0}]:
            on_line(line)
        return {"done": True, **self.town.agent[job["job"]](job)}, self.town.seen()


@dataclass
class Town:
    """What there is, and faults that can be switched on."""

    listeners: dict[tuple[str, int], Callable[[bytes], bytes]] = field(default_factory=dict)
    certificates: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    tls_only: bool = False  #: ports with a certificate say nothing before TLS
    by_server_name: dict[str, tuple[str, ...]] = field(default_factory=dict)  #: certificates for who asks by a name
    commands: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    agent: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    snmp: Callable[..., dict[str, str]] | None = None
    python3: bool = True
    lines: list[dict[str, Any]] = field(default_factory=list)  #: what the agent says before its last line
    dead_vantages: frozenset[str] = frozenset()
    jobs: list[Mapping[str, Any]] = field(default_factory=list)
    notes: list[Mapping[str, Any]] = field(default_factory=list)
    count: int = 0

    def seen(self) -> str:
        self.count += 1
        return f"o-{self.count}"

    def at(self, name: str) -> Place:
        if name in self.dead_vantages:
            raise CouldNotLook(Unseen.VANTAGE, f"{name} is gone", self.seen())
        return Place(name, self)

    host = at

    def note(self, **told: Any) -> str:
        self.notes.append(told)
        return self.seen()

    def snmp_get(self, host: str, oids: Sequence[str], deadline: Any, **who: Any) -> tuple[dict[str, str], str]:
        if self.snmp is None:
            raise CouldNotLook(Unseen.NO_ANSWER, "no SNMP answer", self.seen())
        return self.snmp(host, **who), self.seen()


def context(town: Town, city: Inventory = CITY, sight: Callable[[str], Any] = lambda name: None) -> LookContext:
    return LookContext(door=town, inventory=city, profile=PROFILE, sight=sight, seed=7)


# -- a name server -------------------------------------------------------------------------------------------------------------


@dataclass
class NameServer:
    """Answers from `zone` ((name, type) -> data), refuses transfers unless told; `rcode` overrides everything."""

    zone: dict[tuple[str, str], str]
    gives: frozenset[str] = frozenset()
    rcode: str = ""
    authority: bool = True

    def tcp(self, data: bytes) -> bytes:
        reply = self.reply(data[2:])
        return len(reply).to_bytes(2, "big") + reply

    def udp(self, job: Mapping[str, Any]) -> dict[str, Any]:
        told = []
        for one in job["exchanges"]:
            reply = self.reply(base64.b64decode(one["payload_b64"]))
            told.append({"answer": "open", "reply_b64": base64.b64encode(reply).decode()})
        return {"exchanges": told}

    def reply(self, wire: bytes) -> bytes:
        question = dns.message.from_wire(wire)
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.AA if self.authority else 0
        name, kind = question.question[0].name, dns.rdatatype.to_text(question.question[0].rdtype)
        key = name.to_text().rstrip("."), kind
        if kind == "AXFR" and key[0] in self.gives:
            soa = dns.rrset.from_text(name, 60, "IN", "SOA", "ns.city.example. p.city.example. 1 2 3 4 5")
            reply.answer += [soa, dns.rrset.from_text(name, 60, "IN", "NS", "ns.city.example."), soa]
        elif kind == "AXFR":
            reply.set_rcode(dns.rcode.REFUSED)
        elif key in self.zone or (f"*.{key[0].partition('.')[2]}", kind) in self.zone:
            data = self.zone.get(key) or self.zone[f"*.{key[0].partition('.')[2]}", kind]
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, data))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if self.rcode:
            reply.answer.clear()
            reply.set_rcode(dns.rcode.from_text(self.rcode))
        return reply.to_wire()


def one(text: str) -> Any:
    return ip_address(text)
