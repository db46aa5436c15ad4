"""What a sweep's answers mean, address by address, and whether the sweep proves what it does not show. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ordinance.inventory.model import Inventory, PublicGroup
from ordinance.judge.attribution import Where, attribute
from ordinance.judge.sweeping import host_hops, nobody_doubts, nobody_seen, sweep_doubts
from ordinance.law.model import Profile
from ordinance.sight.perimeter import AddressSweep, Answer, PortAnswer, SweepSighting
from ordinance.sight.ports import Range, count, each, listed, ranges
from ordinance.sweepcommand.request import Request

OPEN, PASSED, REJECTED, REFUSED, SILENT, UNKNOWN = "open", "let-through", "rejected", "refused", "silent", "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """The ports of one address that mean the same. `how`: who answered, or why nothing is known; empty for silence."""

    address: str
    meaning: str
    ports: tuple[Range, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Told:
    """A sweep, read. `doubts`: why a port may have been missed; `notes`: what its silence does not say."""

    request: Request
    seen: SweepSighting
    rows: tuple[Row, ...]
    doubts: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, request: Request, seen: SweepSighting, inventory: Inventory, profile: Profile) -> Told:
        """Read a sighting."""
        homes = request.homes(inventory)
        ports = count([request.ports])
        rows: list[Row] = []
        doubts: list[str] = []
        notes: list[str] = []
        for group, addresses in homes:
            doubts += sweep_doubts(group, seen, profile, addresses, ports)
            for address in map(str, addresses):
                rows += _rows(seen.of(address), group, seen, inventory)
                notes += nobody_doubts(address, seen)
        notes += _nobody_notes([str(address) for _, addresses in homes for address in addresses], seen, inventory)
        return cls(request, seen, tuple(rows), tuple(dict.fromkeys(doubts)), tuple(dict.fromkeys(notes)))

    @property
    def proven(self) -> bool:
        """Whether what it does not show is not there, within the miss bound."""
        return not self.doubts and self.seen.certificate.complete


def _nobody_notes(addresses: list[str], seen: SweepSighting, inventory: Inventory) -> Iterator[str]:
    """Say of which addresses silence means less, in one sentence: a sweep alone has no ruleset beside it."""
    silent = [name for name in addresses if (found := seen.of(name)) and found.of(Answer.SILENT, Answer.MUTE)]
    if nobody := [name for name in silent if nobody_seen(name, seen, inventory)]:
        where = listed(nobody, most=4)
        yield f"nobody is seen to be at {where}: a port let through there may have looked silent, and only a ruleset tells"


def _rows(found: AddressSweep | None, group: PublicGroup, seen: SweepSighting, inventory: Inventory) -> Iterator[Row]:
    if found is None:
        return
    merged: dict[tuple[str, str], list[int]] = {}
    for answer in found.answers:
        merged.setdefault(_meaning(answer, found.address, group, seen, inventory), []).extend(each(answer.ports))
    order = (OPEN, PASSED, REJECTED, REFUSED, UNKNOWN, SILENT)
    for (meaning, how), ports in sorted(merged.items(), key=lambda item: (order.index(item[0][0]), min(item[1]))):
        yield Row(found.address, meaning, ranges(ports), how)


def _meaning(answer: PortAnswer, address: str, group: PublicGroup, seen: SweepSighting, inventory: Inventory) -> tuple[str, str]:
    reply = answer.reply
    if reply.answer is Answer.OPEN:
        return OPEN, ""
    if reply.answer is Answer.SILENT:
        return SILENT, ""
    if reply.answer is Answer.UNASKED:
        return UNKNOWN, f"not asked{f' ({reply.by})' if reply.by else ''}"
    found = attribute(reply, address, host_hops(address, group, seen), inventory)
    if reply.answer is Answer.LOCAL:
        return UNKNOWN, found.how
    if reply.answer is Answer.MUTE and found.where is Where.STOPPED:
        return SILENT, found.how
    return {Where.CROSSED: PASSED, Where.STOPPED: REJECTED, Where.UNKNOWN: REFUSED}[found.where], found.how
