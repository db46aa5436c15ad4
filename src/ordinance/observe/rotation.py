"""Which part of a sweep is tonight's, where the pace does not allow all of it: what waited longest, or was never asked.

Ports are dealt with in blocks. A block of an address waits since it was last asked; where that came to nothing, it has another
turn the next night, once, so that a part that always fails does not keep all others waiting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from ordinance.inventory.model import Address, Pace
from ordinance.observe.api import LookContext, Night
from ordinance.observe.lending import SWEEP_SHARE
from ordinance.sight.perimeter import AddressSweep, Answer, EarlierSweep, PortAnswer
from ordinance.sight.ports import Range, without

BLOCK = 1024  #: ports; the first block has one fewer, for there is no port 0
BLOCKS = 64
#: What a round is reckoned to be asked of the time: three rounds, calibration and closing.
ROUNDS, AROUND_SECONDS = 3, 60.0
FASTEST = 5000.0  #: probes a second of a slow vantage, where there is no pace
SHARE_FOR_PORTS = 0.9  #: of the pace for a host; canaries take the rest
NEVER = ""

#: When a block of an address was last asked (RFC 3339; "" for never).
Turns = Mapping[tuple[str, int], str]


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked tonight: these addresses on these ports."""

    addresses: tuple[Address, ...]
    ports: Range


@dataclass(frozen=True, slots=True)
class Window:
    """How much fits: `seconds` of the clock at a `pace`, with so many `echoes` and `canaries` a round beside the ports."""

    seconds: float
    pace: Pace
    echoes: int
    canaries: int

    @property
    def job_seconds(self) -> float:
        """How long the job may take before the part of the pace that it is lent makes it longer."""
        return self.seconds * self.share

    @property
    def share(self) -> float:
        """Of the pace, what a sweep is lent."""
        return SWEEP_SHARE if self.pace.per_host or self.pace.total else 1.0

    def fits(self, addresses: int, ports: int) -> bool:
        """Whether so many addresses can be asked on so many ports each."""
        share = self.share
        hosts = addresses + self.echoes
        rates = [FASTEST]
        if self.pace.total:
            rates.append(share * self.pace.total)
        if self.pace.per_host:
            rates.append(share * SHARE_FOR_PORTS * self.pace.per_host * hosts)
        return AROUND_SECONDS + ROUNDS * (hosts * ports + self.canaries) / min(rates) <= self.seconds


def choose(addresses: Sequence[Address], nights: Sequence[Night], window: Window, miss_bound: float) -> Part | None:
    """Choose tonight's part; None when everything fits. The same nights lead to the same part."""
    blocks = next((n for n in range(BLOCKS, 0, -1) if window.fits(len(addresses), n * BLOCK)), 0)
    if blocks == BLOCKS or not addresses:
        return None
    waits = turns(nights, miss_bound)
    oldest = min(
        (waits.get((str(address), block), NEVER), block, place)
        for place, address in enumerate(addresses)
        for block in range(BLOCKS)
    )
    _, block, place = oldest
    if blocks:
        return Part(tuple(addresses), ports_of(min(block, BLOCKS - blocks), blocks))
    some = next((n for n in range(len(addresses), 1, -1) if window.fits(n, BLOCK)), 1)
    first = min(place, len(addresses) - some)
    return Part(tuple(addresses[first : first + some]), ports_of(block, 1))


def ports_of(block: int, blocks: int) -> Range:
    """Return the ports of some blocks in a row."""
    return max(1, block * BLOCK), (block + blocks) * BLOCK - 1


def turns(nights: Sequence[Night], miss_bound: float) -> Turns:
    """Tell when each block of each address had its last turn, by the nights that count."""
    asked: dict[tuple[str, int], list[tuple[str, bool]]] = {}
    for night in sorted((n for n in nights if n.linked), key=lambda n: n.sweep.certificate.started):
        held = night.sweep.certificate
        fine = held.complete and all(bound.miss_bound <= miss_bound for bound in held.bounds)
        for seen in night.sweep.addresses:
            for block in _blocks(seen):
                asked.setdefault((seen.address, block), []).append((held.started, fine))
    return {key: _turn(tries) for key, tries in asked.items()}


def _turn(tries: Sequence[tuple[str, bool]]) -> str:
    """Of the tries of a block, in order: the last that came to something, or the last of two in a row that did not."""
    turn, failed = NEVER, 0
    for started, fine in tries:
        failed = 0 if fine else failed + 1
        if fine or failed % 2 == 0:
            turn = started
    return turn


def _blocks(seen: AddressSweep) -> set[int]:
    return {block for group in seen.answers for first, last in group.ports for block in range(first // BLOCK, last // BLOCK + 1)}


# -- what is taken over from earlier nights --------------------------------------------------------------------------------------


def taken_over(context: LookContext, nights: Sequence[Night], vantage: str, started: str) -> Iterator[EarlierSweep]:
    """Take over, into this run's records, what earlier nights saw. Of those that cannot vouch any more only what accuses."""
    oldest = datetime.fromisoformat(started) - timedelta(days=context.profile.sweep_age_max)
    known_open: dict[str, tuple[Range, ...]] = {}
    for night in sorted(nights, key=lambda n: n.sweep.certificate.started, reverse=True):
        spent = not night.linked or datetime.fromisoformat(night.sweep.certificate.started) < oldest
        addresses = tuple(_accusing(night.sweep.addresses, known_open)) if spent else night.sweep.addresses
        for seen in addresses:
            for group in seen.of(Answer.OPEN):
                held = known_open.get(seen.address, ())
                known_open[seen.address] = tuple(sorted((*held, *without(group.ports, held))))
        if addresses:
            yield _one(context, night, vantage, addresses)


def _accusing(addresses: Sequence[AddressSweep], known_open: Mapping[str, tuple[Range, ...]]) -> Iterator[AddressSweep]:
    for seen in addresses:
        left = [
            PortAnswer(ports=ports, reply=group.reply)
            for group in seen.of(Answer.OPEN, Answer.RST, Answer.ICMP)
            if (ports := without(group.ports, known_open.get(seen.address, ())))
        ]
        if left:
            yield replace(seen, answers=tuple(left))


def _one(context: LookContext, night: Night, vantage: str, addresses: tuple[AddressSweep, ...]) -> EarlierSweep:
    held = night.sweep.certificate
    state = "verified, as is every night since" if night.linked else f"it can only accuse: {night.why}"
    seen = f"the sweep of {night.run}, begun {held.started}, of {len(addresses)} addresses; {state}"
    observation = context.door.note(vantage=vantage, target=night.run, action="earlier-sweep", outcome="ok", seen=seen)
    return EarlierSweep(
        run=night.run, linked=night.linked, why=night.why, certificate=held, addresses=addresses,
        careful=tuple(replace(careful, observation=observation) for careful in night.sweep.careful), observation=observation,
    )  # fmt: skip
