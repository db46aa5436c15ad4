"""Signatures as `ssh-keygen -Y sign` makes them and `ssh-keygen -Y verify` checks them: SSHSIG, Ed25519 only.

Source: OpenSSH's PROTOCOL.sshsig. The blob is the six bytes `SSHSIG`, version 1, then as SSH strings (RFC 4251 section 5)
public key, namespace, nothing, hash algorithm, signature. What is signed is `SSHSIG`, then as strings the namespace,
nothing, the hash algorithm and the hash of the message. Keys and signatures are those of RFC 8709.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NAMESPACE = "ordinance"  #: what our signatures are for; one made for git or a file of somebody's own is none of ours
KEY_TYPE = b"ssh-ed25519"
_MAGIC, _VERSION = b"SSHSIG", (1).to_bytes(4, "big")
_HASHES = ("sha512", "sha256")
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n"
_WIDTH = 70  #: characters of base64 a line, as ssh-keygen writes them
_KEY_BYTES, _SIGNATURE_BYTES = 32, 64


class BadSignature(Exception):
    """Not a signature of ours over this message. The text says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What an armored signature says about itself. `key` is the public key as an SSH blob, the way `.pub` files hold it."""

    key: bytes
    namespace: str
    hash_name: str
    bytes: bytes


def sign(message: bytes, key: Ed25519PrivateKey, namespace: str = NAMESPACE) -> bytes:
    """Sign, and return the armored signature, the same bytes every time."""
    raw = key.sign(_signed(message, namespace, _HASHES[0]))
    signature = _string(KEY_TYPE) + _string(raw)
    parts = (public_blob(key.public_key()), namespace.encode(), b"", _HASHES[0].encode(), signature)
    return _armor(_MAGIC + _VERSION + b"".join(map(_string, parts)))


def verify(message: bytes, armored: bytes, namespace: str = NAMESPACE) -> bytes:
    """Check a signature over `message` and return the public key that made it, as an SSH blob.

    Whether that key may sign is for the caller to say. Raises BadSignature. Only the one way in which ssh-keygen writes a
    signature is taken: a changed byte that changes no meaning is a changed byte.
    """
    found = parse(armored)
    if found.namespace != namespace:
        raise BadSignature(f"it was made for {found.namespace!r}, not for {namespace!r}")
    try:
        _public_key(found.key).verify(found.bytes, _signed(message, namespace, found.hash_name))
    except InvalidSignature:
        raise BadSignature("it was made over something else") from None
    return found.key


def parse(armored: bytes) -> Signature:
    """Take an armored signature apart. Raises BadSignature when it is not one, or not written as ssh-keygen writes it."""
    body = armored.removeprefix(_BEGIN).removesuffix(_END)
    try:
        blob = base64.b64decode(body.replace(b"\n", b""), validate=True)
    except binascii.Error:
        raise BadSignature("it is not an armored SSH signature") from None
    if _armor(blob) != armored or not blob.startswith(_MAGIC + _VERSION):
        raise BadSignature("it is not an armored SSH signature")
    key, namespace, reserved, hash_name, signature = _strings(blob[len(_MAGIC + _VERSION) :], 5)
    kind, raw = _strings(signature, 2)
    name = hash_name.decode("ascii", "replace")
    if reserved or name not in _HASHES or kind != KEY_TYPE or len(raw) != _SIGNATURE_BYTES:
        raise BadSignature("it is not an Ed25519 signature over SHA-512 or SHA-256")
    return Signature(key, namespace.decode("utf-8", "replace"), name, raw)


def public_blob(key: Ed25519PublicKey) -> bytes:
    """Write a public key the way `.pub` files and signatures hold it."""
    return _string(KEY_TYPE) + _string(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def fingerprint(blob: bytes) -> str:
    """Name a public key the way `ssh-keygen -l` does: `SHA256:…`."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def is_key(blob: bytes) -> bool:
    """Whether this is an Ed25519 public key."""
    try:
        _public_key(blob)
    except BadSignature:
        return False
    return True


def _public_key(blob: bytes) -> Ed25519PublicKey:
    kind, raw = _strings(blob, 2)
    if kind != KEY_TYPE or len(raw) != _KEY_BYTES:
        raise BadSignature("its key is not an Ed25519 key")
    return Ed25519PublicKey.from_public_bytes(raw)


def _signed(message: bytes, namespace: str, hash_name: str) -> bytes:
    digest = hashlib.new(hash_name, message).digest()
    return _MAGIC + b"".join(map(_string, (namespace.encode(), b"", hash_name.encode(), digest)))


def _armor(blob: bytes) -> bytes:
    text = base64.b64encode(blob)
    lines = (text[start : start + _WIDTH] + b"\n" for start in range(0, len(text), _WIDTH))
    return _BEGIN + b"".join(lines) + _END


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _strings(data: bytes, count: int) -> list[bytes]:
    """Read exactly `count` SSH strings. Raises BadSignature when there are more or fewer."""
    found = list(_split(data))
    if len(found) != count:
        raise BadSignature("it is not an armored SSH signature")
    return found


def _split(data: bytes) -> Iterator[bytes]:
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        if len(data) < max(end, 4):
            raise BadSignature("it is not an armored SSH signature")
        yield data[4:end]
        data = data[end:]
