"""A sweep that rotates: what is known of every port, from tonight's part and from earlier nights (9.A.2).

For every port the newest night that knows something of it counts. A port that was open, or let through, is known of by any
night. Silence and refusals are only where that night's own canaries, echo and bounds bear it, as they would have had to on that
night; else an older answer stands: an open port stays open until it was asked again to some effect. A night that is not verified,
or not linked to tonight by verified nights, can accuse and never excuse. What is older than the profile allows is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from ipaddress import ip_address

from msgspec.structs import replace

from ordinance.inventory.model import Inventory, PublicGroup
from ordinance.judge.attribution import Where, attribute
from ordinance.judge.coverage import canaries, inside_sweep_doubts
from ordinance.judge.sweeping import host_hops, nobody_doubts, sweep_doubts, unvouched_doubts
from ordinance.law.model import Profile
from ordinance.sight.perimeter import (
    AddressSweep,
    Answer,
    CarefulAddress,
    CarefulPort,
    EarlierSweep,
    PortAnswer,
    Reply,
    SweepSighting,
    family,
)
from ordinance.sight.ports import Range, count, meet, said, without

ALL: tuple[Range, ...] = ((1, 65_535),)
NEVER = "never asked to any effect"


def whole(sweep: SweepSighting, inventory: Inventory, profile: Profile) -> SweepSighting:
    """Return the sweep with every wanted address on every port; as it is when nothing rotates. Pure."""
    rotation = sweep.rotation
    if rotation is None:
        return sweep
    judge = _Judge(sweep, inventory, profile)
    nights = [judge.tonight, *sorted((_Night(seen, judge) for seen in rotation.earlier), key=lambda n: n.started, reverse=True)]
    parts = [judge.address(address, nights) for address in rotation.wanted]
    used = [night for night in nights if night.ports]
    return replace(
        sweep,
        addresses=tuple(part for part, _ in parts),
        careful=tuple(careful for _, found in parts for careful in found),
        observations=(*sweep.observations, *(n.seen.observation for n in used if isinstance(n.seen, EarlierSweep))),
        rotation=replace(rotation, told=tuple(judge.told(nights, [part for part, _ in parts]))),
    )


@dataclass(slots=True)
class _Judge:
    """What every night is judged by: tonight's inventory, tonight's profile, tonight's moment."""

    sweep: SweepSighting
    inventory: Inventory
    profile: Profile
    tonight: _Night = field(init=False)
    homes: dict[str, PublicGroup] = field(init=False)
    known_near: dict[tuple[int, str], int | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tonight = _Night(self.sweep, self)
        self.homes = {str(address): group for group in self.inventory.public for address in group.addresses}

    def home(self, address: str) -> PublicGroup | None:
        """Find the public group of an address."""
        return self.homes.get(address)

    def near(self, address: str, night: _Night) -> int | None:
        """How far the hosts there were, as far as that night knew."""
        key = id(night), address
        if key not in self.known_near:
            home = self.home(address)
            if home is not None:
                self.known_near[key] = host_hops(address, home, night.view)
            else:
                hops = (c.hops for c in canaries(family(address), night.view) if c.hops is not None)
                self.known_near[key] = min(hops, default=None)
        return self.known_near[key]

    def address(self, address: str, nights: Sequence[_Night]) -> tuple[AddressSweep, tuple[CarefulAddress, ...]]:
        """Put together one address, newest night first."""
        left, answers, again = ALL, list[PortAnswer](), list[CarefulAddress]()
        for night in nights:
            taken: tuple[Range, ...] = ()
            for group in night.known(address):
                ports = meet(group.ports, left)
                if ports:
                    answers.append(PortAnswer(ports=ports, reply=group.reply))
                    taken = (*taken, *ports)
            left = without(left, tuple(sorted(taken)))
            again += night.again(address, tuple(sorted(taken)))
            night.ports += count(taken)
        if left:
            answers.append(PortAnswer(ports=left, reply=Reply(answer=Answer.UNASKED, by=NEVER)))
        return AddressSweep(address=address, answers=tuple(sorted(answers, key=lambda group: group.ports))), tuple(again)

    def told(self, nights: Sequence[_Night], addresses: Sequence[AddressSweep]) -> Iterator[str]:
        """Say how much is known, and of what age each part is."""
        planned = count(ALL) * len(addresses)
        covered = sum(address.covered() for address in addresses)
        share = _share(covered, planned)
        yield f"{covered} of {planned} ports ({share}) are known about, tonight's part and earlier nights together"
        for night in nights:
            if night.ports or night.reasons:
                yield night.told(planned)


@dataclass(eq=False)
class _Night:
    """One night, tonight or an earlier one, and what may be taken from it."""

    seen: SweepSighting | EarlierSweep
    judge: _Judge
    ports: int = 0  #: taken from it so far
    reasons: list[str] = field(default_factory=list)  #: why its silence does not count
    _sound: dict[str, bool] = field(default_factory=dict)

    @property
    def started(self) -> datetime:
        """When its sweep began."""
        return datetime.fromisoformat(self.seen.certificate.started)

    @property
    def is_tonight(self) -> bool:
        """Whether this is the run itself."""
        return isinstance(self.seen, SweepSighting)

    @property
    def age(self) -> timedelta:
        """How long before tonight's sweep it began."""
        return self.judge.tonight.started - self.started

    @property
    def why_not(self) -> str:
        """Why it can only accuse; empty when it may vouch for silence."""
        if isinstance(self.seen, EarlierSweep) and not self.seen.linked:
            return self.seen.why or "it is not linked to tonight"
        if self.age < timedelta(0):
            return "it is dated later than tonight"
        return ""

    @cached_property
    def view(self) -> SweepSighting:
        """As a sweep of its own."""
        return SweepSighting(
            vantage=self.seen.certificate.vantage, addresses=self.seen.addresses, certificate=self.seen.certificate,
            careful=self.seen.careful, observations=(),
        )  # fmt: skip

    @cached_property
    def by_name(self) -> dict[str, AddressSweep]:
        """Return its addresses by name."""
        return {seen.address: seen for seen in self.seen.addresses}

    def known(self, address: str) -> Iterator[PortAnswer]:
        """Yield what it knows of an address, as it counts tonight."""
        seen = self.by_name.get(address)
        for group in seen.answers if seen else ():
            if group.reply.answer in (Answer.UNASKED, Answer.LOCAL):
                continue
            reply = self.moved(group.reply, address)
            if self.accuses(reply, address):
                yield PortAnswer(ports=group.ports, reply=reply)
            elif self.why_not or not self.is_sound(address):
                continue
            elif self.age > timedelta(days=self.judge.profile.sweep_age_max):
                most = self.judge.profile.sweep_age_max
                old = Reply(answer=Answer.UNASKED, by=f"last asked {_ago(self.days())}, at most {most} are allowed")
                yield PortAnswer(ports=group.ports, reply=old)
            else:
                yield PortAnswer(ports=group.ports, reply=reply)

    def accuses(self, reply: Reply, address: str) -> bool:
        """Whether an answer shows that a packet crossed the firewall; that is believed of any night, and does not age."""
        near = self.judge.near(address, self.judge.tonight)
        found = attribute(reply, address, near, self.judge.inventory)
        return found.where is Where.CROSSED

    def moved(self, reply: Reply, address: str) -> Reply:
        """Say hops of that night in tonight's terms: the way to the city may have become longer or shorter since."""
        if self.is_tonight or reply.hops is None:
            return reply
        then, now = (self.judge.near(address, night) for night in (self, self.judge.tonight))
        if reply.answer is Answer.OPEN or then is None or now is None or reply.hops - then + now < 0:
            return replace(reply, hops=None)
        return replace(reply, hops=reply.hops - then + now)

    def is_sound(self, address: str) -> bool:
        """Whether silence of this address, or a refusal, meant something on that night."""
        home = self.judge.home(address)
        name = home.name if home else ""
        if name not in self._sound:
            doubts = list(dict.fromkeys(self.doubts(home)))
            self._sound[name] = not doubts
            self.reasons += doubts
        return self._sound[name] and self.somebody(address)

    def doubts(self, home: PublicGroup | None) -> Iterator[str]:
        """Each reason against it, by the judgement of a whole sweep, held to the part that was asked; None: the Intranet."""
        asked = [name for name in self.by_name if self.judge.home(name) is home]
        ports = max((count(run for g in self.by_name[name].answers for run in g.ports) for name in asked), default=0)
        if home is None:
            yield from inside_sweep_doubts(asked, self.view, self.judge.profile, ports)
        else:
            yield from sweep_doubts(home, self.view, self.judge.profile, [ip_address(name) for name in asked], ports)

    def somebody(self, address: str) -> bool:
        """Whether somebody is known to be there, or a router's word that nobody is would have been heard."""
        doubts = list(unvouched_doubts(address, self.view, self.judge.inventory))
        if not any(canary.address == address and canary.answered for canary in self.seen.certificate.canaries):
            doubts += nobody_doubts(address, self.view)
        doubt = next(iter(doubts), None)
        if doubt is not None and doubt not in self.reasons:
            self.reasons.append(doubt)
        return doubt is None

    def again(self, address: str, taken: tuple[Range, ...]) -> Iterator[CarefulAddress]:
        """Yield what was asked with care on that night, of the ports that are taken from it alone."""
        for careful in self.seen.careful:
            if careful.address == address:
                ports = tuple(port for port in careful.ports if meet(((port.port, port.port),), taken))
                yield replace(careful, ports=tuple(self._careful(port, address) for port in ports))

    def _careful(self, port: CarefulPort, address: str) -> CarefulPort:
        return replace(port, replies=tuple(self.moved(reply, address) for reply in port.replies))

    def days(self) -> int:
        """Age in whole days, upwards."""
        return -(-self.age // timedelta(days=1))

    def told(self, planned: int) -> str:
        """Say what it contributes."""
        seen = self.seen
        name = "tonight" if not isinstance(seen, EarlierSweep) else f"{seen.run}, {_ago(self.days())}"
        parts = sorted({run for address in seen.addresses for run in _span(address)})
        asked = f"asked ports {said(parts)} of {len(seen.addresses)} addresses"
        against = self.why_not or (self.reasons[0] if self.reasons else "")
        limits = f"; its silence does not count: {against}" if against else ""
        return f"{name}: {asked}; {_share(self.ports, planned)} of all rests on it{limits}"


def _span(address: AddressSweep) -> Iterator[Range]:
    held = [run for group in address.answers if group.reply.answer is not Answer.UNASKED for run in group.ports]
    if held:
        yield min(first for first, _ in held), max(last for _, last in held)


def _ago(days: int) -> str:
    return "within a day" if days == 1 else f"{days} days ago"


def _share(some: int, every: int) -> str:
    return f"{100 * some / every:.1f} %" if every else "0 %"
