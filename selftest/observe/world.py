"""A small world on loopback for the tests of the door: hostile peers, an inventory that admits them, an SSH server."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

from ordinance.inventory.model import Endpoint, Host, Inventory, Pace, Scope, SecretRef, Vantage
from ordinance.observe.api import CouldNotLook, Deadline, Dialogue, Unseen
from ordinance.observe.door import LookDoor, NetworkDoor
from ordinance.observe.gate import KillSwitch
from ordinance.observe.memory import MemoryJournal

LOOPBACK = ip_address("127.0.0.1")
FREE = Pace(None, None)


def inventory(*, hosts=(), vantages=(), allow=("127.0.0.1/32", "::1/128"), deny=(), pace=FREE) -> Inventory:
    return Inventory(
        source="test", city="Test", timezone="UTC", lab=False, hosts={host.name: host for host in hosts}, public=(), services=(),
        vantages={"here": Vantage("here", "inside", None), **{vantage.name: vantage for vantage in vantages}}, echo=(),
        scope=Scope(tuple(map(ip_network, allow)), tuple(map(ip_network, deny))), pace=pace,
    )  # fmt: skip


def ssh_host(name: str, port: int, key: SecretRef, host_keys: tuple[str, ...]) -> Host:
    return Host(name, frozenset(), ssh=Endpoint(LOOPBACK, port, "audit", key, host_keys))


def door(journal: MemoryJournal, known: Inventory | None = None, *, stop: Path = Path("/nonexistent/STOP")) -> LookDoor:
    return NetworkDoor(known or inventory(), journal, switch=KillSwitch(stop)).for_look("a-look")


@contextlib.contextmanager
def peer(behaviour: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server on loopback that does `behaviour` with every connection; gives its port."""
    server = socket.create_server(("127.0.0.1", 0), backlog=50)
    server.settimeout(0.1)
    over = threading.Event()

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            behaviour(connection)

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = server.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        thread.join(2)
        server.close()


@contextlib.contextmanager
def talk(behaviour: Callable[[socket.socket], None], seconds: float = 3.0) -> Iterator[Dialogue]:
    """A dialogue, through the door, with a peer that does `behaviour`."""
    with peer(behaviour) as port, door(MemoryJournal()).at("here").connect(LOOPBACK, port, Deadline.after(seconds)) as dialogue:
        yield dialogue


def script(*lines: bytes) -> Callable[[socket.socket], None]:
    """Say the first line, then one more after each line that comes; `None`-like b"" says nothing."""

    def behaviour(connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        for number, line in enumerate(lines):
            if number and not reader.readline():
                return
            connection.sendall(line)
        reader.readline()

    return behaviour


def reason_of(action: Callable[[], object]) -> Unseen | None:
    """Why it could not be seen; None when it could."""
    try:
        action()
    except CouldNotLook as failure:
        return failure.reason
    return None
