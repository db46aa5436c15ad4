"""Canaries: ports known to be open, asked from a fresh port of ours each time, so that each is a sample of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ordinance.observe.sweep.arrays import Array, np
from ordinance.observe.sweep.sources import CANARIES, Sources

UNCOUNTED, CLOSING = 0, -1  # in place of a round


class Witnesses:
    """`known` is (host index, port, weight, family). A canary is known by its number, in the order of asking."""

    def __init__(self, known: Sequence[tuple[int, int, float, int]], sources: Sources, chance: Array) -> None:
        self.host = np.array([host for host, *_ in known], np.int64)
        self.port = np.array([port for _, port, *_ in known], np.uint32)
        self.weight = np.array([weight for _, _, weight, _ in known], float)
        self.family = np.array([family for *_, family in known], np.int64)
        self.ttl = np.zeros(len(known), np.uint8)
        self.source = sources.canary
        self.chance = chance
        self.count = 0
        self.who = np.zeros(1 << 14, np.int64)
        self.okay, self.refused = np.zeros(1 << 14, bool), np.zeros(1 << 14, bool)
        self.round = np.zeros(1 << 14, np.int16)
        self.asked_at, self.delay = np.zeros(1 << 14), np.zeros(1 << 14)  # seconds; the delay of a first answer
        self.last_answer, self.newest = 0.0, 0  # when the last answer came, and the newest canary that has one
        self.mute = 0  # SYN-ACKs with an empty window: a proxy's, which says nothing about what is behind it

    def choose(self, family: int, number: int) -> Array:
        """Choose canaries of one family by weight."""
        weight = np.where(self.family == family, self.weight, 0.0)
        return self.chance.choice(len(weight), number, p=weight / weight.sum()) if weight.any() else np.zeros(0, np.int64)

    def families(self) -> list[int]:
        """Families that have a witness."""
        return [int(family) for family in np.unique(self.family[self.weight > 0])]

    def deal(self, which: Array, now: float) -> list[Array]:
        """Number some canaries; columns of host, port, our own port, and salt of its cookie."""
        number = self.count + np.arange(len(which))
        while self.count + len(which) > len(self.who):
            for name in ("who", "okay", "refused", "round", "asked_at", "delay"):
                held = getattr(self, name)
                setattr(self, name, np.concatenate([held, np.zeros_like(held)]))
        self.who[number], self.asked_at[number] = which, now
        self.count += len(which)
        source = (self.source + number % CANARIES).astype(np.uint32)
        return [self.host[which], self.port[which], source, salt_of(number)]

    def latest(self, source: Array) -> Array:
        """Numbers that used our ports last, negative where there is none; the uses before lie `CANARIES` apart."""
        slot = source.astype(np.int64) - self.source
        return slot + (self.count - 1 - slot) // CANARIES * CANARIES

    def hear(self, number: Array, opened: Array, mute: Array, ttl: Array, now: float) -> None:
        """Book genuine answers to canaries: open, refused, or open with an empty window, which is no witness."""
        self.mute += int(mute.sum())
        good = number[opened & ~mute]
        new = good[~self.okay[good]]
        if len(new):
            self.delay[new] = now - self.asked_at[new]
            self.last_answer, self.newest = now, max(self.newest, int(new.max()))
        self.okay[good] = True
        self.refused[number[~opened]] = True
        self.ttl[self.who[good]] = ttl[opened & ~mute]

    def tally(self, numbers: Array) -> tuple[Array, Array]:
        """How many of some canaries were sent and answered, for each known port."""
        who, known = self.who[numbers], len(self.port)
        return np.bincount(who, minlength=known), np.bincount(who[self.okay[numbers]], minlength=known)

    def told(self, family: int, hosts: Sequence[str]) -> list[tuple[str, int, int]]:
        """Address, canaries sent and answered in the rounds, of each witness of a family."""
        sent, answered = self.tally(np.flatnonzero(self.round[: self.count] > UNCOUNTED))
        known = np.flatnonzero(self.family == family)
        return [(hosts[self.host[number]], int(sent[number]), int(answered[number])) for number in known]

    def lost(self, numbers: Array) -> float:
        """Share of some canaries that those lost which answered at all."""
        sent, answered = self.tally(numbers)
        alive = answered > 0
        return float(1 - answered[alive].sum() / max(1, sent[alive].sum()))

    def of_round(self, number: int, family: int | None = None) -> Array:
        """Numbers of the canaries that count for a round."""
        found = np.flatnonzero(self.round[: self.count] == number)
        return found if family is None else found[self.family[self.who[found]] == family]

    def wanted(self, shares: Mapping[int, float]) -> Array:
        """Choose canaries for a window: so many of each family, the rest of a number by chance."""
        picked = [self.choose(family, int(share + self.chance.random())) for family, share in shares.items()]
        return np.concatenate([np.zeros(0, np.int64), *picked])


def salt_of(number: Array) -> Array:
    """How often a port of ours had been used when a canary got it: an answer to an earlier one does not fit a later one."""
    return (number // CANARIES + 1).astype(np.uint32)
