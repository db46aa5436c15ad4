"""What a hostile peer may cost: no time beyond the deadline, little memory, no thread and no descriptor left behind."""

from __future__ import annotations

import contextlib
import gc
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ordinance.observe.api import CouldNotLook, Deadline
from ordinance.observe.memory import MemoryJournal
from ordinance.record.model import Observation
from selftest.observe.world import LOOPBACK, door

GRACE = 1.0  #: seconds beyond the deadline
MEMORY = 32 << 20  #: bytes of resident memory
SOON = 0.4  #: seconds allowed to a dialogue that can only end by its deadline
LATER = 5.0  #: seconds allowed to one that must end for another reason long before
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(which: str) -> int:
    """Bytes: `VmRSS` now, `VmHWM` at its highest since the last reset (proc(5))."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(which))
    return int(line.split()[1]) << 10


def left_open() -> tuple[int, int]:
    """Threads and descriptors of this process."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


@contextlib.contextmanager
def bounded(seconds: float, memory: int = MEMORY, release: Callable[[], None] = lambda: None) -> Iterator[None]:
    """What is done within costs no more than the deadline and a second, `memory`, and leaves nothing open.

    `release` makes the peers of this process let go of what is theirs, before what is left is counted.
    """
    gc.collect()
    before = left_open()
    _RESET.write_text("5")  # the high-water mark begins anew
    floor = resident("VmRSS")
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    grew = resident("VmHWM") - floor
    assert took < seconds + GRACE, f"{took:.2f} s of {seconds} s"
    assert grew < memory, f"{grew >> 20} MiB"
    release()
    until = time.monotonic() + 3
    while (now := left_open()) > before or now[1] > before[1]:
        assert time.monotonic() < until, f"threads and descriptors: {before} before, {now} after"
        time.sleep(0.02)


class Peer:
    """The hostile end of one connection. What it does ends when the other end hangs up."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def flood(self, data: bytes) -> None:
        """Say it without end."""
        piece = data * max(1, 16_384 // len(data))
        while not self.over.is_set():
            self.sock.sendall(piece)

    def drip(self, data: bytes = b"2", every: float = 0.05) -> None:
        """Say it byte by byte, again and again."""
        while True:
            for at in range(len(data)):
                self.sock.sendall(data[at : at + 1])
                if self.over.wait(every):
                    return

    def hear(self) -> bytes:
        """Whatever comes next."""
        return self.sock.recv(65_536)

    def hold(self) -> None:
        """Read nothing, say nothing, until the other end is gone."""
        poller = select.poll()
        poller.register(self.sock, select.POLLRDHUP)
        while not poller.poll(50) and not self.over.is_set():
            pass


@dataclass
class Served:
    """A hostile server: its port, how many connections came, and a way to make it let go of all of them."""

    port: int
    over: threading.Event
    connections: int = 0


@contextlib.contextmanager
def hostile(behave: Callable[[Peer], None]) -> Iterator[Served]:
    """Serve `behave` to every connection on loopback."""
    server = socket.create_server(("127.0.0.1", 0), backlog=50)
    server.settimeout(0.05)
    over = threading.Event()
    served = Served(server.getsockname()[1], over)
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, EOFError):
            connection.settimeout(10)
            behave(Peer(connection, over))

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = server.accept()
                served.connections += 1
                threads.append(threading.Thread(target=one, args=(connection,), daemon=True))
                threads[-1].start()

    listener = threading.Thread(target=serve, daemon=True)
    listener.start()
    try:
        yield served
    finally:
        over.set()
        listener.join(2)
        server.close()
        for thread in threads:
            thread.join(2)


@dataclass(frozen=True)
class Ending:
    """How it ended: a value, or the reason for none; and what was recorded of it."""

    value: object
    reason: object
    journal: MemoryJournal
    connections: int

    @property
    def records(self) -> list[Observation]:
        """What was recorded of the peer; that a vantage has no fence of its own is said as well, and is another matter."""
        return [record for record in self.journal.observations if record.action != "scope"]


def endure(behave: Callable[[Peer], None], act: Callable, seconds: float = LATER) -> Ending:
    """Do `act(vantage, address, port, deadline)` against the peer within all bounds. Every connection must be on record."""
    journal = MemoryJournal()
    here = door(journal).at("here")
    value = reason = None
    with hostile(behave) as server, bounded(seconds, release=server.over.set):
        try:
            value = act(here, LOOPBACK, server.port, Deadline.after(seconds))
        except CouldNotLook as failure:
            assert failure.observation in {record.id for record in journal.observations}
            reason = failure.reason
    assert journal.observations
    return Ending(value, reason, journal, server.connections)


def dialogue(talk: Callable) -> Callable:
    """Turn `talk(dialogue)` into an act: connect, talk, hang up."""

    def act(here, address, port, deadline):
        with here.connect(address, port, deadline) as opened:
            return talk(opened)

    return act
