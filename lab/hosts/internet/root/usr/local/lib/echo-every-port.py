#!/usr/bin/python3
"""Send back whatever arrives (RFC 862), over TCP and UDP, IPv4 and IPv6, on one port of the addresses it is given.

The host's nftables lead every port of the echo's addresses here, so that a vantage point can prove that it is able to
reach any port at all before it calls one blocked.
"""

import contextlib
import selectors
import socket
import sys
from dataclasses import dataclass, field

PORT = 7
BACKLOG = 4096  # connections that wait to be accepted; the kernel caps it at net.core.somaxconn
CHUNK = 65_536  # bytes: the largest UDP datagram fits
UNSENT_MAX = 262_144  # bytes kept for a peer that does not read; above it the peer is not read from either
ACCEPTS = 256  # connections taken before others get their turn
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


@dataclass
class Conversation:
    """One TCP connection: what has arrived and is still to be sent back."""

    peer: socket.socket
    unsent: bytearray = field(default_factory=bytearray)
    ended: bool = False  # the peer has sent all it wants to

    def step(self, events: int) -> None:
        """Read and write what is possible now. Raises OSError when the connection is broken."""
        if events & READ:
            arrived = self.peer.recv(CHUNK)
            self.ended = not arrived
            self.unsent += arrived
        if self.unsent:
            with contextlib.suppress(BlockingIOError):
                del self.unsent[: self.peer.send(self.unsent)]

    def wanted(self) -> int:
        """Tell the events to wait for next; 0 when all is said."""
        reading = READ if not self.ended and len(self.unsent) < UNSENT_MAX else 0
        return reading | (WRITE if self.unsent else 0)


class Echo:
    """All sockets of the service, served one after another by one thread."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()

    def listen(self, address: str, port: int) -> None:
        """Open the port of one address, for TCP and for UDP. The address is named so that UDP answers come from it."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            listener = socket.socket(family, kind)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setblocking(False)
            listener.bind((address, port))
            if kind == socket.SOCK_STREAM:
                listener.listen(BACKLOG)
            self.selector.register(listener, READ)

    def serve(self) -> None:
        """Run for ever."""
        while True:
            for key, events in self.selector.select():
                sock = key.fileobj
                assert isinstance(sock, socket.socket)  # noqa: S101 - nothing else is registered
                if key.data is not None:
                    self.talk(key.data, events)
                elif sock.type == socket.SOCK_STREAM:
                    self.accept(sock)
                else:
                    answer(sock)

    def accept(self, listener: socket.socket) -> None:
        """Take the connections that wait."""
        for _ in range(ACCEPTS):
            try:
                peer, _address = listener.accept()
            except ConnectionError:
                continue  # gone before it was taken
            except BlockingIOError:
                return
            peer.setblocking(False)
            self.selector.register(peer, READ, Conversation(peer))

    def talk(self, conversation: Conversation, events: int) -> None:
        """Go on with one connection; close it when it is over or broken."""
        try:
            conversation.step(events)
            wanted = conversation.wanted()
        except OSError:
            wanted = 0
        if wanted:
            self.selector.modify(conversation.peer, wanted, conversation)
        else:
            self.selector.unregister(conversation.peer)
            conversation.peer.close()


def answer(sock: socket.socket) -> None:
    """Send one datagram back to where it came from; one that cannot be sent is lost, as datagrams are."""
    with contextlib.suppress(OSError):
        datagram, sender = sock.recvfrom(CHUNK)
        sock.sendto(datagram, sender)


def main(addresses: list[str]) -> None:
    """Serve until it is killed."""
    echo = Echo()
    for address in addresses:
        echo.listen(address, PORT)
    echo.serve()


if __name__ == "__main__":
    main(sys.argv[1:])
