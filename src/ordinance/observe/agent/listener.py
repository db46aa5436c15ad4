"""Raw sockets that hear every reset, SYN-ACK and ICMP unreachable: how far a segment came, and answers that come late."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33
IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 51, 52
SOL_RAW, ICMP_FILTER, ICMP6_FILTER = 255, 1, 1
ICMP_UNREACHABLE, ICMP6_UNREACHABLE = 3, 1
SYN_FLAG, RST_FLAG = 2, 4
BUFFER = 8 << 20
FLAGS_AT = 13  # in a TCP header
QUOTED6 = 48  # of an ICMPv6 error: where the quoted TCP or UDP header begins, without extension headers
#: Classic BPF: keep segments with SYN or RST. A raw IPv4 socket is given the IP header, a raw IPv6 socket is not.
FLAGS4 = ((0xB1, 0, 0, 0), (0x50, 0, 0, 13), (0x45, 0, 1, SYN_FLAG | RST_FLAG), (0x06, 0, 0, 128), (0x06, 0, 0, 0))
FLAGS6 = ((0x30, 0, 0, 13), (0x45, 0, 1, SYN_FLAG | RST_FLAG), (0x06, 0, 0, 128), (0x06, 0, 0, 0))
#: The same, and segments without data: the host behind a SYN proxy is heard first when it opens the window.
BARE4 = (
    (0xB1, 0, 0, 0), (0x50, 0, 0, 13), (0x45, 8, 0, SYN_FLAG | RST_FLAG),
    (0x50, 0, 0, 12), (0x54, 0, 0, 0xF0), (0x74, 0, 0, 2), (0x0C, 0, 0, 0), (0x07, 0, 0, 0),  # X = octets of both headers
    (0x28, 0, 0, 2), (0x1C, 0, 0, 0), (0x15, 0, 1, 0),  # the packet's less those: its data
    (0x06, 0, 0, 128), (0x06, 0, 0, 0),
)  # fmt: skip
BARE6 = (
    (0x30, 0, 0, 13), (0x45, 7, 0, SYN_FLAG | RST_FLAG),
    (0x30, 0, 0, 12), (0x54, 0, 0, 0xF0), (0x74, 0, 0, 2), (0x07, 0, 0, 0),
    (0x80, 0, 0, 0), (0x1C, 0, 0, 0), (0x15, 0, 1, 0),
    (0x06, 0, 0, 128), (0x06, 0, 0, 0),
)  # fmt: skip
SHORTEST = 16  # octets of a TCP header up to its window


#: Routers passed, by TTL as it arrived.
HOPS = bytes(next(first for first in (32, 64, 128, 255) if ttl <= first) - ttl for ttl in range(256))


def hops_of(ttl: int) -> int:
    """Routers passed, taking the nearest initial TTL at or above what arrived."""
    return HOPS[ttl]


def attach(sock: socket.socket, program: tuple[tuple[int, int, int, int], ...]) -> None:
    """Attach a classic BPF program of (code, jump if true, jump if false, constant)."""
    held = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(held)))


def widen(sock: socket.socket, octets: int = BUFFER) -> None:
    """Let `octets` wait on this socket, past the system's limit where that is allowed (socket(7), SO_RCVBUFFORCE)."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, octets)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, octets)


class Listener:
    """Hears what reaches this machine, if it has CAP_NET_RAW; without, it hears nothing and says so (`privileged`).

    `segment(address, port, own port, TCP flags, hops, window)`; `unreachable(by, type, code, address, protocol, port, own port)`
    with what the error quotes. Addresses are packed, `by` is text. Segments without SYN and RST are bare: they carry no data.
    """

    def __init__(
        self,
        segment: Callable[[bytes, int, int, int, int, int], None],
        unreachable: Callable[[str, int, int, bytes, int, int, int], None],
    ) -> None:
        self.segment = segment
        self.unreachable = unreachable
        self.sockets: dict[socket.socket, Callable[[bytes, Sequence[Any], Any], None]] = {}
        self._open(socket.AF_INET, socket.IPPROTO_TCP, self._tcp4)
        self._open(socket.AF_INET6, socket.IPPROTO_TCP, self._tcp6)
        self._open(socket.AF_INET, socket.IPPROTO_ICMP, self._icmp4)
        self._open(socket.AF_INET6, socket.IPPROTO_ICMPV6, self._icmp6)

    @property
    def privileged(self) -> bool:
        """Whether IPv4 is heard; IPv6 may be absent from a machine altogether."""
        return {self._tcp4, self._icmp4} <= set(self.sockets.values())

    def drain(self, sock: socket.socket, most: int = 4096) -> None:
        """Handle what waits on one of `sockets`."""
        handler = self.sockets[sock]
        try:
            if sock.family == socket.AF_INET:  # the header, which a raw IPv4 socket is given, says all
                for _ in range(most):
                    handler(sock.recv(256), (), None)
            else:
                for _ in range(most):
                    data, controls, _, peer = sock.recvmsg(256, 128)
                    handler(data, controls, peer)
        except OSError:
            return

    def drain_all(self) -> None:
        """Handle what waits on all sockets."""
        for sock in self.sockets:
            self.drain(sock)

    def _open(self, family: int, protocol: int, handler: Callable[[bytes, Sequence[Any], Any], None]) -> None:
        try:
            sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
        except OSError:
            return
        widen(sock)
        if protocol == socket.IPPROTO_TCP:
            attach(sock, BARE4 if family == socket.AF_INET else BARE6)
        elif protocol == socket.IPPROTO_ICMP:
            sock.setsockopt(SOL_RAW, ICMP_FILTER, struct.pack("I", 0xFFFFFFFF ^ (1 << ICMP_UNREACHABLE)))
        else:
            words = [0xFFFFFFFF ^ (1 << ICMP6_UNREACHABLE)] + [0xFFFFFFFF] * 7
            sock.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("8I", *words))
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)
        self.sockets[sock] = handler

    def _tcp4(self, data: bytes, _controls: Sequence[Any], _peer: Any) -> None:
        start = (data[0] & 15) * 4
        if len(data) >= start + SHORTEST:
            port, own = struct.unpack_from(">HH", data, start)
            flags, window = struct.unpack_from(">BH", data, start + FLAGS_AT)
            self.segment(data[12:16], port, own, flags, HOPS[data[8]], window)

    def _tcp6(self, data: bytes, controls: Sequence[Any], peer: Any) -> None:
        limits = [struct.unpack("i", value)[0] for _, kind, value in controls if kind == IPV6_HOPLIMIT]
        if len(data) >= SHORTEST and limits:
            port, own = struct.unpack_from(">HH", data)
            flags, window = struct.unpack_from(">BH", data, FLAGS_AT)
            self.segment(socket.inet_pton(socket.AF_INET6, peer[0].split("%")[0]), port, own, flags, hops_of(limits[0]), window)

    def _icmp4(self, data: bytes, _controls: Sequence[Any], _peer: Any) -> None:
        start = (data[0] & 15) * 4
        quoted = start + 8
        if len(data) < quoted + 24 or data[start] != ICMP_UNREACHABLE:
            return
        ports = quoted + (data[quoted] & 15) * 4
        if len(data) >= ports + 4:
            own, port = struct.unpack_from(">HH", data, ports)
            by = socket.inet_ntoa(data[12:16])
            self.unreachable(by, data[start], data[start + 1], data[quoted + 16 : quoted + 20], data[quoted + 9], port, own)

    def _icmp6(self, data: bytes, _controls: Sequence[Any], peer: Any) -> None:
        if len(data) >= QUOTED6 + 4 and data[0] == ICMP6_UNREACHABLE:
            own, port = struct.unpack_from(">HH", data, QUOTED6)
            self.unreachable(peer[0].split("%")[0], data[0], data[1], data[32:48], data[14], port, own)
