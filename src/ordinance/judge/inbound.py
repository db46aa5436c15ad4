"""9.A.2: inbound, the firewall lets only SMTP to mail gateways and NNTP to news hosts through.

The public web of 9.A.3 and the public zone's name server are readings of the profile; where it allows them, the evidence says so.
All 65,535 TCP ports of every public address count, and so does a port that was let through to a host on which nobody listens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from ordinance.allowed.services import may_come_in
from ordinance.inventory.model import Inventory, PublicGroup
from ordinance.judge.attribution import Attribution, Where, attribute, holder, nobody_home, nobody_home_proven, place
from ordinance.judge.confirming import opened
from ordinance.judge.rotation import whole
from ordinance.judge.sweeping import (
    PORTS,
    engine_words,
    host_hops,
    nobody_doubts,
    sweep_doubts,
    sweep_witnesses,
    unvouched_doubts,
)
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated
from ordinance.law.model import Profile
from ordinance.sight.perimeter import (
    AddressSweep,
    Answer,
    CarefulAddress,
    CarefulPort,
    ConversationSighting,
    PortAnswer,
    Reply,
    SweepSighting,
)
from ordinance.sight.ports import Range, count, each, listed, ranges, said

RULE = "9.A.2: inbound only SMTP to mail gateways and NNTP to news hosts"
MOST_EVIDENCE = 60
#: Single ports of one kind named as breaches; more are one breach of the address.
MOST_NAMED = 16


def inbound_tcp(
    target: str, sweep: SweepSighting, talks: ConversationSighting, inventory: Inventory, profile: Profile
) -> Verdict:
    """Judge the public group `target`."""
    group = next((group for group in inventory.public if group.name == target), None)
    if group is None or not group.addresses:
        return Unproven(f"{target}: the inventory names no address")
    sweep = whole(sweep, inventory, profile)
    case = _Case(group, sweep, talks, inventory, profile)
    breaches = tuple(breach for address in group.addresses for breach in case.breaches(str(address)))
    witnesses = tuple(sweep_witnesses(group, sweep))
    if breaches:
        told = listed(breach.text for breach in breaches)
        evidence = tuple(Evidence(breach.text, breach.observations) for breach in breaches[:MOST_EVIDENCE])
        return Violated(f"{target}: {told}; {RULE}", evidence, witnesses, tuple(name for b in breaches for name in b.names))
    evidence = tuple(case.evidence())
    doubts = tuple(dict.fromkeys((*sweep_doubts(group, sweep, profile), *case.doubts())))
    if doubts or not witnesses or not evidence:
        return Unproven(f"{target}: {listed(doubts) or 'nothing was seen'}", evidence, witnesses)
    swept = f"{PORTS * len(group.addresses)} ports of {len(group.addresses)} addresses"
    return Compliant(f"of {swept} only those that may be are open", evidence, witnesses)


def readings(address: str, inventory: Inventory, profile: Profile) -> dict[int, str]:
    """Ports that may be open on an address, and by which words of the policy or reading of it."""
    found = may_come_in(ip_address(address), holder(address, inventory), inventory, profile)
    return {port: allowed.why for allowed in found if allowed.protocol == "tcp" for port in allowed.ports}


@dataclass(frozen=True, slots=True)
class _Breach:
    names: tuple[str, ...]
    text: str
    observations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    group: PublicGroup
    sweep: SweepSighting
    talks: ConversationSighting
    inventory: Inventory
    profile: Profile

    def breaches(self, address: str) -> Iterator[_Breach]:
        """Ports of one address that are open, or let through, and may not be."""
        seen = self.sweep.of(address)
        allowed = readings(address, self.inventory, self.profile)
        if seen is None:
            return
        for port in opened(address, self.sweep, self.talks).confirmed:
            if port not in allowed:
                yield self._open(address, port)
        for group, ports in _refused(seen, allowed):
            for how, crossed in self._crossed(seen, group, ports).items():
                yield _let_through(address, crossed, how, self.sweep.observations)

    def _open(self, address: str, port: int) -> _Breach:
        talk = self.talks.at(address, port)
        spoken = f" and speaks {talk.protocol}" if talk and talk.protocol else ""
        quoted = f' ("{talk.said}")' if talk and talk.said else ""
        observations = (*self.sweep.observations, *((talk.observation,) if talk and talk.observation else ()))
        return _Breach((place(address, port),), f"{address} port {port} is open{spoken}{quoted}", observations)

    def _crossed(self, seen: AddressSweep, group: PortAnswer, ports: tuple[Range, ...]) -> dict[str, tuple[Range, ...]]:
        """Those of the ports that are known to have been let through, by how it is known."""
        found = self._attribution(seen.address, group.reply)
        if found.where is Where.CROSSED and not nobody_home(group.reply, seen.address):
            return {found.how: ports}
        if found.where is Where.STOPPED:
            return {}
        hows: dict[str, list[int]] = {}
        for careful, port, reply in self._asked_again(seen.address):
            again = self._attribution(seen.address, reply)
            inside = any(first <= port.port <= last for first, last in ports)
            proven = not nobody_home(reply, seen.address) or nobody_home_proven(careful, port, self.profile.miss_bound)
            if inside and again.where is Where.CROSSED and proven:
                hows.setdefault(again.how, []).append(port.port)
        return {how: ranges(held) for how, held in hows.items()}

    def doubts(self) -> Iterator[str]:
        """Refusals of which nobody can say where they came from, and addresses where nobody might have been found."""
        for address in map(str, self.group.addresses):
            if not self.inventory.rulesets_declared:  # else a port let through to nobody stands in what they are proved by
                yield from nobody_doubts(address, self.sweep)
            yield from unvouched_doubts(address, self.sweep, self.inventory)
            yield from opened(address, self.sweep, self.talks).doubts(address)
            seen = self.sweep.of(address)
            allowed = readings(address, self.inventory, self.profile)
            for group, ports in _refused(seen, allowed) if seen else ():
                found = self._attribution(address, group.reply)
                stopped = {port.port for _, port, reply in self._asked_again(address) if self._stopped(address, reply)}
                rest = ranges(port for port in each(ports) if port not in stopped)
                if rest and found.where is Where.UNKNOWN:
                    yield f"{address} ports {said(rest)}: {found.how}"
                elif rest and found.where is Where.CROSSED:
                    yield f"{address} ports {said(rest)}: {found.how}; not shown that other ports are refused otherwise"

    def _stopped(self, address: str, reply: Reply) -> bool:
        return self._attribution(address, reply).where is Where.STOPPED

    def _attribution(self, address: str, reply: Reply) -> Attribution:
        return attribute(reply, address, host_hops(address, self.group, self.sweep), self.inventory)

    def _asked_again(self, address: str) -> Iterator[tuple[CarefulAddress, CarefulPort, Reply]]:
        for careful in self.sweep.careful:
            if careful.address == address:
                yield from ((careful, port, reply) for port in careful.ports for reply in port.replies)

    def evidence(self) -> Iterator[Evidence]:
        """One sentence an address, and the certificate of the sweep."""
        certificate = self.sweep.certificate
        bounds = ", ".join(f"IPv{b.family} {b.miss_bound:.1e} after {b.rounds} rounds" for b in certificate.bounds)
        voided = (
            f"{certificate.voided_windows} windows of the sweep asked again"
            if certificate.voided_windows
            else "no window was void"
        )
        covered = f"{certificate.ports_covered} of {certificate.ports_planned} ports"
        text = f"{engine_words(certificate)}: {covered}, greatest chance of a miss {bounds}, {voided}"
        yield Evidence(text, self.sweep.observations)
        for text in self.sweep.rotation.told if self.sweep.rotation else ():
            yield Evidence(text, self.sweep.observations)
        for address in map(str, self.group.addresses):
            seen = self.sweep.of(address)
            if seen is not None:
                yield Evidence(self._told(seen), self.sweep.observations)

    def _told(self, seen: AddressSweep) -> str:
        allowed = readings(seen.address, self.inventory, self.profile)
        told = [f"port {port} open: {allowed.get(port, 'not allowed')}" for port in self.sweep.open_ports(seen.address)]
        silent = sum(count(group.ports) for group in seen.of(Answer.SILENT))
        told += [f"{silent} ports silent"] if silent else []
        for group in seen.of(Answer.RST, Answer.ICMP, Answer.MUTE):
            told.append(f"ports {said(group.ports)} {self._attribution(seen.address, group.reply).how}")
        return f"{seen.address}: {'; '.join(told) or 'nothing was asked'}"


def _refused(seen: AddressSweep, allowed: dict[int, str]) -> Iterator[tuple[PortAnswer, tuple[Range, ...]]]:
    """Refusals of one address with those of their ports that may not be let through."""
    for group in seen.of(Answer.RST, Answer.ICMP, Answer.MUTE):
        ports = _without(group.ports, allowed)
        if ports:
            yield group, ports


def _without(runs: tuple[Range, ...], allowed: dict[int, str]) -> tuple[Range, ...]:
    return ranges(port for port in each(runs) if port not in allowed)


def _let_through(address: str, ports: tuple[Range, ...], how: str, observations: tuple[str, ...]) -> _Breach:
    named = tuple(place(address, port) for port in each(ports)) if count(ports) <= MOST_NAMED else (address,)
    return _Breach(named, f"{address} port{'s' if count(ports) > 1 else ''} {said(ports)}: {how}", observations)
