"""The inventory after reading: frozen values, every name resolved, every address parsed. No input or output in here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: Role of a host = membership in the Ansible group of this name.
ROLES = (
    "firewalls",
    "mail_gateways",
    "news_hosts",
    "internet_servers",
    "intranet_servers",
    "name_servers",
    "proxies",
    "workstations",
    "broadcast_servers",
)


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is kept, never the secret: `env:NAME`, `file:PATH` or `lab:NAME` (embedded city only)."""

    scheme: str
    name: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a host is reached for administration over SSH (`ansible_host`, `ansible_port`, `ansible_user`)."""

    address: Address
    port: int
    user: str
    key: SecretRef
    host_keys: tuple[str, ...]  #: pinned, as in known_hosts: "ssh-ed25519 AAAA..."


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """An SNMPv3 authPriv user (RFC 3414, RFC 3826, RFC 7860): SHA-256 and AES-128."""

    address: Address
    port: int
    user: str
    auth: SecretRef
    priv: SecretRef
    engine_id: str = ""  #: pinned snmpEngineID (RFC 3411) in hex; "": not pinned, then no credential is sent


@dataclass(frozen=True, slots=True)
class RulesetSource:
    """How a firewall's ruleset is read, and the file that it loads when it starts."""

    read: str  #: "nftables"
    saved: str  #: path on the firewall


@dataclass(frozen=True, slots=True)
class Host:
    """One machine of the inventory."""

    name: str
    groups: frozenset[str]
    addresses: tuple[Address, ...] = ()  #: where it serves, not where it is administered
    outer_addresses: tuple[Address, ...] = ()  #: a firewall's own addresses that face outside
    ssh: Endpoint | None = None
    snmp: SnmpUser | None = None
    accounts: tuple[str, ...] | None = None  #: human accounts the directory knows here; None: not declared
    ruleset: RulesetSource | None = None  #: of a firewall; None: nobody said how it is read


@dataclass(frozen=True, slots=True)
class PublicGroup:
    """A named part of the city's public address space; every address in it is swept."""

    name: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is meant to be there, and by what words it is known.

    `identity` is text that the peer must say: in the greeting (smtp, nntp), the page (http, https).
    """

    host: str
    address: Address
    port: int
    protocol: str  #: smtp | submission | imaps | nntp | http | https | dns
    identity: str
    seen_from: frozenset[str]  #: zones it is meant for: "outside", "inside"


@dataclass(frozen=True, slots=True)
class Vantage:
    """A place to look from. `here` is the audit process itself; any other is a host reached by SSH."""

    name: str
    zone: str  #: "outside" | "inside" | "management"
    host: str | None  #: None: here


@dataclass(frozen=True, slots=True)
class Pace:
    """How gently to look. None means no limit (only the embedded city)."""

    per_host: int | None  #: new connections a second to one address
    total: int | None  #: new connections a second in all
    sweep_minutes: int | None = None  #: how long the sweep of one run may take; None: until all is swept


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be contacted at all; deny wins over allow."""

    allow: tuple[Network, ...]
    deny: tuple[Network, ...] = ()

    def admits(self, address: Address) -> bool:
        """Whether a packet may be sent to `address`."""
        inside = any(address in net for net in self.allow if net.version == address.version)
        barred = any(address in net for net in self.deny if net.version == address.version)
        return inside and not barred


@dataclass(frozen=True, slots=True)
class ProbeMailbox:
    """The one mailbox that quota and attachment checks may fill, with its byte budget for a run."""

    address: str
    user: str
    password: SecretRef
    gateway: Address  #: SMTP (port 25), seen from outside
    gateway_port: int
    submission: Address
    submission_port: int
    imap: Address
    imap_port: int
    server_name: str  #: the name the TLS certificate must carry
    ca: SecretRef | None  #: PEM of the CA that signed it; None: the system's trust store
    second_recipient: str  #: another mailbox of the city: where the probe mailbox's own test messages go
    byte_budget: int
    second_password: SecretRef | None = None  #: of the second recipient's mailbox, so that test messages there can be removed


@dataclass(frozen=True, slots=True)
class MailStore:
    """Where mailboxes live: the host on which `doveadm` answers, and the directory's list of mailboxes."""

    host: str
    mailboxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IntranetSite:
    """The Intranet server: its inside addresses and names, and the canary text that only its pages carry."""

    host: str
    addresses: tuple[Address, ...]
    names: tuple[str, ...]
    port: int
    canary: str


@dataclass(frozen=True, slots=True)
class PublicDns:
    """The authoritative server of the public zone, and a name in it that must resolve."""

    zone: str
    servers: tuple[Address, ...]
    witness_name: str
    witness_address: Address
    reverse_zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authorisation:
    """An exception by ITD (9.A.1 "except where authorised") or a waiver of one control."""

    id: str
    control: str
    target: str
    approved_by: str
    reason: str
    until: date
    source: str = ""


@dataclass(frozen=True, slots=True)
class Attestation:
    """A person states that a clause is obeyed."""

    clause: str
    by: str
    on: date
    reference: str
    until: date


@dataclass(frozen=True, slots=True)
class Exemption:
    """A decision that a control does not apply here, by name."""

    control: str
    decided_by: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Registers:
    """What people decided: authorisations, attestations, exemptions, legal holds, departed people."""

    authorisations: tuple[Authorisation, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    not_applicable: tuple[Exemption, ...] = ()
    legal_holds: tuple[str, ...] = ()
    departed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything the suite knows about one city before it looks."""

    source: str  #: the file it was read from, for messages
    city: str
    timezone: str
    lab: bool  #: the embedded city: the plugin starts it and joins its `itd` host
    hosts: dict[str, Host]
    public: tuple[PublicGroup, ...]
    services: tuple[Service, ...]
    vantages: dict[str, Vantage]
    echo: tuple[Address, ...]  #: outside hosts that answer on every port, IPv4 and IPv6
    scope: Scope
    pace: Pace
    probe_mailbox: ProbeMailbox | None = None
    mail_store: MailStore | None = None
    intranet: tuple[IntranetSite, ...] = ()
    public_dns: PublicDns | None = None
    registers: Registers = field(default_factory=Registers)

    def with_role(self, role: str) -> tuple[Host, ...]:
        """Hosts in the group `role`, by name."""
        return tuple(sorted((h for h in self.hosts.values() if role in h.groups), key=lambda h: h.name))

    @property
    def rulesets_declared(self) -> bool:
        """Whether every firewall's ruleset is declared, and so held against the policy beside what was seen from outside."""
        firewalls = self.with_role("firewalls")
        return bool(firewalls) and all(host.ruleset is not None for host in firewalls)

    def services_at(self, address: Address) -> tuple[Service, ...]:
        """Return the declared services on one address."""
        return tuple(service for service in self.services if service.address == address)
