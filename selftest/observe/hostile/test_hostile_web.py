"""Hostile web servers: replies are bounded and called incomplete, redirects lead nowhere else, nothing is decompressed."""

from __future__ import annotations

import gzip
import zlib

import pytest

from ordinance.inventory.model import Service
from ordinance.observe.api import Unseen
from ordinance.observe.identity import identify_service
from ordinance.observe.protocols.front_page import MOST_PAGES, Way, unread, visit
from ordinance.observe.protocols.http import BODY_CAP, fetch
from selftest.observe.hostile.bounds import LATER, SOON, Peer, endure
from selftest.observe.world import LOOPBACK

TOO_MUCH, DEADLINE, PROTOCOL = Unseen.TOO_MUCH, Unseen.DEADLINE, Unseen.PROTOCOL
HOME = "Welcome to the City of Example"
START = b"HTTP/1.1 200 OK\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(50 << 20), 9)


def answers(head: bytes, then=lambda peer: None):
    def behave(peer: Peer) -> None:
        peer.hear()
        peer.say(head)
        then(peer)

    return behave


def floods(data):
    return lambda peer: peer.flood(data)


def drips(data):
    return lambda peer: peer.drip(data)


def holds(peer):
    peer.hold()


def get(here, address, port, deadline):
    return fetch(here, address, port, deadline, host="a.example")


UNSEEN = [
    ("a status line without end", answers(b"HTTP/1.1 200 ", floods(b"x")), TOO_MUCH, LATER),
    ("a header without end", answers(START + b"X: ", floods(b"y")), TOO_MUCH, LATER),
    ("headers without end", answers(START, floods(b"X-Header: y\r\n")), TOO_MUCH, LATER),
    ("headers of one letter without end", answers(START, floods(b"x\n")), TOO_MUCH, LATER),
    ("100 Continue without end", answers(b"", floods(b"HTTP/1.1 100 Continue\r\n\r\n")), TOO_MUCH, LATER),
    ("103 Early Hints without end", answers(b"", floods(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")), TOO_MUCH, LATER),
    ("headers that drip", answers(START, drips(b"X: y\r\n")), DEADLINE, SOON),
    ("a status line that drips", answers(b"", drips(b"HTTP/1.1 200 OK")), DEADLINE, SOON),
    ("no reply", answers(b"", holds), DEADLINE, SOON),
    ("a status of four digits", answers(b"HTTP/1.1 2000 OK\r\n\r\n"), PROTOCOL, LATER),
    ("another protocol", answers(b"HTTP/9.9 200 OK\r\n\r\n"), PROTOCOL, LATER),
    ("NULs without end", answers(b"", floods(b"\0")), TOO_MUCH, LATER),
]


@pytest.mark.parametrize(("behave", "reason", "seconds"), [case[1:] for case in UNSEEN], ids=[case[0] for case in UNSEEN])
def test_a_reply_without_a_head_is_not_seen(behave, reason, seconds):
    ending = endure(behave, get, seconds)
    assert (ending.value, ending.reason) == (None, reason)
    (record,) = ending.records
    assert record.outcome == reason.value


CUT = [
    ("chunks without end", answers(CHUNKED, floods(b"5\r\nhello\r\n")), LATER),
    ("empty chunks with names for ever", answers(CHUNKED, floods(b"1;name=value\r\nx\r\n")), LATER),
    ("a chunk size without end", answers(CHUNKED, floods(b"0")), LATER),
    ("a chunk of 4 GiB", answers(CHUNKED + b"ffffffff\r\n", floods(b"x")), LATER),
    ("a chunk of less than nothing", answers(CHUNKED + b"-5\r\nhello\r\n", holds), LATER),
    ("chunks that drip", answers(CHUNKED, drips(b"1\r\nx\r\n")), SOON),
    ("a body without end", answers(START + b"\r\n", floods(b"x")), LATER),
    ("a body that drips", answers(START + b"Content-Length: 500\r\n\r\n", drips(b"x")), SOON),
    ("a length of 300 digits", answers(START + b"Content-Length: " + b"9" * 300 + b"\r\n\r\nhello"), LATER),
    ("a gzip bomb", answers(START + b"Content-Encoding: gzip\r\n\r\n" + BOMB), LATER),
    ("a bomb in a bomb", answers(START + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(BOMB)), LATER),
    ("a bomb by another name", answers(START + b"Content-Encoding: DEFLATE\r\n\r\n" + zlib.compress(bytes(1 << 20))), LATER),
]


@pytest.mark.parametrize(("behave", "seconds"), [case[1:] for case in CUT], ids=[case[0] for case in CUT])
def test_a_body_that_was_not_read_to_its_end_proves_no_absence(behave, seconds):
    ending = endure(behave, get, seconds)
    assert ending.reason is None
    assert unread(ending.value)
    assert len(ending.value.body) <= BODY_CAP


LEADS = [
    ("to itself", b"/", 1),
    ("on and on", None, MOST_PAGES),
    ("to another name, on the same address", b"http://elsewhere.example:PORT/", 2),
    ("to an address out of scope, which is only a name here", b"http://203.0.113.99:PORT/", 2),
    ("to another port", b"http://127.0.0.1:1/", 1),
    ("to a port that is none", b"http://127.0.0.1:99999/", 1),
    ("to a file", b"file:///etc/passwd", 1),
    ("to a script", b"javascript:alert(1)", 1),
    ("to FTP", b"ftp://127.0.0.1/", 1),
    ("to a name with a NUL", b"http://a\0b:PORT/", 1),
    ("to a name of escapes", b"http://\x1b[31m:PORT/", 1),
    ("to a broken IPv6 address", b"http://[::1:PORT/", 1),
    ("to a target of 3,000 letters", b"/" + b"x" * 3000, 1),
    ("to a target with a space", b"/a b HTTP/1.1", 1),
]


@pytest.mark.parametrize(("location", "connections"), [case[1:] for case in LEADS], ids=[case[0] for case in LEADS])
def test_a_redirect_is_followed_on_its_own_address_and_not_for_ever(location, connections):
    count = iter(range(1000))

    def behave(peer: Peer) -> None:
        peer.hear()
        port = str(peer.sock.getsockname()[1]).encode()
        there = b"/%d" % next(count) if location is None else location.replace(b"PORT", port)
        peer.say(b"HTTP/1.1 302 Found\r\nLocation: " + there + b"\r\nContent-Length: 0\r\n\r\n")

    def act(here, address, port, deadline):
        return visit(here, address, Way(port, False, "127.0.0.1"), deadline, server_name="")

    ending = endure(behave, act)
    assert (ending.reason, ending.connections) == (None, connections)
    assert {record.target.split(":")[0] for record in ending.records} == {"127.0.0.1"}


LIARS = [
    ("its words in a header", answers(START + b"X: " + HOME.encode() + b"\r\nContent-Length: 0\r\n\r\n")),
    ("its words in the status line", answers(b"HTTP/1.1 200 " + HOME.encode() + b"\r\nContent-Length: 0\r\n\r\n")),
    ("its words within gzip", answers(START + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(HOME.encode()))),
    ("its words beyond the cap", answers(START + b"\r\n" + b"x" * 60_000 + HOME.encode())),
    ("its words torn by NULs", answers(START + b"\r\n" + b"\0".join(HOME.encode()[at : at + 1] for at in range(len(HOME))))),
    ("its words in other letters", answers(START + b"\r\n" + HOME.replace("o", "\u043e").encode())),
    ("its words before any head", answers(HOME.encode() + b"\r\n\r\n")),
]  # fmt: skip


@pytest.mark.parametrize("behave", [case[1] for case in LIARS], ids=[case[0] for case in LIARS])
def test_words_that_are_not_on_the_page_prove_no_identity(behave):
    def act(here, address, port, deadline):
        return identify_service(here, Service("www", LOOPBACK, port, "http", HOME, frozenset({"outside"})))

    assert endure(behave, act).value.proven is False
