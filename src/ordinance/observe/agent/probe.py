"""One socket on its way to one port, for asking with care."""

from __future__ import annotations

import base64
import errno
import socket
import time
from typing import Any

from ordinance.observe.agent.wire import (
    OPEN,
    RESET_ON_CLOSE,
    UNNAMED,
    Outcome,
    family_of,
    hear_errors,
    icmp_error,
    outcome_of,
    packed,
    taken,
)


class Probe:
    """`spec` is {"port", "transport", "payload_b64"}, with "address" when not the target's own; `outcome` is None until known."""

    def __init__(self, target: dict[str, Any], spec: dict[str, Any], role: str) -> None:
        self.spec, self.role = spec, role
        self.address: str = spec.get("address", target["address"])
        self.port: int = spec["port"]
        self.udp = spec.get("transport") == "udp"
        self.sock: socket.socket | None = None
        self.own_port = 0
        self.outcome: Outcome | None = None
        self.mute = False  #: connected, to somebody whose window is empty
        self.since = time.monotonic()

    @property
    def key(self) -> tuple[bytes, int, int]:
        """Name the flow: packed address, port, own port."""
        return packed(self.address), self.port, self.own_port

    def start(self) -> None:
        """Send the first packet. An error at once is the vantage's own."""
        family = family_of(self.address)
        kind = socket.SOCK_DGRAM if self.udp else socket.SOCK_STREAM
        try:
            sock = self.sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            hear_errors(sock, family)
            error = self.send_datagram(sock) if self.udp else sock.connect_ex((self.address, self.port))
            self.own_port = sock.getsockname()[1]
        except OSError as problem:
            error = problem.errno or errno.EIO
        if self.sock is None:
            self.outcome = Outcome("local", errno.errorcode.get(error, str(error)))
        elif error != errno.EINPROGRESS:
            self.end(outcome_of(self.sock, error, at_once=True))

    def send_datagram(self, sock: socket.socket) -> int:
        """Send the payload from a socket that is bound, not connected; EINPROGRESS, as of a connect that is on its way.

        A connected one is deaf to answers from another port (TFTP, RFC 1350 section 4) or another address of the same host.
        """
        with socket.socket(family_of(self.address), socket.SOCK_DGRAM) as way:
            way.connect((self.address, self.port))
            sock.bind((way.getsockname()[0], 0))
        sock.sendto(base64.b64decode(self.spec.get("payload_b64", "")), (self.address, self.port))
        return errno.EINPROGRESS

    def ready(self) -> None:
        """Take the answer that waits on the socket; silence, when the kernel has given up, closes it without one."""
        sock = self.sock
        if sock is None:
            return
        if self.udp:
            self.end(datagram(sock))
            return
        outcome = outcome_of(sock, sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), at_once=False)
        if outcome is OPEN:
            outcome = taken(sock)
        if outcome.answer == "silent":
            self.close()
        elif outcome.answer == "mute":
            self.mute = True  # a SYN proxy's handshake: the window opens once somebody behind it has answered
        else:
            self.end(outcome)

    def give_up(self) -> None:
        """Wait no longer: book a window that never opened."""
        if self.mute and self.sock is not None:
            self.end(taken(self.sock))
        self.close()

    def end(self, outcome: Outcome | None) -> None:
        """Book an outcome."""
        self.outcome = outcome
        if outcome is not None and outcome.answer in ("open", "mute") and self.sock is not None and not self.udp:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        if outcome is not None:
            self.close()

    def close(self) -> None:
        """Close the socket, once."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None


def datagram(sock: socket.socket) -> Outcome | None:
    """Name what waits on a UDP socket: a datagram or an ICMP error; None for a false alarm."""
    try:
        sock.recv(4096)
    except BlockingIOError:
        return icmp_error(sock)
    except OSError:
        return icmp_error(sock) or UNNAMED  # UDP reports nothing but ICMP errors this way
    return OPEN
