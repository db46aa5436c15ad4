"""9.A.2: what may come in, to which address, and by which words of the policy or reading of the profile.

One definition for whoever probes from outside and for whoever proves from the ruleset.
"""

from __future__ import annotations

from dataclasses import dataclass

from ordinance.inventory.model import Address, Host, Inventory
from ordinance.law.model import Profile

ALLOWED = "allowed"
WEB = "the public web that 9.A.3 asks for (a reading of the profile)"
DNS = "the public zone's name server (a reading of the profile)"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Ports of one address that may be reached from outside, and why."""

    address: Address
    protocol: str  #: "tcp" | "udp"
    ports: tuple[int, ...]
    why: str


def allowances(inventory: Inventory, profile: Profile) -> tuple[Allowance, ...]:
    """Return everything that may come in, for every address of every host."""
    hosts = sorted(inventory.hosts.values(), key=lambda host: host.name)
    return tuple(
        found for host in hosts for address in host.addresses for found in may_come_in(address, host, inventory, profile)
    )


def may_come_in(address: Address, host: Host | None, inventory: Inventory, profile: Profile) -> tuple[Allowance, ...]:
    """Return what may come in to an address that `host` has (None: nobody is known to)."""
    groups = host.groups if host else frozenset()
    found: list[Allowance] = []
    if "mail_gateways" in groups:
        found.append(Allowance(address, "tcp", profile.smtp_ports, "SMTP on a mail gateway"))
    if "news_hosts" in groups:
        found.append(Allowance(address, "tcp", profile.nntp_ports, "NNTP on a news host"))
    if "internet_servers" in groups and profile.public_web == ALLOWED:
        found.append(Allowance(address, "tcp", profile.web_ports, WEB))
    servers = inventory.public_dns.servers if inventory.public_dns else ()
    if "name_servers" in groups and profile.public_dns == ALLOWED and address in servers:
        found += [Allowance(address, protocol, profile.dns_ports, DNS) for protocol in ("tcp", "udp")]
    return tuple(found)
