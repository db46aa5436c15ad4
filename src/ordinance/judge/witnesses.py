"""9.A.2: the probes from outside, the ruleset and the hosts' own listeners tell one story of every port.

For each public address and TCP port that any of the three speaks of, what they say either fits together or is a finding. A
ruleset that lets in only some sources explains a probe that met silence; what it lets in beyond the policy is the ruleset
proof's finding, what is open beyond it the sweep's: here it is a disagreement, or a listener that nobody declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from ordinance.allowed.policy import outside
from ordinance.inventory.model import Address, Host, Inventory, PublicGroup
from ordinance.judge.attribution import Where, attribute, holder, nobody_home, place
from ordinance.judge.flows import outliving, unread
from ordinance.judge.rules_at import Doorway, Lets
from ordinance.judge.ruleset_read import NotRead, Read, firewall, running
from ordinance.judge.stories import PortStory, Probe, findings
from ordinance.judge.sweeping import host_hops, sweep_doubts, sweep_witnesses
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.proof.policy import Policy
from ordinance.sight.listeners import HostListeners, Listener, ListenerSighting
from ordinance.sight.perimeter import Answer, SweepSighting
from ordinance.sight.ports import Range, each, listed
from ordinance.sight.rulesets import RulesetSighting

RULE = "9.A.2: what comes in is known, by probe, ruleset and listener alike"
HIGHEST = 65_535


@dataclass(frozen=True, slots=True)
class Sightings:
    """What the three witnesses saw."""

    sweep: SweepSighting
    rulesets: RulesetSighting
    listeners: ListenerSighting


def witnesses_agree(target: str, seen: Sightings, inventory: Inventory, profile: Profile, today: date) -> Verdict:
    """Judge the public group `target`."""
    group = next((group for group in inventory.public if group.name == target), None)
    if group is None or not group.addresses:
        return Unproven(f"{target}: the inventory names no address")
    try:
        case = _Case(group, seen, inventory, _firewalls(seen.rulesets, inventory), today)
    except NotRead as why:
        return Unproven(f"{target}: {why}")
    findings = [*case.findings(), *case.outliving()]
    shown = tuple(case.witnesses())
    if findings:
        evidence = tuple(Evidence(text, case.observations()) for _, text in findings)
        told = listed(text for _, text in findings)
        return Violated(f"{target}: {told}; {RULE}", evidence, shown, tuple(dict.fromkeys(name for name, _ in findings)))
    doubts = (*sweep_doubts(group, seen.sweep, profile), *case.doubts())
    evidence = tuple(Evidence(text, case.observations()) for text in case.told())
    if doubts or not shown or not evidence:
        return Unproven(f"{target}: {listed(dict.fromkeys(doubts)) or 'nobody told anything'}", evidence, shown)
    return Compliant(f"{target}: probes, ruleset and listeners tell one story of every port", evidence, shown)


@dataclass(frozen=True, slots=True)
class _Wall:
    """A firewall: its walked ruleset and the devices that face outside."""

    name: str
    read: Read
    policy: Policy
    flows: tuple[str, ...] | None
    no_flows: str


def _firewalls(sighting: RulesetSighting, inventory: Inventory) -> tuple[_Wall, ...]:
    """Read every firewall's ruleset. Raises NotRead."""
    found = []
    for host in inventory.with_role("firewalls"):
        seen, _ = firewall(host.name, sighting, inventory)
        read = running(seen, host)
        if read.refused:
            raise NotRead(f"the ruleset of {host.name} cannot be trusted: {'; '.join(read.refused)}")
        policy = Policy((), outside(seen, host))
        found.append(_Wall(host.name, read, policy, seen.flows, seen.unseen.get("flows", "")))
    if not found:
        raise NotRead("the inventory declares no firewall whose ruleset could be read")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Case:
    group: PublicGroup
    seen: Sightings
    inventory: Inventory
    walls: tuple[_Wall, ...]
    today: date

    def observations(self) -> tuple[str, ...]:
        """All that the story is told by."""
        by_rules = [name for wall in self.walls for name in wall.read.observations]
        by_hosts = [name for host in self._hosts() for name in host.observations]
        return tuple(dict.fromkeys([*self.seen.sweep.observations, *by_rules, *by_hosts]))

    def _hosts(self) -> Iterator[HostListeners]:
        for name in dict.fromkeys(host.name for address in self.group.addresses if (host := self._holder(address))):
            if (seen := self.seen.listeners.of(name)) is not None:
                yield seen

    def _holder(self, address: Address) -> Host | None:
        return holder(str(address), self.inventory)

    # -- the three witnesses of one port ----------------------------------------------------------------------------------------

    def _listening(self, address: Address) -> dict[int, Listener]:
        """Return who listens on an address, by port: what either of the host's two witnesses says."""
        host = self._holder(address)
        seen = self.seen.listeners.of(host.name) if host else None
        said = [*(seen.by_snmp or ()), *(seen.by_ssh or ())] if seen else []
        return {one.port: one for one in said if one.transport == "tcp" and one.answers_at(str(address))}

    def _crossed(self, address: Address) -> frozenset[int]:
        """Return the ports of which a refusal is known to have come from behind the firewall."""
        swept, far = self.seen.sweep.of(str(address)), host_hops(str(address), self.group, self.seen.sweep)
        found: set[int] = set()
        for group in swept.of(Answer.RST, Answer.ICMP) if swept else ():
            where = attribute(group.reply, str(address), far, self.inventory).where
            if where is Where.CROSSED and not nobody_home(group.reply, str(address)):
                found |= {*each(group.ports)}
        return frozenset(found)

    def _probed(self, address: Address) -> dict[Probe, frozenset[int]]:
        """Return the ports of which the probe says more than that it was silent, or says nothing: it did not ask."""
        swept = self.seen.sweep.of(str(address))
        known = frozenset[int]() if swept is None else _union(group.ports for group in swept.asked())
        opened = frozenset(self.seen.sweep.open_ports(str(address)))
        unasked = frozenset(range(1, HIGHEST + 1)) - known
        return {Probe.OPEN: opened, Probe.CROSSED: self._crossed(address), Probe.UNASKED: unasked}

    def findings(self) -> Iterator[tuple[str, str]]:
        """Yield what the three say that does not fit together, by the name of the port."""
        for address in self.group.addresses:
            yield from self._at(address)

    def _at(self, address: Address) -> Iterator[tuple[str, str]]:
        doorways = [Doorway(wall.read, wall.policy, address, "tcp") for wall in self.walls]
        anybody = _union(doorway.anybody() for doorway in doorways)
        everybody = _union(doorway.everybody() for doorway in doorways)
        probed = self._probed(address)
        listening, host = self._listening(address), self._holder(address)
        for port in sorted(probed[Probe.OPEN] | probed[Probe.CROSSED] | ({*listening} & anybody) | _few(everybody)):
            story = PortStory(
                address=address,
                port=port,
                probe=next((probe for probe, ports in probed.items() if port in ports), Probe.SILENT),
                lets=Lets.EVERYBODY if port in everybody else Lets.SOME if port in anybody else Lets.NOBODY,
                host=host,
                listener=listening.get(port),
                inside=tuple(dict.fromkeys(target for doorway in doorways for target in doorway.translated(port))),
            )
            told = self.seen.listeners.of(host.name) if host else None
            for text in findings(story, told, self.inventory, self.today):
                yield place(str(address), port), text

    def outliving(self) -> Iterator[tuple[str, str]]:
        """Yield connections that the ruleset would not let begin any more."""
        for wall in self.walls:
            yield from outliving(wall.flows or (), wall.read, wall.policy, self.group, self.inventory)

    # -- what stands against "compliant", and what for it ------------------------------------------------------------------------

    def doubts(self) -> Iterator[str]:
        """Say which witness did not answer."""
        for wall in self.walls:
            if wall.flows is None:
                yield f"the connections of {wall.name} were not read ({wall.no_flows or 'nobody said why'})"
            elif strange := tuple(unread(wall.flows)):
                yield f"{len(strange)} connections of {wall.name} could not be read, the first: {strange[0]}"
        for name in dict.fromkeys(host.name for address in self.group.addresses if (host := self._holder(address))):
            seen = self.seen.listeners.of(name)
            if seen is None:
                yield f"nobody asked {name} for its listeners"
                continue
            if not seen.by_ssh and not seen.by_snmp:  # who was asked listens, so nothing at all is no list
                yield f"{name} did not tell its listeners ({'; '.join(seen.unseen.values()) or 'it named none at all'})"

    def witnesses(self) -> Iterator[Witness]:
        """Say that each of the three answered."""
        yield from sweep_witnesses(self.group, self.seen.sweep)
        for wall in self.walls:
            yield from wall.read.witnesses
        for seen in self._hosts():
            told = [f"{len(said)} by {name}" for name, said in (("SSH", seen.by_ssh), ("SNMP", seen.by_snmp)) if said]
            if told:
                yield Witness(f"{seen.host} told its listeners: {' and '.join(told)}", seen.observations)

    def told(self) -> Iterator[str]:
        """One sentence an address that somebody has."""
        alike = "open by probe, ruleset and listener alike"
        for address in self.group.addresses:
            host = self._holder(address)
            if host is None:
                continue
            opened = sorted(self.seen.sweep.open_ports(str(address)))
            hidden = sorted({*self._listening(address)} - {*opened})
            behind = f"; it listens on {listed(map(str, hidden))} too, behind the firewall" if hidden else ""
            yield f"{address} ({host.name}): {alike}: {listed(map(str, opened)) or 'nothing'}{behind}"


def _union(spans: Iterable[tuple[Range, ...]]) -> frozenset[int]:
    return frozenset(port for some in spans for port in each(some))


def _few(ports: frozenset[int]) -> frozenset[int]:
    """A ruleset that lets everybody in to a few ports means these; one that is open has no port of its own to speak of."""
    return ports if len(ports) < HIGHEST // 2 else frozenset()
