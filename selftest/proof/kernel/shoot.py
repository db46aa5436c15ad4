"""Send a batch of packets from src, and see which of them passed: at dst (forward), or at fw's own raw sockets (input).

A frame of a type that no network layer takes follows every batch through fw: when it is seen, all before it have been dealt with.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from selftest.proof.kernel.bed import MAC, Bed
from selftest.proof.kernel.packet import mac

RECEIVE_BUFFER_FORCED = 33  # SO_RCVBUFFORCE
IPV6_FLOWINFO = 11  # linux/in6.h
LATE = 0.005  #: seconds that a packet may be behind the last frame, which another processor may have carried
WITHIN = 10.0  #: seconds within which the last frame must have come
NOTHING, EVERYTHING = 0, 3  # ETH_P_ALL
LOCAL_EXPERIMENTAL = 0x88B5  #: IEEE Std 802, for private use
OURS4, OURS6 = (b"\x0a\x09", b"\x0a\x0a"), (b"\xfd\x09",)  #: how source addresses of the test begin
OUTGOING = 4  # PACKET_OUTGOING

Key = tuple[int, int]  #: family, number


@dataclass
class Seen:
    """What arrived of one batch; `stale` were sent before it."""

    arrived: Counter[Key] = field(default_factory=Counter)
    stale: int = 0


class Range:
    """The sockets: one that sends, those that see."""

    def __init__(self, bed: Bed, protocols4: Sequence[int], protocols6: Sequence[int]) -> None:
        self.sender = bed.inside("src", lambda: _link("s0"))
        self.far = bed.inside("dst", lambda: _link("d0", EVERYTHING))
        self.passing = bed.inside("fw", lambda: _link("f0", LOCAL_EXPERIMENTAL))
        self.raw4 = bed.inside("fw", lambda: [_raw(socket.AF_INET, protocol) for protocol in protocols4])
        self.raw6 = bed.inside("fw", lambda: [_raw(socket.AF_INET6, protocol) for protocol in protocols6])

    def close(self) -> None:
        for each in (self.sender, self.far, self.passing, *self.raw4, *self.raw6):
            each.close()

    def shoot(self, batch: Sequence[tuple[Key, Sequence[bytes]]]) -> Seen:
        """Send the frames of every packet, in order."""
        seen, mine = Seen(), {key for key, _ in batch}
        for count, (_, frames) in enumerate(batch, 1):
            for frame in frames:
                self.sender.send(frame)
            if count % 64 == 0:
                self._drain(seen, mine)
        self._follow()
        until = time.monotonic() + LATE
        while (left := until - time.monotonic()) > 0:
            if select.select([self.far, *self.raw4, *self.raw6], [], [], left)[0]:
                self._drain(seen, mine)
        return seen

    def _follow(self) -> None:
        """Wait until a last frame has come to fw."""
        _empty(self.passing)
        self.sender.send(mac(MAC["f0"]) + mac(MAC["s0"]) + LOCAL_EXPERIMENTAL.to_bytes(2, "big") + b"\0" * 46)
        ready = select.select([self.passing], [], [], WITHIN)[0]
        assert ready, "the last frame did not come through: the test's own network does not carry"

    def _drain(self, seen: Seen, mine: set[Key]) -> None:
        keys = [*_from_link(self.far)]
        for each in self.raw4:
            keys += [(4, struct.unpack_from("!H", data, 4)[0]) for data, _, _ in _read(each) if data[12:14] in OURS4]
        for each in self.raw6:
            keys += [
                (6, _label(control)) for _, control, who in _read(each) if socket.inet_pton(socket.AF_INET6, who)[:2] in OURS6
            ]
        for key in keys:
            if key in mine:
                seen.arrived[key] += 1
            else:
                seen.stale += 1


def _link(device: str, kind: int = NOTHING) -> socket.socket:
    """Frames of this EtherType on a device of the namespace one is in."""
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, NOTHING)
    made.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCED, 64 << 20)
    made.bind((device, kind))
    made.setblocking(False)
    return made


def _raw(family: socket.AddressFamily, protocol: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_RAW, protocol)
    made.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCED, 32 << 20)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_FLOWINFO, 1)
    made.setblocking(False)
    return made


def _empty(link: socket.socket) -> None:
    while True:
        try:
            link.recv(64)
        except BlockingIOError:
            return


def _read(raw: socket.socket) -> list[tuple[bytes, list[tuple[int, int, bytes]], str]]:
    found = []
    while True:
        try:
            data, control, _, who = raw.recvmsg(256, 64)
        except BlockingIOError:
            return found
        found.append((data, control, who[0].partition("%")[0]))


def _label(control: list[tuple[int, int, bytes]]) -> int:
    values = [value for level, kind, value in control if (level, kind) == (socket.IPPROTO_IPV6, IPV6_FLOWINFO)]
    return int.from_bytes(values[0], "big") & 0xFFFFF if values else 0


def _from_link(link: socket.socket) -> list[Key]:
    """What of ours came out of fw."""
    found = []
    while True:
        try:
            frame, (_, _, way, *_) = link.recvfrom(256)
        except BlockingIOError:
            return found
        if way == OUTGOING:
            continue
        if frame[12:14] == b"\x08\0" and frame[26:28] in OURS4:
            found.append((4, struct.unpack_from("!H", frame, 18)[0]))
        elif frame[12:14] == b"\x86\xdd" and frame[22:24] in OURS6:
            found.append((6, struct.unpack_from("!I", frame, 14)[0] & 0xFFFFF))
