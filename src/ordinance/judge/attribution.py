"""Who refused: a device on the way (the packet was stopped) or somebody behind the firewall (it crossed).

A reset says it by its hops alone, compared with those of a SYN-ACK of the same host or of its neighbours. An ICMP error says it
by its sender and code: "prohibited" is a filter speaking; "host unreachable" is a router that let the packet through, looked
for the host and found nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address

from ordinance.inventory.model import Host, Inventory
from ordinance.sight.perimeter import Answer, CarefulAddress, CarefulPort, Reply, family

#: (type, code): communication prohibited by a filter (RFC 1812 section 5.2.7.1, RFC 4443 section 3.1)
PROHIBITED = {4: {(3, 9), (3, 10), (3, 13)}, 6: {(1, 1), (1, 5), (1, 6)}}
PORT_UNREACHABLE = {4: {(3, 3)}, 6: {(1, 4)}}
#: A router has no way on: the packet ended there.
NO_ROUTE = {4: {(3, 0), (3, 6)}, 6: {(1, 0)}}
#: Nobody answered a router's ARP or neighbour discovery; it asks only for packets its filter has let through.
NOBODY_HOME = {4: {(3, 1), (3, 7)}, 6: {(1, 3)}}


#: Slow tries of the decoy that make its silence mean something.
SLOW_DECOYS = 3


class Where(Enum):
    """Where a packet ended."""

    STOPPED = "stopped on the way"
    CROSSED = "crossed the firewall"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where the packet ended, and how that is known."""

    where: Where
    how: str


def holder(address: str, inventory: Inventory) -> Host | None:
    """Find the host that has this address; None for an address that nobody is known to use."""
    wanted = ip_address(address)
    hosts = inventory.hosts.values()
    return next((host for host in hosts if wanted in host.addresses or wanted in host.outer_addresses), None)


def attribute(reply: Reply, address: str, host_hops: int | None, inventory: Inventory) -> Attribution:
    """Say where the packet ended that brought this reply; for silence and words of the vantage itself nobody can."""
    if reply.answer is Answer.OPEN:
        return Attribution(Where.CROSSED, "it answered")
    own = holder(address, inventory)
    is_firewall = own is not None and "firewalls" in own.groups
    if reply.answer is Answer.RST:
        return _reset(reply, host_hops, is_firewall=is_firewall)
    if reply.answer is Answer.MUTE:
        return _mute(reply, host_hops, is_firewall=is_firewall)
    if reply.answer is Answer.ICMP:
        return _icmp(reply, address, inventory, is_firewall=is_firewall)
    if reply.answer is Answer.LOCAL:
        return Attribution(Where.UNKNOWN, f"the vantage itself could not send ({reply.by or 'its own refusal'})")
    return Attribution(Where.UNKNOWN, "no answer")


def _reset(reply: Reply, host_hops: int | None, *, is_firewall: bool) -> Attribution:
    if is_firewall:
        return Attribution(Where.UNKNOWN, "the firewall's own address refused, which its filter and its system do alike")
    if reply.hops is None or host_hops is None:
        return Attribution(Where.UNKNOWN, "refused by a reset, and who sent it cannot be told")
    if reply.hops < host_hops:
        told = f"refused by a reset from {_hops(reply.hops)} away, the hosts are {_hops(host_hops)} away"
        return Attribution(Where.STOPPED, told)
    told = f"the host itself refused (reset from {_hops(reply.hops)} away): let through, nobody listens"
    return Attribution(Where.CROSSED, told)


def _mute(reply: Reply, host_hops: int | None, *, is_firewall: bool) -> Attribution:
    """A handshake with an empty window: a SYN proxy's, if it came from nearer than the hosts, and then nobody's behind it."""
    if is_firewall or reply.by or reply.hops is None or host_hops is None:
        return Attribution(Where.UNKNOWN, "a handshake with an empty window, and nobody knows whose")
    nearer = reply.hops < host_hops
    if nearer:
        told = f"a SYN proxy {_hops(reply.hops)} away shook hands, and none of the hosts, {_hops(host_hops)} away, did"
        return Attribution(Where.STOPPED, told)
    return Attribution(Where.UNKNOWN, f"a handshake with an empty window, from as far as the hosts ({_hops(reply.hops)})")


def _hops(number: int) -> str:
    return "1 hop" if number == 1 else f"{number} hops"


def _icmp(reply: Reply, address: str, inventory: Inventory, *, is_firewall: bool) -> Attribution:
    version, code = family(address), reply.icmp
    if not reply.by or code is None:
        return Attribution(Where.UNKNOWN, "an ICMP error, and who sent it cannot be told")
    named = f"ICMP type {code[0]} code {code[1]} from {reply.by}"
    if _behind(reply.by, address, inventory, is_firewall=is_firewall):
        return Attribution(Where.CROSSED, f"{named}, which is behind the firewall")
    if is_firewall and reply.by == address and code in PORT_UNREACHABLE[version]:
        return Attribution(Where.UNKNOWN, f"the firewall's own address refused ({named})")
    return _icmp_on_the_way(code, version, named)


def _icmp_on_the_way(code: tuple[int, int], version: int, named: str) -> Attribution:
    """Read an ICMP error of a device between the vantage and the host."""
    if code in PROHIBITED[version]:
        return Attribution(Where.STOPPED, f"prohibited: {named}")
    if code in PORT_UNREACHABLE[version]:
        return Attribution(Where.STOPPED, f"refused on the way: {named}")
    if code in NO_ROUTE[version]:
        return Attribution(Where.STOPPED, f"no route on the way: {named}")
    if code in NOBODY_HOME[version]:
        return Attribution(Where.CROSSED, f"let through, nobody is there: {named}")
    return Attribution(Where.UNKNOWN, named)


def _behind(by: str, address: str, inventory: Inventory, *, is_firewall: bool) -> bool:
    """Whether an ICMP error came from the asked host itself or another host of the city that is no firewall."""
    sender = holder(by, inventory)
    if sender is not None:
        return "firewalls" not in sender.groups
    return by == address and not is_firewall


def nobody_home_proven(careful: CarefulAddress, port: CarefulPort, most_missed: float) -> bool:
    """Whether a router's "nobody there" for this port can only mean that it let the packet through.

    The path was alive, and the decoy port, asked also so slowly that no limit on ICMP errors could eat the answer, got no such
    word.
    """
    decoys = [decoy for decoy in careful.decoys if decoy.transport == port.transport and decoy.sent]
    alike = any(nobody_home(reply, careful.address) for decoy in decoys for reply in decoy.replies)
    return bool(decoys) and not alike and careful.miss_bound <= most_missed and careful.slow_decoys >= SLOW_DECOYS


def nobody_home(reply: Reply, address: str) -> bool:
    """Whether this is a router's word that it found nobody; it may also be how a filter refuses everything."""
    return reply.answer is Answer.ICMP and reply.icmp in NOBODY_HOME[family(address)]


def place(address: str, port: int, transport: str = "tcp") -> str:
    """Name one port as authorisations do: "198.51.100.7:23/tcp", "[2001:db8::7]:23/tcp"."""
    return f"[{address}]:{port}/{transport}" if ":" in address else f"{address}:{port}/{transport}"
