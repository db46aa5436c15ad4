"""Ports of our own, outside the range from which the kernel takes ports for others.

An answer that is late for a socket which is closed meanwhile would else reach the next to be given its port, and accuse a port
that nobody serves.
"""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Iterator

RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
LOWEST, HIGHEST = 1024, 65535  # below, ports have a meaning to stateless filters


def kernel_range() -> tuple[int, int]:
    """From which to which port the kernel chooses. OSError where it does not say."""
    with open(RANGE, encoding="ascii") as told:  # noqa: PTH123 - nothing but the standard library
        low, high = told.read().split()
    return int(low), int(high)


def own_ports(chance: random.Random) -> list[int]:
    """Every port that the kernel gives to nobody, in random order; none where it keeps them all, or does not say."""
    try:
        low, high = kernel_range()
    except (OSError, ValueError):
        return []
    ports = [port for port in range(LOWEST, HIGHEST + 1) if not low <= port <= high]
    chance.shuffle(ports)
    return ports


def bind(sock: socket.SocketType, address: str, ports: Iterator[int]) -> int:
    """Bind to the next of `ports` that is free, or to any port when none is left; return it. OSError for any other reason."""
    for port in ports:
        try:
            sock.bind((address, port))
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise
        else:
            return port
    sock.bind((address, 0))
    return int(sock.getsockname()[1])
