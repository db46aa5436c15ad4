"""What must not stand in public DNS or in public certificates: names and addresses of Intranet servers (9.A.3)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from ordinance.inventory.model import Address, Inventory


@dataclass(frozen=True, slots=True)
class Private:
    """What must not stand in public DNS."""

    names: frozenset[str]
    addresses: frozenset[Address]
    hosts: frozenset[str]  #: bare host names, as they stand in certificates made by hand

    @classmethod
    def of(cls, inventory: Inventory) -> Private:
        """Collect the names (small letters, no last dot) and addresses of every Intranet server."""
        sites = inventory.intranet
        zones = {inventory.public_dns.zone} if inventory.public_dns else set()
        names = {name for site in sites for name in site.names} | {f"{site.host}.{zone}" for site in sites for zone in zones}
        addresses = frozenset(address for site in sites for address in site.addresses)
        return cls(frozenset(plain(name) for name in names), addresses, frozenset(plain(site.host) for site in sites))

    def named_by(self, word: str) -> bool:
        """Whether a word is a name of the Intranet server, a name below one, its reverse name, or its address."""
        word = plain(word)
        if any(word == name or word.endswith(f".{name}") for name in self.names):
            return True
        if word in {address.reverse_pointer for address in self.addresses}:
            return True
        return any(address_of(part) in self.addresses for part in (word, word.partition(":")[2]))


def plain(name: str) -> str:
    """Write a DNS name in small letters without its last dot."""
    return name.lower().rstrip(".")


def address_of(word: str) -> Address | None:
    """Read an address; None for any other word."""
    try:
        return ip_address(word)
    except ValueError:
        return None
