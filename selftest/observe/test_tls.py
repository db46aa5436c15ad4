"""TLS over a dialogue, on a socket and through SSH: verified against a given CA, or looked at without trust."""

from __future__ import annotations

import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ordinance.observe.api import CouldNotLook, Deadline, TurnedAway, Unseen
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.protocols import identify
from ordinance.observe.tls import names_of
from selftest.observe.sshd import USER_TEXT, sshd
from selftest.observe.test_ssh import open_door
from selftest.observe.world import LOOPBACK, door, peer

BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, names, signer=None, *, until=BEGIN + datetime.timedelta(days=3650), authority=False):
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, issuer_key = signer or (name_of(subject), key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()), key


def pem(made):
    return made.public_bytes(serialization.Encoding.PEM)


CA, CA_KEY = certificate("test CA", (), authority=True)
OTHER_CA, _ = certificate("other CA", (), authority=True)
GOOD = certificate("mail", ("mail.example", "alias.example"), (CA.subject, CA_KEY))
EXPIRED = certificate("mail", ("mail.example",), (CA.subject, CA_KEY), until=BEGIN + datetime.timedelta(days=1))


def test_addresses_in_a_certificate_are_names_too():
    key = ec.generate_private_key(ec.SECP256R1())
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("10.20.0.81", "2001:db8::81")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name_of("www"))
        .issuer_name(name_of("www"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("www.example"), *addresses]), critical=False)
        .sign(key, hashes.SHA256())
    )
    assert names_of(made.public_bytes(serialization.Encoding.DER)) == ("www.example", "10.20.0.81", "2001:db8::81", "www")


def tls_server(tmp_path, pair, first=b"", then=b"hello\r\n"):
    """Speak `first` plainly, await a line, then TLS with `pair`, in which `then` is said."""
    file = tmp_path / "pair.pem"
    key = pair[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    file.write_bytes(pem(pair[0]) + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def behaviour(connection):
        if first:
            connection.sendall(first)
            connection.recv(100)
            connection.sendall(b"220 go\r\n")
        with context.wrap_socket(connection, server_side=True) as wrapped:
            if then:
                wrapped.sendall(then)
            while data := wrapped.recv(100_000):
                wrapped.sendall(b"%d\r\n" % len(data) if len(data) < 1000 else b"")

    return behaviour


def test_a_verified_peer_is_who_it_says(tmp_path):
    journal = MemoryJournal()
    desk = door(journal).at("here")
    with peer(tls_server(tmp_path, GOOD)) as port, desk.connect(LOOPBACK, port, Deadline.after(5)) as dialogue:
        found = dialogue.start_tls("alias.example", pem(CA))
        assert dialogue.read_line() == b"hello"
        dialogue.write(b"12345")
        assert dialogue.read_line() == b"5"
        dialogue.write(b"x" * 2_000_000)
    assert (found.names, found.verified, found.version) == (("mail.example", "alias.example", "mail"), True, "TLSv1.3")
    assert journal.contacts[0].seen.startswith("* TLSv1.3, certificate for mail.example, alias.example, mail, SHA-256 ")


@pytest.mark.parametrize(
    ("pair", "name", "ca"),
    [(GOOD, "www.example", CA), (GOOD, "mail.example", OTHER_CA), (EXPIRED, "mail.example", CA)],
    ids=["another name", "another CA", "expired"],
)
def test_a_certificate_that_is_not_right_is_an_identity_failure(tmp_path, pair, name, ca):
    journal = MemoryJournal()
    desk = door(journal).at("here")
    with (
        peer(tls_server(tmp_path, pair)) as port,
        pytest.raises(CouldNotLook) as failure,
        desk.connect(LOOPBACK, port, Deadline.after(5)) as dialogue,
    ):
        dialogue.start_tls(name, pem(ca))
    assert failure.value.reason is Unseen.IDENTITY
    assert failure.value.observation == journal.contacts[0].id


def test_an_unverified_look_reads_the_names_of_any_certificate(tmp_path):
    desk = door(MemoryJournal()).at("here")
    with peer(tls_server(tmp_path, EXPIRED)) as port, desk.connect(LOOPBACK, port, Deadline.after(5)) as dialogue:
        found = dialogue.start_tls("", None, verify=False)
    assert (found.names, found.verified) == (("mail.example", "mail"), False)


def turns_away(tmp_path, alert):
    """A server that ends the handshake for every name by this alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = tmp_path / "pair.pem"
    tls_server(tmp_path, GOOD)
    context.load_cert_chain(file)
    context.sni_callback = lambda *asked: alert

    def behaviour(connection):
        with context.wrap_socket(connection, server_side=True):
            pass

    return behaviour


@pytest.mark.parametrize(
    ("alert", "answered"),
    [
        (ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME, True),
        (ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE, True),
        (ssl.ALERT_DESCRIPTION_ACCESS_DENIED, True),
        (ssl.ALERT_DESCRIPTION_INTERNAL_ERROR, False),
        (None, False),
    ],
)
def test_an_alert_turns_a_name_away_and_hanging_up_does_not(tmp_path, alert, answered):
    desk = door(MemoryJournal()).at("here")
    behaviour = turns_away(tmp_path, alert) if alert else lambda connection: connection.recv(1)
    with (
        peer(behaviour) as port,
        pytest.raises(CouldNotLook) as failure,
        desk.connect(LOOPBACK, port, Deadline.after(5)) as dialogue,
    ):
        dialogue.start_tls("intranet.example", None, verify=False)
    assert failure.value.reason is Unseen.PROTOCOL
    assert isinstance(failure.value, TurnedAway) is answered


def test_starttls_works_through_an_ssh_vantage(tmp_path, monkeypatch):
    monkeypatch.setenv("ORDINANCE_TEST_KEY", USER_TEXT)
    with (
        peer(tls_server(tmp_path, GOOD, b"220 mail\r\n")) as port,
        sshd() as server,
        open_door(server.port).at("outside").connect(LOOPBACK, port, Deadline.after(8)) as dialogue,
    ):
        assert dialogue.read_line() == b"220 mail"
        dialogue.write(b"STARTTLS\r\n")
        assert dialogue.read_line() == b"220 go"
        assert dialogue.start_tls("mail.example", pem(CA)).verified
        assert dialogue.read_line() == b"hello"


def test_a_ca_that_is_none_is_our_own_fault(tmp_path):
    desk = door(MemoryJournal()).at("here")
    with (
        peer(tls_server(tmp_path, GOOD)) as port,
        pytest.raises(CouldNotLook) as failure,
        desk.connect(LOOPBACK, port, Deadline.after(5)) as dialogue,
    ):
        dialogue.start_tls("mail.example", b"no certificate")
    assert failure.value.reason is Unseen.CREDENTIALS


def test_a_certificate_that_cannot_be_read_is_never_one_without_names():
    with pytest.raises(CouldNotLook) as failure:
        names_of(b"\x30\x03\x02\x01\x01")
    assert failure.value.reason is Unseen.IDENTITY


@pytest.mark.parametrize(
    ("said", "inside"), [(b"220 FTP\r\n", "unknown"), (b"* OK imap\r\n", "imap"), (b"SSH-2.0-x\r\n", "ssh"), (b"", "unknown")]
)
@pytest.mark.parametrize("expect", ["", "tls"])
def test_what_speaks_within_tls_is_identified(tmp_path, said, inside, expect):
    with peer(tls_server(tmp_path, GOOD, then=said)) as port:
        desk = door(MemoryJournal()).at("here")
        found = identify.identify(desk, LOOPBACK, port, Deadline.after(8), listen=0.6, expect=expect)
    assert (found.protocol, found.inside) == ("tls", inside)
    assert found.tls is not None
    assert "mail.example" in found.tls.names
