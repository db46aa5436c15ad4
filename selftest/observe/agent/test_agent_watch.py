"""The watcher at a firewall hears what its filter keeps, and nothing before its filter stands."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ordinance.observe.agent import watch

LOOPBACK = {"own4_hex": socket.inet_aton("127.0.0.1").hex(), "own6_hex": "", "seconds": 5, "quiet": 5}


@pytest.fixture
def sink() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        yield one


def send(sink: socket.socket, count: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        for _ in range(count):
            one.sendto(b"ordinance", sink.getsockname())


def waits(sock: socket.socket) -> bool:
    try:
        return bool(sock.recv(2048, socket.MSG_DONTWAIT | socket.MSG_PEEK))
    except BlockingIOError:
        return False


def test_nothing_is_heard_before_the_filter_stands(sink: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    early = []

    def late(sock: socket.socket, program: tuple[tuple[int, int, int, int], ...]) -> None:
        send(sink, 20)
        early.append(waits(sock))
        attach(sock, program)

    attach = watch.attach
    monkeypatch.setattr(watch, "attach", late)
    with watch.Watch(LOOPBACK, print).opened():
        assert early == [False]


def test_what_the_filter_keeps_is_heard_once_it_stands_and_more_waits_than_the_system_lets_everybody(
    sink: socket.socket,
) -> None:
    with watch.Watch(LOOPBACK, print).opened() as sock:
        send(sink, 1)
        assert waits(sock)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * watch.WAITING
