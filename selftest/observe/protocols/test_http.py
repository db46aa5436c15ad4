"""The HTTP client against scripted peers: what is asked, where a body ends, and what is not HTTP."""

from __future__ import annotations

import pytest

from ordinance.observe.api import Deadline, Unseen
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.protocols import http
from selftest.observe.world import LOOPBACK, door, peer, reason_of, talk


def answer_http(answer, asked=None):
    def behaviour(connection):
        question = connection.recv(4096)
        if asked is not None:
            asked.append(question)
        connection.sendall(answer)

    return behaviour


HTTP = [
    ("with a length", b"Content-Length: 5\r\n\r\nhello!", b"hello", True),
    ("until the end", b"\r\nhello", b"hello", True),
    ("cut by the peer", b"Content-Length: 9\r\n\r\nhello", b"hello", False),
    ("in chunks", b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\n\r\n", b"hello", True),
    ("chunks cut off", b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n9\r\nlo", b"hello", False),
    ("a nonsense chunk", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"", False),
    ("a huge chunk", b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n" + b"a" * 100, b"a" * 20, False),
    ("beyond the cap", b"\r\n" + b"a" * 100, b"a" * 20, False),
    ("a length beyond the cap", b"Content-Length: 100\r\n\r\n" + b"a" * 100, b"a" * 20, False),
    ("exactly the cap", b"Content-Length: 20\r\n\r\n" + b"a" * 20, b"a" * 20, True),
    ("an enormous length", b"Content-Length: " + b"9" * 300 + b"\r\n\r\nhello", b"hello", False),
]


@pytest.mark.parametrize(("rest", "body", "complete"), [case[1:] for case in HTTP], ids=[case[0] for case in HTTP])
def test_a_body_ends_where_it_says_or_is_called_incomplete(rest, body, complete):
    journal = MemoryJournal()
    with peer(answer_http(b"HTTP/1.1 200 OK\r\nServer: x\r\n" + rest)) as port:
        here = door(journal).at("here")
        reply = http.fetch(here, LOOPBACK, port, Deadline.after(3), host="a.example", body_cap=20)
    assert (reply.status, reply.body, reply.complete, reply.header("SERVER")) == (200, body, complete, "x")
    assert reply.observation == journal.contacts[0].id


def test_what_is_asked_over_http():
    asked = []
    with peer(answer_http(b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\n\r\n", asked)) as port:
        here = door(MemoryJournal()).at("here")
        reply = http.fetch(here, LOOPBACK, port, Deadline.after(3), host="intranet.example", target="http://intranet.example/x")
    assert asked[0].startswith(b"GET http://intranet.example/x HTTP/1.1\r\nHost: intranet.example\r\n")
    assert b"Accept-Encoding: identity\r\n" in asked[0]
    assert (reply.status, reply.header("location")) == (302, "http://elsewhere.example/")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"220 mail ESMTP\r\n", Unseen.PROTOCOL),
        (b"", Unseen.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000, Unseen.TOO_MUCH),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000, Unseen.TOO_MUCH),
    ],
    ids=["mail", "nothing", "endless headers", "an endless header"],
)
def test_what_is_not_http_is_said_to_be_so(answer, reason):
    with peer(answer_http(answer)) as port:
        here = door(MemoryJournal()).at("here")
        assert reason_of(lambda: http.fetch(here, LOOPBACK, port, Deadline.after(3), host="a.example")) is reason


def test_a_header_cannot_smuggle_a_request():
    with talk(answer_http(b"")) as dialogue, pytest.raises(ValueError):
        http.request(dialogue, host="a\r\nX: y")
