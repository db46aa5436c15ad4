"""One ruleset against the kernel: load it, let the proof read it, send packets, compare what passed with what it said."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from selftest.proof.kernel.bed import Bed
from selftest.proof.kernel.choose import Tracked, packets
from selftest.proof.kernel.packet import Packet, frames
from selftest.proof.kernel.ruleset import Ruleset
from selftest.proof.kernel.shoot import Key, Range, Seen


class Said(StrEnum):
    """What the proof says of a packet."""

    PASSES = "it passes"
    BLOCKED = "it is blocked"
    UNKNOWN = "that hangs on what it cannot know"
    IMPOSSIBLE = "there is no such packet"

    def agrees(self, passed: bool) -> bool:
        return self is Said.UNKNOWN or self is (Said.PASSES if passed else Said.BLOCKED)


class Model(Protocol):
    """What the proof makes of the ruleset that is loaded."""

    tracked: Tracked

    def says(self, packet: Packet, number: int) -> Said:
        """What the proof says of the packet with this number."""


class Refused(Exception):
    """The proof will not judge this ruleset; the reason is its first argument."""


Read = Callable[[Bed], Model]  #: of the ruleset that is loaded; Errors: Refused


@dataclass(frozen=True)
class Disagreement:
    """Proof and kernel differ over one packet, twice."""

    ruleset: Ruleset
    packet: Packet
    number: int
    said: Said
    tracked: Tracked

    def __str__(self) -> str:
        head = f"the proof says that {self.said}, the kernel differs\n{self.packet}\nnumber {self.number}"
        return f"{head}\n{self.ruleset}"


@dataclass
class Result:
    """Counts of one or of many rulesets (`tally`), constructs met (`used`), and the disagreements."""

    tally: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)
    small: list[str] = field(default_factory=list)  #: disagreements made small, as text

    def add(self, other: Result) -> None:
        self.tally += other.tally
        self.used += other.used
        self.disagreements += other.disagreements
        self.small += other.small


class Lane:
    """A bed, its sockets, and the numbers given to packets."""

    def __init__(self, bed: Bed, seeing: Range) -> None:
        self.bed, self.seeing = bed, seeing
        self._last = 0

    def number(self, chosen: Sequence[Packet]) -> dict[Key, Packet]:
        """Give each packet a number of its own."""
        numbered = {}
        for packet in chosen:
            self._last = self._last % 0xFFFF + 1
            numbered[packet.family, self._last] = packet
        return numbered

    def shoot(self, numbered: dict[Key, Packet]) -> Seen:
        return self.seeing.shoot([(key, frames(packet, key[1])) for key, packet in numbered.items()])


def trial(lane: Lane, ruleset: Ruleset, read: Read, dice: random.Random, count: int) -> Result:
    """Judge the ruleset that is loaded with `count` packets. It is gone afterwards."""
    result = Result(Counter({"rulesets": 1}), ruleset.used)
    try:
        model = read(lane.bed)
    except Refused as refusal:
        result.tally["rulesets refused"] = 1
        result.tally[f"refused: {refusal}"] = 1
        lane.bed.clear()
        return result
    sent = lane.number(packets(dice, model.tracked, count))
    lane.bed.forget()
    seen = lane.shoot(sent)
    said = {key: model.says(packet, key[1]) for key, packet in sent.items()}
    differ = {key: sent[key] for key, each in said.items() if not each.agrees(key in seen.arrived)}
    again = resend(lane, differ)
    lane.bed.clear()
    control = lane.shoot(sent)
    again_control = resend(lane, {key: packet for key, packet in sent.items() if key not in control.arrived})
    result.tally["stale"] = seen.stale + again.stale + control.stale
    result.tally["rulesets with both outcomes"] = 0 < len(seen.arrived) < len(sent)
    for key, packet in sent.items():
        if key not in control.arrived and key not in again_control.arrived:
            result.tally["control lost"] += 1
        elif key in differ and not said[key].agrees(key in again.arrived):
            result.disagreements.append(Disagreement(ruleset, packet, key[1], said[key], model.tracked))
        else:
            _count(result.tally, packet, said[key], key in (again if key in differ else seen).arrived, key in differ)
    return result


def resend(lane: Lane, differ: dict[Key, Packet]) -> Seen:
    """Send again what went another way than said: rules and defragmentation of before leave the kernel a little later."""
    if not differ:
        return Seen()
    lane.bed.settle()
    lane.bed.forget()
    return lane.shoot(differ)


def _count(tally: Counter[str], packet: Packet, said: Said, passed: bool, differed: bool) -> None:
    if said is Said.UNKNOWN:
        tally["unknown"] += 1
        return
    tally["pairs"] += 1
    tally["agreed when sent again"] += differed
    tally["passed" if passed else "blocked"] += 1
    tally["input" if packet.local else "forward"] += 1
    tally[f"IPv{packet.family}"] += 1
    tally[f"protocol {packet.protocol}"] += 1
    tally["extension headers"] += bool(packet.extensions)
    tally["first fragments"] += packet.fragment is not None and bool(packet.fragment & 0x2000) and not packet.offset
    tally["later fragments"] += bool(packet.offset)
    tally["put together"] += packet.pieces
    tally["without header"] += not packet.header
