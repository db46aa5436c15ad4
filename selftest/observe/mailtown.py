"""A mail system made of values: SMTP, submission and IMAP behind the door's interfaces, with faults that can be switched on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from ordinance.inventory.model import Host, Inventory, MailStore, Pace, ProbeMailbox, Scope, SecretRef, Service, Vantage
from ordinance.observe.api import CommandResult, CouldNotLook, Deadline, LookContext, TlsPeer, Unseen
from selftest.judge.mail_cases import a_profile

ADDRESS = ip_address("198.51.100.5")
PROBE, OTHER = "probe@city.example", "probe2@city.example"
SERVER = "mail.city.example"
SECRETS = {"pw": "open-sesame", "pw2": "open-barley", "ca": "PEM"}
FULL = "552 5.2.2 Mailbox is full"
TOO_BIG = "552 5.3.4 Message size exceeds fixed limit"


@dataclass
class Mail:
    uid: int
    subject: str
    size: int


@dataclass
class Town:
    """State and faults of the mail system; `said` is every byte that was sent to it, `notes` what was observed."""

    size_limit: int = 262_144
    advertised: str = "SIZE 262144"
    quota: int = 128 * 1024
    banner: str = f"220 {SERVER} ESMTP"
    certificate: str = SERVER
    password: str = SECRETS["pw"]
    limits_declared: bool = True
    limits_data: bool = True
    full_stops_receiving: bool = True
    full_stops_delivery: bool = True
    full_stops_sending: bool = True
    stays_full: bool = False
    delivers: bool = True
    knows_quota: bool = True
    dead: frozenset[int] = frozenset()
    boxes: dict[str, list[Mail]] = field(default_factory=lambda: {PROBE: [Mail(1, "left from before", 500)], OTHER: []})
    said: bytearray = field(default_factory=bytearray)
    logins: list[str] = field(default_factory=list)
    notes: int = 0
    uids: int = 100
    was_full: bool = False
    commands: dict[tuple[str, ...], CommandResult] = field(default_factory=dict)

    def used(self, who: str) -> int:
        return sum(mail.size for mail in self.boxes[who])

    def full(self, who: str) -> bool:
        full = who == PROBE and self.used(who) >= self.quota
        self.was_full = self.was_full or full
        return full or (self.stays_full and self.was_full and who == PROBE)

    def store(self, who: str, subject: str, size: int) -> bool:
        """Put a message into a mailbox, if it fits."""
        if who == PROBE and self.full_stops_delivery and self.used(who) + size > self.quota:
            return False
        self.uids += 1
        self.boxes[who].append(Mail(self.uids, subject, size))
        return True


class Talk:
    """A dialogue with a protocol's machine: a generator that is sent lines and yields what it says."""

    def __init__(self, town: Town, machine: Callable[[Talk], Iterator[None]], *, tls_first: bool = False) -> None:
        self.observation = ""
        self.town = town
        self.inbox = bytearray()
        self.outbox = bytearray()
        self._machine = machine(self)
        if not tls_first:
            next(self._machine)

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.town.notes += 1
        self.observation = f"o-{self.town.notes}"
        if isinstance(error, CouldNotLook) and not error.observation:
            error.observation = self.observation

    def read_line(self) -> bytes:
        line, _, rest = bytes(self.outbox).partition(b"\r\n")
        self.outbox[:] = rest
        return line

    def read_some(self, most: int = 4096) -> bytes:
        taken = bytes(self.outbox[:most])
        del self.outbox[:most]
        return taken

    def write(self, data: bytes) -> None:
        self.town.said += data
        self.inbox += data
        next(self._machine)

    def start_tls(self, server_name: str, ca: bytes | None, *, verify: bool = True) -> TlsPeer:
        if verify and (server_name != self.town.certificate or ca != b"PEM"):
            raise CouldNotLook(Unseen.IDENTITY, "the certificate is not right")
        next(self._machine)
        return TlsPeer("TLSv1.3", (self.town.certificate,), "00", verify)

    def secret(self, value: str) -> None:
        pass

    # For the machines.

    def say(self, text: str) -> None:
        self.outbox += text.encode() + b"\r\n"

    def line(self) -> str | None:
        line, end, rest = bytes(self.inbox).partition(b"\r\n")
        if not end:
            return None
        self.inbox[:] = rest
        return line.decode()


def smtp(talk: Talk, *, submission: bool = False) -> Iterator[None]:  # noqa: PLR0912 - one branch a command
    """RFC 5321, as far as the looks go."""
    town = talk.town
    talk.say(town.banner)
    sender, recipient, size = "", "", 0
    while True:
        yield
        while (line := talk.line()) is not None:
            verb = line[:4].upper()
            if verb == "EHLO":
                talk.say(f"250-{SERVER}")
                for word in filter(None, (town.advertised, "STARTTLS")):
                    talk.say(f"250-{word}")
                talk.say("250 8BITMIME")
            elif verb == "STAR":
                talk.say("220 2.0.0 Ready")
                yield
            elif verb == "AUTH":
                ok = town.password == SECRETS["pw"]
                town.logins.append("smtp ok" if ok else "smtp refused")
                talk.say("235 2.7.0 Ok" if ok else "535 5.7.8 Error: authentication failed")
            elif verb == "MAIL":
                sender = line.partition("<")[2].partition(">")[0]
                declared = re.search(r"SIZE=(\d+)", line)
                over = declared and town.limits_declared and int(declared[1]) > town.size_limit
                talk.say(TOO_BIG if over else "250 2.1.0 Ok")
            elif verb == "RCPT":
                recipient = line.partition("<")[2].partition(">")[0]
                talk.say(rcpt(town, sender, recipient, submission=submission))
            elif verb == "DATA":
                talk.say("354 go on")
                while not talk.inbox.endswith(b"\r\n.\r\n"):
                    yield
                size = len(talk.inbox) - 3
                subject = re.search(rb"Subject: ([^\r]*)", bytes(talk.inbox))
                talk.inbox.clear()
                if town.limits_data and size > town.size_limit:
                    talk.say(TOO_BIG)
                else:
                    talk.say("250 2.0.0 queued")
                    if town.delivers and subject:
                        town.store(recipient, subject[1].decode(), size + 300)
            else:
                talk.say("250 2.0.0 Ok" if verb == "RSET" else "221 2.0.0 Bye")


def rcpt(town: Town, sender: str, recipient: str, *, submission: bool) -> str:
    if town.full(recipient) and town.full_stops_receiving:
        return FULL
    if submission and sender == PROBE and town.full(PROBE) and town.full_stops_sending:
        return FULL
    return "250 2.1.5 Ok"


def imap(talk: Talk) -> Iterator[None]:
    """RFC 3501, as far as the looks go."""
    talk.say("* OK ready")
    who = PROBE
    while True:
        yield
        while (line := talk.line()) is not None:
            tag, verb, rest = (*line.split(" ", 2), "")[:3]
            if verb == "UID":
                verb, _, rest = rest.partition(" ")
            if verb == "LOGIN":
                who = OTHER if rest.startswith(f'"{OTHER}"') else PROBE
                ok = rest.endswith(f'"{talk.town.password if who == PROBE else SECRETS["pw2"]}"')
                ok = ok and SECRETS["pw" if who == PROBE else "pw2"] in rest
                talk.town.logins.append("imap ok" if ok else "imap refused")
                talk.say(f"{tag} {'OK' if ok else 'NO'} LOGIN")
            elif verb == "APPEND":
                count = int(line.rpartition("{")[2].rstrip("}"))
                talk.say("+ go on")
                while len(talk.inbox) < count + 2:
                    yield
                text = bytes(talk.inbox[:count])
                del talk.inbox[: count + 2]
                stored = talk.town.store(who, text.partition(b"\r\n")[0].decode(), count)
                talk.say(f"{tag} OK done" if stored else f"{tag} NO [OVERQUOTA] Mailbox is full")
            else:
                for said in answer(talk.town, who, verb, rest):
                    talk.say(f"* {said}")
                talk.say(f"{tag} OK done")


def answer(town: Town, who: str, verb: str, rest: str) -> list[str]:  # noqa: PLR0911 - one answer a command
    box = town.boxes[who]
    if verb == "SELECT":
        return [f"{len(box)} EXISTS"]
    if verb == "CAPABILITY":
        return ["CAPABILITY IMAP4rev1 UIDPLUS NAMESPACE" + " QUOTA" * town.knows_quota]
    if verb == "SEARCH":
        wanted = rest.partition(" ")[2].strip('"')
        return ["SEARCH " + " ".join(str(mail.uid) for mail in box if rest == "ALL" or wanted in mail.subject)]
    if verb == "FETCH":
        return [f"1 FETCH (UID {mail.uid} RFC822.SIZE {mail.size})" for mail in box]
    if verb == "EXPUNGE":
        gone = {int(uid) for uid in rest.split(",") if uid}
        town.boxes[who] = [mail for mail in box if mail.uid not in gone]
    if verb == "GETQUOTAROOT":
        return ["QUOTAROOT INBOX root", f'QUOTA "User quota" (STORAGE {-(-town.used(who) // 1024)} {town.quota // 1024})']
    if verb == "LIST":
        return [r'LIST (\HasNoChildren) "/" INBOX', r'LIST (\HasNoChildren) "/" "Sent mail"', r'LIST (\Noselect) "/" Old']
    if verb == "NAMESPACE":
        return ['NAMESPACE (("" "/")("Archive/" "/")) NIL NIL']
    return []


@dataclass
class Vantages:
    """The door, a vantage and a host in one."""

    town: Town
    name: str = "here"

    def at(self, vantage: str) -> Vantages:
        return Vantages(self.town, vantage)

    def host(self, name: str) -> Vantages:
        return Vantages(self.town, name)

    def secret(self, reference: SecretRef) -> str:
        return SECRETS[reference.name]

    def connect(self, address: object, port: int, deadline: Deadline) -> Talk:
        if port in self.town.dead:
            raise CouldNotLook(Unseen.REFUSED, "Connection refused", "o-dead")
        if port == 25:
            return Talk(self.town, smtp)
        if port == 587:
            return Talk(self.town, lambda talk: smtp(talk, submission=True))
        return Talk(self.town, imap, tls_first=True)

    def run(self, argv: Sequence[str], deadline: Deadline, *, stdin: bytes = b"", cap: int = 0) -> CommandResult:
        return self.town.commands[tuple(argv)]


def a_context(town: Town, *, server_name: str = SERVER, byte_budget: int = 8_000_000) -> LookContext:
    """A look's context over this mail system."""
    mailbox = ProbeMailbox(
        address=PROBE, user="probe", password=SecretRef("env", "pw"), gateway=ADDRESS, gateway_port=25, submission=ADDRESS,
        submission_port=587, imap=ADDRESS, imap_port=993, server_name=server_name, ca=SecretRef("env", "ca"),
        second_recipient=OTHER, byte_budget=byte_budget, second_password=SecretRef("env", "pw2"),
    )  # fmt: skip
    services = (
        Service("mail", ADDRESS, 25, "smtp", f"{SERVER} ESMTP", frozenset({"outside", "inside"})),
        Service("mail", ADDRESS, 587, "submission", f"{SERVER} ESMTP", frozenset({"inside"})),
    )
    inventory = Inventory(
        source="test", city="City", timezone="UTC", lab=False, hosts={"mail": Host("mail", frozenset({"mail_gateways"}))},
        public=(), services=services, echo=(), scope=Scope((ip_network("198.51.100.0/28"),)), pace=Pace(None, None),
        vantages={"here": Vantage("here", "management", None), "outside": Vantage("outside", "outside", "far")},
        probe_mailbox=mailbox, mail_store=MailStore("mail", (PROBE, OTHER)),
    )  # fmt: skip
    door: object = Vantages(town)
    return LookContext(
        door=door,  # type: ignore[arg-type]
        inventory=inventory,
        profile=a_profile(message_size_max=524_288),
        sight=lambda name: None,
    )
