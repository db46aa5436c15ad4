"""The ways into the mail system: where to knock, from where, and as whom."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address

from ordinance.inventory.model import Address, Inventory, ProbeMailbox, Service, Vantage
from ordinance.observe.api import CouldNotLook, Unseen

#: A third party's mail in the eyes of the city. The envelope sender is the null one: every host must take it (RFC 5321, 4.5.5),
#: no rule about sender domains touches it, and nothing offered can bounce to strangers. The header has a reserved domain.
STRANGER_HEADER = "ordinance-probe@example.net"
SMTP_PROTOCOLS = ("smtp", "submission")


@dataclass(frozen=True, slots=True)
class Way:
    """One SMTP service and how it is used."""

    path: str  #: "gateway" | "submission"
    vantage: str
    address: Address
    port: int
    identity: str  #: what its greeting must say
    helo: str  #: what we call ourselves
    sender: str  #: envelope sender; "" is the null one
    header_from: str
    login: bool  #: STARTTLS and AUTH as the probe user come first

    @property
    def place(self) -> str:
        """For the reader: what, where, from where."""
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)  # noqa: PLR2004
        return f"{self.path} {host}:{self.port} from {self.vantage}"


def gateway(inventory: Inventory, mailbox: ProbeMailbox) -> Way:
    """Take the way of strangers: port 25, from outside."""
    vantage = outside(inventory)
    return Way(
        path="gateway",
        vantage=vantage.name,
        address=mailbox.gateway,
        port=mailbox.gateway_port,
        identity=_identity(inventory, mailbox.gateway, mailbox.gateway_port, mailbox.server_name),
        helo=helo(inventory, vantage),
        sender="",
        header_from=STRANGER_HEADER,
        login=False,
    )


def submission(inventory: Inventory, mailbox: ProbeMailbox) -> Way:
    """Take the way of the probe user: submission, from here, with its login and its own address."""
    vantage = here(inventory)
    return Way(
        path="submission",
        vantage=vantage.name,
        address=mailbox.submission,
        port=mailbox.submission_port,
        identity=_identity(inventory, mailbox.submission, mailbox.submission_port, mailbox.server_name),
        helo=helo(inventory, vantage),
        sender=mailbox.address,
        header_from=mailbox.address,
        login=True,
    )


def declared(inventory: Inventory, service: Service, zone: str) -> Way:
    """Take the way to a declared mail service from a zone it is meant for, to hear it; nothing is offered to it."""
    vantage = outside(inventory) if zone == "outside" else here(inventory)
    path = "gateway" if service.protocol == "smtp" else "submission"
    name = helo(inventory, vantage)
    return Way(path, vantage.name, service.address, service.port, service.identity, name, "", STRANGER_HEADER, login=False)


def outside(inventory: Inventory) -> Vantage:
    """Find the vantage outside; CouldNotLook(VANTAGE) when the inventory has none."""
    return _first([v for v in inventory.vantages.values() if v.zone == "outside"], "outside")


def here(inventory: Inventory) -> Vantage:
    """Find the audit process itself; CouldNotLook(VANTAGE) when the inventory has none."""
    return _first([v for v in inventory.vantages.values() if v.host is None], "here")


def helo(inventory: Inventory, vantage: Vantage) -> str:
    """Give the vantage's address as a literal (RFC 5321, 4.1.3), so that no name is claimed; a name nobody has when not known."""
    host = inventory.hosts.get(vantage.host or "")
    if host is None or not host.addresses:
        return "ordinance-probe.invalid"
    address = host.addresses[0]
    return f"[IPv6:{address}]" if isinstance(address, IPv6Address) else f"[{address}]"


def _identity(inventory: Inventory, address: Address, port: int, fallback: str) -> str:
    found = [s.identity for s in inventory.services_at(address) if s.port == port and s.protocol in SMTP_PROTOCOLS]
    return found[0] if found else fallback


def _first(found: list[Vantage], wanted: str) -> Vantage:
    if not found:
        raise CouldNotLook(Unseen.VANTAGE, f"the inventory has no vantage {wanted}")
    return sorted(found, key=lambda vantage: (vantage.name != wanted, vantage.name))[0]
