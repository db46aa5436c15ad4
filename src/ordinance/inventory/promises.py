"""Checks between the parts of an inventory: mail, Intranet, public DNS, registers, and where secrets may be kept."""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.errors import Problem
from ordinance.inventory import leaves
from ordinance.inventory.ground import Ground, Path
from ordinance.strict import Mapping, Node, Scalar, Sequence

_SECRET_KEYS = ("ssh_key", "password", "second_password", "auth", "priv", "ca")


def probe_mailbox(ground: Ground) -> None:
    """Check that the probe mailbox is one that the directory knows, on servers that may be contacted."""
    probe = ground.file.probe_mailbox
    if probe is None:
        return
    for key, text in (("gateway", probe.gateway), ("submission", probe.submission), ("imap", probe.imap)):
        ground.needs_scope(leaves.address(text), ("probe_mailbox", key))
    store = ground.file.mail_store
    if store is not None and probe.address not in store.mailboxes:
        what = f"{probe.address} is not in mail_store.mailboxes"
        ground.bad(("probe_mailbox", "address"), what, "list it there, or correct the address")


def mail_store(ground: Ground) -> None:
    """Check that the mail store is a host with SSH, and the directory's list is not empty."""
    store = ground.file.mail_store
    if store is None:
        return
    ground.needs_ssh(store.host, ("mail_store", "host"))
    if not store.mailboxes:
        right = "list every mailbox; an empty list would prove nothing"
        ground.bad(("mail_store", "mailboxes"), "the directory lists no mailbox", right)
    ground.no_twice(store.mailboxes, ("mail_store", "mailboxes"), "mailbox")


def intranet(ground: Ground) -> None:
    """Check that an Intranet site stands on a host of that role, on addresses of that host."""
    ground.no_twice([site.host for site in ground.file.intranet], ("intranet",), "Intranet site of", "host")
    for index, site in enumerate(ground.file.intranet):
        path: Path = ("intranet", index)
        host = ground.needs_host(site.host, (*path, "host"))
        if host is not None and "intranet_servers" not in host.groups:
            right = "put it there, or name another host"
            ground.bad((*path, "host"), f"{site.host} is not in the group intranet_servers", right)
        if not site.addresses or not site.names:
            ground.bad(path, "an Intranet site without addresses or names", "list its inside addresses and its names")
        for position, text in enumerate(site.addresses):
            address, place = leaves.address(text), (*path, "addresses", position)
            ground.needs_scope(address, place)
            if host is not None and address not in host.addresses:
                right = f"list it in the addresses of {site.host}"
                ground.bad(place, f"{address} is not an address of {site.host}", right)


def public_dns(ground: Ground) -> None:
    """Check that the public zone has servers that may be asked, and its witness stands in it."""
    dns = ground.file.public_dns
    if dns is None:
        return
    if not dns.servers:
        ground.bad(("public_dns", "servers"), "the public zone has no server", "list its authoritative servers")
    for index, text in enumerate(dns.servers):
        ground.needs_scope(leaves.address(text), ("public_dns", "servers", index))
    if dns.witness_name != dns.zone and not dns.witness_name.endswith(f".{dns.zone}"):
        what = f"{dns.witness_name} is not in the zone {dns.zone}"
        ground.bad(("public_dns", "witness_name"), what, f"name something that ends in .{dns.zone}")


def registers(ground: Ground) -> None:
    """Check that authorisations have names of their own; nothing ends before it begins."""
    found = ground.file.registers
    ground.no_twice([entry.id for entry in found.authorisations], ("registers", "authorisations"), "authorisation", "id")
    for index, entry in enumerate(found.attestations):
        if leaves.day(entry.until) < leaves.day(entry.given):
            right = "write the last day on which it holds"
            ground.bad(("registers", "attestations", index, "until"), "until is before given", right)


def lab_secrets(ground: Ground) -> None:
    """Check that secrets of the embedded city are known to nobody else's inventory."""
    if ground.file.lab:
        return
    for line in _lab_references(ground.loaded.tree):
        what = "a lab: reference outside the embedded city"
        ground.problems.append(Problem(ground.loaded.file, line, what, "write env:NAME or file:PATH"))


def _lab_references(node: Node) -> Iterator[int]:
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            inner = entry.node
            if key in _SECRET_KEYS and isinstance(inner, Scalar) and str(inner.value).startswith("lab:"):
                yield inner.line
            yield from _lab_references(inner)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _lab_references(item)
