"""Whether a sweep and the conversations after it saw enough of inside addresses for silence to mean something (9.A.3).

Inside addresses have no open port of their own that could stand witness: public ports behind the same firewall do, in their
family.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ordinance.judge.confirming import MUTE
from ordinance.judge.sweeping import any_silent, hearing_doubts, why_unasked
from ordinance.judge.verdict import Witness
from ordinance.law.model import Profile
from ordinance.sight.perimeter import Answer, Canary, ConversationSighting, SweepSighting, family
from ordinance.sight.ports import each, said

ALL_PORTS = 65_535


def inside_sweep_doubts(addresses: Sequence[str], sweep: SweepSighting, profile: Profile, ports: int = 0) -> Iterator[str]:
    """Say which of `addresses` the sweep cannot vouch for, and why. A part of a sweep asks so many `ports`, not all."""
    if not sweep.certificate.complete:
        yield f"the sweep is not complete ({sweep.certificate.why_incomplete or 'it ended early'})"
    yield from hearing_doubts(sweep)
    for address in addresses:
        yield from _address_doubts(address, sweep, ports or ALL_PORTS)
    for version in _families(addresses):
        asked = [address for address in addresses if family(address) == version]
        yield from _family_doubts(version, sweep, profile, silent=any_silent(asked, sweep, ports))


def _address_doubts(address: str, sweep: SweepSighting, ports: int) -> Iterator[str]:
    seen = sweep.of(address)
    if seen is None:
        yield f"{address} was not swept"
    elif local := seen.of(Answer.LOCAL):
        yield f"{sweep.vantage} itself cannot send to {address} ({local[0].reply.by or 'no route'})"
    elif seen.covered() < ports:
        yield f"only {seen.covered()} of {ports} ports of {address} were asked{why_unasked(seen)}"


def _family_doubts(version: int, sweep: SweepSighting, profile: Profile, *, silent: bool) -> Iterator[str]:
    certificate = sweep.certificate
    bound = certificate.bound(version)
    if silent and bound > profile.miss_bound:
        yield f"an open IPv{version} port was missed with a chance of up to {bound:.1g} (allowed {profile.miss_bound:.1g})"
    if not any(canary.late_answered for canary in canaries(version, sweep)):
        yield f"no port known to be open answered over IPv{version} until the end, so the sweep is not shown to see any"
    if version not in certificate.echo_families:
        yield f"no outside echo shows what {sweep.vantage} can send over IPv{version}"
    for group in certificate.unechoed:
        if group.family == version:
            yield f"{sweep.vantage} is not shown to be able to send over IPv{version} to ports {said(group.ports)}"


def canaries(version: int, sweep: SweepSighting) -> tuple[Canary, ...]:
    """Pick the canaries of one address family."""
    return tuple(canary for canary in sweep.certificate.canaries if family(canary.address) == version)


def inside_sweep_witnesses(addresses: Sequence[str], sweep: SweepSighting) -> Iterator[Witness]:
    """Say which ports known to be open the same sweep found, in the families of `addresses`."""
    for version in _families(addresses):
        for canary in canaries(version, sweep):
            if canary.late_answered:
                answered = f"answered {canary.answered} of {canary.sent} times in the same sweep"
                yield Witness(f"{canary.address} port {canary.port}, known open, {answered}", sweep.observations)


def talk_doubts(talks: ConversationSighting, sweep: SweepSighting) -> Iterator[str]:
    """Say of which open ports it is not known what they serve."""
    for talk in talks.conversations:
        where = f"{talk.address} port {talk.port}"
        if talk.unseen:
            yield f"what {where} serves was not seen ({talk.unseen})"
        elif talk.protocol in MUTE:
            yield f"what {where} serves is not known (it said nothing, whatever it was asked)"
        elif talk.protocol == "tls":
            yield f"what {where} serves within TLS is not known (it said nothing, whatever it was asked)"
    for group in talks.left_out:
        yield f"{group.reply.by} has more open ports than were talked to"
    left_out = {(group.reply.by, port) for group in talks.left_out for port in each(group.ports)}
    for seen in sweep.addresses:
        for port in sweep.open_ports(seen.address):
            if talks.at(seen.address, port) is None and (seen.address, port) not in left_out:
                yield f"{seen.address} port {port} is open and was not talked to"


def _families(addresses: Sequence[str]) -> list[int]:
    return sorted({family(address) for address in addresses})
