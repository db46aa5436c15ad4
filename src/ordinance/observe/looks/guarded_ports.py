"""Look "guarded-ports": the ports of telnet, FTP and TFTP on every public address, asked with care from outside (9.A.1).

Identity of a declared service before and after, an echo for every port, a random decoy port, and a control in the same moments.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any

from ordinance.inventory.model import Address, Inventory, Service
from ordinance.law.model import Profile
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen, VantagePoint, look
from ordinance.observe.careful import Ask, ask_with_care, control_for, echo_proofs
from ordinance.observe.identity import identify_service
from ordinance.observe.protocols.identify import identify
from ordinance.sight.perimeter import (
    Answer,
    CarefulAddress,
    CarefulPort,
    GuardedAddress,
    GuardedSighting,
    Identity,
    Utterance,
)

VANTAGE = "outside"
#: A read request for a file that is not there (RFC 1350): a server answers with an error, and nothing changes.
TFTP_READ = b"\x00\x01ordinance-%08x\x00octet\x00"
DECOYS = range(20_000, 60_000)
SIDE_BY_SIDE = 8
TALK_SECONDS = 15.0
AGAIN = 2  #: times a service is asked again who it is

Heard = dict[Service, Identity]


@look("guarded-ports")
def guarded_ports(context: LookContext) -> GuardedSighting:
    """Ask the guarded ports of every public address that is in scope."""
    vantage = context.door.at(VANTAGE)
    addresses = [address for group in context.inventory.public for address in group.addresses]
    admitted = [address for address in dict.fromkeys(addresses) if context.inventory.scope.admits(address)]
    controls = {address: control_for(address, context.inventory) for address in admitted}
    before = _identities(context, vantage, controls)
    echoes = echo_proofs(context, vantage, guarded(context.profile))
    asks = _asks(context, controls)
    careful = {seen.address: seen for seen in ask_with_care(context, vantage, asks, context.seed, patient=True)} if asks else {}
    spoken = _spoken(context, vantage, careful)
    after = _identities(context, vantage, controls)
    seen = [
        GuardedAddress(
            address=str(a), careful=careful.get(str(a)), before=_of(before, c), after=_of(after, c), spoken=spoken.get(str(a), ())
        )
        for a, c in controls.items()
    ]
    barred = [a for a in dict.fromkeys(addresses) if a not in controls]
    outside = [GuardedAddress(address=str(a), unseen="it is not in the inventory's scope; nothing was sent") for a in barred]
    return GuardedSighting(vantage=VANTAGE, addresses=(*seen, *outside), echoes=echoes)


def guarded(profile: Profile) -> list[tuple[str, int]]:
    """Every guarded (transport, port) of the profile."""
    tcp = (*profile.telnet_tcp_ports, *profile.ftp_tcp_ports)
    return [("tcp", port) for port in dict.fromkeys(tcp)] + [("udp", port) for port in dict.fromkeys(profile.tftp_udp_ports)]


def _identities(context: LookContext, vantage: VantagePoint, controls: dict[Address, Service | None]) -> Heard:
    wanted = [service for service in dict.fromkeys(controls.values()) if service is not None]
    context.progress(0, len(wanted), "identities of declared services")
    heard: Heard = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="identity") as pool:
        for number in range(1 + AGAIN):
            asked = [service for service in wanted if number == 0 or _is_late(heard[service])]
            heard |= zip(asked, pool.map(lambda service: identify_service(vantage, service), asked), strict=True)
            if not any(identity.proven for identity in heard.values()):
                break  # nobody is heard: a dead path is not asked again and again
    return heard


def _is_late(heard: Identity) -> bool:
    """Whether nothing was heard in time, as on a path that loses packets."""
    return not heard.proven and heard.said.startswith((Unseen.DEADLINE.value, Unseen.NO_ANSWER.value))


def _spoken(context: LookContext, vantage: VantagePoint, seen: dict[str, CarefulAddress]) -> dict[str, tuple[Utterance, ...]]:
    """Talk to the open guarded ports of addresses whose decoy is open too: there only who speaks is there."""
    wanted = [(name, port) for name, careful in seen.items() if _open(careful.decoys) for port in _open(careful.ports)]
    context.progress(0, len(wanted), "conversations with guarded ports")
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="spoken") as pool:
        said = list(pool.map(lambda place: _utterance(vantage, *place), wanted))
    return {name: tuple(one for (at, _), one in zip(wanted, said, strict=True) if at == name) for name in seen}


def _open(ports: Sequence[CarefulPort]) -> list[int]:
    """Find the TCP ports among them that took a connection."""
    return [p.port for p in ports if p.transport == "tcp" and any(reply.answer is Answer.OPEN for reply in p.replies)]


def _utterance(vantage: VantagePoint, address: str, port: int) -> Utterance:
    try:
        spoken = identify(vantage, ip_address(address), port, Deadline.after(TALK_SECONDS))
    except CouldNotLook as missed:
        return Utterance(port=port, protocol="", said=str(missed), observation=missed.observation)
    heard = [observation for observation in spoken.observations if observation]
    return Utterance(port=port, protocol=spoken.protocol, said=spoken.first_line, observation=heard[-1] if heard else "")


def _of(heard: Heard, control: Service | None) -> Identity | None:
    return heard[control] if control else None


def _asks(context: LookContext, controls: dict[Address, Service | None]) -> list[Ask]:
    chance = random.Random(context.seed)  # noqa: S311 - a decoy must be unlikely to be in use, not secret
    ports = [_spec(transport, port, chance) for transport, port in guarded(context.profile)]
    return [Ask(address, ports, control, _decoys(address, context.inventory, chance)) for address, control in controls.items()]


def _spec(transport: str, port: int, chance: random.Random) -> dict[str, Any]:
    spec: dict[str, Any] = {"transport": transport, "port": port}
    if transport == "udp":
        spec["payload_b64"] = base64.b64encode(TFTP_READ % chance.getrandbits(32)).decode()
    return spec


def _decoys(address: Address, inventory: Inventory, chance: random.Random) -> list[dict[str, Any]]:
    """One port of each transport on which nothing is declared."""
    used = {service.port for service in inventory.services_at(address)}
    port = chance.choice([port for port in DECOYS if port not in used])
    return [{"transport": "tcp", "port": port}, _spec("udp", port, chance)]
