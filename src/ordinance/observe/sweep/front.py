"""One device in one family: its crafter, its transmitter, its ring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ordinance.observe.agent.wire import version_of
from ordinance.observe.sweep.arrays import Array, np
from ordinance.observe.sweep.bpf import answers4, answers6
from ordinance.observe.sweep.cookies import Cookies
from ordinance.observe.sweep.craft import Crafter
from ordinance.observe.sweep.permit import Permit
from ordinance.observe.sweep.replies import Replies, replies_of
from ordinance.observe.sweep.ring import Ring
from ordinance.observe.sweep.sources import Sources
from ordinance.observe.sweep.transmit import ROWS, Transmitter
from ordinance.observe.sweep.ways import Way

V4, IPV4, IPV6 = 4, 0x0800, 0x86DD
FEW = 512


class Front:
    """Frames to `hosts` (index and address), all by ways over the same device and from the same source address."""

    def __init__(
        self, hosts: Sequence[tuple[int, str]], ways: Sequence[Way], permit: Permit, cookies: Cookies, sources: Sources
    ) -> None:
        addresses = [address for _, address in hosts]
        self.crafter = Crafter(addresses, [way.hop for way in ways], ways[0].own, ways[0].source, permit, cookies)
        self.version = version_of(addresses[0])
        self.index = np.array([index for index, _ in hosts], np.int64)
        self.order = np.argsort(self.crafter.words)
        self.sorted = self.crafter.words[self.order]
        self.rows = np.ascontiguousarray(self.crafter.address.astype(">u2")).view(np.uint8)
        self.transmitter = Transmitter(ways[0].device, self.crafter.length)
        for table in self.transmitter.tables:
            self.crafter.stamp(table.frames)
        code = (answers4 if self.version == V4 else answers6)(sources.first, sources.last)
        self.ring = Ring(ways[0].device, IPV4 if self.version == V4 else IPV6, code)

    def send(self, hosts: Array, ports: Array, sources: Array, salts: Array) -> None:
        """Send SYNs to hosts by their place in this front."""
        for first in range(0, len(hosts), ROWS):
            part = slice(first, first + ROWS)
            rows = len(hosts[part])
            self.crafter.fill(self.transmitter.free().words[:rows], hosts[part], ports[part], sources[part], salts[part])
            self.transmitter.send(rows)

    def hear(self) -> Iterator[Replies]:
        """Replies that wait; each is to be done with before the next is asked for.

        It ends with the few that came meanwhile: they are the beginning of the next hearing, when they are worth a look.
        """
        while (rows := self.ring.ready()) is not None:
            yield replies_of(self.ring.packets[rows], self.ring.length[rows], self.version)
            self.ring.release(rows)
            if rows.stop - rows.start < FEW and self.ring.head:
                return

    def find(self, addresses: Array) -> tuple[Array, Array]:
        """Places of addresses (rows of bytes) in this front, -1 for strangers; and their words."""
        cookies = self.crafter.cookies
        words = cookies.words4(addresses) if self.version == V4 else cookies.words6(addresses)
        place = self.order[np.minimum(np.searchsorted(self.sorted, words), len(self.sorted) - 1)]
        known = (self.rows[place] == addresses).all(1)
        return np.where(known, place, -1), words

    def close(self) -> None:
        """Be done."""
        self.transmitter.close()
        self.ring.close()
