"""How a secret may be spelt where a peer, a traceback or a file format writes it, and what is left of it where text was cut."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from ordinance.observe.safetext import safe

_LEAST_BASE64 = 4  #: digits
_LEAST_PIECE = 5  #: bytes; a shorter beginning or end of a secret may stand anywhere by chance
_CUT = "…".encode()  #: where `safetext` has cut a text short
_MOST = 1 << 20
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def in_base64(raw: bytes) -> set[bytes]:
    """Return what base64 shows of `raw` whatever stands before and after it: one spelling for each alignment."""
    found = set()
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        first = (shift * 8 + 5) // 6  # digits that hold bits of what stands before
        last = (shift + len(raw)) * 8 // 6  # the first digit that holds bits of what comes after
        if last - first >= _LEAST_BASE64:
            found |= {whole[first:last], whole[first:last].translate(_URL_SAFE)}
    return found


def spellings(value: str, raw: bytes) -> set[bytes]:
    """Return how a peer that says it back, a traceback or a file format may spell it; a traceback may quote any of them."""
    spelt = {
        safe(value, cap=_MOST), value,
        html.escape(value), html.escape(value, quote=False), html.escape(value, quote=False).replace('"', "&quot;"),
        quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe="").lower(),
        raw.hex(), raw.hex().upper(), raw.hex(":"), raw.hex(" "), repr(raw)[2:-1],
    }  # fmt: skip
    once = spelt | {told for text in spelt for told in _quoted(text)}
    twice = once | {told for text in once for told in _quoted(text)}
    return {spelling.encode("utf-8", "surrogatepass") for spelling in twice}


def _quoted(text: str) -> set[str]:
    """Return the text as Python and JSON would quote it."""
    return {repr(text)[1:-1], ascii(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def pieces_out(raw: bytes, needles: Iterable[bytes], mark: bytes) -> bytes:
    """`raw` without what a cut has left of a needle: its beginning before a cut or the end, its end after a cut or the start."""
    parts = raw.split(_CUT)
    for needle in needles:
        head, tail = needle[:_LEAST_PIECE], needle[-_LEAST_PIECE:]
        if len(needle) > _LEAST_PIECE and (head in raw or tail in raw):
            parts = [_without_end(_without_start(part, needle, mark), needle, mark) for part in parts]
    return _CUT.join(parts)


def _without_end(part: bytes, needle: bytes, mark: bytes) -> bytes:
    """Take out the longest beginning of the needle with which the part ends."""
    for length in range(min(len(needle) - 1, len(part)), _LEAST_PIECE - 1, -1):
        if part.endswith(needle[:length]):
            return part[:-length] + mark
    return part


def _without_start(part: bytes, needle: bytes, mark: bytes) -> bytes:
    """Take out the longest end of the needle with which the part starts."""
    for length in range(min(len(needle) - 1, len(part)), _LEAST_PIECE - 1, -1):
        if part.startswith(needle[-length:]):
            return mark + part[length:]
    return part
