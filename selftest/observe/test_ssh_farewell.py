"""One look hangs up while the host, for a moment, takes nothing: the others on the same connection do not feel it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordinance.observe.api import CommandResult, Unseen
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.ssh_stranger import StrangerSocket
from selftest.observe.sshd import USER_TEXT, sshd
from selftest.observe.test_ssh import open_door, soon
from selftest.observe.world import reason_of

#: Each may have 2 MiB under way, all together more than a connection holds (4 MiB by default); and it takes them a while.
FEEDERS, MUCH = 4, 16 << 20


class Relay:
    """Carries one connection to a server; while `open` is not set, nothing more is read of what the client sends."""

    def __init__(self, port: int, log: list[str]) -> None:
        self.log = log  #: what the server was asked
        self.open = threading.Event()
        self.open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.port = self._listener.getsockname()[1]
        self._server = socket.create_connection(("127.0.0.1", port))
        self._client = self._server
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        self._client, _ = self._listener.accept()
        always = threading.Event()
        always.set()
        threading.Thread(target=self._carry, args=(self._server, self._client, always), daemon=True).start()
        self._carry(self._client, self._server, self.open)

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket, gate: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while gate.wait() and (data := source.recv(65_536)):
                sink.sendall(data)

    def end(self) -> None:
        """Close everything."""
        self.open.set()
        for held in (self._listener, self._server, self._client):
            held.close()


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """A server behind a relay."""
    monkeypatch.setenv("ORDINANCE_TEST_KEY", USER_TEXT)
    with sshd() as server:
        made = Relay(server.port, server.log)
        yield made
        made.end()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once the connection takes nothing more."""
    happened, send = threading.Event(), StrangerSocket.send

    def noticed(sock: StrangerSocket, data: bytes) -> int:
        try:
            return send(sock, data)
        except TimeoutError:
            happened.set()
            raise

    monkeypatch.setattr(StrangerSocket, "send", noticed)
    return happened


def test_hanging_up_while_the_host_takes_nothing_breaks_nobody_elses_work(
    relay: Relay, stuck: threading.Event, tmp_path: Path
) -> None:
    """A command that says too much is hung up on while four others are being fed."""
    box = open_door(relay.port, MemoryJournal()).host("box")
    may_talk, ended, fed = tmp_path / "talk", list[Unseen](), list[CommandResult]()
    talk = ["sh", "-c", f"echo x; until [ -e {may_talk} ]; do sleep 0.01; done; exec yes"]
    talking = threading.Thread(target=lambda: ended.append(reason_of(lambda: box.run(talk, soon(60), cap=10))))
    feeders = [
        threading.Thread(target=lambda: fed.append(box.run(["wc", "-c"], soon(60), stdin=b"x" * MUCH))) for _ in range(FEEDERS)
    ]
    for thread in (talking, *feeders):
        thread.start()
    while sum(line.startswith("exec ") for line in relay.log) <= FEEDERS:
        feeders[0].join(0.01)
    relay.open.clear()
    assert stuck.wait(20), "the connection holds all of it"
    may_talk.touch()
    talking.join(20)
    assert ended == [Unseen.TOO_MUCH]
    assert all(thread.is_alive() for thread in feeders), "the others were not stuck"
    relay.open.set()
    for thread in feeders:
        thread.join(30)
    assert [result.stdout.split() for result in fed] == [[str(MUCH).encode()]] * FEEDERS
