"""Hostile peers: each dialogue ends by its deadline, with bounded memory and the right reason."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
import tracemalloc
from ipaddress import ip_address

import pytest

from ordinance.observe import here
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.memory import MemoryJournal
from selftest.observe.world import LOOPBACK, door, peer, reason_of

SECONDS = 1.2


def endless_greeting(connection):
    while True:
        connection.sendall(b"220-" + b"A" * 1000 + b"\r\n")


def endless_line(connection):
    while True:
        connection.sendall(b"A" * 65_536)


def drip(connection):
    while True:
        connection.sendall(b"2")
        time.sleep(0.2)


def silent(connection):
    connection.recv(1)
    time.sleep(5)


def closes_at_once(connection):
    connection.shutdown(socket.SHUT_RDWR)


def reset_mid_reply(connection):
    connection.sendall(b"220 hal")
    time.sleep(0.1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def never_reads(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    time.sleep(5)


def tls_never_finishes(connection):
    connection.recv(4096)
    while True:
        connection.sendall(b"\x16\x03\x03\x3f\xff\x02")
        time.sleep(0.2)


def tls_garbage(connection):
    connection.recv(4096)
    connection.sendall(b"220 what did you say\r\n")
    time.sleep(5)


def read_all(dialogue):
    while dialogue.read_line():
        pass


def read_some(dialogue):
    while dialogue.read_some():
        pass


CASES = [
    ("an endless greeting is too much", endless_greeting, read_all, Unseen.TOO_MUCH),
    ("a line without end is too much", endless_line, read_all, Unseen.TOO_MUCH),
    ("endless bytes are too much", endless_line, read_some, Unseen.TOO_MUCH),
    ("a byte now and then does not move the deadline", drip, read_all, Unseen.DEADLINE),
    ("silence ends at the deadline", silent, read_all, Unseen.DEADLINE),
    ("closing at once is the end of the stream", closes_at_once, read_all, None),
    ("a reset mid-reply is never 'refused'", reset_mid_reply, read_all, Unseen.PROTOCOL),
    ("an upload nobody reads ends at the deadline", never_reads, lambda d: d.write(b"x" * 20_000_000), Unseen.DEADLINE),
    ("TLS that never finishes", tls_never_finishes, lambda d: d.start_tls("", None, verify=False), Unseen.DEADLINE),
    ("TLS answered by text", tls_garbage, lambda d: d.start_tls("", None, verify=False), Unseen.PROTOCOL),
]


@pytest.mark.parametrize(("behaviour", "action", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_hostile_peer_costs_no_more_than_the_deadline_and_little_memory(behaviour, action, reason):
    journal = MemoryJournal()
    payload = 21_000_000 if "never_reads" in behaviour.__name__ else 0
    with peer(behaviour) as port:
        tracemalloc.start()
        began = time.monotonic()

        def look():
            with door(journal).at("here").connect(LOOPBACK, port, Deadline.after(SECONDS)) as dialogue:
                action(dialogue)

        try:
            assert reason_of(look) == reason
            took = time.monotonic() - began
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert took < SECONDS + 1
    assert most < 8_000_000 + payload
    (seen,) = journal.contacts
    assert (seen.action, seen.outcome) == ("dialogue", reason.value if reason else "ok")
    assert seen.target == f"127.0.0.1:{port}/tcp"


def test_nul_and_invalid_utf8_arrive_raw_and_are_recorded_as_escapes():
    journal = MemoryJournal()
    with peer(lambda c: c.sendall(b"220 a\x00b\xff\x1b[31m\xe2\x80\xae ok\r\n")) as port:
        with door(journal).at("here").connect(LOOPBACK, port, Deadline.after(3)) as dialogue:
            assert dialogue.read_line() == b"220 a\x00b\xff\x1b[31m\xe2\x80\xae ok"
        assert journal.find(dialogue.observation).seen == r"< 220 a\x00b\xff\x1b[31m\u202e ok"


def test_an_upload_is_recorded_as_size_and_digest_and_does_not_count_as_received():
    def swallow(connection):
        connection.sendall(b"go\r\n")
        left = 12 << 20
        while left:
            left -= len(connection.recv(1 << 16))
        connection.sendall(b"250 taken\r\n")

    journal = MemoryJournal()
    with peer(swallow) as port:
        with door(journal).at("here").connect(LOOPBACK, port, Deadline.after(20)) as dialogue:
            assert dialogue.read_line() == b"go"
            for _ in range(192):
                dialogue.write(b"y" * 65_536)
            assert dialogue.read_line() == b"250 taken"
        seen = journal.find(dialogue.observation)
    assert "> (12582912 bytes, SHA-256 " in seen.seen
    assert len(seen.raw) < 1000
    assert seen.seen.startswith("< go\n> (") and seen.seen.endswith("< 250 taken")


def test_a_refused_connection_an_unanswered_one_and_an_unreachable_one_are_told_apart():
    journal = MemoryJournal()
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    desk = door(journal).at("here")
    assert reason_of(lambda: desk.connect(LOOPBACK, closed, Deadline.after(2))) is Unseen.REFUSED
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    with full, contextlib.ExitStack() as held:
        for _ in range(4):  # the queue of a server that never accepts fills: its kernel drops what comes then
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        began = time.monotonic()
        port = full.getsockname()[1]
        assert reason_of(lambda: desk.connect(LOOPBACK, port, Deadline.after(0.6))) is Unseen.NO_ANSWER
        assert 0.5 < time.monotonic() - began < 1.6
    assert [seen.outcome for seen in journal.contacts] == ["refused", "no-answer"]
    assert all(seen.action == "connect" for seen in journal.contacts)


def test_a_name_instead_of_an_address_is_a_mistake_of_ours():
    with pytest.raises(TypeError):
        door(MemoryJournal()).at("here").connect("localhost", 25, Deadline.after(1))


def test_nothing_is_sent_beyond_the_scope():
    journal = MemoryJournal()
    accepted = []
    with peer(accepted.append) as port, pytest.raises(CouldNotLook) as refused:
        door(journal).at("here").connect(ip_address("127.0.0.2"), port, Deadline.after(1))
    assert refused.value.reason is Unseen.SCOPE
    assert journal.find(refused.value.observation).outcome == "scope"
    assert not accepted


def test_the_kill_switch_stops_a_dialogue_that_is_under_way(tmp_path):
    stop = tmp_path / "STOP"
    desk = door(MemoryJournal(), stop=stop).at("here")
    with (
        peer(silent) as port,
        pytest.raises(CouldNotLook) as stopped,
        desk.connect(LOOPBACK, port, Deadline.after(10)) as dialogue,
    ):
        stop.touch()
        began = time.monotonic()
        dialogue.read_line()
    assert stopped.value.reason is Unseen.HALTED
    assert time.monotonic() - began < 1
    assert stopped.value.observation


def test_a_printer_is_connected_to_and_never_written_to(monkeypatch):
    with peer(lambda c: c.sendall(b"ready\r\n")) as port:
        monkeypatch.setattr(here, "MUTE_PORTS", frozenset({port}))
        with door(MemoryJournal()).at("here").connect(LOOPBACK, port, Deadline.after(3)) as dialogue:
            assert dialogue.read_line() == b"ready"
            assert reason_of(lambda: dialogue.write(b"x")) is Unseen.SCOPE
