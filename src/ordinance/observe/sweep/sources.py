"""Our own ports: outside the range from which the kernel takes its own, so that no answer is meant for another socket.

The first ones name the round (`first` + round), the others are for canaries, each use a flow of its own.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

from ordinance.observe.sweep.ways import NoRaw

RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
SOCKETS = ("/proc/net/tcp", "/proc/net/tcp6")
ROUNDS, CANARIES = 64, 2048
LOWEST = 1024  # below, ports have a meaning to stateless filters


class Sources(NamedTuple):
    """`first` to `canary - 1` for rounds, `canary` to `last` for canaries."""

    first: int
    canary: int
    last: int


def choose(chance: random.Random, kernel: tuple[int, int], taken: set[int]) -> Sources:
    """Choose a block that neither the kernel's range nor a socket that is open now touches. NoRaw when there is none."""
    size = ROUNDS + CANARIES
    low, high = kernel
    free = [start for start in range(LOWEST, 65536 - size + 1) if start + size <= low or start > high]
    blocked = sorted(taken)
    starts = [start for start in free if start > high] or free  # above the kernel's range services are rarest
    starts = [start for start in starts if not any(start <= port < start + size for port in blocked)] or [
        start for start in free if not any(start <= port < start + size for port in blocked)
    ]
    if not starts:
        raise NoRaw("no 2112 ports in a row are free of the kernel's own range there (net.ipv4.ip_local_port_range)")
    first = chance.choice(starts)
    return Sources(first, first + ROUNDS, first + size - 1)


def kernel_range() -> tuple[int, int]:
    """From which to which port the kernel chooses."""
    low, high = Path(RANGE).read_text("ascii").split()
    return int(low), int(high)


def in_use() -> set[int]:
    """Local ports of TCP sockets that are open now."""
    ports = set()
    for name in SOCKETS:
        path = Path(name)
        lines = path.read_text("ascii").splitlines()[1:] if path.exists() else []
        ports |= {int(line.split()[1].rpartition(":")[2], 16) for line in lines}
    return ports
