"""Every port of every address once, in rows: a row asks every address on one port, each on another one, in a keyed order.

So no address is asked twice before all others were asked, and none sees its ports in a row.
"""

from __future__ import annotations

from ordinance.observe.sweep.arrays import Array, np


class Targets:
    """`hosts` addresses and `ports` (a range). A probe's place is `row * hosts + host`; `chance` is a numpy Generator."""

    def __init__(self, hosts: int, ports: range, chance: Array) -> None:
        self.hosts = hosts
        self.ports = ports
        self.order: Array = chance.permutation(len(ports)).astype(np.uint32)
        self.inverse: Array = np.empty(len(ports), np.int32)
        self.inverse[self.order] = np.arange(len(ports), dtype=np.int32)
        self.offsets: Array = chance.integers(0, len(ports), hosts, dtype=np.uint32)

    def __len__(self) -> int:
        return self.hosts * len(self.ports)

    def ports_of(self, first: int, last: int) -> Array:
        """Ports at the places from `first` up to `last`, both at the beginning of a row."""
        port = self.order[first // self.hosts : last // self.hosts, None] + self.offsets[None, :]
        size = np.uint32(len(self.ports))
        port -= size * (port >= size)
        port += np.uint32(self.ports.start)
        return port.ravel()

    def places(self, hosts: Array, ports: Array) -> Array:
        """Places of ports of hosts."""
        size = len(self.ports)
        step = ports.astype(np.int64) - self.ports.start + size - self.offsets[hosts]
        return self.inverse[step % size].astype(np.int64) * self.hosts + hosts

    def row_of_port(self, host: int) -> Array:
        """Rows in which one host's ports stand, by ascending port."""
        size = len(self.ports)
        return self.inverse[(np.arange(size, dtype=np.int64) + size - int(self.offsets[host])) % size]
