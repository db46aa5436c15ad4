"""The inventory file format: one struct a mapping. The JSON Schema is made from these, and errors quote their descriptions."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from ordinance.inventory import leaves
from ordinance.strict import Leaf

AddressText = Annotated[str, Meta(description="an IPv4 or IPv6 address"), Leaf(leaves.address)]
RangeText = Annotated[str, Meta(description="an IPv4 network, as 198.51.100.0/28"), Leaf(leaves.network)]
ScopeText = Annotated[str, Meta(description="a network or an address, as 198.51.100.0/28"), Leaf(leaves.scope_network)]
DeniedText = Annotated[str, Meta(description="a network or an address, as 198.51.100.0/28"), Leaf(leaves.denied_network)]
HostName = Annotated[str, Meta(description="a host name: letters, digits, hyphens, dots (RFC 1123)"), Leaf(leaves.host_name)]
GroupName = Annotated[str, Meta(description="a group name: a letter, then letters, digits, underscores"), Leaf(leaves.group_name)]
ReverseZone = Annotated[str, Meta(description="a name ending in in-addr.arpa or ip6.arpa"), Leaf(leaves.reverse_zone)]
Label = Annotated[str, Meta(description="a short name: small letters, digits, hyphens"), Leaf(leaves.label)]
Account = Annotated[str, Meta(description="the name of an account"), Leaf(leaves.account)]
MailAddress = Annotated[str, Meta(description="a mail address, as probe@city.example"), Leaf(leaves.mail_address)]
Day = Annotated[str, Meta(description="a day as YYYY-MM-DD", extra_json_schema={"format": "date"}), Leaf(leaves.day)]
Secret = Annotated[
    str, Meta(description="where a secret is kept: env:NAME or file:PATH (lab:NAME in the lab)"), Leaf(leaves.secret)
]
EngineId = Annotated[str, Meta(description="the SNMP engine id of the agent in hex, as 80001f8804666f6f"), Leaf(leaves.engine_id)]
HostKey = Annotated[str, Meta(description='an OpenSSH public key, as "ssh-ed25519 AAAA..."'), Leaf(leaves.host_key)]
TimeZone = Annotated[str, Meta(description="a time zone of the tz database, as America/Los_Angeles"), Leaf(leaves.time_zone)]
Port = Annotated[int, Meta(description="a port number, 1 to 65535", ge=1, le=65535)]
Words = Annotated[str, Meta(description="some text", min_length=1)]
Identity = Annotated[str, Meta(description="text of 4 or more characters that only this service says", min_length=4)]
Canary = Annotated[str, Meta(description="text of 8 or more characters that stands on Intranet pages only", min_length=8)]
Reference = Annotated[str, Meta(description="what a reader can look up: a memo, a ticket, a page")]
Pace = Annotated[int, Meta(description="new connections a second, 1 to 100000", ge=1, le=100_000)]
Minutes = Annotated[int, Meta(description="a number of minutes, 1 to 1440", ge=1, le=1440)]
Bytes = Annotated[int, Meta(description="a number of bytes, 1 or more", ge=1)]
FilePath = Annotated[str, Meta(description="the full path of a file on that host"), Leaf(leaves.file_path)]


class Snmp(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An SNMPv3 authPriv user (SHA-256, AES-128) and where the agent answers. Without `engine_id` it is sent nothing secret."""

    address: AddressText
    port: Port = 161
    user: Account
    auth: Secret
    priv: Secret
    engine_id: EngineId | None = None


class Ruleset(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a firewall's ruleset is read over SSH, and the file that it loads when it starts."""

    read: Literal["nftables"]
    saved: FilePath


class HostVars(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is said of a host, or of all hosts of a group. Other `ansible_*` variables may stand here and are not read."""

    ignored_prefix: ClassVar[str] = "ansible_"

    ansible_host: AddressText | None = None
    ansible_port: Port = 22
    ansible_user: Account | None = None
    ssh_key: Secret | None = None
    host_keys: list[HostKey] = []
    addresses: list[AddressText] = []
    outer_addresses: list[AddressText] = []
    accounts: list[Account] | None = None
    snmp: Snmp | None = None
    ruleset: Ruleset | None = None


class Group(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An Ansible group. A group named as a role gives its hosts that role."""

    hosts: dict[HostName, HostVars | None] | None = None
    children: dict[GroupName, Group | None] | None = None
    vars: HostVars | None = None


class City(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose network it is."""

    name: Words
    timezone: TimeZone


class PublicRange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A named part of the public address space. A range stands for every address in it (IPv4, /20 or narrower)."""

    name: Label
    ranges: list[RangeText] = []
    addresses: list[AddressText] = []


class Service(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A service that is meant to be there, and the words by which it is known."""

    host: HostName
    address: AddressText
    port: Port
    protocol: Literal["smtp", "submission", "imaps", "nntp", "http", "https", "dns"]
    identity: Identity
    seen_from: Annotated[list[Literal["outside", "inside"]], Meta(description="outside, inside, or both")]


class Vantage(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A place to look from. `here` is the audit process itself and names no host."""

    zone: Literal["outside", "inside", "management"]
    host: HostName | None = None


class Scope(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be contacted at all; deny wins."""

    allow: list[ScopeText]
    deny: list[DeniedText] = []


class PaceLimits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How gently to look. null (no limit) is for the embedded city alone.

    `sweep_minutes`: how long the sweep of one run may take; where that is not enough for everything, parts take turns.
    """

    per_host: Pace | None = None
    total: Pace | None = None
    sweep_minutes: Minutes | None = None


class ProbeMailbox(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The one mailbox that quota and attachment checks may fill."""

    address: MailAddress
    user: Words
    password: Secret
    gateway: AddressText
    gateway_port: Port = 25
    submission: AddressText
    submission_port: Port = 587
    imap: AddressText
    imap_port: Port = 993
    server_name: HostName
    ca: Secret | None = None
    second_recipient: MailAddress
    second_password: Secret | None = None
    byte_budget: Bytes


class MailStore(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where mailboxes live, and the directory's list of them."""

    host: HostName
    mailboxes: list[MailAddress]


class IntranetSite(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An Intranet server as seen from inside."""

    host: HostName
    addresses: list[AddressText]
    names: list[HostName]
    port: Port
    canary: Canary


class PublicDns(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The public zone, its authoritative servers, and a name in it that must resolve."""

    zone: HostName
    servers: list[AddressText]
    witness_name: HostName
    witness_address: AddressText
    reverse_zones: list[ReverseZone] = []


class Authorisation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An exception that ITD authorised, until a day."""

    id: Label
    control: Words
    target: Words
    approved_by: Words
    reason: Words
    until: Day
    source: Words | None = None


class Attestation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person states that a clause is obeyed, until a day."""

    clause: Words
    by: Words
    given: Day  # `on` is a boolean in YAML 1.1
    reference: Reference
    until: Day


class Exemption(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person decided that a control does not apply here, until a day."""

    control: Words
    decided_by: Words
    reason: Words
    until: Day


class Registers(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people decided."""

    authorisations: list[Authorisation] = []
    attestations: list[Attestation] = []
    not_applicable: list[Exemption] = []
    legal_holds: list[MailAddress] = []
    departed: list[Words] = []


class InventoryFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One city: who is audited, from where, how gently, and what people decided."""

    city: City
    scope: Scope
    pace: PaceLimits = PaceLimits()
    lab: bool = False
    hosts_from: Words | None = None
    all: Group | None = None
    public: list[PublicRange] = []
    services: list[Service] = []
    vantages: dict[Label, Vantage] = {}
    echo: list[AddressText] = []
    probe_mailbox: ProbeMailbox | None = None
    mail_store: MailStore | None = None
    intranet: list[IntranetSite] = []
    public_dns: PublicDns | None = None
    registers: Registers = Registers()
