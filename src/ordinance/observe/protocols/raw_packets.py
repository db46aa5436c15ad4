"""Bodies of IP packets that ordinary sockets do not make: protocols beside TCP and UDP, odd segments, extension headers.

Each is small, well-formed and without effect: a tunnel holds an echo request to the very address it is sent to, an association is
asked for and not gone on with.
"""

from __future__ import annotations

import struct

from ordinance.inventory.model import Address

ICMP, IPIP, TCP, UDP, IPV6, ROUTING, FRAGMENT, GRE, ESP, AH, ICMP6, NO_NEXT, OPTIONS, SCTP = (
    1, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 132,
)  # fmt: skip
HOP_BY_HOP = 0
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
TTL = 64


def checksum(data: bytes) -> int:
    """Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(own: bytes, to: Address, protocol: int, length: int) -> bytes:
    """Pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1)."""
    tail = struct.pack(">BBH", 0, protocol, length) if to.version == 4 else struct.pack(">II", length, protocol)  # noqa: PLR2004
    return own + to.packed + tail


def tcp(own: bytes, to: Address, ports: tuple[int, int], flags: int, window: int) -> bytes:
    """A bare segment (RFC 9293); `ports` are ours and theirs."""
    acknowledged = 0x6F726469 if flags & ACK else 0
    head = struct.pack(">HHIIBBHHH", *ports, 0x6F726469, acknowledged, 5 << 4, flags, window, 0, 0)
    return head[:16] + struct.pack(">H", checksum(pseudo(own, to, TCP, len(head)) + head)) + head[18:]


def udp(own: bytes, to: Address, ports: tuple[int, int], payload: bytes) -> bytes:
    """A datagram (RFC 768); `ports` are ours and theirs."""
    length = 8 + len(payload)
    head = struct.pack(">HHH", *ports, length)
    covered = checksum(pseudo(own, to, UDP, length) + head + bytes(2) + payload)
    return head + struct.pack(">H", covered or 0xFFFF) + payload


def sctp_init(own_port: int, port: int) -> bytes:
    """INIT (RFC 9260 section 3.3.2) under the checksum CRC32c."""
    chunk = struct.pack(">BBHIIHHI", 1, 0, 20, 0x6F726469, 65_536, 1, 1, 1)
    head = struct.pack(">HHI", own_port, port, 0)
    return head + struct.pack("<I", crc32c(head + bytes(4) + chunk)) + chunk


def crc32c(data: bytes) -> int:
    """Castagnoli's CRC (RFC 9260 appendix A), bit by bit: packets are few and short."""
    value = 0xFFFFFFFF
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def echo_request(own: bytes, to: Address) -> bytes:
    """ICMP echo request (RFC 792) or its kin of version 6 (RFC 4443 section 4.1)."""
    kind = 8 if to.version == 4 else 128  # noqa: PLR2004
    head = struct.pack(">BBHHH", kind, 0, 0, 0x6F72, 1)
    covered = head if to.version == 4 else pseudo(own, to, ICMP6, len(head)) + head  # noqa: PLR2004
    return head[:2] + struct.pack(">H", checksum(covered)) + head[4:]


def whole_packet(own: bytes, to: Address) -> bytes:
    """An echo request with its IP header, as a tunnel carries it."""
    body = echo_request(own, to)
    if to.version == 6:  # noqa: PLR2004
        return struct.pack(">IHBB", 6 << 28, len(body), ICMP6, TTL) + own + to.packed + body
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0x6F72, 0, TTL, ICMP, 0) + own + to.packed
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def gre(own: bytes, to: Address) -> bytes:
    """GRE (RFC 2784) around such a packet."""
    return struct.pack(">HH", 0, 0x0800 if to.version == 4 else 0x86DD) + whole_packet(own, to)  # noqa: PLR2004


def esp() -> bytes:
    """ESP (RFC 4303) of an association that does not exist."""
    return struct.pack(">II", 0x6F726469, 1) + b"ordinance-ordinance-----"


def ah() -> bytes:
    """AH (RFC 4302) of an association that does not exist, with nothing behind it."""
    return struct.pack(">BBHII", NO_NEXT, 4, 0, 0x6F726469, 1) + bytes(12)


def options(after: int, body: bytes) -> bytes:
    """Hop-by-hop or destination options (RFC 8200 sections 4.3, 4.6) with padding alone, before `body`."""
    return struct.pack(">BBBB", after, 0, 1, 4) + bytes(4) + body


def routing(after: int, body: bytes) -> bytes:
    """A routing header without segments left (RFC 8200 section 4.4), which every host must pass over."""
    return struct.pack(">BBBB", after, 0, 253, 0) + bytes(4) + body


def fragment(after: int, body: bytes, offset: int, number: int, *, more: bool) -> bytes:
    """Fragment header (RFC 8200 section 4.5) before its part of a packet."""
    return struct.pack(">BBHI", after, 0, offset | more, number) + body
