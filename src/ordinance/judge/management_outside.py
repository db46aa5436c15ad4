"""9.A.2, seen from outside: no management port of a firewall answers, or is let through to a host behind it.

Who sent a refusal matters. The firewall refusing for itself answers nothing; a refusal from behind it shows a port that is let
through. Hops tell the two apart, against those of a public host behind the firewall.
"""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.inventory.model import Host, Inventory
from ordinance.judge.attribution import place
from ordinance.judge.verdict import Evidence, Witness
from ordinance.law.model import Profile
from ordinance.sight.management import FirewallSeen, ManagementSighting, OuterAddress
from ordinance.sight.perimeter import Answer, CarefulAddress, CarefulPort, Reply, family


def outside_breaches(seen: FirewallSeen, host: Host, inventory: Inventory) -> Iterator[tuple[str, Evidence]]:
    """Yield each port in breach by name ("203.0.113.1:22/tcp") with its evidence."""
    for careful in _looked_at(seen):
        for port in _ports(careful, inventory):
            part = place(port.address, port.port, port.transport)
            for reply in port.replies:
                verb = _breach(reply, careful, host)
                if verb:
                    yield part, Evidence(f"{part} {verb} outside", (careful.observation,))


def _breach(reply: Reply, careful: CarefulAddress, host: Host) -> str:
    """In words what a reply shows to be wrong; "" when it shows nothing wrong."""
    if reply.answer is Answer.OPEN:
        return "answers"
    if reply.answer is Answer.RST and _side(reply, careful) == "behind":
        return f"is let through to a host behind {host.name}, which refused it,"
    return ""


def _side(reply: Reply, careful: CarefulAddress) -> str:
    """Tell who sent a reset: "firewall", "behind" it, or "" when its hops do not tell."""
    if reply.hops is None or careful.control_hops is None:
        return ""
    if reply.hops < careful.control_hops:
        return "firewall"
    return "" if careful.own else "behind"


def outside_doubts(
    seen: FirewallSeen, sighting: ManagementSighting, host: Host, inventory: Inventory, profile: Profile
) -> Iterator[str]:
    """Say what of the outside was not seen well enough."""
    looked = {address.address for address in seen.outer}
    for missing in sorted(set(outer_addresses(host, inventory)) - looked):
        yield f"{missing} was not asked"
    if not profile.management_tcp_ports and not profile.management_udp_ports:
        yield "the profile lists no management port"
    if not looked:
        yield f"the inventory declares no address of {host.name} that faces outside"
    for address in seen.outer:
        yield from _address_doubts(address, sighting, host, inventory, profile)


def _address_doubts(
    address: OuterAddress, sighting: ManagementSighting, host: Host, inventory: Inventory, profile: Profile
) -> Iterator[str]:
    careful = address.careful
    if careful is None:
        yield f"{address.address} could not be asked ({address.unseen})"
        return
    if careful.control_answered == 0 or careful.miss_bound > profile.miss_bound:
        answered = f"{careful.control_answered} of {careful.control_sent}"
        control = f"{careful.control_address} port {careful.control_port}"
        yield f"the way to {address.address} is not proven: {control} answered {answered}"
    if any(reply.answer is Answer.OPEN for decoy in careful.decoys for reply in decoy.replies):
        yield f"{address.address} answers on any port, so its answers mean nothing"
    if not any(decoy.sent for decoy in careful.decoys):
        yield f"{address.address} was asked no decoy port, so that it does not answer on any port is not shown"
    ports = list(_ports(careful, inventory))
    asked = {(port.transport, port.port) for port in ports}
    for transport, number in sorted(_required(address.address, inventory, profile) - asked):
        yield f"{address.address} was not asked on {number}/{transport}"
    for port in ports:
        yield from _port_doubts(port, careful, sighting, host)


def _port_doubts(port: CarefulPort, careful: CarefulAddress, sighting: ManagementSighting, host: Host) -> Iterator[str]:
    where = place(port.address, port.port, port.transport)
    if port.sent == 0:
        yield f"{where} was not asked"
    for reply in port.replies:
        if reply.answer in (Answer.LOCAL, Answer.UNASKED):
            yield f"the vantage could not send to {where} ({reply.by or reply.answer.value})"
        elif reply.answer is Answer.MUTE:
            yield f"{where} took connections with an empty window, and nobody knows for whom"
        elif reply.answer is Answer.ICMP and reply.by not in {str(a) for a in (*host.outer_addresses, *host.addresses)}:
            yield f"{where} was refused by {reply.by or 'somebody'}, not by {host.name}"
        elif reply.answer is Answer.RST and not _side(reply, careful):
            yield f"{where} was refused, and who refused it was not seen"
    if port.silent and sighting.echoed(family(port.address), port.transport, port.port) is None:
        yield f"{sighting.vantage} was not seen to be able to emit to {port.port}/{port.transport} (IPv{family(port.address)})"


def outer_addresses(host: Host, inventory: Inventory) -> tuple[str, ...]:
    """List the addresses by which the outside can try to reach a firewall: those that face it, and its own public ones."""
    public = {address for group in inventory.public for address in group.addresses}
    return tuple(dict.fromkeys(str(a) for a in (*host.outer_addresses, *(a for a in host.addresses if a in public))))


def _ports(careful: CarefulAddress, inventory: Inventory) -> Iterator[CarefulPort]:
    """Ports that were asked and are not a declared public service on this address (a firewall may forward one)."""
    declared = _declared(careful.address, inventory)
    return (port for port in careful.ports if (port.transport, port.port) not in declared)


def _declared(address: str, inventory: Inventory) -> set[tuple[str, int]]:
    services = (service for service in inventory.services if str(service.address) == address and "outside" in service.seen_from)
    return {("udp" if service.protocol == "dns" else "tcp", service.port) for service in services}


def _required(address: str, inventory: Inventory, profile: Profile) -> set[tuple[str, int]]:
    ports = {("tcp", port) for port in profile.management_tcp_ports} | {("udp", port) for port in profile.management_udp_ports}
    return ports - _declared(address, inventory)


def _looked_at(seen: FirewallSeen) -> Iterator[CarefulAddress]:
    return (address.careful for address in seen.outer if address.careful is not None)


def way_witnesses(seen: FirewallSeen) -> Iterator[Witness]:
    """Say which ways to the firewall were proven in the moments it was asked."""
    for careful in _looked_at(seen):
        if careful.control_answered:
            control = f"{careful.control_address} port {careful.control_port}"
            answered = f"{careful.control_answered} of {careful.control_sent}"
            yield Witness(f"{control} answered {answered} while {careful.address} was asked", (careful.observation,))


def echo_witnesses(seen: FirewallSeen, sighting: ManagementSighting) -> Iterator[Witness]:
    """Say to which ports the vantage was seen to be able to emit."""
    families = {family(careful.address) for careful in _looked_at(seen)}
    proofs = [echo for echo in sighting.echoes if echo.echoed and echo.family in families]
    if proofs:
        ports = ", ".join(sorted({f"{echo.port}/{echo.transport}" for echo in proofs}))
        text = f"{sighting.vantage} can emit to {ports}: the outside echo answered"
        yield Witness(text, tuple(dict.fromkeys(echo.observation for echo in proofs)))


def outside_evidence(seen: FirewallSeen) -> Iterator[Evidence]:
    """Say what was asked without an answer."""
    for careful in _looked_at(seen):
        ports = ", ".join(dict.fromkeys(f"{port.port}/{port.transport}" for port in careful.ports))
        text = f"{careful.address}: no answer on {ports} in {careful.control_sent} rounds (miss bound {careful.miss_bound:.1g})"
        yield Evidence(text, (careful.observation,))
