"""TCP SYNs as rows of a table: a template, and the few columns in which they differ (RFC 791, RFC 8200, RFC 9293).

A crafter knows no address that the job's scope does not admit, so no frame can be made to another.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence

from ordinance.observe.agent.wire import packed, version_of
from ordinance.observe.sweep.arrays import Array, np
from ordinance.observe.sweep.cookies import Cookies
from ordinance.observe.sweep.permit import Permit

OPTIONS = struct.pack(">BBH", 2, 4, 1460)  # maximum segment size
SEGMENT = 20 + len(OPTIONS)
SYN, WINDOW, TTL = 2, 64240, 64
ETHER, DONT_FRAGMENT = 14, 0x4000
#: Two-byte columns: destination address, own port (port, sequence number and the rest follow), and what the family alone has.
DESTINATION = {4: 15, 6: 19}
PORTS = {4: 17, 6: 27}
CHECKSUM4 = 12
SEQUENCE, CHECKSUM = 2, 8  # from PORTS on


class Crafter:
    """Makes frames of one family, from one device and source address, to `addresses`, each by way of its next hop's MAC."""

    def __init__(  # noqa: PLR0917 - what every frame has
        self, addresses: Sequence[str], hops: Sequence[bytes], own: bytes, source: str, permit: Permit, cookies: Cookies
    ) -> None:
        permit.require(addresses)
        self.version = version_of(source)
        self.cookies = cookies
        rows = np.frombuffer(b"".join(map(packed, addresses)), np.uint8).reshape(len(addresses), -1)
        self.words = cookies.words4(rows) if self.version == 4 else cookies.words6(rows)  # noqa: PLR2004 - IP versions
        self.address = np.ascontiguousarray(rows).view(">u2").astype(np.uint16)
        self.hops = np.frombuffer(b"".join(hops), ">u2").reshape(-1, 3).astype(np.uint16) if len(set(hops)) > 1 else None
        network = self._network(packed(source))
        segment = struct.pack(">HHIIBBHHH", 0, 0, 0, 0, SEGMENT // 4 << 4, SYN, WINDOW, 0, 0) + OPTIONS
        kind = struct.pack(">H", 0x0800 if self.version == 4 else 0x86DD)  # noqa: PLR2004 - IP versions
        self.template = np.frombuffer(hops[0] + own + kind + network + segment, np.uint8)
        pseudo = packed(source) + struct.pack(">HH", socket.IPPROTO_TCP, SEGMENT)
        far = self.address.sum(1, dtype=np.uint32)
        self.sums = far + np.uint32(_sum(segment) + _sum(pseudo))
        self.header_checksum = fold(far + np.uint32(_sum(network)))

    def _network(self, source: bytes) -> bytes:
        """Return the network header with an empty destination."""
        if self.version == 4:  # noqa: PLR2004 - IP versions
            start = struct.pack(">BBHHHBBH", 0x45, 0, 20 + SEGMENT, 0, DONT_FRAGMENT, TTL, socket.IPPROTO_TCP, 0)
            return start + source + bytes(4)
        return struct.pack(">IHBB", 6 << 28, SEGMENT, socket.IPPROTO_TCP, TTL) + source + bytes(16)

    @property
    def length(self) -> int:
        """Bytes of a frame."""
        return len(self.template)

    def stamp(self, frames: Array) -> None:
        """Write what never changes into all rows of bytes."""
        frames[:, : self.length] = self.template

    def fill(self, words: Array, hosts: Array, port: Array, source: Array, salt: Array) -> None:
        """Write SYNs into stamped rows of big-endian words: to `hosts` (by index) on `port`, from our port `source`."""
        number = self.cookies.of(self.words[hosts], port, source, salt)
        high, low = number >> np.uint32(16), number & np.uint32(0xFFFF)
        at, to = PORTS[self.version], DESTINATION[self.version]
        address = self.address[hosts]
        words[:, to : to + address.shape[1]] = address
        words[:, at], words[:, at + 1] = source, port
        words[:, at + SEQUENCE], words[:, at + SEQUENCE + 1] = high, low
        total = self.sums[hosts] + port
        total += source
        total += high
        total += low
        words[:, at + CHECKSUM] = fold(total)
        if self.version == 4:  # noqa: PLR2004 - IP versions
            words[:, CHECKSUM4] = self.header_checksum[hosts]
        if self.hops is not None:
            words[:, 0:3] = self.hops[hosts]


def fold(total: Array) -> Array:
    """Turn sums of 16-bit words into Internet checksums (RFC 1071)."""
    total = (total & np.uint32(0xFFFF)) + (total >> np.uint32(16))
    total = (total & np.uint32(0xFFFF)) + (total >> np.uint32(16))
    return (~total).astype(np.uint16)


def _sum(data: bytes) -> int:
    """Sum the 16-bit words."""
    return sum(struct.unpack(f">{len(data) // 2}H", data))
