"""What a sweep may claim about one public group: everything that keeps it from having seen all ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from math import sqrt

from ordinance.inventory.model import Address, Inventory, PublicGroup
from ordinance.judge.verdict import Witness
from ordinance.law.model import Profile
from ordinance.sight.perimeter import AddressSweep, Answer, Canary, Certificate, SweepSighting, family
from ordinance.sight.ports import count, each, listed, said

PORTS = 65_535
#: ICMP errors a second, beyond which a router's own limit (Linux: one a second for each destination) hides some of them.
ICMP_A_SECOND = 0.5
UNVOUCHED = "not every firewall's ruleset is declared: a port let through to nobody may have looked silent"


def group_canaries(group: PublicGroup, sweep: SweepSighting) -> tuple[Canary, ...]:
    """Find the canaries that stand on addresses of the group."""
    names = {str(address) for address in group.addresses}
    return tuple(canary for canary in sweep.certificate.canaries if canary.address in names)


def host_hops(address: str, group: PublicGroup, sweep: SweepSighting) -> int | None:
    """How far the host of an address is; where none answered, how far the nearest host of its group and family is."""
    known = _hops_by_address(sweep)
    if address in known:
        return known[address]
    beside = (known[str(other)] for other in group.addresses if str(other) in known and other.version == family(address))
    return min(beside, default=None)


def _hops_by_address(sweep: SweepSighting) -> dict[str, int]:
    known = {}
    for seen in sweep.addresses:
        hops = [found.reply.hops for found in seen.of(Answer.OPEN) if found.reply.hops is not None]
        if hops:
            known[seen.address] = min(hops)
    canaries = {canary.address: canary.hops for canary in sweep.certificate.canaries if canary.hops is not None}
    return {**canaries, **known}


def sweep_doubts(
    group: PublicGroup, sweep: SweepSighting, profile: Profile, addresses: Sequence[Address] | None = None, ports: int = 0
) -> Iterator[str]:
    """Each reason why an open port of this group may have been missed.

    A sweep alone asks some `addresses` (which the group's canaries vouch for), on so many `ports`; an audit all of both.
    """
    wanted = group.addresses if addresses is None else addresses
    certificate = sweep.certificate
    if not certificate.complete:
        yield f"the sweep was not complete: {certificate.why_incomplete or 'it ended early'}"
    yield from hearing_doubts(sweep)
    if certificate.local_errors:
        yield f"the vantage itself could not send {certificate.local_errors} probes"
    for version in sorted({address.version for address in wanted}):
        asked = [str(address) for address in wanted if address.version == version]
        yield from _family_doubts(version, sweep, profile, silent=any_silent(asked, sweep, ports))
    yield from _canary_doubts(group_canaries(group, sweep), group.name, wanted)
    for canary in group_canaries(group, sweep):
        if any_silent([canary.address], sweep, ports):
            yield from _loss_doubts(canary, sweep, profile)
    for address in wanted:
        yield from _address_doubts(str(address), sweep, ports or PORTS)


def hearing_doubts(sweep: SweepSighting) -> Iterator[str]:
    """Say that answers reached the vantage and were lost there."""
    by = sweep.certificate.by
    if by is not None and by.lost > 0:
        yield f"{by.lost} answers were lost on the vantage itself, and nobody knows whose"


def engine_words(certificate: Certificate) -> str:
    """Say which engine swept and why, and what it noticed that is odd."""
    by = certificate.by
    if by is None:
        return certificate.engine
    odd = [
        f"{number} {what}"
        for number, what in (
            (by.foreign, "answers without a number of ours not believed"),
            (by.contradictions, "ports answered in two ways"),
            (len(by.everywhere), "addresses answered on every port"),
        )
        if number
    ]
    return f"{certificate.engine} ({'; '.join([by.why, *odd])})"


def any_silent(addresses: Iterable[str], sweep: SweepSighting, ports: int = 0) -> bool:
    """Whether a port of these addresses stayed silent, or is not known about: what has answered has not been missed."""
    for address in addresses:
        seen = sweep.of(address)
        answered = count(ports for group in seen.of(Answer.OPEN, Answer.RST, Answer.ICMP) for ports in group.ports) if seen else 0
        if answered < (ports or PORTS):
            return True
    return False


def _family_doubts(version: int, sweep: SweepSighting, profile: Profile, *, silent: bool) -> Iterator[str]:
    certificate = sweep.certificate
    bound = certificate.bound(version)
    if silent and bound > profile.miss_bound:
        chance = f"{bound:.1e} (at most {profile.miss_bound:.1e} is allowed)"
        yield f"an open port over IPv{version} may have been missed with a chance of {chance}"
    if version not in certificate.echo_families:
        yield f"no outside echo shows what the vantage can send over IPv{version}"
    for unechoed in certificate.unechoed:
        if unechoed.family == version:
            yield f"the vantage is not shown to be able to send over IPv{version} to ports {said(unechoed.ports)}"


def _canary_doubts(canaries: tuple[Canary, ...], name: str, wanted: Sequence[Address]) -> Iterator[str]:
    families = {family(canary.address) for canary in canaries if canary.answered}
    for version in sorted({address.version for address in wanted} - families):
        yield f"no known open port of {name} was found over IPv{version}, so the sweep is not shown to see any"
    for canary in canaries:
        if not canary.answered:
            yield f"{canary.address} port {canary.port}, which is meant to be open, never answered"
        elif not canary.late_answered:
            yield f"{canary.address} port {canary.port} no longer answered when the sweep ended: the vantage may have been barred"


def _loss_doubts(canary: Canary, sweep: SweepSighting, profile: Profile) -> Iterator[str]:
    """Say that one host lost more than the others: a limit of its own, which the family's common bound does not see."""
    version = family(canary.address)
    others = [c for c in sweep.certificate.canaries if family(c.address) == version and c.address != canary.address]
    sent, answered = sum(c.sent for c in others), sum(c.answered for c in others)
    usual = (sent - answered + 1) / (sent + 2)
    lost = canary.sent - canary.answered
    if lost <= canary.sent * usual + 3 * sqrt(canary.sent * usual) + 1.5:
        return
    rounds = max((bound.rounds for bound in sweep.certificate.bounds if bound.family == version), default=0)
    missed = ((lost + 1) / (canary.sent + 2)) ** rounds
    if missed > profile.miss_bound:
        told = f"answered only {canary.answered} of {canary.sent} times, less than the others"
        yield f"{canary.address} port {canary.port} {told}, so open ports of it may have been missed"


def _address_doubts(address: str, sweep: SweepSighting, ports: int) -> Iterator[str]:
    seen = sweep.of(address)
    if seen is None:
        yield f"{address} was not swept"
        return
    if seen.covered() < ports:
        yield f"{address}: {ports - seen.covered()} ports were not asked{why_unasked(seen)}"


def why_unasked(seen: AddressSweep) -> str:
    """Say why ports of an address were not asked, where the records say so."""
    told = dict.fromkeys(f"{said(g.ports, most=4)}: {g.reply.by}" for g in seen.of(Answer.UNASKED) if g.reply.by)
    return f" ({listed(told, most=4)})" if told else ""


def nobody_doubts(address: str, sweep: SweepSighting) -> Iterator[str]:
    """Each reason why a port let through to an address that nobody uses may have looked silent."""
    seen = sweep.of(address)
    if seen is None or any(group.reply.answer in (Answer.OPEN, Answer.RST) for group in seen.answers):
        return
    version = family(address)
    many = _icmp_errors(sweep.addresses, version) > ICMP_A_SECOND * max(sweep.certificate.seconds, 1.0)
    if not sweep.certificate.hears_icmp:
        yield f"{address}: the vantage may not hear late ICMP errors, so a port let through to nobody would look silent"
    elif seen.of(Answer.SILENT, Answer.MUTE) and (many or _icmp_withheld(sweep, version)):
        yield f"{address}: so many ICMP errors came that a router's word about an unused address may have been held back"


def unvouched_doubts(address: str, sweep: SweepSighting, inventory: Inventory) -> Iterator[str]:
    """Say that a port let through to nobody would look silent, and that no ruleset is declared which would tell.

    A router's "host unreachable" is limited, shared by all who ask, and may be switched off: that none came has no witness.
    """
    seen = sweep.of(address)
    if seen is None or not seen.of(Answer.SILENT, Answer.MUTE) or inventory.rulesets_declared:
        return
    if nobody_seen(address, sweep, inventory):
        yield f"{address}: nobody is seen to be there, and {UNVOUCHED}"
    elif not sweep.certificate.awaited:
        yield f"{address}: no router's late word was waited for, and {UNVOUCHED}"


def nobody_seen(address: str, sweep: SweepSighting, inventory: Inventory) -> bool:
    """Whether nothing of the sweep shows that somebody has this address: no open port, and it is no firewall's."""
    seen = sweep.of(address)
    known = any(canary.address == address and canary.answered for canary in sweep.certificate.canaries)
    return not (known or (seen and seen.of(Answer.OPEN)) or is_firewalls(address, inventory))


def is_firewalls(address: str, inventory: Inventory) -> bool:
    """Whether the address is a firewall's own: somebody is there, though none of its ports may be open."""
    asked = ip_address(address)
    return any(asked in (*host.addresses, *host.outer_addresses) for host in inventory.with_role("firewalls"))


def _icmp_withheld(sweep: SweepSighting, version: int) -> bool:
    """Whether a port that brought an ICMP error in the sweep, asked again with care, brought it not every time."""
    for careful in sweep.careful:
        seen = sweep.of(careful.address)
        groups = seen.of(Answer.ICMP) if seen and family(careful.address) == version else ()
        told = {port for group in groups for port in each(group.ports)}
        if any(port.unheard and port.port in told for port in careful.ports):
            return True
    return False


def _icmp_errors(addresses: Iterable[AddressSweep], version: int) -> int:
    """ICMP errors heard in a family during the whole sweep."""
    groups = (group for seen in addresses if family(seen.address) == version for group in seen.of(Answer.ICMP))
    return sum(count(group.ports) for group in groups)


def sweep_witnesses(group: PublicGroup, sweep: SweepSighting) -> Iterator[Witness]:
    """Name the canaries of this group that the same sweep found."""
    for canary in group_canaries(group, sweep):
        if canary.answered and canary.late_answered:
            answered = f"{canary.answered} of {canary.sent}"
            text = f"{canary.address} port {canary.port}, known open, answered {answered} times in the same sweep"
            yield Witness(text, sweep.observations)
