"""SNMP agents that lie, loop, flood or never answer: a reason by the deadline, and never a value that was not given."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto.api import v2c

from ordinance.observe import snmp
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from selftest.observe.hostile.bounds import bounded
from selftest.observe.world import LOOPBACK

NO_ANSWER, PROTOCOL, TOO_MUCH, REFUSED = Unseen.NO_ANSWER, Unseen.PROTOCOL, Unseen.TOO_MUCH, Unseen.REFUSED
WHO = snmp.Who("2c", "c0mmunity")
V3 = snmp.Who("3", "audit", "authPriv", "an-auth-password", "a-priv-password", "80001f8804636974792d6677")
SYS_DESCR, TREE = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.2"
SECONDS, LATER = 1.0, 6.0

Answer = Callable[[bytes], list[bytes]]


@contextlib.contextmanager
def agent(answer: Answer) -> Iterator[tuple[int, Callable[[], None]]]:
    """A UDP server that sends what `answer` makes of each datagram; its port, and how it is stopped."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(0.05)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                data, where = server.recvfrom(65_536)
                for reply in answer(data):
                    if over.is_set():
                        return
                    server.sendto(reply, where)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1], over.set
    finally:
        over.set()
        thread.join(2)
        server.close()


def answered(data: bytes, change: Callable = lambda message, pdu: None, oid=None, value="hello") -> bytes:
    """The right answer to a v2c request, changed."""
    message, _ = decoder.decode(data, asn1Spec=v2c.Message())
    request = v2c.apiMessage.get_pdu(message)
    reply = v2c.apiMessage.get_response(message)
    pdu = v2c.apiMessage.get_pdu(reply)
    asked = v2c.apiPDU.get_varbinds(request)
    made = [(v2c.ObjectIdentifier(oid(name) if callable(oid) else oid or name), v2c.OctetString(value)) for name, _ in asked]
    v2c.apiPDU.set_varbinds(pdu, made)
    change(reply, pdu)
    return encoder.encode(reply)


def another_number(message, pdu):
    v2c.apiPDU.set_request_id(pdu, int(v2c.apiPDU.get_request_id(pdu)) ^ 1)


def another_community(message, pdu):
    v2c.apiMessage.set_community(message, "other")


def an_error(number):
    return lambda message, pdu: v2c.apiPDU.set_error_status(pdu, number)


GETS = [
    ("silence", lambda data: [], NO_ANSWER),
    ("the request said back", lambda data: [data], NO_ANSWER),
    ("noise", lambda data: [b"\x30\x82\xff\xff" + b"x" * 500], NO_ANSWER),
    ("nothing in a datagram", lambda data: [b""], NO_ANSWER),
    ("a length of 4 GiB", lambda data: [b"\x30\x84\xff\xff\xff\xff\x02\x01\x01"], NO_ANSWER),
    ("parts in parts without end", lambda data: [b"\x30\x80" * 20_000], NO_ANSWER),
    ("a number of 30,000 digits", lambda data: [b"\x30\x82\x75\x34\x02\x82\x75\x30" + b"\x7f" * 30_000], NO_ANSWER),
    ("another request's answer", lambda data: [answered(data, another_number)], NO_ANSWER),
    ("another community's answer", lambda data: [answered(data, another_community)], (NO_ANSWER, Unseen.CREDENTIALS)),
    ("half an answer", lambda data: [answered(data)[:-5]], NO_ANSWER),
    ("wrong answers without end", lambda data: [answered(data, another_number)] * 3000, NO_ANSWER),
    ("a general error", lambda data: [answered(data, an_error(5))], PROTOCOL),
    ("an error that there is not", lambda data: [answered(data, an_error(77))], (PROTOCOL, NO_ANSWER)),
    ("no authorisation", lambda data: [answered(data, an_error(16))], REFUSED),
]


def within(act, seconds):
    """Do it within all bounds; the value or the reason."""
    try:
        return act(Deadline.after(seconds))
    except CouldNotLook as failure:
        return failure.reason


@pytest.mark.parametrize(("answer", "reason"), [case[1:] for case in GETS], ids=[case[0] for case in GETS])
def test_a_get_ends_with_a_reason(answer, reason):
    with agent(answer) as (port, stop), bounded(SECONDS, release=stop):
        found = within(lambda deadline: snmp.get(WHO, LOOPBACK, port, [SYS_DESCR], deadline), SECONDS)
    assert found in (reason if isinstance(reason, tuple) else (reason,))


V3_NOISE = [
    ("silence", lambda data: []),
    ("the request said back", lambda data: [data]),
    ("noise", lambda data: [b"\x30\x82\xff\xff" + b"x" * 500]),
    ("an answer of version 2c", lambda data: [b"\x30\x05\x02\x01\x01\x04\x00"]),
    ("nothing but nesting", lambda data: [b"\x30\x80" * 2000]),
]


@pytest.mark.parametrize("answer", [case[1] for case in V3_NOISE], ids=[case[0] for case in V3_NOISE])
def test_a_v3_discovery_that_goes_wrong_is_no_answer(answer):
    with agent(answer) as (port, stop), bounded(SECONDS, release=stop):
        found = within(lambda deadline: snmp.get(V3, LOOPBACK, port, [SYS_DESCR], deadline), SECONDS)
    assert found in (NO_ANSWER, PROTOCOL, Unseen.IDENTITY)


def test_a_value_is_capped_and_made_safe():
    value = b"\x1b[31m<script>" + b"A" * 20_000
    with agent(lambda data: [answered(data, value=value)]) as (port, stop), bounded(SECONDS, release=stop):
        found = within(lambda deadline: snmp.get(WHO, LOOPBACK, port, [SYS_DESCR], deadline), SECONDS)
    (text,) = found.values()
    assert text.isprintable()
    assert len(text) < snmp.VALUE_CAP + 100


def test_an_answer_about_another_object_is_not_taken_for_the_one_asked_for():
    with agent(lambda data: [answered(data, oid="1.3.6.1.2.1.1.5.0")]) as (port, stop), bounded(SECONDS, release=stop):
        found = within(lambda deadline: snmp.get(WHO, LOOPBACK, port, [SYS_DESCR], deadline), SECONDS)
    assert SYS_DESCR not in (found if isinstance(found, dict) else {})


counted = iter(range(1, 10**9))
WALKS = [
    ("the same object again and again", lambda data: [answered(data, oid=TREE + ".1.1")], PROTOCOL, LATER),
    ("objects that go backwards", lambda data: [answered(data, oid=f"{TREE}.{next(backwards)}")], (PROTOCOL, TOO_MUCH), LATER),
    ("objects without end", lambda data: [answered(data, oid=f"{TREE}.1.{next(counted)}")], TOO_MUCH, LATER),
    ("silence after the first", lambda data: [answered(data, oid=TREE + ".1")] if next(counted) % 2 else [], NO_ANSWER, SECONDS),
]
backwards = iter(range(10**9, 0, -1))


@pytest.mark.parametrize(("answer", "reason", "seconds"), [case[1:] for case in WALKS], ids=[case[0] for case in WALKS])
def test_a_walk_ends(answer, reason, seconds):
    with agent(answer) as (port, stop), bounded(seconds, release=stop):
        found = within(lambda deadline: snmp.walk(WHO, LOOPBACK, port, TREE, deadline, most=20), seconds)
    assert found in (reason if isinstance(reason, tuple) else (reason,))
