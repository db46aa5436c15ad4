"""One rule of 9.A.1 on one public group: what broke it, what keeps it from being proven, and what its proof rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ordinance.inventory.model import Inventory
from ordinance.judge.attribution import Where, attribute, nobody_home, nobody_home_proven, place
from ordinance.judge.confirming import MUTE
from ordinance.judge.sweeping import UNVOUCHED, is_firewalls
from ordinance.judge.verdict import Witness
from ordinance.law.model import Profile
from ordinance.sight.perimeter import Answer, CarefulAddress, CarefulPort, GuardedAddress, GuardedSighting, Utterance, family

#: ICMP errors a Linux router sends at once before its limit of one a second holds (net.ipv4.icmp_ratelimit).
ICMP_BURST = 6
#: Slow tries of a port after which its silence is its own.
SLOW_TRIES = 3

Guarded = tuple[tuple[str, int], ...]
Breach = tuple[str, str, tuple[str, ...]]  #: name as in authorisations, sentence, observations


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to be blocked."""

    what: str  #: "telnet"
    ports: Guarded
    sentence: str


@dataclass(frozen=True, slots=True)
class Case:
    """What was seen of the group, under that rule."""

    rule: Rule
    seen: GuardedSighting
    inventory: Inventory
    profile: Profile
    near: dict[int, int]  #: hops of the nearest host, by family

    # -- breaches --------------------------------------------------------------------------------------------------------------

    def breaches(self, address: str) -> Iterator[Breach]:
        """Guarded ports of one address from which something came that only comes when the packet crossed."""
        careful = self._careful(address)
        if careful is None:
            return
        for port in self._ports(careful):
            how = self._crossing(address, careful, port)
            if how:
                text = f"{address} {port.transport} port {port.port}: {how}"
                yield place(address, port.port, port.transport), text, (careful.observation, *self._heard(address, port))

    def _crossing(self, address: str, careful: CarefulAddress, port: CarefulPort) -> str:
        """How it is known that a packet to this port crossed; "" when it is not known to have."""
        for reply in port.replies:
            if reply.answer is Answer.OPEN and port.transport == "tcp" and _answers_for_all(careful, "tcp"):
                spoken = self._spoken(address, port)
                if spoken is not None:
                    return f"open, and speaks {spoken.protocol}"
                continue  # a SYN proxy's handshake is not the port's
            if reply.answer is Answer.OPEN:
                return "open" if port.transport == "tcp" else "answered"
            found = attribute(reply, address, self._host_hops(careful), self.inventory)
            proven = not nobody_home(reply, address) or nobody_home_proven(careful, port, self.profile.miss_bound)
            if found.where is Where.CROSSED and proven:
                return found.how
        return ""

    def _spoken(self, address: str, port: CarefulPort) -> Utterance | None:
        """What somebody said on a TCP port of an address that takes every connection; None when nobody did."""
        guarded = self.seen.of(address)
        said = guarded.spoken if guarded and port.transport == "tcp" else ()
        return next((one for one in said if one.port == port.port and one.protocol not in MUTE), None)

    def _heard(self, address: str, port: CarefulPort) -> tuple[str, ...]:
        spoken = self._spoken(address, port)
        return (spoken.observation,) if spoken and spoken.observation else ()

    # -- doubts ----------------------------------------------------------------------------------------------------------------

    def doubts(self, address: str) -> Iterator[str]:
        """Everything that keeps one address from being proven."""
        guarded = self.seen.of(address)
        careful = self._careful(address)
        if guarded is None or careful is None:
            yield f"{address} was not asked: {guarded.unseen if guarded and guarded.unseen else 'nobody looked'}"
            return
        yield from _identity_doubts(guarded)
        yield from self._control_doubts(careful)
        asked = {(port.transport, port.port) for port in careful.ports if port.sent}
        for transport, number in self.rule.ports:
            if (transport, number) not in asked:
                yield f"{address} {transport} port {number} was not asked"
            yield from self._echo_doubts(address, transport, number)
        for port in self._ports(careful):
            yield from self._port_doubts(address, careful, port)

    def _control_doubts(self, careful: CarefulAddress) -> Iterator[str]:
        control = f"{careful.control_address} port {careful.control_port}"
        if not careful.control_sent:
            yield f"no declared service stands on the path to {careful.address}, so silence there says nothing"
        elif not careful.control_answered:
            yield f"the control {control} never answered while {careful.address} was asked: the path or the host was down"
        elif careful.miss_bound > self.profile.miss_bound:
            told = f"{careful.control_answered} of {careful.control_sent}"
            yield f"too much was lost on the path to {careful.address}: the control {control} answered {told} times"
        transports = {transport for transport, _ in self.rule.ports}
        for transport in sorted(transports):
            decoys = [decoy for decoy in careful.decoys if decoy.transport == transport and decoy.sent]
            if not decoys:
                yield f"{careful.address} was asked no {transport} decoy port"
            if _answers_for_all(careful, transport):
                yield f"{careful.address}: something answers for every {transport} port (the decoy {decoys[0].port} is open)"

    def _echo_doubts(self, address: str, transport: str, number: int) -> Iterator[str]:
        version = family(address)
        proof = self.seen.echo(version, transport, number)
        if proof is None or not proof.echoed:
            said = proof.said if proof else "no echo was asked"
            yield f"the vantage is not shown to be able to send to {transport} port {number} over IPv{version} at all ({said})"

    def _port_doubts(self, address: str, careful: CarefulAddress, port: CarefulPort) -> Iterator[str]:
        where = f"{address} {port.transport} port {port.port}"
        for reply in port.replies:
            found = attribute(reply, address, self._host_hops(careful), self.inventory)
            if nobody_home(reply, address):
                yield f"{where}: {found.how}; its decoy port does not show that other ports are refused otherwise"
            elif found.where is Where.UNKNOWN:
                yield f"{where}: {found.how}"
        if port.unheard < port.sent or careful.own:
            return
        if not self.inventory.rulesets_declared and not is_firewalls(address, self.inventory):
            yield f"{address}: nobody is seen to be there, and {UNVOUCHED}"
        if port.slow < SLOW_TRIES and self._icmp_is_limited(family(address)):
            yield f"{where}: so many ICMP errors came that a router's word about this unused address may have been held back"

    def _icmp_is_limited(self, version: int) -> bool:
        """Whether a router's limit on ICMP errors was felt: many came, and some that were due did not."""
        asked = [a.careful for a in self.seen.addresses if a.careful and family(a.address) == version]
        told = [port for careful in asked for port in careful.ports if _icmp_times(port)]
        return sum(map(_icmp_times, told)) > ICMP_BURST and any(port.unheard for port in told)

    # -- what it rests on ------------------------------------------------------------------------------------------------------

    def said(self, address: str) -> tuple[str, tuple[str, ...]] | None:
        """One sentence for the evidence: what came back from the guarded ports of one address."""
        careful = self._careful(address)
        ports = self._ports(careful) if careful else ()
        if careful is None or not ports:
            return None
        told = ", ".join(f"{port.transport} {port.port} {self._outcome(address, careful, port)}" for port in ports)
        control = f"{careful.control_address} port {careful.control_port}"
        answered = f"{careful.control_answered} of {careful.control_sent}"
        return f"{address}: {told}; meanwhile {control} answered {answered} times", (careful.observation,)

    def _outcome(self, address: str, careful: CarefulAddress, port: CarefulPort) -> str:
        hows = [attribute(reply, address, self._host_hops(careful), self.inventory).how for reply in port.replies]
        silent = [f"silent {port.silent} of {port.sent} times"] if port.silent else []
        return " and ".join([*silent, *dict.fromkeys(hows)]) or "not asked"

    def witnesses(self, addresses: Iterable[str]) -> Iterator[Witness]:
        """Identities heard before and after, and the echoes of this rule's ports."""
        held = [guarded for address in addresses if (guarded := self.seen.of(address))]
        heard = {(g.before, g.after) for g in held if g.before and g.after and g.before.proven and g.after.proven}
        for before, after in sorted(heard, key=lambda pair: (pair[0].address, pair[0].port)):
            text = f"{before.address} port {before.port} said before and after: {before.said}"
            yield Witness(text, (before.observation, after.observation))
        versions = {family(guarded.address) for guarded in held}
        echoes = [self.seen.echo(version, *port) for version in sorted(versions) for port in self.rule.ports]
        proofs = [echo for echo in echoes if echo and echo.echoed]
        if heard and proofs:
            told = ", ".join(f"{echo.transport} {echo.port}" for echo in proofs)
            yield Witness(f"the outside echo answered on {told}", tuple(dict.fromkeys(echo.observation for echo in proofs)))

    def _careful(self, address: str) -> CarefulAddress | None:
        guarded = self.seen.of(address)
        return guarded.careful if guarded else None

    def _ports(self, careful: CarefulAddress) -> tuple[CarefulPort, ...]:
        return tuple(port for port in careful.ports if (port.transport, port.port) in self.rule.ports)

    def _host_hops(self, careful: CarefulAddress) -> int | None:
        return careful.control_hops if careful.own else self.near.get(family(careful.address))


def _identity_doubts(guarded: GuardedAddress) -> Iterator[str]:
    for identity, moment in ((guarded.before, "before"), (guarded.after, "after")):
        if identity is None:
            yield f"no service on the path to {guarded.address} was heard {moment} it was asked"
        elif not identity.proven:
            yield f"{identity.address} port {identity.port} was not who it should be {moment} the asking: {identity.said}"


def _answers_for_all(careful: CarefulAddress, transport: str) -> bool:
    """Whether a port that nobody uses is open: the handshakes of this address say nothing of who is behind them."""
    decoys = (decoy for decoy in careful.decoys if decoy.transport == transport)
    return any(reply.answer is Answer.OPEN for decoy in decoys for reply in decoy.replies)


def _icmp_times(port: CarefulPort) -> int:
    return sum(reply.times for reply in port.replies if reply.answer is Answer.ICMP)
