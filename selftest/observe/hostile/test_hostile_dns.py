"""Name servers that lie, loop, drip or never stop: no answer is made of it, or one that is called incomplete."""

from __future__ import annotations

import random

import dns.flags
import dns.message
import dns.rrset
import pytest

from ordinance.observe.api import Unseen
from ordinance.observe.protocols import dns as client
from selftest.observe.hostile.bounds import LATER, SOON, Peer, endure

TOO_MUCH, DEADLINE, PROTOCOL = Unseen.TOO_MUCH, Unseen.DEADLINE, Unseen.PROTOCOL
NAME = "www.city.example"
SOA = ("city.example.", "SOA", "ns.city.example. x.city.example. 1 2 3 4 5")


def framed(wire: bytes) -> bytes:
    return len(wire).to_bytes(2, "big") + wire


def read_question(peer: Peer) -> dns.message.Message:
    data = peer.hear()
    while len(data) < 2 + int.from_bytes(data[:2], "big"):
        data += peer.hear()
    return dns.message.from_wire(data[2:])


def replies(make, then=lambda peer: None):
    """Answer each question with the bytes that `make` makes of it, framed."""

    def behave(peer: Peer) -> None:
        peer.say(framed(make(read_question(peer))))
        then(peer)

    return behave


def raw(send):
    def behave(peer: Peer) -> None:
        peer.hear()
        send(peer)

    return behave


def reply(question, *records, change=None):
    made = dns.message.make_response(question)
    made.answer = [dns.rrset.from_text(name, 60, "IN", kind, data) for name, kind, data in records]
    if change:
        change(made)
    return made.to_wire(max_size=65_535)


def another_id(made):
    made.id ^= 1


def another_question(made):
    made.question = dns.message.make_query("elsewhere.example.", "A").question


def not_a_reply(made):
    made.flags &= ~dns.flags.QR


def by_hand(question, body: bytes, answers: int = 1) -> bytes:
    """A header that announces `answers` records, the question, and `body`."""
    made = bytearray(dns.message.make_response(question).to_wire())
    made[6:8] = answers.to_bytes(2, "big")
    return bytes(made) + body


def chain(question) -> bytes:
    """Pointers to pointers to pointers, thousands deep, and thousands of names that begin at the deepest."""
    at = len(dns.message.make_response(question).to_wire()) + 11
    deep = b"\xc0\x0c" + b"".join((0xC000 | (at + 2 * step)).to_bytes(2, "big") for step in range(8100 - at // 2))
    top = at + len(deep) - 2
    first = b"\0\xff\x00\x00\x01\0\0\0\0" + len(deep).to_bytes(2, "big") + deep
    many = ((0xC000 | top).to_bytes(2, "big") + b"\0\x01\0\x01\0\0\0\0\0\x04abcd") * 2900
    return by_hand(question, first + many, 2901)


def at_itself(question) -> bytes:
    place = len(dns.message.make_response(question).to_wire())
    return by_hand(question, (0xC000 | place).to_bytes(2, "big") + b"\0\x01\0\x01\0\0\0\0\0\x04abcd")


#: The smallest record there is: of the root, of a type nobody has, without data. No message holds 6,000.
EMPTY = b"\0\xff\0\0\x01\0\0\0\0\0\0"


def query(here, address, port, deadline):
    return client.query(here, address, NAME, "A", deadline, port=port)


UNSEEN = [
    ("another id", replies(lambda q: reply(q, change=another_id)), PROTOCOL, LATER),
    ("an answer to another question", replies(lambda q: reply(q, change=another_question)), PROTOCOL, LATER),
    ("the question said back", replies(lambda q: reply(q, change=not_a_reply)), PROTOCOL, LATER),
    ("a pointer at itself", replies(at_itself), PROTOCOL, LATER),
    ("a pointer forward", replies(lambda q: by_hand(q, b"\xff\xff\0\x01\0\x01\0\0\0\0\0\x04abcd")), PROTOCOL, LATER),
    ("pointers thousands deep, asked for thousands of times", replies(chain), PROTOCOL, LATER),
    ("a label of 64", replies(lambda q: by_hand(q, b"\x40" + b"a" * 64 + b"\0\0\x01\0\x01\0\0\0\0\0\x04abcd")), PROTOCOL, LATER),
    ("fewer records than announced", replies(lambda q: by_hand(q, b"", 65_535)), PROTOCOL, LATER),
    ("data beyond the message", replies(lambda q: by_hand(q, b"\0\0\x01\0\x01\0\0\0\0\xff\xffabcd")), PROTOCOL, LATER),
    ("a length that is never filled", raw(lambda peer: (peer.say(b"\xff\xffabc"), peer.hold())), DEADLINE, SOON),
    ("a message that drips", raw(lambda peer: peer.drip(b"\xff")), DEADLINE, SOON),
    ("empty messages without end", raw(lambda peer: peer.flood(b"\0\0")), PROTOCOL, LATER),
    ("silence", raw(lambda peer: peer.hold()), DEADLINE, SOON),
    ("noise without end", raw(lambda peer: peer.flood(b"\x7f\xff" + bytes(range(256)) * 128)), PROTOCOL, LATER),
    ("5,900 records in one message", replies(lambda q: by_hand(q, EMPTY * 5900, 5900)), TOO_MUCH, LATER),
]  # fmt: skip


@pytest.mark.parametrize(("behave", "reason", "seconds"), [case[1:] for case in UNSEEN], ids=[case[0] for case in UNSEEN])
def test_a_lying_name_server_is_no_answer(behave, reason, seconds):
    ending = endure(behave, query, seconds)
    assert (ending.value, ending.reason) == (None, reason)


def test_a_loop_of_names_is_an_answer_and_is_not_followed():
    records = (NAME + ".", "CNAME", "b.example."), ("b.example.", "CNAME", NAME + ".")
    ending = endure(replies(lambda q: reply(q, *records)), query)
    assert [(record.name, record.data) for record in ending.value.answers] == [
        (NAME + ".", "b.example."),
        ("b.example.", NAME + "."),
    ]
    assert ending.connections == 1


def test_4000_records_are_read():
    ending = endure(replies(lambda q: by_hand(q, b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04abcd" * 4000, 4000)), query)
    assert len(ending.value.answers) == 4000


HOSTILE_TEXT = ["<script>alert(1)</script>", "\x1b[31m", "\u202egnp", "\0", "\xff", "\r\nx: y"]


@pytest.mark.parametrize("text", HOSTILE_TEXT, ids=ascii)
def test_hostile_text_in_a_record_is_shown_as_escapes(text):
    data = "".join(f"\\{byte:03d}" for byte in text.encode("utf-8", "surrogateescape"))
    ending = endure(replies(lambda q: reply(q, (NAME + ".", "TXT", f'"{data}"'))), query)
    (record,) = ending.value.answers
    assert record.data.isprintable()
    assert "\u202e" not in record.data


def transfer(here, address, port, deadline):
    return client.transfer(here, address, "city.example", deadline, port=port)


def zone_without_end(peer: Peer) -> None:
    question = read_question(peer)
    peer.say(framed(reply(question, SOA)))
    more = framed(reply(question, *((f"h{number}.city.example.", "A", "10.0.0.1") for number in range(500))))
    peer.flood(more)


def zone_that(ends):
    def behave(peer: Peer) -> None:
        question = read_question(peer)
        peer.say(framed(reply(question, SOA, ("a.city.example.", "A", "10.0.0.1"))))
        ends(peer)

    return behave


TRANSFERS = [
    ("without end", zone_without_end, LATER),
    ("that stops", zone_that(lambda peer: peer.hold()), SOON),
    ("that drips", zone_that(lambda peer: peer.drip(b"\xff")), SOON),
    ("that ends in noise", zone_that(lambda peer: peer.flood(b"\0\x05noise")), LATER),
    ("that hangs up", zone_that(lambda peer: None), LATER),
]


@pytest.mark.parametrize(("behave", "seconds"), [case[1:] for case in TRANSFERS], ids=[case[0] for case in TRANSFERS])
def test_a_transfer_that_does_not_end_still_shows_that_it_was_given(behave, seconds):
    ending = endure(behave, transfer, seconds)
    assert ending.reason is None
    assert ending.value.complete is False
    assert ending.value.records


def test_300_messages_of_chance_are_answers_or_no_answers_and_nothing_else():
    """Replies whose bytes were changed at random: whatever a parser stumbles over is a reason, never a defect."""
    chance = random.Random(7)
    records = (NAME + ".", "A", "10.0.0.1"), (NAME + ".", "MX", "5 a.example."), (NAME + ".", "TXT", '"hello"')
    kinds = {1: 4, 15: 4, 16: 6, 28: 16, 29: 16, 33: 8, 46: 24, 47: 9, 55: 8, 64: 9, 257: 9, 42: 8, 45: 9, 65_280: 12}
    outcomes = set()

    def spoilt(question):
        wire = bytearray(reply(question, *records))
        added = chance.sample(sorted(kinds.items()), chance.choice((1, 1, 3)))
        for kind, size in added:
            data = chance.randbytes(size)
            wire += b"\xc0\x0c" + kind.to_bytes(2, "big") + b"\0\x01\0\0\0\0" + size.to_bytes(2, "big") + data
        wire[6:8] = bytes((0, 3 + len(added)))
        for _ in range(chance.choice((0, 0, 1, 4))):
            wire[chance.randrange(12, len(wire))] = chance.randrange(256)
        return bytes(wire)

    def many(here, address, port, deadline):
        for _ in range(300):
            try:
                query(here, address, port, deadline)
                outcomes.add("ok")
            except client.CouldNotLook as failure:
                outcomes.add(failure.reason)

    assert endure(replies(spoilt), many, 20.0).connections == 300
    assert outcomes <= {"ok", PROTOCOL}
    assert "ok" in outcomes and PROTOCOL in outcomes
