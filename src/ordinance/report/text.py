"""Text on its way to a reader. Whatever the record holds, no character may act: it is shown, or shown as its escape.

The door made text safe once when it captured it. A record may have been edited since, so it is done again here.
"""

from __future__ import annotations

import unicodedata

#: Categories that are not marks on paper: control, format (bidi, zero width, tags), surrogate, private, unassigned, separators.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
_MARKS_IN_A_ROW = 3

SUBJECT = 200  #: characters of a name: target, control, host
SENTENCE = 2_000  #: characters of a reason or of one piece of evidence
LAW = 20_000  #: characters of a clause; the longest of 1.7.1 has 2,806
CAPTURE = 1_200  #: characters of what a peer said; all of it is in the journal


def clean(text: str, *, breaks: bool = False) -> str:
    r"""Show every character that could act as its escape (`\x1b`, `\u202e`); with `breaks`, line feeds and tabs stay."""
    shown: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in _MARKS else 0
        if breaks and char in "\n\t":
            shown.append(char)
        elif category in _INVISIBLE or marks > _MARKS_IN_A_ROW:
            shown.append(_escape(char))
        else:
            shown.append(char)
    return "".join(shown)


def capped(text: str, limit: int) -> str:
    """Cut `text` to at most `limit` characters and say how many are missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]} … ({len(text) - limit:,} more characters)"


def subject(text: str) -> str:
    """Show a name on one line."""
    return clean(capped(text, SUBJECT))


def sentence(text: str) -> str:
    """Show a reason or a piece of evidence, with its lines."""
    return clean(capped(text, SENTENCE), breaks=True)


def law(text: str) -> str:
    """Show the words of a clause, with their lines."""
    return clean(capped(text, LAW), breaks=True)


def capture(text: str) -> str:
    """Show what a peer said, with its lines."""
    return clean(capped(text, CAPTURE).replace("\r\n", "\n"), breaks=True)


def _escape(char: str) -> str:
    code = f"{ord(char):x}"
    letter, digits = next((letter, digits) for letter, digits in (("x", 2), ("u", 4), ("U", 8)) if len(code) <= digits)
    return f"\\{letter}{code:0>{digits}}"
