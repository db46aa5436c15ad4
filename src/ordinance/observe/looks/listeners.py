"""Look "listeners": what waits for connections on every host with a public address, by its own account (9.A.2).

Two witnesses that share nothing: ss(8) over SSH asks the kernel, the SNMP agent answers from its tables. An agent may tell what
was true a minute ago (Net-SNMP keeps these tables for 60 s), so it is asked, and believed, second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeVar

from ordinance.inventory.model import Host, Inventory
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen, lines, look
from ordinance.observe.safetext import safe_line
from ordinance.sight.listeners import BOTH, HostListeners, Listener, ListenerSighting

SECONDS = 30.0
SOCKETS = ("ss", "-Hlntup")
#: tcpListenerProcess and udpEndpointProcess: the columns in whose index all the rest stands.
TCP_TABLE, UDP_TABLE = "1.3.6.1.2.1.6.20", "1.3.6.1.2.1.7.7"
TCP_COLUMN, UDP_COLUMN = "1.3.6.1.2.1.6.20.1.4", "1.3.6.1.2.1.7.7.1.8"
IPV4, IPV6, UNKNOWN = 1, 2, 0  #: InetAddressType (RFC 4001); unknown(0) with no octets is both families
_SOCKET = re.compile(r"(tcp|udp)\s+\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+\s*(.*)")
_PROCESS = re.compile(r'\(\("([^"]*)"')
_Part = TypeVar("_Part")


@look("listeners")
def listeners(context: LookContext) -> ListenerSighting:
    """Ask every host that the outside could reach, and the Intranet servers."""
    hosts = asked(context.inventory)
    seen = []
    for done, host in enumerate(hosts):
        context.progress(done, len(hosts), f"listeners of {host.name}")
        seen.append(_host(context, host))
    return ListenerSighting(hosts=tuple(seen))


def asked(inventory: Inventory) -> tuple[Host, ...]:
    """List the hosts with a public address, by declaration or by a declared service, and the Intranet servers."""
    public = {address for group in inventory.public for address in group.addresses}
    serving = {service.host for service in inventory.services if service.address in public}
    serving |= {site.host for site in inventory.intranet}
    return tuple(host for name, host in sorted(inventory.hosts.items()) if name in serving or public & {*host.addresses})


def _host(context: LookContext, host: Host) -> HostListeners:
    unseen: dict[str, str] = {}
    observations: list[str] = []

    def attempt(name: str, ask: Callable[[], tuple[_Part, str]]) -> _Part | None:
        try:
            found, observation = ask()
        except CouldNotLook as missed:
            if missed.reason is Unseen.HALTED:
                raise
            unseen[name] = str(missed)
            observations.extend([missed.observation] if missed.observation else [])
            return None
        observations.append(observation)
        return found

    by_ssh = attempt("ssh", lambda: _by_ssh(context, host))
    by_snmp = attempt("snmp", lambda: _by_snmp(context, host))
    return HostListeners(host=host.name, by_ssh=by_ssh, by_snmp=by_snmp, unseen=unseen, observations=tuple(observations))


def _by_ssh(context: LookContext, host: Host) -> tuple[tuple[Listener, ...], str]:
    result = context.door.host(host.name).run(SOCKETS, Deadline.after(SECONDS))
    if result.exit_status != 0:
        complaint = safe_line(result.stderr, cap=200)
        raise CouldNotLook(Unseen.TOOL, f"ss ended with {result.exit_status}: {complaint}", result.observation)
    try:
        return tuple(sorted(set(sockets(lines(result.stdout))))), result.observation
    except ValueError as error:
        raise CouldNotLook(Unseen.PROTOCOL, str(error), result.observation) from error


def sockets(text: Iterator[str] | Sequence[str]) -> Iterator[Listener]:
    """Parse lines of `ss -Hlntup`. ValueError at one that is none."""
    for line in text:
        found = _SOCKET.match(line)
        if found is None:
            raise ValueError(f"not a line of ss: {safe_line(line, cap=120)}")
        transport, place, port, rest = found.groups()
        address = place.split("%")[0].strip("[]")
        process = _PROCESS.search(rest)
        if address != BOTH:
            address = str(ip_address(address))
        yield Listener(
            transport=transport, address=address, port=int(port), process=safe_line(process[1], cap=80) if process else ""
        )


def _by_snmp(context: LookContext, host: Host) -> tuple[tuple[Listener, ...], str]:
    if host.snmp is None:
        raise CouldNotLook(Unseen.VANTAGE, f"the inventory declares no SNMP user of {host.name}")
    deadline = Deadline.after(SECONDS)
    found: list[Listener] = []
    for transport, table, column in (("tcp", TCP_TABLE, TCP_COLUMN), ("udp", UDP_TABLE, UDP_COLUMN)):
        rows, observation = context.door.snmp_walk(host.name, table, deadline)
        try:
            found += endpoints(transport, column, rows)
        except ValueError as error:
            raise CouldNotLook(Unseen.PROTOCOL, str(error), observation) from error
    return tuple(sorted(set(found))), observation


def endpoints(transport: str, column: str, rows: dict[str, str]) -> Iterator[Listener]:
    """Read the indices of a table: type, length and octets of the address, port; for UDP only sockets that have no peer."""
    for name in rows:
        if not name.startswith(column + "."):
            continue
        index = [int(part) for part in name[len(column) + 1 :].split(".")]
        local, rest = _address(index, name)
        if not rest:
            raise ValueError(f"the agent's row {safe_line(name, cap=200)} has no port")
        if transport == "udp" and _has_peer(rest[1:], name):
            continue
        yield Listener(transport=transport, address=local, port=rest[0])


def _address(index: list[int], name: str) -> tuple[str, list[int]]:
    try:
        kind, length = index[0], index[1]
        octets, rest = bytes(index[2 : 2 + length]), index[2 + length :]
        if kind == UNKNOWN and not octets:
            return BOTH, rest
        return str({IPV4: IPv4Address, IPV6: IPv6Address}[kind](octets)), rest
    except (LookupError, ValueError) as error:
        raise ValueError(f"the agent's row {safe_line(name, cap=200)} holds no address") from error


def _has_peer(index: list[int], name: str) -> bool:
    """Whether the remote end of a UDP socket is a certain one; it then waits for nobody else."""
    remote, rest = _address(index, name)
    return remote not in ("0.0.0.0", "::", BOTH) or rest[:1] != [0]  # noqa: S104
