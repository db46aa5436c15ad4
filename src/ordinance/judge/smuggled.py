"""9.A.1: no telnet and no FTP on any open port, by what is spoken there, within TLS too, whatever the number of the port.

A port is known not to speak them once it was heard to speak something else. One that is open and says nothing known may be
anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ordinance.inventory.model import Inventory, PublicGroup
from ordinance.judge.attribution import place
from ordinance.judge.confirming import MUTE
from ordinance.judge.sweeping import sweep_doubts
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.sight.perimeter import Conversation, ConversationSighting, SweepSighting
from ordinance.sight.ports import listed, said

RULE = "9.A.1: telnet and FTP are blocked at the firewall, on whatever port they are spoken"
FORBIDDEN = {"telnet": "telnet", "ftp": "FTP"}
#: Something is there, and what it speaks was not recognised.
UNKNOWN = MUTE | {"unknown", "tls"}


def no_smuggled_service(
    target: str, sweep: SweepSighting, talks: ConversationSighting, inventory: Inventory, profile: Profile
) -> Verdict:
    """Judge the public group `target`."""
    group = next((group for group in inventory.public if group.name == target), None)
    if group is None or not group.addresses:
        return Unproven(f"{target}: the inventory names no address")
    case = _Case(group, sweep, talks)
    witnesses = tuple(case.witnesses(inventory))
    breaches = {place(talk.address, talk.port): talk for talk in case.held() if talk.protocol in FORBIDDEN}
    if breaches:
        told = [_told(talk) for talk in breaches.values()]
        evidence = tuple(Evidence(_told(talk), (talk.observation,)) for talk in breaches.values())
        return Violated(f"{target}: {listed(told)}; {RULE}", evidence, witnesses, tuple(breaches))
    evidence = tuple(Evidence(_told(talk), (talk.observation,)) for talk in case.held() if talk.observation)
    doubts = tuple(dict.fromkeys((*case.doubts(), *sweep_doubts(group, sweep, profile))))
    if doubts or not witnesses or not evidence:
        return Unproven(f"{target}: {listed(doubts) or 'no known service was heard'}", evidence, witnesses)
    return Compliant(f"none of the {len(case.open())} open ports of {target} speaks telnet or FTP", evidence, witnesses)


@dataclass(frozen=True, slots=True)
class _Case:
    group: PublicGroup
    sweep: SweepSighting
    talks: ConversationSighting

    def held(self) -> tuple[Conversation, ...]:
        """Conversations with addresses of this group."""
        return tuple(talk for talk in self.talks.conversations if talk.address in self._addresses())

    def open(self) -> tuple[tuple[str, int], ...]:
        """Every open port of the group that the sweep found."""
        return tuple((address, port) for address in self._addresses() for port in self.sweep.open_ports(address))

    def doubts(self) -> Iterator[str]:
        """Open ports of which nobody knows what they speak."""
        left_out = {group.reply.by: group.ports for group in self.talks.left_out if group.reply.by in self._addresses()}
        for address, ports in left_out.items():
            yield f"{address} ports {said(ports)} were not talked to: too many are open"
        for talk in self.held():
            if talk.protocol in UNKNOWN:
                why = talk.unseen or "it said nothing that is known"
                yield f"what {talk.address} port {talk.port} speaks is not known ({why})"
        for address, port in self.open():
            if self.talks.at(address, port) is None and address not in left_out:
                yield f"{address} port {port} is open and was not talked to"

    def witnesses(self, inventory: Inventory) -> Iterator[Witness]:
        """Name declared services that were heard to be who they are: a protocol that is spoken is recognised."""
        for service in inventory.services:
            talk = self.talks.at(str(service.address), service.port) if "outside" in service.seen_from else None
            if talk and str(service.address) in self._addresses() and service.identity in talk.identities and talk.observation:
                text = f'{talk.address} port {talk.port} speaks {talk.protocol} and is {service.host}: "{service.identity}"'
                yield Witness(text, (talk.observation,))

    def _addresses(self) -> tuple[str, ...]:
        return tuple(map(str, self.group.addresses))


def _told(talk: Conversation) -> str:
    spoken = FORBIDDEN.get(talk.protocol, talk.protocol or "nothing that is known")
    quoted = f' ("{talk.said}")' if talk.said else ""
    return f"{talk.address} port {talk.port} speaks {spoken}{quoted}"
