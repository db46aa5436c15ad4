"""Checks between the parts of an inventory: hosts, services, the places to look from, and what may be contacted."""

from __future__ import annotations

from ordinance.inventory import leaves
from ordinance.inventory.ground import Ground, Path
from ordinance.inventory.model import Address


def public(ground: Ground) -> None:
    """Check that every public address may be contacted: one that may not could never be shown to be closed."""
    for index, group in enumerate(ground.public):
        barred = next((address for address in group.addresses if not ground.scope.admits(address)), None)
        if barred is not None:
            ground.needs_scope(barred, ("public", index))


def endpoints(ground: Ground) -> None:
    """Check that every host is reached at an address of its own that may be contacted."""
    reached: dict[tuple[Address, int], str] = {}
    for name, host in ground.hosts.items():
        for address in host.outer_addresses:
            ground.needs_host_scope(name, "outer_addresses", address)
        if host.snmp is not None:
            ground.needs_host_scope(name, "snmp", host.snmp.address)
        if host.ssh is None:
            continue
        ground.needs_host_scope(name, "ansible_host", host.ssh.address)
        place = (host.ssh.address, host.ssh.port)
        if place in reached:
            # One machine audited under two names would let the other one go unseen.
            what = f"{host.ssh.address} port {host.ssh.port} is already where {reached[place]} is reached"
            ground.bad_host(name, "ansible_host", what, "write each host's own address or port")
        reached.setdefault(place, name)


def services(ground: Ground) -> None:
    """Check that every service stands on an address of its host, once; one that is seen from outside on a public address."""
    seen: dict[tuple[Address, int], int] = {}
    for index, service in enumerate(ground.file.services):
        path: Path = ("services", index)
        address = leaves.address(service.address)
        ground.needs_scope(address, (*path, "address"))
        host = ground.needs_host(service.host, (*path, "host"))
        if host is not None and address not in host.addresses:
            right = f"list it in the addresses of {service.host}, or name another host"
            ground.bad((*path, "address"), f"{address} is not an address of {service.host}", right)
        if (address, service.port) in seen:
            what = f"{address} port {service.port} is declared twice (first on line {seen[address, service.port]})"
            ground.bad(path, what, "declare one service there")
        seen.setdefault((address, service.port), ground.loaded.line(*path))
        if not service.seen_from:
            ground.bad((*path, "seen_from"), "a service that is seen from nowhere", "write outside, inside, or both")
        if "outside" in service.seen_from and address not in ground.public_addresses:
            what = f"{address} is seen from outside but stands in no public group"
            ground.bad((*path, "address"), what, "add it to public, where it is swept, or take outside out of seen_from")


def vantages(ground: Ground) -> None:
    """Check that `here` is the audit process, and any other vantage a host with SSH; an outside one not of the city's range."""
    for name, vantage in ground.file.vantages.items():
        path: Path = ("vantages", name)
        if name == "here":
            if vantage.host is not None:
                right = "leave host out, or give the vantage another name"
                ground.bad((*path, "host"), "here is the audit process itself", right)
            continue
        if vantage.host is None:
            ground.bad(path, f"the vantage {name} names no host", "write host: and a host of this inventory")
            continue
        host = ground.needs_ssh(vantage.host, (*path, "host"))
        if host is not None and vantage.zone == "outside" and ground.public_addresses & {*host.addresses}:
            what = f"{vantage.host} stands in the city's own public range: from there nothing is seen as from outside"
            ground.bad((*path, "host"), what, "name a host outside the city's networks")


def echo(ground: Ground) -> None:
    """Check that an echo stands outside: it shows what leaves the vantage for outside."""
    ground.no_twice(ground.file.echo, ("echo",), "echo")
    for index, text in enumerate(ground.file.echo):
        address = leaves.address(text)
        ground.needs_scope(address, ("echo", index))
        if address in ground.public_addresses:
            what = f"{address} is in the city's own public range: it cannot show what leaves for outside"
            ground.bad(("echo", index), what, "name an address outside that is rented for the purpose")


def pace(ground: Ground) -> None:
    """Check that a real city has limits."""
    limits = ground.file.pace
    for key, value in (("per_host", limits.per_host), ("total", limits.total)):
        if value is None and not ground.file.lab:
            right = "write new connections a second, as 20; only the embedded city has none"
            ground.bad(("pace", key), f"pace.{key} has no limit", right)
    if limits.per_host and limits.total and limits.per_host > limits.total:
        ground.bad(("pace", "per_host"), "pace.per_host is above pace.total", "write at most the total")
