"""Whom each look contacts, in words, made from the inventory alone: what `--plan` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ordinance.inventory.model import Inventory, ProbeMailbox, Service
from ordinance.law.model import Profile
from ordinance.observe.careful import control_for
from ordinance.observe.looks.inbound_udp import OTHERS
from ordinance.observe.looks.intranet_inside import HERE, WORKSTATION
from ordinance.observe.looks.listeners import asked
from ordinance.observe.looks.management_plane import facing_outside, way_there
from ordinance.observe.mail.ways import SMTP_PROTOCOLS
from ordinance.observe.protocols.udp_payloads import questions

OUTSIDE = "outside"
#: Looks that wait for another, which is made for them though no check asks for it.
RESTS_ON = {
    "conversations": ("perimeter-sweep",),
    "intranet-inside": ("perimeter-sweep",),
    "counterexamples": ("rulesets",),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """One thing that a look would send to."""

    look: str
    vantage: str
    target: str
    what: str


Lister = Callable[[Inventory, Profile], Iterator[tuple[str, str, str]]]


def contacts(looks: tuple[str, ...], inventory: Inventory, profile: Profile) -> tuple[Contact, ...]:
    """Every contact of these looks, the vantages' own SSH connections first. Addresses out of scope are left out."""
    made = dict.fromkeys(name for look in looks for name in (*RESTS_ON.get(look, ()), look))
    found = [Contact(name, *row) for name in made for row in _LISTERS[name](inventory, profile)]
    used = dict.fromkeys(contact.vantage for contact in found)
    return (*_vantages(inventory, tuple(used)), *dict.fromkeys(found))


def _vantages(inventory: Inventory, used: tuple[str, ...]) -> Iterator[Contact]:
    for name in used:
        vantage = inventory.vantages.get(name)
        host = inventory.hosts.get(vantage.host) if vantage is not None and vantage.host else None
        if host is not None and host.ssh is not None:
            where = f"{host.ssh.address} tcp {host.ssh.port}"
            yield Contact("the vantage itself", HERE, where, f"SSH to {host.name}, key pinned")


def _ports(*groups: tuple[int, ...]) -> str:
    return ", ".join(str(port) for port in sorted({port for group in groups for port in group}))


def _public(inventory: Inventory) -> list[str]:
    return [str(a) for group in inventory.public for a in group.addresses if inventory.scope.admits(a)]


def _echoes(inventory: Inventory) -> list[str]:
    return [str(address) for address in inventory.echo if inventory.scope.admits(address)]


def _offered(inventory: Inventory) -> Iterator[tuple[str, str, str]]:
    for service in inventory.services:
        if "outside" in service.seen_from and inventory.scope.admits(service.address):
            yield _conversation(service)


def _conversation(service: Service) -> tuple[str, str, str]:
    onward = ", and the port of that address it redirects to" if service.protocol in {"http", "https"} else ""
    return OUTSIDE, f"{service.address} tcp {service.port}", f"conversation: {service.protocol} of {service.host}{onward}"


def _guarded(inventory: Inventory, profile: Profile) -> Iterator[tuple[str, str, str]]:
    tcp = _ports(profile.telnet_tcp_ports, profile.ftp_tcp_ports)
    for address in _echoes(inventory):
        yield OUTSIDE, f"{address} tcp {tcp}", "echo"
        yield OUTSIDE, f"{address} udp {_ports(profile.tftp_udp_ports)}", "echo"
    for address in _public(inventory):
        yield OUTSIDE, f"{address} tcp {tcp}", "connections, repeated"
        yield OUTSIDE, f"{address} udp {_ports(profile.tftp_udp_ports)}", "TFTP read request for a file that is not there"
        yield OUTSIDE, f"{address} tcp+udp one random high port", "decoy"
    public = [address for group in inventory.public for address in group.addresses if inventory.scope.admits(address)]
    controls = dict.fromkeys(control_for(address, inventory) for address in public)
    yield from (_conversation(service) for service in controls if service is not None)


def _sweep(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    for service in inventory.services:
        if "outside" in service.seen_from and inventory.scope.admits(service.address):
            yield OUTSIDE, f"{service.address} tcp {service.port}", f"canary: {service.protocol} of {service.host}, repeated"
    intranet = [str(a) for site in inventory.intranet for a in site.addresses if inventory.scope.admits(a)]
    for address in dict.fromkeys([*_public(inventory), *intranet, *_echoes(inventory)]):
        yield OUTSIDE, f"{address} tcp 1-65535", "connections, closed at once"


def _conversations(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    yield from _offered(inventory)
    yield OUTSIDE, "every port the sweep finds open", "conversation: greeting, TLS, HTTP"


def _management(inventory: Inventory, profile: Profile) -> Iterator[tuple[str, str, str]]:
    for host in inventory.with_role("firewalls"):
        for address in facing_outside(host, inventory):
            control = way_there(address, inventory)
            if control is None:
                continue  # nothing proves the way there, so it is not asked
            yield (
                OUTSIDE,
                f"{control.address} tcp {control.port}",
                f"connections to {control.protocol} of {control.host}, repeated",
            )
            yield OUTSIDE, f"{address} tcp one random high port", "decoy"
            yield OUTSIDE, f"{address} tcp {_ports(profile.management_tcp_ports)}", f"connections to {host.name}, repeated"
            yield OUTSIDE, f"{address} udp {_ports(profile.management_udp_ports)}", "SNMP v1, v2c, v3"
        if host.snmp is not None:
            yield HERE, f"{host.snmp.address} udp {host.snmp.port}", f"SNMP of {host.name}: v3 at each level, v1 and v2c"
    for where in _echoes(inventory):
        yield OUTSIDE, f"{where} tcp {_ports(profile.management_tcp_ports)}", "echo"
        yield OUTSIDE, f"{where} udp {_ports(profile.management_udp_ports)}", "echo"


def _intranet(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    inside = [name for name in (HERE, WORKSTATION) if name in inventory.vantages]
    for site in inventory.intranet:
        for address in site.addresses:
            for vantage in inside:
                yield (
                    vantage,
                    f"{address} tcp {site.port}",
                    f"home page of {site.host}, and the port of that address it redirects to",
                )


def _names(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    if inventory.public_dns is not None:
        for server in inventory.public_dns.servers:
            yield OUTSIDE, f"{server} tcp+udp 53", f"questions about {inventory.public_dns.zone}, zone transfers"


def _mailbox(inventory: Inventory) -> Iterator[ProbeMailbox]:
    if inventory.probe_mailbox is not None:
        yield inventory.probe_mailbox


def _mail_limits(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    for service in inventory.services:
        for zone in sorted(service.seen_from) if service.protocol in SMTP_PROTOCOLS else ():
            vantage = OUTSIDE if zone == OUTSIDE else HERE
            yield vantage, f"{service.address} tcp {service.port}", f"EHLO to {service.protocol} of {service.host}"
    for box in _mailbox(inventory):
        yield OUTSIDE, f"{box.gateway} tcp {box.gateway_port}", f"messages to {box.address}, just under and over the limit"
        yield HERE, f"{box.submission} tcp {box.submission_port}", f"messages from {box.address}, just under and over the limit"
        yield HERE, f"{box.imap} tcp {box.imap_port}", f"reads and cleans {box.address}"


def _mail_full(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    for box in _mailbox(inventory):
        yield OUTSIDE, f"{box.gateway} tcp {box.gateway_port}", f"small messages to {box.address}"
        yield HERE, f"{box.submission} tcp {box.submission_port}", f"small messages to {box.second_recipient}"
        yield HERE, f"{box.imap} tcp {box.imap_port}", f"fills and empties {box.address}, {box.byte_budget} bytes at most"
        if box.second_password is not None and box.second_recipient != box.address:
            yield HERE, f"{box.imap} tcp {box.imap_port}", f"removes the test messages from {box.second_recipient}"


def _mail_quota(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    if inventory.mail_store is not None:
        yield from _ssh(inventory, inventory.mail_store.host, "doveadm: every mailbox's limit")
    for box in _mailbox(inventory):
        yield HERE, f"{box.imap} tcp {box.imap_port}", f"limit of {box.address}"


def _accounts(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    for host in inventory.hosts.values():
        if host.accounts is not None:
            yield from _ssh(inventory, host.name, "reads accounts and their ageing, no password hashes")


def _rulesets(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    for host in inventory.with_role("firewalls"):
        if host.ruleset is not None:
            yield from _ssh(inventory, host.name, "reads the ruleset, loads it in an empty network namespace, changes nothing")


def _counterexamples(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    for host in inventory.with_role("firewalls"):
        if host.ruleset is not None:
            what = f"a packet that the ruleset of {host.name} lets through beyond the policy, if there is one: a few tries"
            yield OUTSIDE, "one address in scope, tcp or udp", f"{what}, beside a decoy and a declared service"
            yield from _ssh(inventory, host.name, "what time it is there, if such a packet is to be sent")


def _listeners(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
    for host in asked(inventory):
        yield from _ssh(inventory, host.name, "ss: its listeners")
        if host.snmp is not None:
            yield HERE, f"{host.snmp.address} udp {host.snmp.port}", f"SNMP of {host.name}: its listeners, v3 authPriv"


def _ssh(inventory: Inventory, name: str, what: str) -> Iterator[tuple[str, str, str]]:
    host = inventory.hosts[name]
    if host.ssh is not None:
        yield HERE, f"{host.ssh.address} tcp {host.ssh.port}", f"SSH to {name}: {what}"


def _udp(inventory: Inventory, profile: Profile) -> Iterator[tuple[str, str, str]]:
    for host in inventory.with_role("firewalls"):
        yield from _ssh(inventory, host.name, "watches the probes arrive; changes nothing")
    ports = _ports(tuple(question.port for question in questions(profile.default_communities)))
    for address in _public(inventory):
        yield OUTSIDE, f"{address} udp {ports}", "a question for each service"
        yield OUTSIDE, f"{address} udp {OTHERS} random ports", "an empty line"


def _crafted(what: str) -> Lister:
    def lister(inventory: Inventory, _: Profile) -> Iterator[tuple[str, str, str]]:
        for host in inventory.with_role("firewalls"):
            yield from _ssh(inventory, host.name, "watches the probes arrive; changes nothing")
        for address in _public(inventory):
            yield OUTSIDE, f"{address} {what}", "raw packets"
        for service in inventory.services:
            if "outside" in service.seen_from and inventory.scope.admits(service.address):
                yield OUTSIDE, f"{service.address} tcp {service.port}", "control: a SYN, repeated"

    return lister


_LISTERS: dict[str, Lister] = {
    "guarded-ports": _guarded,
    "perimeter-sweep": _sweep,
    "conversations": _conversations,
    "inbound-udp": _udp,
    "stealth": _crafted("TCP by well-known source ports, ACK, FIN, fragments"),
    "inbound-protocols": _crafted("GRE, ESP, AH, SCTP, tunnels, IPv6 extension headers"),
    "management-plane": _management,
    "intranet-inside": _intranet,
    "public-names": _names,
    "mail-limits": _mail_limits,
    "mail-quota": _mail_quota,
    "mail-full": _mail_full,
    "accounts": _accounts,
    "rulesets": _rulesets,
    "counterexamples": _counterexamples,
    "listeners": _listeners,
}
