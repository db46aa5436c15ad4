"""What a socket tells the agent beside its data: the outcome of a connect, and ICMP errors with their sender."""

from __future__ import annotations

import errno
import socket
import struct
from typing import NamedTuple

IP_RECVERR, IPV6_RECVERR = 11, 25
MSG_ERRQUEUE = 0x2000
ORIGIN_ICMP, ORIGIN_ICMP6 = 2, 3
#: The agent is short of something; the port was not asked.
SHORT = (errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN)
#: With SO_LINGER, closing sends a reset: nothing stays behind on either side.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_LEVELS = ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR))


#: struct tcp_info (linux/tcp.h): segments received (Linux 4.2), and the peer's window in octets (Linux 5.4).
SEGMENTS_IN_AT, PEER_WINDOW_AT, TCP_INFO_OCTETS = 140, 228, 232


class Outcome(NamedTuple):
    """What came back: "open", "rst", "icmp" (by whom, type, code), "silent", "local" (`by` says why) or "unasked".

    "mute" is a connection that was taken with an empty window, which was never opened: what a SYN proxy does for everybody until
    whoever stands behind it has answered. `by` says why it may be something else.
    """

    answer: str
    by: str = ""
    type: int | None = None
    code: int | None = None
    hops: int | None = None


UNASKED, SILENT, OPEN, RESET = Outcome("unasked"), Outcome("silent"), Outcome("open"), Outcome("rst")
MUTE = Outcome("mute")
#: An ICMP error whose sender is not known.
UNNAMED = Outcome("icmp")


def family_of(address: str) -> int:
    """AF_INET or AF_INET6."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def version_of(address: str) -> int:
    """4 or 6."""
    return 6 if ":" in address else 4


def packed(address: str) -> bytes:
    """Return the address in network order."""
    return socket.inet_pton(family_of(address), address)


def hear_errors(sock: socket.SocketType, family: int) -> None:
    """Have the kernel queue ICMP errors for this socket, with their sender (ip(7) IP_RECVERR)."""
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def icmp_error(sock: socket.SocketType) -> Outcome | None:
    """Take the queued ICMP error of a socket; None when there is none. One that this machine sent itself is "local"."""
    try:
        _, controls, _, _ = sock.recvmsg(512, 512, MSG_ERRQUEUE)
    except OSError:
        return None
    for level, kind, data in controls:
        if (level, kind) not in _LEVELS:
            continue
        origin, icmp_type, code = struct.unpack_from("BBB", data, 4)
        if origin in (ORIGIN_ICMP, ORIGIN_ICMP6):
            by = socket.inet_ntop(*((socket.AF_INET, data[20:24]) if origin == ORIGIN_ICMP else (socket.AF_INET6, data[24:40])))
            return Outcome("local", "ICMP of its own") if by == own_address(sock) else Outcome("icmp", by, icmp_type, code)
    return None


def outcome_of(sock: socket.SocketType, error: int, *, at_once: bool, queued: bool = True) -> Outcome:
    """Name the outcome of a connect from its errno (0 for success).

    ECONNREFUSED is a reset only when no ICMP error is queued: port unreachable gives the same errno. Any other error at once
    never left the vantage. Not `queued`: it is known that no ICMP error is.
    """
    if error == 0:
        return OPEN
    if error in (errno.ETIMEDOUT, errno.EINPROGRESS):
        return SILENT
    told = icmp_error(sock) if queued else None
    if told is not None:
        return told
    if error in (errno.ECONNREFUSED, errno.ECONNRESET):
        return RESET
    return Outcome("local", errno.errorcode.get(error, str(error))) if at_once else UNNAMED


def taken(sock: socket.SocketType) -> Outcome:
    """Name a connection that was taken: OPEN, or MUTE while the far end's window is empty.

    No host takes connections that way. A kernel too old to tell gives OPEN.
    """
    told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_OCTETS)
    if len(told) < TCP_INFO_OCTETS or struct.unpack_from("I", told, PEER_WINDOW_AT)[0]:
        return OPEN
    said_more = struct.unpack_from("I", told, SEGMENTS_IN_AT)[0] > 1
    return MUTE._replace(by="more came than the handshake") if said_more else MUTE


def own_address(sock: socket.SocketType) -> str:
    """Return the vantage's address on a socket; "" when it has none."""
    try:
        name: str = sock.getsockname()[0]
    except OSError:
        return ""
    return name


def own_towards(address: str) -> str:
    """Return the vantage's own address on the way to `address`, "" without a way; no packet is sent."""
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((address, 9))
        except OSError:
            return ""
        return own_address(sock)
