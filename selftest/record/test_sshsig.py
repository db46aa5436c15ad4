"""SSHSIG: what we sign, OpenSSH verifies; what OpenSSH signs, we verify; and nothing else."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_ssh_private_key

from ordinance.record.sshsig import BadSignature, fingerprint, is_key, parse, public_blob, sign, verify

MESSAGE = b"4eb674933cd89d7a368e1eddc64746bf9bc5cf132668c61f9df8e23284f56b73  head.json\n" * 7
#: RFC 8032 section 7.1, test 1: a key that is the same every time.
KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
BLOB = public_blob(KEY.public_key())


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """KEY as ssh-keygen wants it, and who may sign with it."""
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    public = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    (tmp_path / "key.pub").write_bytes(public)
    (tmp_path / "allowed").write_bytes(b"ordinance " + public + b"\n")
    return path


def ssh_keygen(*arguments: object, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ssh-keygen", *map(str, arguments)], input=said, capture_output=True, timeout=30, check=False)


def ssh_verify(keys: Path, signature: bytes, message: bytes, namespace: str = "ordinance") -> bool:
    (keys.parent / "sig").write_bytes(signature)
    allowed = keys.parent / "allowed"
    done = ssh_keygen("-Y", "verify", "-f", allowed, "-I", "ordinance", "-n", namespace, "-s", keys.parent / "sig", said=message)
    return done.returncode == 0


def ssh_sign(keys: Path, message: bytes, *options: str, namespace: str = "ordinance") -> bytes:
    done = ssh_keygen("-Y", "sign", "-q", "-f", keys, "-n", namespace, *options, said=message)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("message", [b"", b"\x00\xff\n", MESSAGE, b"x" * 100_000], ids=["nothing", "bytes", "sums", "long"])
def test_openssh_verifies_what_we_sign(keys: Path, message: bytes) -> None:
    signature = sign(message, KEY)
    assert ssh_verify(keys, signature, message)
    assert not ssh_verify(keys, signature, message + b"!")
    assert not ssh_verify(keys, signature, message, "file")


@pytest.mark.parametrize("message", [b"", b"\x00\xff\n", MESSAGE, b"x" * 100_000], ids=["nothing", "bytes", "sums", "long"])
def test_we_verify_what_openssh_signs_and_it_is_byte_for_byte_what_we_sign(keys: Path, message: bytes) -> None:
    signature = ssh_sign(keys, message)
    assert verify(message, signature) == BLOB
    assert signature == sign(message, KEY)


def test_we_verify_what_openssh_signs_over_sha256(keys: Path) -> None:
    signature = ssh_sign(keys, MESSAGE, "-O", "hashalg=sha256")
    assert parse(signature).hash_name == "sha256"
    assert verify(MESSAGE, signature) == BLOB


def test_a_fingerprint_is_the_one_openssh_shows(keys: Path) -> None:
    assert ssh_keygen("-l", "-f", keys).stdout.split()[1].decode() == fingerprint(BLOB)


def test_a_signature_for_something_else_is_none_of_ours(keys: Path) -> None:
    signature = ssh_sign(keys, MESSAGE, namespace="git")
    with pytest.raises(BadSignature, match="made for 'git'"):
        verify(MESSAGE, signature)


def test_a_signature_over_something_else_is_refused() -> None:
    with pytest.raises(BadSignature, match="something else"):
        verify(MESSAGE + b"\n", sign(MESSAGE, KEY))


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_signature_by_another_kind_of_key_is_refused(tmp_path: Path, kind: str) -> None:
    assert ssh_keygen("-q", "-t", kind, "-N", "", "-f", tmp_path / "key").returncode == 0
    with pytest.raises(BadSignature, match="not an Ed25519 signature"):
        verify(MESSAGE, ssh_sign(tmp_path / "key", MESSAGE))


def test_every_changed_byte_of_a_signature_is_refused() -> None:
    signature = sign(MESSAGE, KEY)
    for place in range(len(signature)):
        changed = bytearray(signature)
        changed[place] ^= 1
        with pytest.raises(BadSignature):
            verify(MESSAGE, bytes(changed))


def test_every_signature_cut_short_or_drawn_out_is_refused() -> None:
    signature = sign(MESSAGE, KEY)
    changed = [signature[:place] for place in range(len(signature))]
    changed += [signature + b"\n", signature + signature, b"\n" + signature, signature.replace(b"\n", b"\r\n")]
    for text in changed:
        with pytest.raises(BadSignature):
            verify(MESSAGE, text)


def armored(blob: bytes) -> bytes:
    text = base64.b64encode(blob)
    lines = b"".join(text[start : start + 70] + b"\n" for start in range(0, len(text), 70))
    return b"-----BEGIN SSH SIGNATURE-----\n" + lines + b"-----END SSH SIGNATURE-----\n"


def strings(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


WHOLE = parse(sign(MESSAGE, KEY))
RAW = strings(b"ssh-ed25519", WHOLE.bytes)


@pytest.mark.parametrize(
    "blob",
    [
        b"SSHSIG\0\0\0\x02" + strings(BLOB, b"ordinance", b"", b"sha512", RAW),
        b"SSHSIX\0\0\0\x01" + strings(BLOB, b"ordinance", b"", b"sha512", RAW),
        b"SSHSIG\0\0\0\x01" + strings(BLOB, b"ordinance", b"x", b"sha512", RAW),
        b"SSHSIG\0\0\0\x01" + strings(BLOB, b"ordinance", b"", b"sha1", RAW),
        b"SSHSIG\0\0\0\x01" + strings(BLOB, b"ordinance", b"", b"sha512", RAW, b"more"),
        b"SSHSIG\0\0\0\x01" + strings(BLOB, b"ordinance", b"", b"sha512", RAW) + b"\0",
        b"SSHSIG\0\0\0\x01" + strings(BLOB, b"ordinance", b"", b"sha512"),
        b"SSHSIG\0\0\0\x01" + strings(BLOB + b"\0", b"ordinance", b"", b"sha512", RAW),
        b"SSHSIG\0\0\0\x01" + strings(strings(b"ssh-ed25519", b"\0" * 31), b"ordinance", b"", b"sha512", RAW),
        b"SSHSIG\0\0\0\x01" + strings(BLOB, b"ordinance", b"", b"sha512", strings(b"ssh-ed25519", WHOLE.bytes + b"\0")),
        b"SSHSIG\0\0\0\x01\xff\xff\xff\xff",
        b"",
    ],
)  # fmt: skip
def test_what_is_not_written_as_the_protocol_says_is_refused(blob: bytes) -> None:
    with pytest.raises(BadSignature):
        verify(MESSAGE, armored(blob))


def test_the_one_that_is_written_so_is_taken() -> None:
    good = b"SSHSIG\0\0\0\x01" + strings(BLOB, b"ordinance", b"", b"sha512", RAW)
    assert verify(MESSAGE, armored(good)) == BLOB
    assert is_key(BLOB) and not is_key(BLOB[:-1]) and not is_key(b"")


def test_the_key_of_openssh_is_read_as_it_was_written(keys: Path) -> None:
    key = load_ssh_private_key(keys.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey) and public_blob(key.public_key()) == BLOB
