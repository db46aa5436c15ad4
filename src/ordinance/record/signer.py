"""The key that signs a run: an OpenSSH Ed25519 private key of the account that audits.

`ORDINANCE_SIGNING_KEY` names it. Without it, a key is made once at `$XDG_STATE_HOME/ordinance/signing-key`
(`~/.local/state` when that is not set), with its public half beside it for the auditors.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_ssh_private_key

from ordinance.errors import OrdinanceError
from ordinance.record.sshsig import public_blob, sign

VARIABLE = "ORDINANCE_SIGNING_KEY"
_COMMENT = b"ordinance"
_TOO_BIG = 65_536  #: bytes; a private key has some 400


class SignerError(OrdinanceError):
    """The signing key cannot be used. The text says which, why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that may sign."""

    path: Path
    key: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """Its public half, as an SSH blob."""
        return public_blob(self.key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Return the armored signature over `message`."""
        return sign(message, self.key)


def key_path() -> Path:
    """Where the key is, or will be made."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME", "")
    # The XDG base directory specification: a relative path is to be ignored.
    base = Path(state) if Path(state).is_absolute() else Path("~/.local/state")
    try:
        return base.expanduser() / "ordinance" / "signing-key"
    except RuntimeError as error:
        raise SignerError(f"there is no home folder to keep the signing key in; name a key in {VARIABLE}") from error


def find_signer() -> Signer:
    """Read the key, and make it first where none was named and none is there. Raises OrdinanceError."""
    path = key_path()
    if not os.environ.get(VARIABLE) and not path.exists():
        _create(path)
    return Signer(path, _read(path))


def public_of_own() -> bytes:
    """The public key that this machine's runs are signed with, as an SSH blob. No key is made. Raises OrdinanceError."""
    path = key_path()
    if not path.exists():
        raise SignerError(f"there is no signing key at {path}; name the allowed signers' file with --signers FILE")
    return public_blob(_read(path).public_key())


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(file, "rb") as stream:
            _refuse_shared(path, os.fstat(stream.fileno()))
            data = stream.read(_TOO_BIG)
    except OSError as error:
        raise SignerError(f"the signing key {path} cannot be read: {error.strerror}") from error
    try:
        key = load_ssh_private_key(data, password=None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignerError(f"the signing key {path} is not an OpenSSH private key that can be read; {_RIGHT}") from error
    except TypeError as error:  # what cryptography raises for a key with a passphrase
        raise SignerError(f"the signing key {path} has a passphrase, which nobody types at night; {_RIGHT}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SignerError(f"the signing key {path} is not an Ed25519 key; {_RIGHT}")
    return key


_RIGHT = "make one with: ssh-keygen -t ed25519 -N '' -f FILE"


def _refuse_shared(path: Path, status: os.stat_result) -> None:
    """Raise when somebody else could sign with this key too."""
    if not stat.S_ISREG(status.st_mode):
        raise SignerError(f"the signing key {path} is not a file")
    if status.st_mode & 0o077:
        raise SignerError(f"the signing key {path} can be read by others (mode {status.st_mode & 0o777:04o}); chmod 600 {path}")
    if status.st_uid not in (0, os.geteuid()):
        raise SignerError(f"the signing key {path} belongs to user {status.st_uid}, who can sign with it; give it to its user")


def _create(path: Path) -> None:
    """Make a key for good; where two runs begin at once, the first one's stays."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" " + _COMMENT + b"\n"
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(part, private, 0o600)
            os.link(part, path)  # unlike a rename, never over a key that is there
        except FileExistsError:
            return
        finally:
            part.unlink(missing_ok=True)
        _write(path.with_name(f"{path.name}.pub"), public, 0o644)
    except OSError as error:
        what = f"the signing key {path} cannot be made: {error.strerror}"
        raise SignerError(f"{what}; name a key in {VARIABLE}, or set XDG_STATE_HOME to a folder that can be written") from error


def _write(path: Path, data: bytes, mode: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
