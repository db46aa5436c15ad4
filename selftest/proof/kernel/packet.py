"""One packet of the differential test: its fields, and the frames that carry it from src to fw.

Its number is the IPv4 identification or the IPv6 flow label, so that even a packet without a header of layer 4 is known again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address

from selftest.proof.kernel.bed import MAC

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60
MORE, DONT = 0x2000, 0x4000  #: flags in the 16 bits of IPv4's fragment field
OFFSET = 0x1FFF
MARK = b"\xd1\x5e"
PAD = b"\x01\x04\0\0\0\0"  #: PadN of 6 bytes (RFC 8200 4.2)
HEADERS = {
    HOP_BY_HOP: PAD,
    DESTINATION: PAD,
    ROUTING: b"\x04\0\0\0\0\0",
}  #: after next header and length; routing type 4, none left


@dataclass(frozen=True)
class Packet:
    """What is sent. ICMP: `sport` is type and code, as the first two bytes of the header are read."""

    family: int  #: 4 or 6
    source: str
    target: str
    protocol: int
    sport: int = 0
    dport: int = 0
    flags: int = 0  #: of TCP
    local: bool = False  #: to fw itself (input), not through it (forward)
    header: bool = True  #: a header of layer 4 is there
    fragment: int | None = None  #: the flags and the offset (in units of 8 bytes), as in IPv4's header
    extensions: tuple[int, ...] = ()  #: of IPv6, before the protocol
    pieces: bool = False  #: sent in two fragments, which fw puts together

    @property
    def offset(self) -> int:
        return (self.fragment or 0) & OFFSET

    @property
    def type(self) -> int:
        return self.sport >> 8

    @property
    def addresses(self) -> bytes:
        return ip_address(self.source).packed + ip_address(self.target).packed


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _pseudo(packet: Packet, length: int) -> bytes:
    if packet.family == 4:
        return packet.addresses + struct.pack("!BBH", 0, packet.protocol, length)
    return packet.addresses + struct.pack("!IHBB", length, 0, 0, packet.protocol)


def _sealed(data: bytes, at: int, over: bytes) -> bytes:
    """Put the checksum of `over` + `data` at this offset. 0 is sent as all ones (RFC 768)."""
    return data[:at] + struct.pack("!H", checksum(over + data) or 0xFFFF) + data[at + 2 :]


def layer4(packet: Packet, number: int) -> bytes:
    """Header of layer 4 and payload; bytes that look like them for a fragment that is not the first."""
    mark = MARK + struct.pack("!I", number) + b"\0" * 26
    ports = struct.pack("!HH", packet.sport, packet.dport)
    if not packet.header:
        return b""
    if packet.protocol == TCP:
        acknowledged = 2000 if packet.flags & 0x10 else 0
        data = ports + struct.pack("!IIBBHHH", 1000, acknowledged, 0x50, packet.flags, 8192, 0, 0) + mark[:28]
        return _sealed(data, 16, _pseudo(packet, len(data)))
    if packet.protocol == UDP:
        data = ports + struct.pack("!HH", 8 + len(mark), 0) + mark
        return _sealed(data, 6, _pseudo(packet, len(data)))
    if packet.protocol in (ICMP, ICMPV6):
        data = struct.pack("!HHHH", packet.sport, 0, number & 0xFFFF, 1) + mark + b"\0" * 8
        return _sealed(data, 2, b"" if packet.protocol == ICMP else _pseudo(packet, len(data)))
    return ports + mark + b"\0" * 2


def _ipv4(packet: Packet, number: int, body: bytes, fragment: int) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), number & 0xFFFF, fragment, 64, packet.protocol, 0) + packet.addresses
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def _ipv6(packet: Packet, number: int, body: bytes, fragment: int | None) -> bytes:
    following = packet.protocol
    if fragment is not None:
        field = (fragment & OFFSET) << 3 | bool(fragment & MORE)
        body = struct.pack("!BBHI", following, 0, field, number) + body
        following = FRAGMENT
    for extension in reversed(packet.extensions):
        body = struct.pack("!BB", following, 0) + HEADERS[extension] + body
        following = extension
    return struct.pack("!IHBB", 0x6000_0000 | number, len(body), following, 64) + packet.addresses + body


def frames(packet: Packet, number: int) -> list[bytes]:
    """The Ethernet frames of the packet with this number (1 to 65535), from src's link to fw's."""
    body = layer4(packet, number)
    head = mac(MAC["f0"]) + mac(MAC["s0"]) + (b"\x08\0" if packet.family == 4 else b"\x86\xdd")
    cut = [(body[:24], MORE), (body[24:], 3)] if packet.pieces else [(body, packet.fragment)]
    if packet.family == 4:
        return [head + _ipv4(packet, number, part, field or 0) for part, field in cut]
    return [head + _ipv6(packet, number, part, field) for part, field in cut]


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
