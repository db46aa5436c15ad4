"""Hostile TLS peers: handshakes that never end, certificates that nobody can read, floods within the channel."""

from __future__ import annotations

import ssl

import pytest
from cryptography.hazmat.primitives import serialization

from ordinance.observe.api import Unseen
from ordinance.observe.protocols.identify import identify
from selftest.observe.hostile.bounds import LATER, SOON, Peer, dialogue, endure
from selftest.observe.test_tls import certificate

TOO_MUCH, DEADLINE, PROTOCOL, IDENTITY = Unseen.TOO_MUCH, Unseen.DEADLINE, Unseen.PROTOCOL, Unseen.IDENTITY
MANY = tuple(f"h{number}.example" for number in range(600))


def of_no_version(der: bytes) -> bytes:
    """The same certificate, of a version that there is not."""
    assert der.count(b"\xa0\x03\x02\x01\x02") == 1
    return der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x3a")


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    """Servers' contexts: an ordinary certificate, one that cannot be read, one with too many names."""
    folder, made = tmp_path_factory.mktemp("tls"), {}
    for name, names, change in (("good", ("a.example",), bytes), ("odd", (), of_no_version), ("many", MANY, bytes)):
        leaf, key = certificate("peer", names)
        text = ssl.DER_cert_to_PEM_cert(change(leaf.public_bytes(serialization.Encoding.DER))).encode()
        text += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / name).write_bytes(text)
        made[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made[name].load_cert_chain(folder / name)
    return made


def shake(opened):
    return opened.start_tls("", None, verify=False)


def shake_and_read(opened):
    shake(opened)
    while opened.read_line():
        pass


def shake_and_write(opened):
    shake(opened)
    opened.write(b"x" * 8_000_000)


def raw(send):
    def behave(peer: Peer) -> None:
        peer.hear()
        send(peer)

    return behave


RAW = [
    ("a record that drips", raw(lambda peer: peer.drip(b"\x16\x03\x03\x3f\xff\x02")), DEADLINE, SOON),
    ("a handshake message of 16 MiB", raw(lambda peer: peer.flood(b"\x16\x03\x03\x00\x04\x02\xff\xff\xff")), PROTOCOL, LATER),
    ("warnings without end", raw(lambda peer: peer.flood(b"\x15\x03\x03\x00\x02\x01\x00")), PROTOCOL, LATER),
    ("changes of cipher without end", raw(lambda peer: peer.flood(b"\x14\x03\x03\x00\x01\x01")), (PROTOCOL, TOO_MUCH), LATER),
    ("noise without end", raw(lambda peer: peer.flood(bytes(range(256)))), PROTOCOL, LATER),
    ("silence", raw(lambda peer: peer.hold()), DEADLINE, SOON),
    ("our own words", raw(lambda peer: peer.flood(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03")), PROTOCOL, LATER),
]


@pytest.mark.parametrize(("behave", "reason", "seconds"), [case[1:] for case in RAW], ids=[case[0] for case in RAW])
def test_a_handshake_that_is_none_is_borne(behave, reason, seconds):
    ending = endure(behave, dialogue(shake), seconds)
    assert ending.reason in (reason if isinstance(reason, tuple) else (reason,))


WITHIN = [
    ("lines without end", lambda peer: peer.flood(b"220-x\r\n"), shake_and_read, TOO_MUCH, LATER),
    ("a byte now and then", lambda peer: peer.drip(), shake_and_read, DEADLINE, SOON + 0.6),
    ("silence", lambda peer: peer.hold(), shake_and_read, DEADLINE, SOON + 0.6),
    ("an upload that nobody reads", lambda peer: peer.hold(), shake_and_write, DEADLINE, SOON + 0.6),
]


@pytest.mark.parametrize(("send", "talk", "reason", "seconds"), [case[1:] for case in WITHIN], ids=[case[0] for case in WITHIN])
def test_a_flood_within_tls_is_counted_like_any_other(contexts, send, talk, reason, seconds):
    def behave(peer: Peer) -> None:
        with contexts["good"].wrap_socket(peer.sock, server_side=True) as inside:
            send(Peer(inside, peer.over))

    assert endure(behave, dialogue(talk), seconds).reason is reason


def test_tickets_without_end_are_too_much(contexts):
    contexts["good"].num_tickets, before = 4000, contexts["good"].num_tickets

    def behave(peer: Peer) -> None:
        with contexts["good"].wrap_socket(peer.sock, server_side=True) as inside:
            Peer(inside, peer.over).hold()

    try:
        assert endure(behave, dialogue(shake_and_read)).reason is TOO_MUCH
    finally:
        contexts["good"].num_tickets = before


@pytest.mark.parametrize("which", ["odd", "many"])
def test_a_certificate_whose_names_cannot_be_told_is_not_taken_for_a_port_without_tls(contexts, which):
    """Else nobody would know that its names were never compared with the Intranet's."""

    def behave(peer: Peer) -> None:
        with contexts[which].wrap_socket(peer.sock, server_side=True) as inside:
            Peer(inside, peer.over).hold()

    assert endure(behave, dialogue(shake)).reason is IDENTITY
    look = endure(behave, lambda here, address, port, deadline: identify(here, address, port, deadline, expect="tls"))
    assert (look.value, look.reason) == (None, IDENTITY)
