"""Looks "inbound-protocols" and "stealth": what is neither an ordinary connection nor a datagram, from outside (9.A.2).

The first sends GRE, ESP, AH, SCTP, tunnels and IPv6 extension headers; the second TCP that a filter without memory may take for
part of an allowed connection: from the source ports of well-known services, ACK, FIN and their kin, and in tiny fragments. Both
are watched at the firewall, and both send an ordinary SYN to public services, made in the same way, that has to cross.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ordinance.inventory.model import Address, Service
from ordinance.observe.agent.call import believable
from ordinance.observe.agent.watch import WINDOW
from ordinance.observe.api import LookContext, look
from ordinance.observe.careful import control_for, reply_of
from ordinance.observe.protocols import raw_packets as raw
from ordinance.observe.protocols.udp_payloads import dns_query
from ordinance.observe.watching import Eyes, own_hex, probe_while_watched
from ordinance.sight.crossing import Crossing, CrossingSighting

VANTAGE = "outside"
ROUNDS, TIMEOUT, LATE, RATE = 3, 0.7, 3.5, 500.0
#: Rounds while the controls of a family have not answered: of packets sent in three of them loss may have taken all.
MOST_ROUNDS = 12
TELNET, DNS, SOA = 23, 53, 6
#: Filters without memory let "answers" in by these source ports: FTP data, DNS, DHCP, Kerberos, NTP.
SOURCE_PORTS = (20, 53, 67, 88, 123)
#: SSH, which nearly every host runs, shows a hole as an open port.
SSH = 22
ODD_FLAGS = {"ACK": raw.ACK, "FIN": raw.FIN, "NULL": 0, "XMAS": raw.FIN | raw.PSH | raw.URG}
HIGH = range(20_000, 60_000)
#: Ports that neither the kernel gives to a socket nor the UDP look takes: no other socket of the vantage is to have this one.
QUIET = range(600, 1000)
#: IGMP, DCCP, EIGRP, OSPF, EtherIP, PIM, VRRP, L2TPv3, UDP-Lite, and one kept for experiments (RFC 3692).
OTHERS = (2, 33, 88, 89, 97, 103, 112, 115, 136, 254)
TINY = 8  #: octets of TCP in the first fragment: ports and sequence number, no flags (RFC 1858)


@dataclass(frozen=True, slots=True)
class Probe:
    """One kind of probe to one address. `protocol` is the first after the IP header; `flow` how connection tracking names it."""

    address: Address
    what: str
    parts: tuple[dict[str, Any], ...]
    flow: tuple[int, int, int]  #: protocol, port, own port
    control: bool = False

    @property
    def protocol(self) -> int:
        """First protocol after the IP header."""
        return int(self.parts[0]["protocol"])


@look("inbound-protocols")
def inbound_protocols(context: LookContext) -> CrossingSighting:
    """Send every protocol to every public address."""
    return _look(context, _protocols, "other protocols from outside")


@look("stealth")
def stealth(context: LookContext) -> CrossingSighting:
    """Send what a filter without memory lets through to every public address."""
    return _look(context, _stealth, "stealth holes from outside")


def _part(protocol: int, body: bytes, **more: Any) -> dict[str, Any]:
    return {"protocol": protocol, "body_b64": base64.b64encode(body).decode(), **more}


def _protocols(own: bytes, to: Address, chance: random.Random) -> Iterator[Probe]:
    """Every protocol to one address."""
    own_port, port = chance.choice(HIGH), 36_412  # S1AP, which SCTP was made known by
    inner = raw.whole_packet(own, to)
    bodies = (
        ("GRE", raw.GRE, raw.gre(own, to)), ("ESP", raw.ESP, raw.esp()), ("AH", raw.AH, raw.ah()), ("IPIP", raw.IPIP, inner),
        ("6in4" if to.version == 4 else "IPv6 in IPv6", raw.IPV6, inner),  # noqa: PLR2004
        *((f"protocol {number}", number, b"ordinance-ordinance-") for number in OTHERS),
    )  # fmt: skip
    for what, protocol, body in bodies:
        yield Probe(to, what, (_part(protocol, body),), (protocol, 0, 0))
    yield Probe(to, "SCTP", (_part(raw.SCTP, raw.sctp_init(own_port, port)),), (raw.SCTP, port, own_port))
    if to.version == 6:  # noqa: PLR2004
        yield from _extended(own, to, chance)


def _extended(own: bytes, to: Address, chance: random.Random) -> Iterator[Probe]:
    """A SYN for telnet behind each extension header: a filter that looks at the first header alone does not see it."""
    for what, first, wrap in (
        ("hop-by-hop options", raw.HOP_BY_HOP, raw.options),
        ("destination options", raw.OPTIONS, raw.options),
        ("routing header", raw.ROUTING, raw.routing),
    ):
        own_port = chance.choice(HIGH)
        body = wrap(raw.TCP, raw.tcp(own, to, (own_port, TELNET), raw.SYN, WINDOW))
        yield Probe(to, what, (_part(first, body),), (raw.TCP, TELNET, own_port))


def _stealth(own: bytes, to: Address, chance: random.Random) -> Iterator[Probe]:
    """Every odd segment to one address, on a port that may not be reached."""
    high = chance.choice(HIGH)
    for own_port in SOURCE_PORTS:
        for port in (SSH, high):
            yield _segment(own, to, f"SYN from port {own_port}", (own_port, port), raw.SYN)
    for what, flags in ODD_FLAGS.items():
        yield _segment(own, to, what, (chance.choice(HIGH), high), flags)
    own_port = chance.choice(HIGH)
    segment = raw.tcp(own, to, (own_port, SSH), raw.SYN, WINDOW)
    yield Probe(to, "SYN in tiny fragments", _fragments(to, segment, chance), (raw.TCP, SSH, own_port))


def _segment(own: bytes, to: Address, what: str, ports: tuple[int, int], flags: int) -> Probe:
    body = raw.tcp(own, to, ports, flags, WINDOW)
    return Probe(to, f"{what} to port {ports[1]}", (_part(raw.TCP, body),), (raw.TCP, ports[1], ports[0]))


def _fragments(to: Address, segment: bytes, chance: random.Random) -> tuple[dict[str, Any], ...]:
    first, rest = segment[:TINY], segment[TINY:]
    if to.version == 4:  # noqa: PLR2004
        return _part(raw.TCP, first, more=True), _part(raw.TCP, rest, offset=TINY)
    number = chance.getrandbits(32)
    return (
        _part(raw.FRAGMENT, raw.fragment(raw.TCP, first, 0, number, more=True)),
        _part(raw.FRAGMENT, raw.fragment(raw.TCP, rest, TINY, number, more=False)),
    )


def _controls(own: dict[int, bytes], services: Sequence[Service], chance: random.Random, zone: str = "") -> Iterator[Probe]:
    """An ordinary SYN to each service, made in the same way: it has to cross and to be answered.

    A name server is sent a question too: a SYN proxy answers every SYN itself, and sends none of them on.
    """
    for service in services:
        own_port = chance.choice(HIGH)
        body = raw.tcp(own[service.address.version], service.address, (own_port, service.port), raw.SYN, WINDOW)
        flow = (raw.TCP, service.port, own_port)
        yield Probe(service.address, f"SYN to port {service.port}", (_part(raw.TCP, body),), flow, control=True)
        if (service.protocol, service.port) == ("dns", DNS):
            own_port = chance.choice(QUIET)
            body = raw.udp(own[service.address.version], service.address, (own_port, DNS), dns_query(zone.encode("idna"), SOA))
            yield Probe(service.address, "DNS question", (_part(raw.UDP, body),), (raw.UDP, DNS, own_port), control=True)


def _look(context: LookContext, kinds: Any, text: str) -> CrossingSighting:
    inventory = context.inventory
    public = list(dict.fromkeys(address for group in inventory.public for address in group.addresses))
    admitted = [address for address in public if inventory.scope.admits(address)]
    vantage = context.door.at(VANTAGE)
    own = {version: bytes.fromhex(text) for version, text in own_hex(vantage, admitted).items() if text}
    chance = random.Random(f"{context.seed} {text}")  # noqa: S311 - ports must be unlikely to be in use, not secret
    reachable = [address for address in admitted if address.version in own]
    services = dict.fromkeys(service for address in reachable if (service := control_for(address, inventory)) is not None)
    probes = [probe for address in reachable for probe in kinds(own[address.version], address, chance)]
    probes += _controls(own, tuple(services), chance, inventory.public_dns.zone if inventory.public_dns else "")
    farewell = b"ordinance-over-%08x" % chance.getrandbits(32)
    job = _job(probes, farewell, context)
    last, observation, eyes = probe_while_watched(
        context, vantage, job, farewell, towards=admitted,
        on_line=lambda line: context.progress(line.get("done_ports", 0), line.get("total_ports", 0), text),
    )  # fmt: skip
    with believable(observation):
        pairs = zip(probes, job["targets"], last["targets"], strict=True)
        seen = tuple(_seen(probe, target["number"], told, eyes) for probe, target, told in pairs)
        unsent = "" if last["privileged"] else "the vantage may not make raw packets (it needs root, or CAP_NET_RAW)"
        complete = bool(last["complete"])
    return CrossingSighting(
        vantage=VANTAGE, probes=seen, watched=tuple(eyes.watched), complete=complete, unsent=unsent,
        unasked=tuple(str(address) for address in public if address not in reachable),
        observations=(observation, *(watched.observation for watched in eyes.watched if watched.observation)),
    )  # fmt: skip


def _job(probes: list[Probe], farewell: bytes, context: LookContext) -> dict[str, Any]:
    pace = context.inventory.pace
    rate = min([RATE, *([float(pace.total)] if pace.total else [])])
    hosts = max(1, len({probe.address for probe in probes}))
    slowest = min([rate, *([float(pace.per_host) * hosts] if pace.per_host else [])])
    job: dict[str, Any] = {
        "job": "crafted", "targets": [_target(number, probe) for number, probe in enumerate(probes)], "rounds": ROUNDS,
        "most_rounds": MOST_ROUNDS, "timeout": TIMEOUT, "late": LATE, "rate": rate, "per_host": pace.per_host,
        "seed": context.seed, "seconds": 30.0 + 1.5 * MOST_ROUNDS * (TIMEOUT + len(probes) / slowest) + LATE,
    }  # fmt: skip
    last = next((probe for probe in probes if probe.control), None)
    if last is not None:
        # of the protocol that RFC 3692 keeps for experiments: nobody answers it, and every watcher sees it
        job["farewell"] = {"address": str(last.address), "number": 0, "parts": [_part(253, farewell)]}
    return job


def _target(number: int, probe: Probe) -> dict[str, Any]:
    number = 1 + number % 65_535  # an IPv4 identification; beside the address it is unique
    target = {"address": str(probe.address), "number": number, "parts": list(probe.parts), "control": probe.control}
    return target | ({"port": probe.flow[1], "own_port": probe.flow[2]} if probe.flow[1] else {})


def _seen(probe: Probe, number: int, told: dict[str, Any], eyes: Eyes) -> Crossing:
    address = str(probe.address)
    protocol, port, own_port = probe.flow
    arrived, left = eyes.of((probe.protocol, address, own_port if probe.protocol == raw.UDP else number))
    return Crossing(
        address=address, what=probe.what, sent=told["sent"], silent=told["silent"],
        replies=tuple(reply_of(reply) for reply in told["replies"]), control=probe.control, arrived=arrived, left=left,
        flows=int((protocol, address, port, own_port) in eyes.flows),
    )  # fmt: skip
