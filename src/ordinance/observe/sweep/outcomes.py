"""What can come back from a port, as numbers of one byte, and which of two answers weighs more."""

from __future__ import annotations

from ordinance.observe.agent.listener import hops_of
from ordinance.observe.agent.wire import OPEN, RESET, SILENT, UNASKED, UNNAMED, Outcome
from ordinance.observe.sweep import replies
from ordinance.observe.sweep.arrays import Array, np

UNASKED_CODE, SILENT_CODE, UNNAMED_CODE, OPEN_CODE, RESET_CODE = range(5)
MOST = 256
#: An open port outweighs a reset, a reset an ICMP error, and of two of a kind the one that came farther: it was let in deeper.
ICMP_RANK, RESET_RANK, OPEN_RANK = 1000, 2000, 3000
FARTHEST = 999


class Outcomes:
    """Numbers of outcomes as they come. When there are too many, further ones lose who and whence, never what."""

    def __init__(self) -> None:
        self.named: list[Outcome] = [UNASKED, SILENT, UNNAMED, OPEN, RESET]
        self.rank: Array = np.zeros(MOST, np.int32)
        self.rank[:5] = (0, 1, ICMP_RANK + FARTHEST, OPEN_RANK + FARTHEST, RESET_RANK + FARTHEST)
        self.segments: Array = np.zeros(512, np.uint8)  # code by kind and TTL of a segment, 0 where there is none yet
        self.errors: dict[tuple[str, int, int, int], int] = {}

    def of_segments(self, kinds: Array, ttl: Array) -> Array:
        """Codes of SYN-ACKs and resets."""
        key = kinds.astype(np.uint16) << np.uint16(8) | ttl
        codes = self.segments[key]
        if len(codes) and not codes.all():
            for new in np.unique(key[codes == 0]):
                kind, far = int(new) >> 8, hops_of(int(new) & 255)
                word, rank, nameless = ("open", OPEN_RANK, OPEN_CODE) if kind == replies.OPEN else ("rst", RESET_RANK, RESET_CODE)
                self.segments[new] = self.add(Outcome(word, hops=far), rank + far, nameless)
            codes = self.segments[key]
        return codes

    def of_error(self, by: str, icmp_type: int, code: int, ttl: int) -> int:
        """Code of an ICMP error."""
        far = hops_of(ttl)
        key = (by, icmp_type, code, far)
        if key not in self.errors:
            self.errors[key] = self.add(Outcome("icmp", by, icmp_type, code), ICMP_RANK + far, UNNAMED_CODE)
        return self.errors[key]

    def local(self, why: str) -> int:
        """Code of what the vantage itself could not do."""
        return self.add(Outcome("local", why), 0, UNASKED_CODE)

    def add(self, outcome: Outcome, rank: int, nameless: int) -> int:
        """Give an outcome a number."""
        for code, (held, weight) in enumerate(zip(self.named, self.rank)):  # noqa: B905 - Python 3.9
            if held == outcome and weight == rank:
                return code
        if len(self.named) == MOST:
            return nameless
        self.named.append(outcome)
        self.rank[len(self.named) - 1] = rank
        return len(self.named) - 1
