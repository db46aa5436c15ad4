"""How to reach each address on the link layer: device, source address, Ethernet addresses of both ends."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
import time
from collections.abc import Mapping
from typing import NamedTuple

from ordinance.observe.agent.wire import RESET_ON_CLOSE, family_of
from ordinance.observe.sweep.netlink import Route, neighbours, route_to

SIOCGIFHWADDR, ETHERNET = 0x8927, 1
PATIENCE, PAUSE = 3.5, 0.02  # seconds: the kernel asks for a neighbour three times, once a second


class NoRaw(Exception):
    """Why this vantage cannot sweep on the link layer; the connect engine can."""


class Way(NamedTuple):
    """The way to one address."""

    device: str
    source: str
    own: bytes
    hop: bytes


def ways_to(ports: Mapping[str, int]) -> dict[str, Way | str]:
    """Find the way to every address, or the reason why there is none. `ports`: for each, one that will be asked anyway.

    Where the kernel does not know a next hop yet it is made to ask for it, by a connection to an address behind it: what is
    sent on purpose goes to addresses of the job alone. NoRaw where a way leads over something other than Ethernet.
    """
    found: dict[str, Way | str] = {}
    routes: dict[str, Route] = {}
    for address in ports:
        try:
            routes[address] = route_to(address)
        except OSError as error:
            found[address] = errno.errorcode.get(error.errno or 0, str(error))
    known = _resolved(routes, ports)
    own = {index: _own(socket.if_indextoname(index)) for index in {route.device for route in routes.values()}}
    for address, route in routes.items():
        hop = known.get((route.device, route.hop))
        name = socket.if_indextoname(route.device)
        found[address] = Way(name, route.source, own[route.device], hop) if hop else "EHOSTUNREACH"
    return found


def _resolved(routes: Mapping[str, Route], ports: Mapping[str, int]) -> dict[tuple[int, str], bytes]:
    """Neighbours, once every next hop is known or has had its time."""
    behind = {(route.device, route.hop): address for address, route in routes.items()}
    end = time.monotonic() + PATIENCE
    known = neighbours()
    held = [_nudge(address, ports[address]) for hop, address in behind.items() if hop not in known]
    while any(hop not in known for hop in behind) and time.monotonic() < end:
        time.sleep(PAUSE)
        known = neighbours()
    for sock in held:
        sock.close()
    return known


def _nudge(address: str, port: int) -> socket.socket:
    """Begin a connection, so that the kernel asks who the next hop is."""
    sock = socket.socket(family_of(address), socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    sock.connect_ex((address, port or 1))
    return sock


def _own(device: str) -> bytes:
    """Return the Ethernet address of a device (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        answer = fcntl.ioctl(sock, SIOCGIFHWADDR, struct.pack("256s", device.encode()))
    if struct.unpack_from("H", answer, 16)[0] != ETHERNET:
        raise NoRaw(f"{device} of this vantage is no Ethernet device")
    return bytes(answer[18:24])
