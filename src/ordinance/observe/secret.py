"""Secrets: found by reference, never shown, taken out of everything that is recorded."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from ordinance.errors import OrdinanceError
from ordinance.inventory.model import SecretRef
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.spelling import in_base64, pieces_out, spellings

MARK = "«secret»"
HASH_MARK = "«hash»"

#: crypt(5) hashes, as they stand in shadow(5): evidence must not become a list to crack
_HASH = re.compile(rb"\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5|argon2[id]{0,2})\$[./A-Za-z0-9$=,+-]{12,}")
_SHORTEST = 4  #: bytes; anything shorter would blot out ordinary text and is no secret
_KEY_LINE = 8  #: bytes of a private key's shortest line that is looked for: the last one may be "=="
_MOST = 1 << 20


class Secret(str):
    """A secret: the text itself for whoever sends it, a mark for whoever prints it (tracebacks, local variables)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MARK


class Vault:
    """Resolves references, remembers what must never be recorded. One for a run, used by every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._needles: tuple[bytes, ...] = ()

    def resolve(self, reference: SecretRef) -> Secret:
        """Return the secret, without a line end at its end. CREDENTIALS naming the reference, when it is not there or empty."""
        text = _read(reference)
        if text is None or not text.strip():
            raise CouldNotLook(Unseen.CREDENTIALS, f"the secret {reference} is not there or is empty")
        value = text if "-----BEGIN" in text else text.rstrip("\r\n")
        self.hide(value)
        return Secret(value)

    def learn(self, known: object) -> None:
        """Hide every secret that an inventory names and that is there: a peer may say one before anybody has used it."""
        for reference in set(_references(known)):
            with contextlib.suppress(CouldNotLook):  # whoever needs it says that it is missing
                self.resolve(reference)

    def hide(self, value: str) -> None:
        """Never record this text: as it is, as others write it, or inside base64 of anything (SASL, HTTP Basic)."""
        value = str(value)  # of a `Secret`, the text itself: its repr is the mark, and would be looked for
        raw = value.encode("utf-8", "surrogateescape")
        if len(raw) < _SHORTEST:
            return
        needles = {raw, *in_base64(raw), *spellings(value, raw)}
        if "PRIVATE KEY-----" in value:
            lines = [line for line in value.splitlines() if len(line) >= _KEY_LINE and not line.startswith("-----")]
            needles |= {spelt for line in lines for spelt in (*in_base64(line.encode()), *spellings(line, line.encode()))}
        with self._lock:
            # Longest first, so that a secret within another leaves no remainder.
            self._needles = tuple(sorted({*self._needles, *needles}, key=len, reverse=True))

    def redact(self, raw: bytes) -> bytes:
        """`raw` with every hidden text, what a cut has left of one, and every password hash replaced by a mark."""
        for needle in self._needles:
            if needle in raw:
                raw = raw.replace(needle, MARK.encode())
        raw = pieces_out(raw, self._needles, MARK.encode())
        return _HASH.sub(HASH_MARK.encode(), raw) if b"$" in raw else raw

    def redact_text(self, text: str) -> str:
        """As `redact`, for text."""
        return self.redact(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _read(reference: SecretRef) -> str | None:
    if reference.scheme == "env":
        return os.environ.get(reference.name)
    if reference.scheme == "file":
        return _file(Path(reference.name).expanduser())
    if reference.scheme == "lab":
        return _lab(reference.name)
    return None


def _lab(name: str) -> str | None:
    from ordinance.lab.state import find  # noqa: PLC0415 - an audit of a real city never loads the lab

    try:
        running = find()
        return None if running is None else running.secret(name)
    except OrdinanceError:
        return None


def _file(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(_MOST).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _references(known: object) -> Iterator[SecretRef]:
    """Every reference in a value made of dataclasses, mappings and tuples."""
    if isinstance(known, SecretRef):
        yield known
    elif dataclasses.is_dataclass(known) and not isinstance(known, type):
        for field in dataclasses.fields(known):
            yield from _references(getattr(known, field.name))
    elif isinstance(known, Mapping):
        yield from _references(tuple(known.values()))
    elif isinstance(known, tuple):
        for item in known:
            yield from _references(item)
