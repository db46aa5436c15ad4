"""9.A.2: what the firewall lets through is what it says it is, and stands where it belongs.

On an SMTP or NNTP port nothing else may speak; a declared service speaks its protocol and says the words it is known by. SMTP is
spoken on mail gateways only and NNTP on news hosts only, whatever the port.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ordinance.inventory.model import Inventory, PublicGroup, Service
from ordinance.judge.attribution import holder, place
from ordinance.judge.confirming import UNHEARD, unconfirmed
from ordinance.judge.rotation import whole
from ordinance.judge.sweeping import sweep_doubts
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.sight.perimeter import Conversation, ConversationSighting, SweepSighting
from ordinance.sight.ports import listed, said

SAYS = "9.A.2: what comes in is SMTP and NNTP, and nothing under their names"
WHERE = "9.A.2: SMTP comes in to mail gateways and NNTP to news hosts only"
#: Protocol of the inventory -> what a conversation calls it.
SPOKEN = {"submission": "smtp", "imaps": "imap"}
ROLE = {"smtp": "mail_gateways", "nntp": "news_hosts"}
A_ROLE = {"smtp": "a mail gateway", "nntp": "a news host"}


def speaks_what_it_says(
    target: str, sweep: SweepSighting, talks: ConversationSighting, inventory: Inventory, profile: Profile
) -> Verdict:
    """Judge the open ports of the public group `target` by what was said on them."""
    case = _case(target, sweep, talks, inventory, profile)
    if case is None:
        return Unproven(f"{target}: the inventory names no address")
    return case.settle(
        tuple(case.imposters()), tuple(case.speech_doubts()), SAYS, f"every service of {target} speaks what it should"
    )


def right_host(target: str, sweep: SweepSighting, talks: ConversationSighting, inventory: Inventory, profile: Profile) -> Verdict:
    """Judge where SMTP and NNTP are spoken in the public group `target`."""
    case = _case(target, sweep, talks, inventory, profile)
    if case is None:
        return Unproven(f"{target}: the inventory names no address")
    compliant = f"in {target} SMTP is spoken on mail gateways and NNTP on news hosts, and nowhere else"
    return case.settle((*case.misplaced(), *case.displaced()), tuple(case.place_doubts()), WHERE, compliant)


def _case(target: str, sweep: SweepSighting, talks: ConversationSighting, inventory: Inventory, profile: Profile) -> _Case | None:
    group = next((group for group in inventory.public if group.name == target), None)
    sweep = whole(sweep, inventory, profile)
    return _Case(group, sweep, talks, inventory, profile) if group and group.addresses else None


Breach = tuple[str, str, tuple[str, ...]]  #: name as in authorisations, sentence, observations


@dataclass(frozen=True, slots=True)
class _Case:
    group: PublicGroup
    sweep: SweepSighting
    talks: ConversationSighting
    inventory: Inventory
    profile: Profile

    def settle(self, breaches: tuple[Breach, ...], doubts: tuple[str, ...], rule: str, compliant: str) -> Verdict:
        """Any breach outweighs every doubt; without either, the witnesses must have spoken."""
        witnesses = tuple(self.witnesses())
        if breaches:
            evidence = tuple(Evidence(text, observations) for _, text, observations in breaches)
            names = tuple(name for name, _, _ in breaches)
            return Violated(f"{self.group.name}: {listed(text for _, text, _ in breaches)}; {rule}", evidence, witnesses, names)
        evidence = tuple(Evidence(_told(talk), (talk.observation,)) for talk in self.held() if talk.observation)
        doubts = tuple(dict.fromkeys((*doubts, *self.common_doubts())))
        if doubts or not witnesses or not evidence:
            return Unproven(f"{self.group.name}: {listed(doubts) or 'no declared service was heard'}", evidence, witnesses)
        return Compliant(compliant, evidence, witnesses)

    # -- breaches --------------------------------------------------------------------------------------------------------------

    def imposters(self) -> Iterator[Breach]:
        """Ports on which something speaks that should not be speaking there."""
        for talk in self.held():
            expected = self._expected(talk)
            if expected and talk.protocol not in UNHEARD and talk.protocol not in expected:
                text = f"{talk.address} port {talk.port} speaks {talk.protocol}, where {' or '.join(sorted(expected))} belongs"
                yield place(talk.address, talk.port), _quoted(text, talk), (talk.observation,)

    def misplaced(self) -> Iterator[Breach]:
        """SMTP and NNTP on other hosts than theirs: by what was said, or by the port alone where nothing was."""
        for address in self._addresses():
            host = holder(address, self.inventory)
            for port in self.sweep.open_ports(address):
                talk = self.talks.at(address, port)
                protocol = self._named(port, talk)
                belongs = host and protocol and ROLE[protocol] in host.groups
                if protocol and not belongs and not unconfirmed(address, port, self.sweep, self.talks):
                    spoken = bool(talk and talk.protocol not in UNHEARD)
                    what = f"speaks {protocol.upper()}" if spoken else f"is open and is a port of {protocol.upper()}"
                    observations = (talk.observation,) if talk and talk.observation else self.sweep.observations
                    yield place(address, port), f"{address} port {port} {what} and is not {A_ROLE[protocol]}", observations

    def displaced(self) -> Iterator[Breach]:
        """Mail gateways and news hosts on whose declared port something else speaks: their protocol is not where it belongs."""
        for service in self._declared():
            talk = self.talks.at(str(service.address), service.port)
            if service.protocol in ROLE and talk and talk.protocol not in {*UNHEARD, service.protocol}:
                text = f"{talk.address} port {talk.port} of {service.host} speaks {talk.protocol}, not {service.protocol.upper()}"
                yield place(talk.address, talk.port), text, (talk.observation,)

    def _named(self, port: int, talk: Conversation | None) -> str:
        """Which of the two protocols is spoken on a port; the port's own where nothing was said."""
        if talk is not None and talk.protocol not in UNHEARD:
            return talk.protocol if talk.protocol in ROLE else ""
        return next((name for name, ports in self._well_known().items() if port in ports), "")

    def _well_known(self) -> dict[str, tuple[int, ...]]:
        return {"smtp": self.profile.smtp_ports, "nntp": self.profile.nntp_ports}

    def _expected(self, talk: Conversation) -> frozenset[str]:
        """Tell what may be spoken on this port; nothing is expected of a port that is neither declared nor SMTP's or NNTP's."""
        declared = {SPOKEN.get(s.protocol, s.protocol) for s in self._declared() if _at(s, talk)}
        return frozenset(declared or {name for name, ports in self._well_known().items() if talk.port in ports})

    # -- doubts ----------------------------------------------------------------------------------------------------------------

    def speech_doubts(self) -> Iterator[str]:
        """Name declared services that were not heard to be who they are, and ports of which nobody knows what speaks there."""
        for service in self._declared():
            talk = self.talks.at(str(service.address), service.port)
            if talk is None or talk.protocol in UNHEARD:
                why = (talk.unseen or "it said nothing") if talk else "nobody talked to it"
                yield f"{service.host} on {service.address} port {service.port} was not heard: {why}"
            elif service.identity not in talk.identities:
                yield f"{service.address} port {service.port} did not say who it is (expected: {service.identity})"
        for talk in self.held():
            if talk.protocol in UNHEARD and self._expected(talk) and not any(_at(service, talk) for service in self._declared()):
                yield f"what speaks on {talk.address} port {talk.port} is not known ({talk.unseen or 'it said nothing'})"

    def place_doubts(self) -> Iterator[str]:
        """SMTP and NNTP must have been found where they belong; otherwise the looking would not have known them elsewhere."""
        for protocol, role in ROLE.items():
            if not any(protocol == talk.protocol and self._is(talk.address, role) for talk in self.talks.conversations):
                yield f"{protocol.upper()} was found on none of the {role.replace('_', ' ')}, so it would not be known elsewhere"
        for talk in self.held():
            if talk.protocol in UNHEARD and talk.port in self.sweep.open_ports(talk.address):
                yield f"what speaks on {talk.address} port {talk.port} is not known ({talk.unseen or 'it said nothing'})"

    def common_doubts(self) -> Iterator[str]:
        """Open ports that nobody talked to, and a sweep that did not see all."""
        for address in self._addresses():
            silent = [port for port in self.sweep.open_ports(address) if self.talks.at(address, port) is None]
            if silent:
                yield f"{len(silent)} open ports of {address} were not talked to"
        for group in self.talks.left_out:
            if group.reply.by in self._addresses():
                yield f"{group.reply.by} ports {said(group.ports)} were not talked to: too many are open"
        yield from sweep_doubts(self.group, self.sweep, self.profile)

    # -- what it rests on ------------------------------------------------------------------------------------------------------

    def witnesses(self) -> Iterator[Witness]:
        """Name declared services that said who they are."""
        for service in self._declared():
            talk = self.talks.at(str(service.address), service.port)
            if talk and service.identity in talk.identities and talk.observation:
                yield Witness(
                    f'{service.address} port {service.port} is {service.host}: "{service.identity}"', (talk.observation,)
                )

    def held(self) -> tuple[Conversation, ...]:
        """Conversations with addresses of this group."""
        addresses = self._addresses()
        return tuple(talk for talk in self.talks.conversations if talk.address in addresses)

    def _declared(self) -> tuple[Service, ...]:
        addresses = self._addresses()
        return tuple(s for s in self.inventory.services if str(s.address) in addresses and "outside" in s.seen_from)

    def _addresses(self) -> tuple[str, ...]:
        return tuple(map(str, self.group.addresses))

    def _is(self, address: str, role: str) -> bool:
        host = holder(address, self.inventory)
        return host is not None and role in host.groups


def _at(service: Service, talk: Conversation) -> bool:
    return (str(service.address), service.port) == (talk.address, talk.port)


def _told(talk: Conversation) -> str:
    if talk.protocol in UNHEARD:
        return f"{talk.address} port {talk.port}: {talk.unseen or 'said nothing'}"
    return _quoted(f"{talk.address} port {talk.port} speaks {talk.protocol}", talk)


def _quoted(text: str, talk: Conversation) -> str:
    return f'{text} ("{talk.said}")' if talk.said else text
