"""Asking the kernel for routes and neighbours (rtnetlink(7)); no packet is sent."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from ordinance.observe.agent.wire import family_of, packed

NEWROUTE, GETROUTE, NEWNEIGH, GETNEIGH, ERROR, DONE = 24, 26, 28, 30, 2, 3
REQUEST, DUMP = 1, 0x300
DEVICE, GATEWAY, SOURCE, VIA = 4, 5, 7, 18
NEIGHBOUR, MAC = 1, 2
UNICAST = 1  # RTN_UNICAST: a route to somebody else
#: Neighbour states in which the kernel itself would use the entry: reachable, stale, delay, probe, noarp, permanent.
USABLE = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80


class Route(NamedTuple):
    """By which device, over whom (the address itself on its own link), and from which own address."""

    device: int
    hop: str
    source: str


def route_to(address: str) -> Route:
    """Find the way to an address. OSError when there is none, or when it is the vantage's own or a broadcast."""
    family = family_of(address)
    data = packed(address)
    body = struct.pack("BBBBBBBBI", family, 8 * len(data), 0, 0, 0, 0, 0, 0, 0) + _attribute(1, data)
    for kind, answer in _ask(GETROUTE, REQUEST, body):
        if kind == NEWROUTE:
            if answer[7] != UNICAST:
                raise OSError("an address of the vantage's own, or a broadcast")
            held = dict(_attributes(answer[12:]))
            if DEVICE not in held or SOURCE not in held:
                raise OSError("the kernel names no device or no source address")
            hop = address
            if GATEWAY in held:
                hop = socket.inet_ntop(family, held[GATEWAY])
            elif VIA in held:
                hop = socket.inet_ntop(struct.unpack_from("H", held[VIA])[0], held[VIA][2:])
            return Route(struct.unpack("I", held[DEVICE])[0], hop, socket.inet_ntop(family, held[SOURCE]))
    raise OSError("the kernel told no route")


def neighbours() -> dict[tuple[int, str], bytes]:
    """Every neighbour with a known Ethernet address, by device and address."""
    known = {}
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind, answer in _ask(GETNEIGH, REQUEST | DUMP, struct.pack("BxxxiHBB", family, 0, 0, 0, 0)):
            device, state = struct.unpack_from("iH", answer, 4)
            held = dict(_attributes(answer[12:]))
            if kind == NEWNEIGH and state & USABLE and len(held.get(MAC, b"")) == 6:  # noqa: PLR2004 - of an Ethernet address
                known[device, socket.inet_ntop(family, held[NEIGHBOUR])] = held[MAC]
    return known


def _ask(kind: int, flags: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """Send one request; the messages of the answer."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.settimeout(5.0)
        sock.send(struct.pack("IHHII", 16 + len(body), kind, flags, 1, 0) + body)
        while True:
            data = sock.recv(1 << 18)
            while len(data) >= 16:  # noqa: PLR2004 - of a message's header
                length, told, _, _, _ = struct.unpack_from("IHHII", data)
                if told == ERROR and (error := -struct.unpack_from("i", data, 16)[0]):
                    raise OSError(error, os.strerror(error))
                if told in (ERROR, DONE):
                    return
                yield told, data[16:length]
                data = data[(length + 3) & ~3 :]
            if not flags & DUMP:
                return


def _attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:  # noqa: PLR2004 - of an attribute's header
        length, kind = struct.unpack_from("HH", data)
        if length < 4:  # noqa: PLR2004 - it would never end
            return
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3 :]
