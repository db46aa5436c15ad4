"""Read an inventory: file format in, resolved model out, every problem at once."""

from __future__ import annotations

from pathlib import Path

from ordinance.errors import Problem
from ordinance.inventory import hosts as host_reader
from ordinance.inventory import leaves, places, promises
from ordinance.inventory.ansible import add_listing
from ordinance.inventory.files import InventoryFile
from ordinance.inventory.ground import Ground
from ordinance.inventory.groups import Membership
from ordinance.inventory.model import (
    Host,
    IntranetSite,
    Inventory,
    MailStore,
    Pace,
    ProbeMailbox,
    PublicDns,
    PublicGroup,
    Scope,
    Service,
    Vantage,
)
from ordinance.inventory.public import expand
from ordinance.inventory.registers import resolve as resolve_registers
from ordinance.strict import Loaded, Mapping, gather, refuse

#: What must hold between the parts, once each is well formed.
_BETWEEN = (
    places.public,
    places.endpoints,
    places.services,
    places.vantages,
    places.echo,
    places.pace,
    promises.probe_mailbox,
    promises.mail_store,
    promises.intranet,
    promises.public_dns,
    promises.registers,
    promises.lab_secrets,
)


def load(path: str | Path, *, copied_from: Path | None = None, listing: Path | None = None) -> Inventory:
    """Return the inventory in `path`.

    A copy is read as what it was `copied_from`: relative references start there; `listing` is the copy of what `hosts_from`
    names. Raises DataError with every problem: first what stands wrong in the file by itself, then what does not fit together.
    """
    path = Path(path)
    origin = copied_from or path
    loaded, problems = gather(path, InventoryFile)
    problems += host_reader.literal_secrets(loaded.tree, loaded.file)
    refuse(problems)
    members = _members(loaded, origin.parent, listing, problems)
    refuse(problems)
    hosts = host_reader.resolve(members, origin.parent, problems)
    public = expand(loaded, problems)
    ground = Ground(loaded, members, hosts, public, problems)
    for check in _BETWEEN:
        check(ground)
    refuse(problems)
    return _inventory(loaded.value, origin, hosts, public)


def listing_of(path: Path) -> Path | None:
    """Return the file that `hosts_from` of a sound inventory names; None when it names none."""
    loaded, problems = gather(path, InventoryFile)
    refuse(problems)
    return None if loaded.value.hosts_from is None else path.parent / loaded.value.hosts_from


def _members(loaded: Loaded[InventoryFile], base: Path, listing: Path | None, problems: list[Problem]) -> Membership:
    members = Membership(loaded.file)
    below = loaded.tree.entries.get("all") if isinstance(loaded.tree, Mapping) else None
    if below is not None and isinstance(below.node, Mapping):
        members.add_tree(below.node)
    if loaded.value.hosts_from is not None:
        add_listing(members, listing or base / loaded.value.hosts_from, problems)
    problems += members.cycles()
    return members


def _inventory(file: InventoryFile, path: Path, hosts: dict[str, Host], public: tuple[PublicGroup, ...]) -> Inventory:
    base = path.parent
    return Inventory(
        source=str(path),
        city=file.city.name,
        timezone=file.city.timezone,
        lab=file.lab,
        hosts=hosts,
        public=public,
        services=tuple(
            Service(s.host, leaves.address(s.address), s.port, s.protocol, s.identity, frozenset(s.seen_from))
            for s in file.services
        ),
        vantages={name: Vantage(name, found.zone, found.host) for name, found in file.vantages.items()},
        echo=tuple(leaves.address(text) for text in file.echo),
        scope=Scope(
            tuple(leaves.scope_network(text) for text in file.scope.allow),
            tuple(leaves.denied_network(text) for text in file.scope.deny),
        ),
        pace=Pace(file.pace.per_host, file.pace.total, file.pace.sweep_minutes),
        probe_mailbox=_probe(file, base),
        mail_store=MailStore(file.mail_store.host, tuple(file.mail_store.mailboxes)) if file.mail_store else None,
        intranet=tuple(
            IntranetSite(s.host, tuple(leaves.address(text) for text in s.addresses), tuple(s.names), s.port, s.canary)
            for s in file.intranet
        ),
        public_dns=_dns(file),
        registers=resolve_registers(file.registers),
    )


def _probe(file: InventoryFile, base: Path) -> ProbeMailbox | None:
    found = file.probe_mailbox
    if found is None:
        return None
    return ProbeMailbox(
        address=found.address,
        user=found.user,
        password=host_reader.secret(found.password, base),
        gateway=leaves.address(found.gateway),
        gateway_port=found.gateway_port,
        submission=leaves.address(found.submission),
        submission_port=found.submission_port,
        imap=leaves.address(found.imap),
        imap_port=found.imap_port,
        server_name=found.server_name,
        ca=host_reader.secret(found.ca, base) if found.ca else None,
        second_recipient=found.second_recipient,
        byte_budget=found.byte_budget,
        second_password=host_reader.secret(found.second_password, base) if found.second_password else None,
    )


def _dns(file: InventoryFile) -> PublicDns | None:
    found = file.public_dns
    if found is None:
        return None
    servers = tuple(leaves.address(text) for text in found.servers)
    witness = leaves.address(found.witness_address)
    return PublicDns(found.zone, servers, found.witness_name, witness, tuple(found.reverse_zones))
