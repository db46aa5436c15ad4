"""What the agent reads off the wire beside plain sockets: ICMP errors with their sender, and how far a segment came."""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

IP_RECVERR, IPV6_RECVERR = 11, 25
MSG_ERRQUEUE = 0x2000
SO_ATTACH_FILTER = 26
IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 51, 52
SOL_RAW, ICMP_FILTER, ICMP6_FILTER = 255, 1, 1
ICMP_UNREACHABLE, ICMP6_UNREACHABLE = 3, 1
FIN, SYN, RST, ACK = 1, 2, 4, 16
ORIGIN_ICMP, ORIGIN_ICMP6 = 2, 3
#: The agent is short of something; the port was not asked.
SHORT = (errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN)


def family_of(address: str) -> int:
    """AF_INET or AF_INET6."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def hops_of(ttl: int) -> int:
    """Routers passed, taking the nearest initial TTL at or above what arrived."""
    return next(first for first in (32, 64, 128, 255) if ttl <= first) - ttl


def hear_errors(sock: socket.socket, family: int) -> None:
    """Have the kernel queue ICMP errors for this socket, with their sender (ip(7) IP_RECVERR)."""
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def icmp_error(sock: socket.socket) -> tuple[str, int, int] | None:
    """Take the queued ICMP error of a socket: (sender, type, code), or None when there is none."""
    try:
        _, controls, _, _ = sock.recvmsg(512, 512, MSG_ERRQUEUE)
    except OSError:
        return None
    for level, kind, data in controls:
        if (level, kind) not in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)):
            continue
        origin, icmp_type, code = struct.unpack_from("BBB", data, 4)
        if origin == ORIGIN_ICMP:
            return socket.inet_ntop(socket.AF_INET, data[20:24]), icmp_type, code
        if origin == ORIGIN_ICMP6:
            return socket.inet_ntop(socket.AF_INET6, data[24:40]), icmp_type, code
    return None


def outcome_of(sock: socket.socket, error: int, at_once: bool) -> tuple[str, str, int | None, int | None]:
    """Name the outcome of a connect: (answer, by, type, code).

    ECONNREFUSED is a reset only when no ICMP error is queued (port unreachable gives the same errno). An ICMP error that this very
    machine sent, or an error at once, never left the vantage.
    """
    if error == 0:
        return ("open", "", None, None)
    if error in (errno.ETIMEDOUT, errno.EINPROGRESS):
        return ("silent", "", None, None)
    icmp = icmp_error(sock)
    if icmp is not None:
        local = icmp[0] == own_address(sock)
        return ("local", errno.errorcode.get(error, str(error)), None, None) if local else ("icmp",) + icmp
    if error in (errno.ECONNREFUSED, errno.ECONNRESET):
        return ("rst", "", None, None)
    if at_once:
        return ("local", errno.errorcode.get(error, str(error)), None, None)
    return ("icmp", "", None, None)


def own_address(sock: socket.socket) -> str:
    """The vantage's address on a socket; "" when it has none."""
    try:
        return sock.getsockname()[0]
    except OSError:
        return ""


def _attach(sock: socket.socket, program: tuple[tuple[int, int, int, int], ...]) -> None:
    """Attach a classic BPF program (a list of (code, jt, jf, k))."""
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code)
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(held)))


#: Keep segments with SYN or RST. A raw IPv4 socket is given the IP header, a raw IPv6 socket is not.
_FLAGS4 = ((0xB1, 0, 0, 0), (0x50, 0, 0, 13), (0x45, 0, 1, SYN | RST), (0x06, 0, 0, 128), (0x06, 0, 0, 0))
_FLAGS6 = ((0x30, 0, 0, 13), (0x45, 0, 1, SYN | RST), (0x06, 0, 0, 128), (0x06, 0, 0, 0))


class Listener:
    """Hears every reset, SYN-ACK and ICMP unreachable that reaches this machine, if it has CAP_NET_RAW.

    `segment(address, port, own_port, flags, hops)` and `unreachable(by, type, code, address, protocol, port, own_port)` are called
    with packed addresses (`by` is text).
    """

    def __init__(self, segment: Callable[[bytes, int, int, int, int], None], unreachable: Callable[[str, int, int, bytes, int, int, int], None]) -> None:
        self.segment = segment
        self.unreachable = unreachable
        self.sockets = {}
        self._open(socket.AF_INET, socket.IPPROTO_TCP, self._tcp4)
        self._open(socket.AF_INET6, socket.IPPROTO_TCP, self._tcp6)
        self._open(socket.AF_INET, socket.IPPROTO_ICMP, self._icmp4)
        self._open(socket.AF_INET6, socket.IPPROTO_ICMPV6, self._icmp6)

    @property
    def privileged(self) -> bool:
        """Whether IPv4 segments are heard; IPv6 may be absent from a machine altogether."""
        return self._tcp4 in self.sockets.values() and self._icmp4 in self.sockets.values()

    def _open(self, family: int, protocol: int, handler: Callable[[bytes, list[Any], Any], None]) -> None:
        try:
            sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
        except OSError:
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        if protocol == socket.IPPROTO_TCP:
            _attach(sock, _FLAGS4 if family == socket.AF_INET else _FLAGS6)
        elif protocol == socket.IPPROTO_ICMP:
            sock.setsockopt(SOL_RAW, ICMP_FILTER, struct.pack("I", 0xFFFFFFFF ^ (1 << ICMP_UNREACHABLE)))
        else:
            words = [0xFFFFFFFF ^ (1 << ICMP6_UNREACHABLE)] + [0xFFFFFFFF] * 7
            sock.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("8I", *words))
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)
        self.sockets[sock] = handler

    def drain(self, sock: socket.socket, most: int = 4096) -> None:
        """Handle what waits on one of `sockets`."""
        handler = self.sockets[sock]
        for _ in range(most):
            try:
                data, controls, _, peer = sock.recvmsg(256, 128)
            except OSError:
                return
            handler(data, controls, peer)

    def drain_all(self) -> None:
        """Handle what waits on all sockets."""
        for sock in self.sockets:
            self.drain(sock)

    def _tcp4(self, data: bytes, _controls: list[Any], _peer: Any) -> None:
        start = (data[0] & 15) * 4
        if len(data) >= start + 14:
            port, own = struct.unpack_from(">HH", data, start)
            self.segment(data[12:16], port, own, data[start + 13], hops_of(data[8]))

    def _tcp6(self, data: bytes, controls: list[Any], peer: Any) -> None:
        limit = next((struct.unpack("i", value)[0] for level, kind, value in controls if kind == IPV6_HOPLIMIT), None)
        if len(data) >= 14 and limit is not None:
            port, own = struct.unpack_from(">HH", data)
            self.segment(socket.inet_pton(socket.AF_INET6, peer[0].split("%")[0]), port, own, data[13], hops_of(limit))

    def _icmp4(self, data: bytes, _controls: list[Any], peer: Any) -> None:
        start = (data[0] & 15) * 4
        quoted = start + 8
        if len(data) < quoted + 24 or data[start] != ICMP_UNREACHABLE:
            return
        ports = quoted + (data[quoted] & 15) * 4
        if len(data) >= ports + 4:
            own, port = struct.unpack_from(">HH", data, ports)
            target = data[quoted + 16 : quoted + 20]
            self.unreachable(peer[0], data[start], data[start + 1], target, data[quoted + 9], port, own)

    def _icmp6(self, data: bytes, _controls: list[Any], peer: Any) -> None:
        if len(data) >= 52 and data[0] == ICMP6_UNREACHABLE:
            own, port = struct.unpack_from(">HH", data, 48)
            self.unreachable(peer[0].split("%")[0], data[0], data[1], data[32:48], data[14], port, own)
