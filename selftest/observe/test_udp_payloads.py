"""Each UDP question is what its protocol says; none is for a printer."""

from __future__ import annotations

import struct

import dns.message
import dns.rdatatype

from ordinance.observe.protocols.dtls_hello import dtls_hello
from ordinance.observe.protocols.udp_payloads import dns_query, questions
from ordinance.observe.scope_guard import MUTE_PORTS

ALL = tuple(questions(("public", "private")))
PORTS = {question.port for question in ALL}


def payload(service: str) -> bytes:
    return next(question.payload for question in ALL if question.service == service)


def test_the_services_that_the_policy_names_are_asked() -> None:
    assert {53, 69, 123, 161, 500, 1194, 5060} <= PORTS
    assert sum(1 for question in ALL if question.port == 161) == 5


def test_no_printer_is_asked_and_no_datagram_is_too_long() -> None:
    assert not PORTS & MUTE_PORTS
    assert all(0 < len(question.payload) <= 1232 for question in ALL)
    assert len({(question.port, question.payload) for question in ALL}) == len(ALL)


def test_dns_questions_are_read_by_another_implementation() -> None:
    read = dns.message.from_wire(dns_query(b"city.example", 6))
    assert read.question[0].name.to_text() == "city.example."
    assert read.question[0].rdtype == dns.rdatatype.SOA
    assert dns.message.from_wire(payload("mDNS")).question[0].rdtype == dns.rdatatype.PTR
    assert payload("NetBIOS names")[12] == 32


def test_lengths_inside_are_right() -> None:
    ike = payload("IKE")
    assert struct.unpack(">I", ike[24:28])[0] == len(ike)
    association, exchange = struct.unpack(">H", ike[30:32])[0], 28 + struct.unpack(">H", ike[30:32])[0]
    nonce = exchange + struct.unpack(">H", ike[exchange + 2 : exchange + 4])[0]
    assert nonce + struct.unpack(">H", ike[nonce + 2 : nonce + 4])[0] == len(ike)
    assert association > 40
    assert payload("IKE through NAT") == bytes(4) + ike
    hello = dtls_hello()
    assert struct.unpack(">H", hello[11:13])[0] == len(hello) - 13
    assert int.from_bytes(hello[14:17], "big") == int.from_bytes(hello[22:25], "big") == len(hello) - 25
    assert payload("LDAP")[1] == len(payload("LDAP")) - 2
    assert struct.unpack(">H", payload("RADIUS")[2:4])[0] == len(payload("RADIUS"))
    assert struct.unpack(">H", payload("L2TP")[2:4])[0] == len(payload("L2TP"))
    assert int.from_bytes(payload("SLP")[2:5], "big") == len(payload("SLP"))
    assert len(payload("NTP")) == 48
    assert len(payload("WireGuard")) == 148
    assert len(payload("QUIC")) == 1200
    assert len(payload("RIP")) == 24
