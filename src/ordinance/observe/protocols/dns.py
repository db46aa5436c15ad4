"""DNS over TCP (RFC 7766): one question, or one attempt at a zone transfer (RFC 5936), through any vantage."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import NoReturn

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from ordinance.inventory.model import Address
from ordinance.observe.api import CouldNotLook, Deadline, Dialogue, Unseen, VantagePoint
from ordinance.observe.safetext import safe_line

_MOST_RECORDS = 5000
_LENGTH = 2  #: octets before each message on TCP


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record as safe text: `Record("www.city.example.", "A", 3600, "198.51.100.8")`."""

    name: str
    type: str
    ttl: int
    data: str


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """One answer. `rcode` is the word of RFC 1035 and 6895: "NOERROR", "NXDOMAIN", "REFUSED" ..."""

    rcode: str
    answers: tuple[Record, ...]
    authority: tuple[Record, ...]
    authoritative: bool
    recursion: bool  #: the server offers recursion
    observation: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """What an AXFR attempt gave: the zone's records, or the refusal. `complete` when the closing SOA came."""

    rcode: str
    records: tuple[Record, ...]
    complete: bool
    observation: str


def query(vantage: VantagePoint, server: Address, name: str, rdtype: str, deadline: Deadline, *, port: int = 53) -> DnsAnswer:
    """Ask `server` one question and take its answer, whole. Raises CouldNotLook; any rcode is an answer."""
    question = _question(name, rdtype)
    with vantage.connect(server, port, deadline) as dialogue:
        _send(dialogue, question)
        reply = _receive(_Frames(dialogue), question)
        if reply is None:
            _not_dns("the server hung up without an answer")
        if max(len(reply.answer), len(reply.authority)) > _MOST_RECORDS:
            raise CouldNotLook(Unseen.TOO_MUCH, f"an answer of more than {_MOST_RECORDS} records")
    return DnsAnswer(
        dns.rcode.to_text(reply.rcode()),
        _records(reply.answer),
        _records(reply.authority),
        bool(reply.flags & dns.flags.AA),
        bool(reply.flags & dns.flags.RA),
        dialogue.observation,
    )


def transfer(vantage: VantagePoint, server: Address, zone: str, deadline: Deadline, *, port: int = 53) -> Transfer:
    """Attempt a zone transfer. A refusal (rcode, or hanging up at once) is an answer: `records` is then empty."""
    question = _question(zone, "AXFR")
    records: list[Record] = []
    rcode = "NOERROR"
    complete = False
    with vantage.connect(server, port, deadline) as dialogue:
        _send(dialogue, question)
        frames = _Frames(dialogue)
        while not complete and len(records) < _MOST_RECORDS:
            try:
                reply = _receive(frames, question)
            except CouldNotLook as failure:
                if records and failure.reason in {Unseen.TOO_MUCH, Unseen.DEADLINE, Unseen.PROTOCOL}:
                    break  # what did come is a transfer; it is only not complete
                raise
            if reply is None or reply.rcode() != dns.rcode.NOERROR or not reply.answer:
                rcode = "CLOSED" if reply is None else dns.rcode.to_text(reply.rcode())
                break
            records += _records(reply.answer)
            complete = len(records) > 1 and records[0].type == records[-1].type == "SOA"
    return Transfer(rcode, tuple(records), complete, dialogue.observation)


class _Frames:
    """Messages with a length of two octets before each (RFC 1035 section 4.2.2)."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._held = b""

    def next(self) -> bytes | None:
        """Return the next message; None when the stream ended before one began."""
        head = self._exactly(_LENGTH)
        return self._exactly(int.from_bytes(head, "big")) if head else None

    def _exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            data = self._dialogue.read_some()
            if not data:
                if self._held:
                    _not_dns("the server hung up inside a message")
                return b""
            self._held += data
        taken, self._held = self._held[:count], self._held[count:]
        return taken


def _question(name: str, rdtype: str) -> dns.message.QueryMessage:
    # The id is made here and not by dnspython, whose generator reseeds itself from the time.
    return dns.message.make_query(dns.name.from_text(name), dns.rdatatype.from_text(rdtype), id=secrets.randbelow(65536))


def _send(dialogue: Dialogue, question: dns.message.Message) -> None:
    wire = question.to_wire()
    dialogue.write(len(wire).to_bytes(_LENGTH, "big") + wire)


def _receive(frames: _Frames, question: dns.message.Message) -> dns.message.Message | None:
    wire = frames.next()
    if wire is None:
        return None
    try:
        reply = dns.message.from_wire(wire, one_rr_per_rrset=True)
    except (dns.exception.DNSException, ValueError) as failure:
        _not_dns(f"no DNS message: {type(failure).__name__}")
    if reply.id != question.id or not reply.flags & dns.flags.QR:
        _not_dns("a DNS message that does not answer the question")
    if reply.question and reply.question != question.question:
        _not_dns("an answer to another question")
    return reply


def _records(section: list[dns.rrset.RRset]) -> tuple[Record, ...]:
    found = (
        Record(safe_line(str(rrset.name)), dns.rdatatype.to_text(rrset.rdtype), int(rrset.ttl), safe_line(rdata.to_text()))
        for rrset in section
        for rdata in rrset
    )
    return tuple(record for _, record in zip(range(_MOST_RECORDS), found, strict=False))


def _not_dns(detail: str) -> NoReturn:
    raise CouldNotLook(Unseen.PROTOCOL, detail)
