"""The DNS client against scripted peers over TCP: answers, refusals, and transfers, whole or broken off."""

from __future__ import annotations

import dns.message
import dns.rrset
import pytest

from ordinance.observe.api import Deadline, Unseen
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.protocols import dns as dns_client
from selftest.observe.world import LOOPBACK, door, peer, reason_of


def answer_dns(*makers):
    def behaviour(connection):
        length = int.from_bytes(connection.recv(2), "big")
        question = dns.message.from_wire(connection.recv(length))
        for make in makers:
            wire = make(question)
            connection.sendall(len(wire).to_bytes(2, "big") + wire)

    return behaviour


def records(*texts, rcode=0, other_id=False):
    def make(question):
        reply = dns.message.make_response(question)
        reply.set_rcode(rcode)
        reply.answer = [dns.rrset.from_text(*text.split(" ", 4)[:1], 60, "IN", *text.split(" ", 2)[1:]) for text in texts]
        if other_id:
            reply.id ^= 1
        return reply.to_wire()

    return make


def ask_dns(behaviour, call, name="www.city.example", *rest):
    with peer(behaviour) as port:
        return call(door(MemoryJournal()).at("here"), LOOPBACK, name, *rest, Deadline.after(3), port=port)


def test_a_dns_answer_and_a_refusal():
    found = ask_dns(answer_dns(records("www.city.example. A 198.51.100.8")), dns_client.query, "www.city.example", "A")
    assert (found.rcode, found.answers) == ("NOERROR", (dns_client.Record("www.city.example.", "A", 60, "198.51.100.8"),))
    assert ask_dns(answer_dns(records(rcode=5)), dns_client.query, "x.example", "AAAA").rcode == "REFUSED"


@pytest.mark.parametrize(
    "behaviour",
    [
        answer_dns(records(other_id=True)),
        answer_dns(lambda question: b"garbage"),
        answer_dns(lambda question: question.to_wire()),
        lambda c: c.recv(100),
        lambda c: (c.recv(100), c.sendall(b"\xff\xffabc")),
    ],
    ids=["another id", "garbage", "an echo", "hung up", "cut off"],
)
def test_what_is_not_an_answer_to_the_question_is_said_to_be_so(behaviour):
    assert reason_of(lambda: ask_dns(behaviour, dns_client.query, "a.example", "A")) is Unseen.PROTOCOL


SOA = "city.example. SOA ns.city.example. x.city.example. 1 2 3 4 5"


def test_a_transfer_is_read_to_its_closing_record():
    got = ask_dns(answer_dns(records(SOA, "a.city.example. A 10.0.0.1"), records(SOA)), dns_client.transfer, "city.example")
    assert (got.complete, [record.type for record in got.records]) == (True, ["SOA", "A", "SOA"])


def test_a_transfer_that_breaks_off_still_shows_what_came():
    got = ask_dns(answer_dns(records(SOA, "a.city.example. A 10.0.0.1")), dns_client.transfer, "city.example")
    assert (got.complete, len(got.records)) == (False, 2)


@pytest.mark.parametrize(("behaviour", "rcode"), [(answer_dns(records(rcode=5)), "REFUSED"), (lambda c: c.recv(100), "CLOSED")])
def test_a_refused_transfer_is_an_answer(behaviour, rcode):
    got = ask_dns(behaviour, dns_client.transfer, "city.example")
    assert (got.rcode, got.records) == (rcode, ())
