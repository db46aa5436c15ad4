"""A server that has not yet proved who it is: how much of it is listened to."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.ssh_bounds import PATIENCE

STRANGER_CAP = 1 << 20  #: bytes read from a server before it has proved who it is
BANNER_CAP = 8192  #: bytes before the end of the identification line (RFC 4253 section 4.2)
_SLICE = 0.25


class StrangerSocket:
    """A socket whose peer may send only so much until `trust()`; begins with bytes that were read before."""

    def __init__(self, sock: socket.socket, held: bytes) -> None:
        self._sock = sock
        self._held = held
        self._left: int | None = STRANGER_CAP

    def trust(self) -> None:
        """Lift the cap: the peer has proved who it is."""
        self._left = None

    def recv(self, most: int) -> bytes:
        """As socket.recv."""
        if self._held:
            data, self._held = self._held[:most], self._held[most:]
            return data
        data = self._sock.recv(most)
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                # With a number: paramiko's thread dies of an OSError without one, and nobody hears of it.
                raise OSError(errno.EMSGSIZE, "the server sends too much before it has proved who it is")
        return data

    def send(self, data: bytes) -> int:
        """As socket.send; OSError when nothing is taken and this thread's patience is over."""
        try:
            return self._sock.send(data)
        except TimeoutError:
            if PATIENCE.over:
                raise BrokenPipeError(errno.EPIPE, "the server takes nothing any more") from None
            raise

    @property
    def _closed(self) -> bool:
        """As socket.socket's own, which paramiko asks when it hangs up."""
        return self._sock.fileno() == -1

    def settimeout(self, value: float | None) -> None:
        """As socket.settimeout."""
        self._sock.settimeout(value)

    def close(self) -> None:
        """As socket.close."""
        self._sock.close()


def read_banner(sock: socket.socket, deadline: Deadline, check: Callable[[], None]) -> bytes:
    """Everything up to the server's identification line. PROTOCOL, TOO_MUCH or DEADLINE when it does not come."""
    held = b""
    while not any(line.startswith(b"SSH-") for line in held.split(b"\n")[:-1]):
        check()
        if len(held) > BANNER_CAP:
            raise CouldNotLook(Unseen.TOO_MUCH, "no SSH identification in what the server sends")
        if deadline.passed:
            raise CouldNotLook(Unseen.DEADLINE, "no SSH identification came")
        sock.settimeout(min(max(deadline.left(), 0.001), _SLICE))
        try:
            data = sock.recv(1024)
        except TimeoutError:
            continue
        except OSError as error:
            raise CouldNotLook(Unseen.PROTOCOL, f"the connection broke: {error.strerror}") from error
        if not data:
            raise CouldNotLook(Unseen.PROTOCOL, "the server hung up before it identified itself")
        held += data
    return held
