"""All fronts together: probes out, each over its own; replies in, and whether they are genuine."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from ordinance.observe.agent.wire import version_of
from ordinance.observe.sweep.arrays import Array, np
from ordinance.observe.sweep.cookies import Cookies
from ordinance.observe.sweep.front import Front
from ordinance.observe.sweep.ledger import Ledger
from ordinance.observe.sweep.permit import Permit
from ordinance.observe.sweep.replies import ICMP, NOTHING, OPEN, RST, Replies
from ordinance.observe.sweep.sources import CANARIES, Sources
from ordinance.observe.sweep.ways import Way
from ordinance.observe.sweep.witnesses import Witnesses, salt_of

USES = 16  # of one of our ports, back to which an answer is known: a far end without our reset repeats itself for half a minute


class Air:
    """Sends to `hosts` by index, books what is heard in `ledger` (its hosts come first) and `witnesses`."""

    def __init__(  # noqa: PLR0917 - what it is made of
        self,
        hosts: Sequence[str],
        ways: Mapping[str, Way | str],
        permit: Permit,
        sources: Sources,
        ledger: Ledger,
        witnesses: Witnesses,
    ) -> None:
        self.sources, self.ledger, self.witnesses = sources, ledger, witnesses
        self.cookies = Cookies()
        groups: dict[tuple[str, str], list[tuple[int, str, Way]]] = {}
        for index, host in enumerate(hosts):
            way = ways[host]
            if isinstance(way, Way):
                groups.setdefault((way.device, way.source), []).append((index, host, way))
        self.fronts = [
            Front([(index, host) for index, host, _ in held], [way for *_, way in held], permit, self.cookies, sources)
            for held in groups.values()
        ]
        self.front_of, self.place_of = np.full(len(hosts), -1, np.int64), np.zeros(len(hosts), np.int64)
        for number, front in enumerate(self.fronts):
            self.front_of[front.index] = number
            self.place_of[front.index] = np.arange(len(front.index))
        self.sent = 0
        self.foreign = 0  # replies to our ports that show no number of ours
        self.mute = 0  # SYN-ACKs of ports, genuine, with an empty window

    def send(self, hosts: Array, ports: Array, sources: Array, salts: Array) -> None:
        """Send SYNs, in turn over each front."""
        self.sent += len(hosts)
        place = self.place_of[hosts]
        if len(self.fronts) == 1:
            self.fronts[0].send(place, ports, sources, salts)
            return
        # In random order: what goes last of a burst must not always be of the same family.
        front_of = self.front_of[hosts]
        for number in self.witnesses.chance.permutation(len(self.fronts)):
            mine = front_of == number
            if mine.any():
                self.fronts[number].send(place[mine], ports[mine], sources[mine], salts[mine])

    def leaving(self) -> list[Future[float]]:
        """What has to be waited for until all that was sent so far has left; each tells when."""
        return [front.transmitter.under_way[-1] for front in self.fronts if front.transmitter.under_way]

    def flush(self) -> None:
        """Wait until all has left. OSError when something could not."""
        for front in self.fronts:
            front.transmitter.flush()

    def hear(self) -> int:
        """Book what has come; how many packets that were."""
        heard = 0
        for front in self.fronts:
            for replies in front.hear():
                heard += len(replies.kind)
                self._book(front, replies)
        return heard

    def drops(self) -> int:
        """Count replies for which a ring had no room."""
        return sum(front.ring.drops() for front in self.fronts)

    def busy(self) -> int:
        """Count times a device took no more frames for a moment."""
        return sum(front.transmitter.busy for front in self.fronts)

    def close(self) -> None:
        """Be done with every socket."""
        for front in self.fronts:
            front.close()

    def _book(self, front: Front, replies: Replies) -> None:
        ours = (replies.source >= self.sources.first) & (replies.source <= self.sources.last)
        place, words = front.find(replies.address)
        known = ours & (place >= 0) & (replies.kind != NOTHING)
        ports = known & (replies.source < self.sources.canary)
        ports[ports] = self._vouched(replies, words, ports, np.uint32(0))
        canaries = known & (replies.source >= self.sources.canary)
        if canaries.any():
            canaries[canaries] = self._book_canaries(front, replies, words, place, canaries)
        self.foreign += int((ours & ~ports & ~canaries).sum())
        hosts = front.index[place[ports]]
        swept = hosts < self.ledger.targets.hosts
        if not swept.all():
            ports[ports] = swept
            hosts = hosts[swept]
        self.mute += int(replies.mute[ports].sum())
        self.ledger.hear(hosts, replies.port[ports], self._codes(replies, ports))

    def _vouched(self, replies: Replies, words: Array, which: Array, salt: Array) -> Array:
        """Whether replies show our sequence number; a reset may also show it as it was (nmap and others accept that too)."""
        number = self.cookies.of(words[which], replies.port[which], replies.source[which], salt)
        shown = replies.number[which]
        return (shown == number) | ((replies.kind[which] == RST) & (shown + np.uint32(1) == number))

    def _book_canaries(self, front: Front, replies: Replies, words: Array, place: Array, which: Array) -> Array:
        """Book answers to canaries that fit one of the last uses of our port; which did."""
        host, port = front.index[place[which]], replies.port[which]
        fits = np.zeros(len(host), bool)
        number = self.witnesses.latest(replies.source[which])
        for _ in range(USES):
            asked = np.maximum(number, 0)
            who = self.witnesses.who[asked]
            same = (number >= 0) & (self.witnesses.host[who] == host) & (self.witnesses.port[who] == port) & ~fits
            same &= self._vouched(replies, words, which, salt_of(asked))
            kind, mute, ttl = replies.kind[which][same], replies.mute[which][same], replies.ttl[which][same]
            self.witnesses.hear(number[same], kind == OPEN, mute, ttl, time.monotonic())
            fits |= same
            number = number - CANARIES
            if (fits | (number < 0)).all():
                break
        return fits

    def _codes(self, replies: Replies, which: Array) -> Array:
        """Number the outcomes of genuine replies."""
        kind, ttl = replies.kind[which], replies.ttl[which]
        error = kind == ICMP
        if not error.any():
            return self.ledger.outcomes.of_segments(kind, ttl)
        codes = np.zeros(len(kind), np.uint8)
        codes[~error] = self.ledger.outcomes.of_segments(kind[~error], ttl[~error])
        rows = np.concatenate([replies.icmp[which][error], ttl[error][:, None], replies.by[which][error]], axis=1)
        kinds, inverse = np.unique(rows, axis=0, return_inverse=True)
        named = [self._error(bytes(row)) for row in kinds]
        codes[error] = np.array(named, np.uint8)[inverse.ravel()]
        return codes

    def _error(self, row: bytes) -> int:
        by = socket.inet_ntop(socket.AF_INET if len(row) == 3 + 4 else socket.AF_INET6, row[3:])
        return self.ledger.outcomes.of_error(by, row[0], row[1], row[2])


def versions(hosts: Sequence[str]) -> Array:
    """Families of addresses, 4 or 6."""
    return np.array([version_of(host) for host in hosts], np.int64)
