"""Secrets: found by reference, never shown, taken out of everything that is recorded."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import threading
from pathlib import Path
from urllib.parse import quote, quote_plus

from ordinance.errors import OrdinanceError
from ordinance.inventory.model import SecretRef
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.safetext import safe

MARK = "«secret»"
HASH_MARK = "«hash»"

#: crypt(5) hashes, as they stand in shadow(5): evidence must not become a list to crack
_HASH = re.compile(rb"\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5|argon2[id]{0,2})\$[./A-Za-z0-9$=,+-]{12,}")
_SHORTEST = 4  #: bytes; anything shorter would blot out ordinary text and is no secret
_KEY_LINE = 8  #: bytes of a private key's shortest line that is looked for: the last one may be "=="
_MOST = 1 << 20
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


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

    def hide(self, value: str) -> None:
        """Never record this text: as it is, as others write it, or inside base64 of anything (SASL, HTTP Basic)."""
        raw = value.encode("utf-8", "surrogateescape")
        if len(raw) < _SHORTEST:
            return
        needles = {raw, *_in_base64(raw), *_as_others_write(value, raw)}
        if "PRIVATE KEY-----" in value:
            needles |= {line for line in raw.splitlines() if len(line) >= _KEY_LINE and not line.startswith(b"-----")}
        with self._lock:
            # Longest first, so that a secret within another leaves no remainder.
            self._needles = tuple(sorted({*self._needles, *needles}, key=len, reverse=True))

    def redact(self, raw: bytes) -> bytes:
        """`raw` with every hidden text and every password hash replaced by a mark."""
        for needle in self._needles:
            if needle in raw:
                raw = raw.replace(needle, MARK.encode())
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


def _in_base64(raw: bytes) -> set[bytes]:
    """Return what base64 shows of `raw` whatever stands before and after it: one spelling for each alignment."""
    found = set()
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        first = (shift * 8 + 5) // 6  # digits that hold bits of what stands before
        last = (shift + len(raw)) * 8 // 6  # the first digit that holds bits of what comes after
        if last - first >= _SHORTEST:
            found |= {whole[first:last], whole[first:last].translate(_URL_SAFE)}
    return found


def _as_others_write(value: str, raw: bytes) -> set[bytes]:
    """Return how a peer that says it back, a traceback or a file format may spell it."""
    spelt = {
        safe(value, cap=_MOST),
        repr(value)[1:-1], repr(raw)[2:-1], ascii(value)[1:-1],
        json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1],
        html.escape(value), html.escape(value, quote=False),
        quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe="").lower(),
        raw.hex(), raw.hex().upper(), raw.hex(":"), raw.hex(" "),
    }  # fmt: skip
    return {spelling.encode("utf-8", "surrogateescape") for spelling in spelt}
