"""Canaries on their own: what the quiet path loses before the sweep, and whether every witness still answers after it."""

from __future__ import annotations

import selectors
import socket
import time

from ordinance.observe.agent.listener import Listener
from ordinance.observe.agent.wire import OPEN, RESET_ON_CLOSE, SHORT, family_of, taken


class CanaryRound:
    """Connects to canaries (address, port, weight) in a given order, `rate` a second."""

    def __init__(self, canaries: list[tuple[str, int, float]], rate: float, timeout: float, listener: Listener) -> None:
        self.canaries = canaries
        self.rate = rate
        self.timeout = timeout
        self.listener = listener
        self.counts = [[0, 0] for _ in canaries]  # sent, answered
        self.slowest = 0.0  # seconds the slowest answer took
        self.held: dict[socket.socket, tuple[int, float]] = {}
        self.mute: set[socket.socket] = set()  # of these, taken with an empty window: a SYN proxy's
        self.selector = selectors.DefaultSelector()

    def run(self, order: list[int]) -> CanaryRound:
        """Ask canaries by their index, and wait for the last one."""
        begin = time.monotonic()
        sent = 0
        while sent < len(order) or self.held:
            now = time.monotonic()
            while sent < len(order) and now >= begin + sent / self.rate:
                sent += self.start(order[sent], now)
            self.collect(now)
            self.listener.drain_all()
        self.selector.close()
        return self

    def start(self, index: int, now: float) -> bool:
        """Start one canary; False when the vantage is short of something just now."""
        address, port, _ = self.canaries[index]
        sock = socket.socket(family_of(address), socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        if sock.connect_ex((address, port)) in SHORT:
            sock.close()
            return False
        self.counts[index][0] += 1
        self.held[sock] = (index, now)
        self.selector.register(sock, selectors.EVENT_WRITE)
        return True

    def collect(self, now: float) -> None:
        """Take answers; give up those that are too old."""
        for key, _ in self.selector.select(0.002):
            sock = key.fileobj
            if isinstance(sock, socket.socket):
                self.look(sock)
        for sock in list(self.mute):
            self.look(sock)
        for sock in [sock for sock, (_, since) in self.held.items() if now - since > self.timeout]:
            self.drop(sock)

    def look(self, sock: socket.socket) -> None:
        """Book one that was taken or refused; one with an empty window is left to open it."""
        index, since = self.held[sock]
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            if taken(sock) is not OPEN:
                if sock not in self.mute:
                    self.mute.add(sock)
                    self.selector.unregister(sock)
                return
            self.counts[index][1] += 1
            self.slowest = max(self.slowest, time.monotonic() - since)
        self.drop(sock)

    def drop(self, sock: socket.socket) -> None:
        """Be done with one."""
        del self.held[sock]
        if sock in self.mute:
            self.mute.discard(sock)
        else:
            self.selector.unregister(sock)
        sock.close()
