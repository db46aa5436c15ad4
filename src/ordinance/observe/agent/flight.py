"""Connects under way: which have answered, and which have waited long enough."""

from __future__ import annotations

import errno
import resource
import select
import socket
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from ordinance.observe.agent.window import Window


class Landed(NamedTuple):
    """One that is over. `error` is its errno, 0 for success, EINPROGRESS for silence; `queued`: an ICMP error may be queued."""

    sock: socket.SocketType
    item: int
    window: Window
    error: int
    queued: bool
    over: bool = False  # it has had all its time


class Flight:
    """Connects of one lane, all given the same time."""

    def __init__(self) -> None:
        self.live: dict[int, tuple[socket.SocketType, int, Window]] = {}
        self.fresh: list[int] = []  # of the live ones, those that the kernel does not watch yet
        self.held: set[int] = set()  # of the live ones, those that were taken with an empty window
        self.expiry: deque[tuple[float, int, socket.SocketType]] = deque()
        self.epoll = select.epoll()

    def __len__(self) -> int:
        return len(self.live)

    def add(self, sock: socket.SocketType, item: int, window: Window, until: float) -> None:
        """Take up one that was begun."""
        number = sock.fileno()
        self.live[number] = sock, item, window
        self.fresh.append(number)
        self.expiry.append((until, number, sock))

    def early(self) -> Iterator[Landed]:
        """What has answered while others were begun, with few calls for all; the kernel is made to watch the rest.

        Once its error has been taken, a socket is in error only where an ICMP message is queued besides (Linux, tcp_poll()).
        """
        if not self.fresh:
            return
        poll = select.poll()
        for number in self.fresh:
            poll.register(number, select.POLLOUT)
        errors = {number: self.live[number][0].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) for number, _ in poll.poll(0)}
        queued = {number for number, event in poll.poll(0) if event & select.POLLERR} if errors else set()
        fresh, self.fresh = self.fresh, []
        for number in fresh:
            if number in errors:
                yield Landed(*self.live.pop(number), errors[number], number in queued)
            else:
                self.epoll.register(number, select.EPOLLOUT | select.EPOLLONESHOT)

    def answered(self, seconds: float) -> Iterator[Landed]:
        """What else answers within so many seconds."""
        for number, _ in self.epoll.poll(seconds, 4096):
            sock, item, window = self.live.pop(number)
            yield Landed(sock, item, window, sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), queued=True)

    def hold(self, landed: Landed) -> bool:
        """Keep one that was taken with an empty window for the rest of its time; False when that is over."""
        if not landed.over:
            number = landed.sock.fileno()
            self.live[number] = landed.sock, landed.item, landed.window
            self.held.add(number)
        return not landed.over

    def expired(self, now: float) -> Iterator[Landed]:
        """What has been silent for its whole time."""
        while self.expiry and self.expiry[0][0] <= now:
            _, number, sock = self.expiry.popleft()
            held = self.live.get(number)
            if held is not None and held[0] is sock:
                del self.live[number]
                taken = number in self.held
                self.held.discard(number)
                error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if taken else errno.EINPROGRESS
                yield Landed(*held, error, queued=taken, over=True)

    def close(self) -> None:
        """Give up what is left."""
        for sock, _, _ in self.live.values():
            sock.close()
        self.epoll.close()


def files_allowed() -> int:
    """Raise the soft limit of open files to the hard one and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else 1 << 20
