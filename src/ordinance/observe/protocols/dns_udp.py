"""DNS over UDP (RFC 1035 section 4.2.1) through the packet agent: many questions in one job, each answered or not."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from ordinance.inventory.model import Address
from ordinance.observe.agent.call import believable, run_job
from ordinance.observe.api import Deadline, Unseen, VantagePoint
from ordinance.observe.protocols.dns import Record
from ordinance.observe.safetext import safe_line

PORT = 53
LARGEST = 1232  #: octets of an answer that are offered (EDNS, RFC 6891): nothing on the way has to be cut in pieces
#: So many that a path which loses half of all packets leaves one question in a thousand open.
TRIES, TRY_SECONDS = 10, 1.5


@dataclass(frozen=True, slots=True)
class UdpAnswer:
    """One answer: its rcode and the records of all sections, or why there is none (`unseen`).

    One that was cut short (TC) holds what fitted: the rest is for whoever asks over TCP (RFC 2181 section 9).
    """

    rcode: str
    records: tuple[Record, ...]
    unseen: str
    observation: str
    authoritative: bool = False


def ask_all(vantage: VantagePoint, server: Address, questions: Sequence[tuple[str, str]], deadline: Deadline) -> list[UdpAnswer]:
    """Ask (name, type) questions side by side; answers in their order. CouldNotLook when the agent cannot be run there."""
    asked = [
        dns.message.make_query(dns.name.from_text(name), kind, use_edns=0, payload=LARGEST, id=secrets.randbelow(65536))
        for name, kind in questions
    ]
    exchanges = [
        {
            "address": str(server),
            "port": PORT,
            "payload_b64": base64.b64encode(question.to_wire()).decode(),
            "tries": TRIES,
            "timeout": TRY_SECONDS,
        }
        for question in asked
    ]
    last, observation = run_job(vantage, {"job": "udp", "exchanges": exchanges}, deadline, lambda line: None)  # noqa: ARG005
    with believable(observation):
        return [_answer(question, seen, observation) for question, seen in zip(asked, last["exchanges"], strict=True)]


def _answer(question: dns.message.Message, seen: dict[str, Any], observation: str) -> UdpAnswer:
    if seen["answer"] != "open":
        return _none(f"{Unseen.NO_ANSWER.value}: {seen['answer']}", observation)
    try:
        reply = dns.message.from_wire(base64.b64decode(seen["reply_b64"]), one_rr_per_rrset=True)
    except (dns.exception.DNSException, ValueError) as failure:
        return _none(f"{Unseen.PROTOCOL.value}: no DNS message: {type(failure).__name__}", observation)
    if reply.id != question.id or not reply.flags & dns.flags.QR or reply.question not in ([], question.question):
        return _none(f"{Unseen.PROTOCOL.value}: a DNS message that does not answer the question", observation)
    found = (
        Record(safe_line(str(rrset.name)), dns.rdatatype.to_text(rrset.rdtype), int(rrset.ttl), safe_line(rdata.to_text()))
        for section in (reply.answer, reply.authority, reply.additional)
        for rrset in section
        for rdata in rrset
    )
    return UdpAnswer(dns.rcode.to_text(reply.rcode()), tuple(found), "", observation, bool(reply.flags & dns.flags.AA))


def _none(why: str, observation: str) -> UdpAnswer:
    return UdpAnswer("", (), why, observation)
