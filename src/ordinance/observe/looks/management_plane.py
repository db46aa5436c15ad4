"""Look "management-plane": a firewall's management ports from outside, and from inside how its SNMP agent guards itself (9.A.2).

From outside, ports are asked with care beside a public service behind the same firewall, and UDP 161 is sent requests that an
agent with a default community, or with any v3 user, must answer. From inside, the right user asks before and after everything
that must be turned down: with SNMP a wrong community and a dead agent are both silence.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ordinance.inventory.model import Address, Host, Inventory, Service
from ordinance.law.model import Profile
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen, look
from ordinance.observe.careful import Ask, ask_with_care, echo_proofs
from ordinance.observe.protocols.snmp_payload import community_get, engine_discovery
from ordinance.sight.management import FirewallSeen, ManagementSighting, OuterAddress, SnmpTry
from ordinance.sight.perimeter import EchoProof

OUTSIDE = "outside"
SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SNMP_PORT = 161
SNMP_SECONDS = 5.0  #: room for three requests
SIDE_BY_SIDE = 8
WEAK_LEVELS = ("noAuthNoPriv", "authNoPriv")
#: Where nothing is expected: a firewall that answers there answers everywhere.
DECOYS = range(20_000, 60_000)


@look("management-plane")
def management_plane(context: LookContext) -> ManagementSighting:
    """Look at every firewall from both sides."""
    firewalls, echoes = [], _echoes(context)
    for firewall in context.inventory.with_role("firewalls"):
        context.progress(0, 0, f"management plane of {firewall.name}")
        outer = tuple(_outside(context, firewall))
        before, tries, after = _inside(context, firewall)
        firewalls.append(FirewallSeen(host=firewall.name, outer=outer, before=before, tries=tries, after=after))
    return ManagementSighting(vantage=OUTSIDE, firewalls=tuple(firewalls), echoes=echoes)


# -- from outside ------------------------------------------------------------------------------------------------------------


def _outside(context: LookContext, firewall: Host) -> Iterator[OuterAddress]:
    """Ask all outer addresses in one job; where the service that is to prove the way was dead, once more beside another's."""
    inventory = context.inventory
    asks = [_ask(address, context) for address in facing_outside(firewall, inventory)]
    proven = [ask for ask in asks if ask.control is not None]
    for ask in asks:
        if ask.control is None:
            yield OuterAddress(address=str(ask.address), unseen="no public service of this family proves the way there")
    seen = {address.address: address for address in _careful(context, proven)}
    dead = {ask.control.host for ask in proven if ask.control and _is_blind(seen[str(ask.address)])}
    again = [ask for one in proven if _is_blind(seen[str(one.address)]) and (ask := _ask(one.address, context, dead)).control]
    for address in _careful(context, again):
        if address.careful is not None:
            seen[address.address] = address
    yield from seen.values()


def _careful(context: LookContext, asks: list[Ask]) -> list[OuterAddress]:
    if not asks:
        return []
    try:
        seen = ask_with_care(context, context.door.at(OUTSIDE), asks, context.seed)
    except CouldNotLook as missed:
        return [OuterAddress(address=str(ask.address), unseen=str(missed)) for ask in asks]
    return [OuterAddress(address=careful.address, careful=careful) for careful in seen]


def _is_blind(address: OuterAddress) -> bool:
    """Whether the control of an address never answered, and nothing else did: an answer is never asked away."""
    careful = address.careful
    return careful is not None and not careful.control_answered and not any(port.replies for port in careful.ports)


def facing_outside(firewall: Host, inventory: Inventory) -> tuple[Address, ...]:
    """List the addresses by which the outside can try to reach a firewall: those that face it, and its own public ones."""
    public = {address for group in inventory.public for address in group.addresses}
    return tuple(dict.fromkeys((*firewall.outer_addresses, *(a for a in firewall.addresses if a in public))))


def _ask(address: Address, context: LookContext, dead: Collection[str] = ()) -> Ask:
    chance = random.Random(f"{context.seed} {address}")  # noqa: S311 - a decoy must be unlikely to be in use, not secret
    decoy = {"transport": "tcp", "port": chance.choice(DECOYS)}
    return Ask(address, tuple(_port_specs(context.profile)), way_there(address, context.inventory, dead), (decoy,))


def way_there(address: Address, inventory: Inventory, dead: Collection[str] = ()) -> Service | None:
    """Choose the TCP service that proves the way: on the address itself, else behind the firewall in the same family.

    None of a host that is `dead`.
    """
    public = [service for service in inventory.services if "outside" in service.seen_from and service.host not in dead]
    services = [service for service in public if service.address.version == address.version]
    # Web servers bear being asked again and again best.
    return min(services, key=lambda s: (s.address != address, s.protocol not in {"http", "https"}), default=None)


def _port_specs(profile: Profile) -> Iterator[dict[str, Any]]:
    yield from ({"port": port, "transport": "tcp"} for port in profile.management_tcp_ports)
    for port in profile.management_udp_ports:
        payloads = snmp_payloads(profile) if port == SNMP_PORT else [b"\r\n"]
        for payload in payloads:
            yield {"port": port, "transport": "udp", "payload_b64": base64.b64encode(payload).decode()}


def snmp_payloads(profile: Profile) -> list[bytes]:
    """Make the requests an SNMP agent would answer: each default community in v1 and v2c, and v3 discovery."""
    guesses = [community_get(version, community) for version in ("1", "2c") for community in profile.default_communities]
    return [*guesses, engine_discovery()]


def _echoes(context: LookContext) -> tuple[EchoProof, ...]:
    profile = context.profile
    ports = [("tcp", port) for port in profile.management_tcp_ports] + [("udp", port) for port in profile.management_udp_ports]
    try:
        return echo_proofs(context, context.door.at(OUTSIDE), ports)
    except CouldNotLook:
        return ()  # the attempt is recorded; without a proof, silence of a port is worth nothing, and the judge says so


# -- from inside -------------------------------------------------------------------------------------------------------------


def _inside(context: LookContext, firewall: Host) -> tuple[SnmpTry | None, tuple[SnmpTry, ...], SnmpTry | None]:
    if firewall.snmp is None:
        return None, (), None
    before = _get(context, firewall, SnmpTry(version="3", level="authPriv"))
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="snmp") as pool:  # silence is waited for: wait for all at once
        tries = tuple(pool.map(lambda attempt: _get(context, firewall, attempt), must_fail(context.profile)))
    return before, tries, _get(context, firewall, SnmpTry(version="3", level="authPriv"))


def must_fail(profile: Profile) -> Iterator[SnmpTry]:
    """List what an agent must turn down."""
    for version in ("1", "2c"):
        yield from (SnmpTry(version=version, community=community) for community in profile.default_communities)
    yield from (SnmpTry(version="3", level=level) for level in WEAK_LEVELS)


def _get(context: LookContext, firewall: Host, attempt: SnmpTry) -> SnmpTry:
    """Make one attempt. A value is `said`; a reason for none is `missed`."""
    given = {"version": attempt.version, "level": attempt.level, "community": attempt.community}
    try:
        values, observation = context.door.snmp_get(
            firewall.name,
            [SYS_DESCR],
            Deadline.after(SNMP_SECONDS),
            community=attempt.community or None,
            version=attempt.version,
            level=attempt.level or "authPriv",
        )
    except CouldNotLook as missed:
        if missed.reason is Unseen.HALTED:
            raise
        return SnmpTry(**given, missed=missed.reason.value, said=missed.detail, observation=missed.observation)
    return SnmpTry(**given, said="; ".join(values.values()), observation=observation)
