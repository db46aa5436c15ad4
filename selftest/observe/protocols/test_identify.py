"""A port is known by what it does: scripted peers that speak, lie, stay silent or hang up."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from ordinance.observe.api import Deadline, Unseen
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.protocols import identify
from selftest.observe.world import LOOPBACK, door, peer, reason_of


def server(greeting, answers):
    """Speaks first, then answers lines by their first word; what it does not know gets the answer for ""."""

    def behaviour(connection):
        connection.sendall(greeting)
        for line in connection.makefile("rb"):
            word = line.split()[0].decode("latin-1") if line.split() else ""
            connection.sendall(answers.get(word, answers.get("", b"500 what?\r\n")))

    return behaviour


def web(connection):
    connection.recv(1000)
    connection.sendall(b"HTTP/1.0 400 no\r\n\r\n")


def web_over_tls_alone(connection):
    """As a web server over TLS on a path that loses the beginning of TLS again and again."""
    if connection.recv(1000).startswith(b"\x16"):
        time.sleep(3)
    else:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP was sent to an HTTPS port")


def echo(connection):
    while data := connection.recv(1000):
        connection.sendall(data)


def mute(connection):
    connection.recv(1000)
    time.sleep(3)


def greets_late(connection):
    """As a news server whose greeting is lost until something was asked of it."""
    if connection.recv(1000):
        connection.sendall(b"200 news\r\n")
    while connection.recv(1000):
        connection.sendall(b"500 what?\r\n")


def greets_and_sleeps(connection):
    """As a mail server whose next words are lost on the way."""
    connection.sendall(b"220 mail.city.example ESMTP\r\n")
    mute(connection)


def dns_server(connection):
    data = connection.recv(1000)
    if data[2:4] == b"\x6f\x72":
        connection.sendall(data[:4] + b"\x80" + data[5:])


IDENTIFY = [
    ("smtp", server(b"220 x\r\n", {"EHLO": b"250-x\r\n250 SIZE\r\n"})),
    ("smtp", server(b"220-wait\r\n220 x\r\n", {"EHLO": b"250 x\r\n"})),
    ("ftp", server(b"220 welcome to our ESMTP\r\n", {"EHLO": b"500 ?\r\n", "SYST": b"215 UNIX\r\n"})),
    ("ftp", server(b"220-a\r\n b\r\n220 c\r\n", {"": b"530 log in first\r\n"})),
    ("nntp", server(b"200 x\r\n", {"CAPABILITIES": b"101 x\r\nREADER\r\n.\r\n"})),
    ("nntp", server(b"201 x\r\n", {"DATE": b"111 20261123000000\r\n"})),
    ("nntp", lambda c: c.sendall(b"502 no permission\r\n")),
    ("unknown", server(b"200 x\r\n", {})),
    ("unknown", server(b"220 NNTP SMTP FTP\r\n", {})),
    ("ssh", lambda c: c.sendall(b"SSH-2.0-x\r\n")),
    ("telnet", lambda c: (c.sendall(b"\xff\xfd\x18\xff\xfd\x20"), time.sleep(3))),
    ("telnet", lambda c: (c.sendall(b"\r\nDebian 12\r\nlogin: "), time.sleep(3))),
    ("imap", lambda c: c.sendall(b"* OK x\r\n")),
    ("pop3", lambda c: c.sendall(b"+OK x\r\n")),
    ("http", web),
    ("unknown", web_over_tls_alone),
    ("dns", dns_server),
    ("echo", echo),
    ("silent", mute),
    ("closed", lambda c: c.shutdown(socket.SHUT_RDWR)),
    ("unknown", lambda c: c.sendall(b"\x00\x01\x02 hello")),
    ("closed", lambda c: c.sendall(b"421 4.7.0 too many connections\r\n")),
    ("silent", greets_and_sleeps),
    ("silent", greets_late),
    ("silent", lambda c: (c.sendall(b"220 x\r\n"), c.recv(1000))),
]


@pytest.mark.parametrize(("protocol", "behaviour"), IDENTIFY, ids=[f"{name}-{at}" for at, (name, _) in enumerate(IDENTIFY)])
def test_a_port_is_known_by_what_it_does_and_not_by_what_it_says(protocol, behaviour):
    with peer(behaviour) as port:
        found = identify.identify(door(MemoryJournal()).at("here"), LOOPBACK, port, Deadline.after(8), listen=0.5)
    assert found.protocol == protocol
    assert all(found.observations)


def test_a_printer_that_took_the_connection_is_silent_and_was_seen_to_be_open():
    """Nothing may be said to it; that it is open is known all the same."""
    for port in range(9100, 9108):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found = identify.identify(door(MemoryJournal()).at("here"), LOOPBACK, port, Deadline.after(8), listen=0.3)
            assert found.protocol == "silent"
            return
    pytest.fail("every port of a printer is in use here")


def test_a_closed_port_is_not_identified():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    here = door(MemoryJournal()).at("here")
    assert reason_of(lambda: identify.identify(here, LOOPBACK, port, Deadline.after(2))) is Unseen.REFUSED
