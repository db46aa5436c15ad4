"""Whether a probe crossed a firewall, from what came back and from what the firewall itself was seen to do with it.

Silence alone says nothing. It is proof once the probe was seen to arrive at the firewall, not to leave it, and not to become a
flow of its connection tracking, by a watcher that saw all three of a probe that is meant to cross.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ordinance.inventory.model import Inventory
from ordinance.judge.attribution import Where, attribute, holder, nobody_home
from ordinance.judge.verdict import Evidence, Witness
from ordinance.sight.crossing import Crossing, CrossingSighting
from ordinance.sight.perimeter import Answer, Reply, family
from ordinance.sight.ports import listed

Breach = tuple[str, str]  #: name as in authorisations, sentence


def crossed(probe: Crossing, seen: CrossingSighting, inventory: Inventory) -> str:
    """Say how it is known that a probe was let through; "" when nothing shows it."""
    if probe.answered:
        return f"answers{f' ({probe.said})' if probe.said else ''}"
    if probe.left:
        return "is let through: the firewall sent it on"
    if probe.flows:
        return "is let through: the firewall took it for a flow that it allows"
    for reply in probe.replies:
        found = attribute(reply, probe.address, control_hops(probe.address, seen), inventory)
        if found.where is Where.CROSSED and not _routers_word(reply, probe.address, inventory):
            return f"is let through: {found.how}"
    return ""


def control_hops(address: str, seen: CrossingSighting) -> int | None:
    """How far the host of an address is by its own control, else by the nearest host of its family."""
    heard = [(probe.address, reply.hops) for probe in seen.controls(family(address)) for reply in probe.replies]
    hops = [(at, far) for at, far in heard if far is not None]
    own = [far for at, far in hops if at == address]
    return min(own or [far for _, far in hops], default=None)


def _routers_word(reply: Reply, address: str, inventory: Inventory) -> bool:
    """Whether a router says that it found nobody, which a filter may say as well: the firewall's own eyes know better."""
    if not nobody_home(reply, address):
        return False
    sender = holder(reply.by, inventory) if reply.by else None
    return sender is None or "firewalls" in sender.groups


def probe_doubts(
    probes: Iterable[Crossing], seen: CrossingSighting, inventory: Inventory, alive: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Say of which probes it is not known where they ended, a few words for all that share a reason.

    A host that is `alive` answers each of them, if it gets them: its silence needs no firewall's word.
    """
    unsent: dict[str, list[str]] = {}
    lost: dict[str, list[str]] = {}
    for probe in probes:
        local = next((reply.by for reply in probe.replies if reply.answer is Answer.LOCAL and not probe.arrived), "")
        if local or not probe.sent:
            unsent.setdefault(probe.address, []).append(f"{name(probe)} ({local or 'not asked'})")
        elif not probe.arrived and not (probe.address in alive and _stopped(probe, seen, inventory)):
            lost.setdefault(probe.address, []).append(name(probe))
    for address, names in unsent.items():
        yield f"{seen.vantage} could not send to {address}: {listed(names, 3)}"
    for address, names in lost.items():
        yield f"{address}: no answer to {listed(names, 3)}, and no firewall was seen to receive it: silence proves nothing"


def _stopped(probe: Crossing, seen: CrossingSighting, inventory: Inventory) -> bool:
    hops = control_hops(probe.address, seen)
    return all(attribute(reply, probe.address, hops, inventory).where is Where.STOPPED for reply in probe.replies)


def watch_doubts(seen: CrossingSighting, versions: Iterable[int], *, needed: bool = True) -> Iterator[str]:
    """Each reason why the looking may have been blind. `needed`: nothing is known without a firewall's own eyes."""
    if seen.unsent:
        yield seen.unsent
    if not seen.complete:
        yield "the probes were not all sent in the time there was"
    for address in seen.unasked:
        yield f"{address} was not asked: it is not in the inventory's scope"
    if needed and not seen.watched:
        yield "no firewall is declared that could be watched from within, and silence of itself proves nothing"
    for watched in seen.watched:
        if watched.unseen and not needed:
            continue
        if watched.unseen:
            yield f"{watched.firewall} was not watched ({watched.unseen}), and silence of itself proves nothing"
        elif not watched.tracks:
            yield f"the connection tracking of {watched.firewall} could not be read"
        if watched.lost:
            yield f"the watcher on {watched.firewall} missed {watched.lost} packets"
    for version in versions:
        yield from _control_doubts(seen, version)


def _control_doubts(seen: CrossingSighting, version: int) -> Iterator[str]:
    controls = seen.controls(version)
    if not controls:
        yield f"no public service is declared over IPv{version} whose probe shows that the looking works"
    elif not any(probe.answered for probe in controls):
        told = listed(f"{probe.address} {name(probe)}" for probe in controls)
        yield f"the way in over IPv{version} is not proven: {told}, meant to answer, did not"
    elif not any(witnessed(probe) for probe in controls) and any(not watched.unseen for watched in seen.watched):
        yield f"the probe that is meant to cross over IPv{version} was not seen to: the watcher of the firewall may be blind"


def witnessed(control: Crossing) -> bool:
    """Whether a probe that is meant to cross was answered, and seen at the firewall in all that a hole would be seen by."""
    return control.answered and bool(control.arrived and control.left and control.flows)


def crossing_witnesses(seen: CrossingSighting, versions: Iterable[int]) -> Iterator[Witness]:
    """Name the probes that are meant to cross, did, and were seen to."""
    for version in versions:
        for probe in filter(witnessed, seen.controls(version)):
            text = f"{probe.address} {name(probe)}, meant to cross, answered and was seen to cross the firewall"
            yield Witness(text, seen.observations)


def crossing_evidence(probes: Iterable[Crossing], seen: CrossingSighting) -> Iterator[Evidence]:
    """One sentence an address."""
    by_address: dict[str, list[Crossing]] = {}
    for probe in probes:
        by_address.setdefault(probe.address, []).append(probe)
    for address, held in by_address.items():
        arrived = sum(probe.arrived for probe in held)
        refused = sum(1 for probe in held if probe.replies)
        text = f"{address}: {arrived} probes of {len(held)} kinds reached the firewall, none was let on"
        yield Evidence(text + (f"; {refused} kinds were refused" if refused else ""), seen.observations)


def name(probe: Crossing) -> str:
    """Name what was asked: "161/udp (SNMP v3)", "GRE"."""
    return f"{probe.port}/udp ({probe.what})" if probe.port else probe.what


def crossing_breaches(probes: Iterable[Crossing], seen: CrossingSighting, inventory: Inventory) -> dict[str, str]:
    """Sentences of the probes that crossed, by their names as in authorisations: "198.51.100.5/GRE"."""
    found = {}
    for probe in probes:
        how = crossed(probe, seen, inventory)
        if how:
            found[f"{probe.address}/{probe.what}"] = f"{probe.address}: {probe.what} {how}"
    return found
