"""Received packets as columns: who answered for which port, vouching with which number.

Packets of an unusual shape (IPv4 options, IPv6 extension headers) are first brought into the usual one: a host that adds an
option to its SYN-ACK is not silent.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

from ordinance.observe.sweep.arrays import Array, np

OPEN, RST, ICMP, NOTHING = range(4)
RST_FLAG, ACK_FLAG, SYN_ACK = 4, 16, 18
V4, NO_OPTIONS = 4, 0x45
WIDTH = 160
#: Bytes without which a packet says nothing: headers and a whole TCP header; headers, quoted header, and eight bytes of TCP.
TCP_BYTES, ICMP_BYTES = {4: 40, 6: 60}, {4: 56, 6: 96}
EXTENSIONS, FRAGMENT, MOST_EXTENSIONS = (0, 43, 44, 60), 44, 8


class Replies(NamedTuple):
    """Columns. `port` and `source` are far and own port, `number` what a genuine answer shows our sequence number to be."""

    kind: Array  # OPEN, RST, ICMP; NOTHING: no acknowledgement, so it vouches for nothing
    address: Array  # of the port asked; rows of 4 or 16 bytes
    port: Array
    source: Array
    number: Array
    ttl: Array
    mute: Array  # a SYN-ACK with an empty window
    by: Array  # who sent it; rows of 4 or 16 bytes
    icmp: Array  # rows of type and code


def replies_of(packets: Array, lengths: Array, version: int) -> Replies:
    """Read packets, rows from their network header on."""
    usual = (packets[:, 0] == NO_OPTIONS) if version == V4 else ~np.isin(packets[:, 6], EXTENSIONS)
    if usual.all():
        return _usual(packets, lengths, version)
    odd = [plain(bytes(row[:length]), version) for row, length in zip(packets[~usual], lengths[~usual])]  # noqa: B905 - Python 3.9
    table = np.frombuffer(b"".join(row.ljust(WIDTH, b"\0")[:WIDTH] for row in odd), np.uint8).reshape(-1, WIDTH)
    lengths = np.concatenate([lengths[usual], np.array([len(row) for row in odd], lengths.dtype)])
    return _usual(np.concatenate([packets[usual][:, :WIDTH], table]), lengths, version)


def plain(packet: bytes, version: int) -> bytes:
    """Take out IPv4 options or IPv6 extension headers; nothing is left of what cannot be read."""
    if version == V4:
        return b"\x45" + packet[1:20] + packet[(packet[0] & 15) * 4 :]
    kind, at = packet[6], 40
    for _ in range(MOST_EXTENSIONS):
        if kind not in EXTENSIONS or len(packet) < at + 8:
            break
        if kind == FRAGMENT and (packet[at + 2] << 8 | packet[at + 3]) >> 3:
            return b""
        kind, at = packet[at], at + (8 if kind == FRAGMENT else packet[at + 1] * 8 + 8)
    return packet[:6] + bytes([kind]) + packet[7:40] + packet[at:]


def _usual(packets: Array, lengths: Array, version: int) -> Replies:
    protocol = packets[:, 9 if version == V4 else 6]
    tcp = (protocol == socket.IPPROTO_TCP) & (lengths >= TCP_BYTES[version])
    error = socket.IPPROTO_ICMP if version == V4 else socket.IPPROTO_ICMPV6
    quoted = packets[:, 37 if version == V4 else 54]
    icmp = (protocol == error) & (lengths >= ICMP_BYTES[version]) & (quoted == socket.IPPROTO_TCP)
    if tcp.all():
        return _segments(packets, version)
    parts = _segments(packets[tcp], version), _errors(packets[icmp], version)
    return Replies(*(np.concatenate(pair) for pair in zip(*parts)))  # noqa: B905 - Python 3.9


def _segments(rows: Array, version: int) -> Replies:
    """Read TCP segments."""
    at, source, ttl = (20, 12, 8) if version == V4 else (40, 8, 7)
    flags = rows[:, at + 13]
    reset = (flags & RST_FLAG) != 0
    kind = np.full(len(rows), NOTHING, np.uint8)
    kind[(flags & SYN_ACK) == SYN_ACK] = OPEN
    kind[reset] = np.where(flags[reset] & ACK_FLAG, RST, NOTHING)
    size = 4 if version == V4 else 16
    by = rows[:, source : source + size]
    return Replies(
        kind=kind,
        address=by,
        port=_half(rows, at),
        source=_half(rows, at + 2),
        number=_word(rows, at + 8) - np.uint32(1),
        ttl=rows[:, ttl],
        mute=(kind == OPEN) & (_half(rows, at + 14) == 0),
        by=by,
        icmp=np.zeros((len(rows), 2), np.uint8),
    )


def _errors(rows: Array, version: int) -> Replies:
    """Read ICMP errors; address, ports and number are those of the segment they quote."""
    at, source, ttl, quoted, size = (20, 12, 8, 28, 4) if version == V4 else (40, 8, 7, 48, 16)
    target, segment = (quoted + 16, quoted + 20) if version == V4 else (quoted + 24, quoted + 40)
    return Replies(
        kind=np.full(len(rows), ICMP, np.uint8),
        address=rows[:, target : target + size],
        port=_half(rows, segment + 2),
        source=_half(rows, segment),
        number=_word(rows, segment + 4),
        ttl=rows[:, ttl],
        mute=np.zeros(len(rows), bool),
        by=rows[:, source : source + size],
        icmp=rows[:, at : at + 2],
    )


def _half(rows: Array, at: int) -> Array:
    return rows[:, at].astype(np.uint32) << np.uint32(8) | rows[:, at + 1]


def _word(rows: Array, at: int) -> Array:
    return _half(rows, at) << np.uint32(16) | _half(rows, at + 2)
