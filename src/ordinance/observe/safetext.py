r"""Text from a peer, made safe once, where it is captured.

Whatever could move a cursor, turn text round, hide, or end a line shows as an escape (`\\x1b`, `\\u202e`). Backslashes stay as
they are, so that making safe twice changes nothing; the raw bytes in the journal settle any doubt.
"""

from __future__ import annotations

import unicodedata

CAP = 8192  #: bytes of the original that are shown

#: Other, format (Cf: bidi controls, zero width, tags), surrogates, private use, unassigned, line and paragraph separators
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Letters and marks that print as nothing: joiners, fillers, the blank Braille pattern, variation selectors
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | {
    chr(point) for point in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}


def safe(raw: bytes | str, *, cap: int = CAP, lines: bool = False) -> str:
    r"""Return `raw` as text that can be shown anywhere.

    Bytes are read as UTF-8; what is not UTF-8 shows as `\\xNN`. At most `cap` bytes of the original are shown, then
    "… (n more bytes)". With `lines`, line feeds stay (and a carriage return before one goes).
    """
    head, rest = _head(raw, cap)
    if lines:
        head = head.replace("\r\n", "\n")
    shown = "".join(_shown(char, lines=lines) for char in head)
    return f"{shown}… ({rest} more bytes)" if rest else shown


def safe_line(raw: bytes | str, cap: int = 512) -> str:
    """One line of a peer's text, without its line end."""
    return safe(raw.rstrip(b"\r\n") if isinstance(raw, bytes) else raw.rstrip("\r\n"), cap=cap)


def _head(raw: bytes | str, cap: int) -> tuple[str, int]:
    """Return the part that is shown, and how many bytes are not."""
    data = raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")
    cut = min(cap, len(data))
    while cut and cut < len(data) and cap - cut < 3 and data[cut] & 0xC0 == 0x80:  # noqa: PLR2004 - not inside a character
        cut -= 1
    if isinstance(raw, str):
        return data[:cut].decode("utf-8", "surrogatepass"), len(data) - cut
    return data[:cut].decode("utf-8", "backslashreplace"), len(data) - cut


def _shown(char: str, *, lines: bool) -> str:
    if " " <= char <= "~" or (lines and char == "\n"):
        return char
    if unicodedata.category(char) in _HIDDEN_CATEGORIES or char in _BLANK:
        return _escape(ord(char))
    return char


def _escape(point: int) -> str:
    if point <= 0xFF:  # noqa: PLR2004
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"  # noqa: PLR2004
