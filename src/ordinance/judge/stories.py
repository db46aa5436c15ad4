"""What three witnesses say of one port, and what of it does not fit together (9.A.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ordinance.allowed.policy import openings
from ordinance.inventory.model import Address, Host, Inventory
from ordinance.judge.attribution import holder, place
from ordinance.judge.rules_at import Lets
from ordinance.sight.listeners import HostListeners, Listener


class Probe(StrEnum):
    """What a probe from outside met."""

    OPEN = "open"
    CROSSED = "let through"  #: refused by the host itself
    SILENT = "silent"  #: or refused on the way
    UNASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortStory:
    """One TCP port of a public address."""

    address: Address
    port: int
    probe: Probe
    lets: Lets  #: whom the ruleset lets in, untranslated
    host: Host | None  #: who has the address
    listener: Listener | None  #: who listens there, as the host says
    inside: tuple[tuple[Address | None, int], ...] = ()  #: where the ruleset translates the port to

    @property
    def where(self) -> str:
        """Name the port as authorisations do."""
        return place(str(self.address), self.port)


def findings(story: PortStory, told: HostListeners | None, inventory: Inventory, today: date) -> Iterator[str]:
    """Yield each disagreement, and each listener or translation that nobody declared."""
    mute = story.host is not None and (told is None or not (told.by_ssh or told.by_snmp))
    yield from _probed(story, inventory, today, mute=mute)
    if story.listener is not None and story.host is not None:
        yield from _listened(story, story.listener, story.host, told)
        if story.lets is not Lets.NOBODY and not _declared(story.address, story.port, inventory, today):
            process = f" ({story.listener.process})" if story.listener.process else ""
            yield (
                f"{story.where}: {story.host.name} listens there{process}, the ruleset lets {story.lets} in, "
                "and the inventory knows no such service"
            )


def _probed(story: PortStory, inventory: Inventory, today: date, *, mute: bool) -> Iterator[str]:
    """Hold the probe against ruleset and listener; a host that said nothing (`mute`) has not denied to listen."""
    if story.probe in {Probe.SILENT, Probe.UNASKED}:
        return
    if story.inside:
        yield from _translated(story, inventory, today)
    elif story.lets is Lets.NOBODY:
        yield f"{story.where} is {story.probe} by the probe, and the ruleset lets nobody in"
    elif story.probe is Probe.OPEN and story.listener is None and not mute:
        who = story.host.name if story.host else "nobody known"
        yield f"{story.where} is open, and {who} does not say that it listens there"


def _translated(story: PortStory, inventory: Inventory, today: date) -> Iterator[str]:
    for target, port in story.inside:
        host = holder(str(target), inventory) if target else None
        if target is None or host is None:
            to = f"{target or 'an address that is not known'} port {port}"
            yield f"{story.where} is translated to {to}, which is no host's of the inventory"
        elif not _declared(target, port, inventory, today) and not _declared(story.address, story.port, inventory, today):
            to = f"{host.name} ({place(str(target), port)})"
            yield f"{story.where} is translated to {to}, where the inventory declares no public service"


def _listened(story: PortStory, listener: Listener, host: Host, told: HostListeners | None) -> Iterator[str]:
    if story.probe is Probe.SILENT and story.lets is Lets.EVERYBODY:
        yield f"{story.where} is silent to the probe, though the ruleset lets everybody in and {host.name} listens there"
    if told is None or told.by_ssh is None or told.by_snmp is None or story.lets is Lets.NOBODY:
        return
    by = {name: any(_same(one, listener) for one in said) for name, said in (("SSH", told.by_ssh), ("SNMP", told.by_snmp))}
    if len(set(by.values())) > 1:
        yes, no = sorted(by, key=by.__getitem__, reverse=True)
        yield f"{story.where}: {host.name} listens there as {yes} says, and not as {no} says"


def _same(one: Listener, other: Listener) -> bool:
    return (one.transport, one.port) == (other.transport, other.port)


def _declared(address: Address, port: int, inventory: Inventory, today: date) -> bool:
    """Whether the inventory knows a public service there, or an authorisation in date opens the port."""
    if any(service.port == port and "outside" in service.seen_from for service in inventory.services_at(address)):
        return True
    opened = [opening.service for opening in openings(inventory, today) if opening.service is not None]
    return any(address in one.addresses and (port, port) in one.ports for one in opened)
