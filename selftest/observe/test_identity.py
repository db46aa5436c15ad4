"""Before it is proven who answers, not one byte of a credential leaves; impostors keep everything they are told."""

from __future__ import annotations

import base64
import contextlib
import ssl
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization

from ordinance.inventory.model import Host, ProbeMailbox, SecretRef, SnmpUser
from ordinance.observe import snmp
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen
from ordinance.observe.mail import box
from ordinance.observe.mail.session import Post, confer
from ordinance.observe.mail.ways import submission
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.snmp_who import LEVELS
from selftest.judge.mail_cases import a_profile
from selftest.observe.snmp_impostor import impostor
from selftest.observe.test_tls import BEGIN, CA, CA_KEY, GOOD, certificate, pem
from selftest.observe.world import LOOPBACK, door, inventory, peer, reason_of

PASSWORD, AUTH, PRIV = "open-sesame-4711", "the-auth-passphrase", "the-priv-passphrase"
OURS, THEIRS = "80001f8804666f6f", "80001f8804626172"
SYS_NAME = "1.3.6.1.2.1.1.5.0"


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    for name, value in (("PW", PASSWORD), ("AUTH", AUTH), ("PRIV", PRIV), ("CA", pem(CA).decode())):
        monkeypatch.setenv(f"ORDINANCE_TEST_{name}", value)


def ref(name: str) -> SecretRef:
    return SecretRef("env", f"ORDINANCE_TEST_{name}")


# -- SNMP --------------------------------------------------------------------------------------------------------------------


def ask(port: int, engine: str, journal: MemoryJournal | None = None, times: int = 1, **how: str) -> list[Unseen | None]:
    user = SnmpUser(LOOPBACK, port, "audit", ref("AUTH"), ref("PRIV"), engine)
    opened = door(journal or MemoryJournal(), inventory(hosts=[Host("fw", frozenset(), snmp=user)]))
    return [reason_of(lambda: opened.snmp_get("fw", [SYS_NAME], Deadline.after(1.6), **how)) for _ in range(times)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("engines", [(THEIRS,), (THEIRS, OURS)], ids=["another engine", "another engine first"])
def test_another_snmp_engine_is_told_nothing_at_any_level(engines, level):
    with impostor(*engines) as agent:
        assert ask(agent.port, OURS, level=level) == [Unseen.IDENTITY]
        assert agent.messages
        assert [message for message in agent.messages if message.gives_away] == []
        assert agent.others == []


def test_the_pinned_snmp_engine_is_told_so_the_impostor_does_hear():
    with impostor(OURS) as agent:
        assert ask(agent.port, OURS) == [Unseen.PROTOCOL]  # it answers discovery and nothing else
        assert {message.user for message in agent.messages if message.gives_away} == {b"audit"}


def test_an_engine_that_changes_its_name_after_the_first_answer_gets_no_digest_made_for_the_new_name():
    with impostor(OURS, THEIRS) as agent:
        assert ask(agent.port, OURS) == [Unseen.PROTOCOL]
        assert {message.engine.hex() for message in agent.messages if message.gives_away} == {OURS}


def test_without_a_pinned_engine_not_even_discovery_is_sent():
    journal = MemoryJournal()
    with impostor(OURS) as agent:
        assert ask(agent.port, "", journal) == [Unseen.IDENTITY]
        assert agent.messages == []
    assert "pins no SNMP engine id" in journal.observations[-1].seen


def test_an_snmp_user_that_was_refused_is_not_tried_a_second_time(monkeypatch):
    tries = []

    def refused(who, *_):
        tries.append(who.level)
        raise CouldNotLook(Unseen.CREDENTIALS, "SNMP: Wrong SNMP PDU digest")

    monkeypatch.setattr(snmp, "get", refused)
    assert ask(161, OURS, times=3) == [Unseen.CREDENTIALS] * 3
    assert tries == ["authPriv"]


def test_a_level_that_is_turned_down_is_no_failed_login_of_ours(monkeypatch):
    tries = []

    def turned_down(who, *_):
        tries.append(who.level)
        raise CouldNotLook(Unseen.CREDENTIALS, "SNMP: Unsupported SNMP security level")

    monkeypatch.setattr(snmp, "get", turned_down)
    ask(161, OURS, times=2, level="noAuthNoPriv")
    assert tries == ["noAuthNoPriv"] * 2


# -- mail --------------------------------------------------------------------------------------------------------------------


def chain(made, tmp_path, name):
    path = tmp_path / f"{name}.pem"
    key = made[1].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(pem(made[0]) + key)
    return path


CERTIFICATES = {
    "good": GOOD,
    "another name": certificate("other", ("other.example",), (CA.subject, CA_KEY)),
    "a name around ours": certificate("mail", ("mail.example.evil.example",), (CA.subject, CA_KEY)),
    "nobody signed it": certificate("mail.example", ("mail.example",)),
    "expired": certificate("mail", ("mail.example",), (CA.subject, CA_KEY), until=BEGIN.replace(day=2)),
    "the name is only the common name": certificate("mail.example", (), (CA.subject, CA_KEY)),
}
IMPOSTORS = [name for name in CERTIFICATES if name != "good"]


class MailImpostor:
    """Takes every command for good, in the clear and inside TLS, and keeps it."""

    def __init__(self, certificate_file, *, greeting, starttls=True, tls_first=False):
        self.heard = bytearray()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate_file)
        self._greeting, self._starttls, self._tls_first = greeting, starttls, tls_first

    def __call__(self, connection):
        with contextlib.suppress(ssl.SSLError):
            self._serve(self._context.wrap_socket(connection, server_side=True) if self._tls_first else connection)

    def _serve(self, connection, greeting=True):
        if greeting:
            connection.sendall(self._greeting)
        held = b""
        while data := connection.recv(4096):
            self.heard += data
            held += data
            while b"\r\n" in held:
                line, _, held = held.partition(b"\r\n")
                if line.upper() == b"STARTTLS":
                    connection.sendall(b"220 go on\r\n")
                    self._serve(self._context.wrap_socket(connection, server_side=True), greeting=False)
                    return
                connection.sendall(self._reply(line.upper()))

    def _reply(self, line):
        if self._tls_first:
            return line.split(b" ")[0] + b" OK done\r\n"
        if line.startswith(b"EHLO"):
            return b"250-mail\r\n250-AUTH PLAIN LOGIN\r\n" + (b"250 STARTTLS\r\n" if self._starttls else b"250 HELP\r\n")
        return b"235 come in\r\n" if line.startswith(b"AUTH") else b"250 fine\r\n"

    @property
    def gave_away(self):
        """Whether the password came, in any of its spellings, or the wish to give it."""
        token = base64.b64encode(f"\0probe\0{PASSWORD}".encode())
        said = bytes(self.heard).upper()
        return any(word.upper() in said for word in (PASSWORD.encode(), token, b"AUTH ", b" LOGIN", b"AUTHENTICATE"))


def post(port):
    mailbox = ProbeMailbox(
        address="probe@city.example", user="probe", password=ref("PW"), gateway=LOOPBACK, gateway_port=port, submission=LOOPBACK,
        submission_port=port, imap=LOOPBACK, imap_port=port, server_name="mail.example", ca=ref("CA"),
        second_recipient="b@city.example", byte_budget=1000,
    )  # fmt: skip
    known = replace(inventory(), probe_mailbox=mailbox)
    context = LookContext(door=door(MemoryJournal(), known), inventory=known, profile=a_profile(), sight=pytest.fail)
    return Post.of(context)


def submit(port):
    mine = post(port)
    return confer(mine, submission(mine.context.inventory, mine.mailbox), lambda client, trace: None).unseen


def open_box(port):
    mine = post(port)

    def enter():
        with box.opened(mine, box.Seen()):
            pass

    return reason_of(enter)


@pytest.fixture
def mail(tmp_path):
    """Start an impostor with a certificate of that name."""
    with contextlib.ExitStack() as stack:

        def start(name="good", **how):
            how.setdefault("greeting", b"220 mail.example ESMTP\r\n")
            server = MailImpostor(chain(CERTIFICATES[name], tmp_path, "server"), **how)
            return server, stack.enter_context(peer(server))

        yield start


def test_the_right_submission_server_is_logged_in_to_so_the_impostor_does_hear(mail):
    server, port = mail()
    assert submit(port) is None
    assert server.gave_away


@pytest.mark.parametrize("name", IMPOSTORS)
def test_a_submission_server_with_the_wrong_certificate_is_told_no_credential(mail, name):
    server, port = mail(name)
    missed = submit(port)
    assert missed is not None
    assert missed.reason == Unseen.IDENTITY
    assert b"STARTTLS" in server.heard
    assert not server.gave_away


def test_a_submission_server_without_tls_is_told_no_credential(mail):
    server, port = mail(starttls=False)
    missed = submit(port)
    assert missed is not None
    assert missed.reason == Unseen.IDENTITY
    assert server.heard
    assert not server.gave_away


def test_a_submission_server_that_greets_otherwise_is_told_no_credential(mail):
    server, port = mail(greeting=b"220 another.example ESMTP\r\n")
    missed = submit(port)
    assert missed is not None
    assert missed.reason == Unseen.IDENTITY
    assert b"STARTTLS" not in server.heard
    assert not server.gave_away


def test_the_right_mail_store_is_logged_in_to_so_the_impostor_does_hear(mail):
    server, port = mail(greeting=b"* OK hello\r\n", tls_first=True)
    open_box(port)
    assert server.gave_away


@pytest.mark.parametrize("name", IMPOSTORS)
def test_a_mail_store_with_the_wrong_certificate_is_told_no_credential(mail, name):
    server, port = mail(name, greeting=b"* OK hello\r\n", tls_first=True)
    assert open_box(port) is Unseen.IDENTITY
    assert bytes(server.heard) == b""
