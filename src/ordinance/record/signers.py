"""Who may sign: an `allowed_signers` file, as in ssh-keygen(1), ALLOWED SIGNERS; or this machine's own key."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from ordinance.errors import UsageError
from ordinance.record.signer import public_of_own
from ordinance.record.sshsig import KEY_TYPE, NAMESPACE, is_key

PRINCIPAL = "ordinance"  #: whose signature it is, for `ssh-keygen -Y verify -I`
#: One field: anything but blanks, except within double quotes.
_FIELD = re.compile(r'(?:"[^"]*"|[^\s"])+')
_KEY_TYPES = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+\Z")


def own() -> frozenset[bytes]:
    """This machine's own public key. Raises OrdinanceError when there is none."""
    return frozenset((public_of_own(),))


def allowed(path: Path) -> frozenset[bytes]:
    """Public keys (SSH blobs) that may sign as `ordinance`, from an `allowed_signers` file. Raises UsageError.

    Keys that are not Ed25519 are passed over: no signature of ours is made by one. An option that is not understood is
    refused, for it may forbid what would be allowed here.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    keys = frozenset(_keys(text, path))
    if not keys:
        raise UsageError(f"{path} names no Ed25519 key that may sign as {PRINCIPAL}: a line reads {PRINCIPAL} ssh-ed25519 AAAA…")
    return keys


def _keys(text: str, path: Path) -> Iterator[bytes]:
    for number, line in enumerate(text.splitlines(), 1):
        fields = _FIELD.findall(line)
        if not fields or fields[0].startswith("#"):
            continue
        principals, *rest = fields
        if _KEY_TYPES.match(principals):
            raise UsageError(
                f"{path}:{number}: this is a public key; before it must stand who it is: {PRINCIPAL} ssh-ed25519 AAAA…"
            )
        options = rest.pop(0) if rest and not _KEY_TYPES.match(rest[0]) else ""
        if len(rest) < 2:  # noqa: PLR2004 - type and key
            raise UsageError(f"{path}:{number}: not a line of an allowed_signers file: {PRINCIPAL} ssh-ed25519 AAAA…")
        if _matches(principals.strip('"'), PRINCIPAL) and _in_namespace(options, path, number) and rest[0].encode() == KEY_TYPE:
            yield _blob(rest[1], path, number)


def _blob(text: str, path: Path, number: int) -> bytes:
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    if not is_key(blob):
        raise UsageError(f"{path}:{number}: the key is not an Ed25519 key in base64, as .pub files hold it")
    return blob


def _in_namespace(options: str, path: Path, number: int) -> bool:
    """Whether the line's options let it sign for us."""
    if not options:
        return True
    name, _, value = options.partition("=")
    if name.lower() != "namespaces":
        raise UsageError(
            f"{path}:{number}: of the options, only namespaces is understood here; for {name} use ssh-keygen -Y verify"
        )
    if value.count('"') != 2 or not (value.startswith('"') and value.endswith('"')):  # noqa: PLR2004 - one pair
        raise UsageError(f'{path}:{number}: of the options, only namespaces="…" is understood here; use ssh-keygen -Y verify')
    return _matches(value.strip('"'), NAMESPACE)


def _matches(patterns: str, name: str) -> bool:
    """As in ssh_config(5), PATTERNS: a comma-separated list in which one that is negated by `!` wins."""
    listed = patterns.split(",")
    if any(item.startswith("!") and _like(name, item[1:]) for item in listed):
        return False
    return any(not item.startswith("!") and _like(name, item) for item in listed)


def _like(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.replace("[", "[[]"))
