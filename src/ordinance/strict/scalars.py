"""What one scalar means. Only spellings that every reader takes alike are accepted."""

from __future__ import annotations

import re
import unicodedata

Value = str | int | float | bool | None

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z")
_ODD_NUMBER = re.compile(
    r"""(?x)
    [-+]? 0 [0-9_]+ \Z                      # octal in YAML 1.1, decimal in 1.2
    | [-+]? 0 [xXoObB] [0-9a-fA-F_]+ \Z     # hexadecimal, octal, binary
    | [-+]? [0-9][0-9_]* (?: :[0-5]?[0-9] )+ (?: \.[0-9_]* )? \Z   # sexagesimal: 12:30 is 750 in YAML 1.1
    | \+ [0-9.]+ \Z | [-+]? [0-9][0-9_]*_[0-9_.]* \Z               # a plus sign, digit groups
    | [-+]? \. [0-9][0-9_]* (?: [eE][-+]?[0-9]+ )? \Z | [-+]? [0-9]+ \. \Z
    | [-+]? \. (?: inf|Inf|INF|nan|NaN|NAN ) \Z
    """
)
_TRUE_WORDS = {"yes", "on", "y", "true"}
_FALSE_WORDS = {"no", "off", "n", "false"}
_LONGEST_NUMBER = 30


class OddScalarError(ValueError):
    """A scalar that may be read in more than one way, or holds what no value may hold."""

    def __init__(self, what: str, right: str) -> None:
        super().__init__(what)
        self.what = what
        self.right = right


def resolve(text: str) -> Value:
    """Return what an unquoted scalar means. Dates stay text: whoever wants a date parses it."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    lowered = text.lower()
    if lowered in _TRUE_WORDS | _FALSE_WORDS:
        word = "true" if lowered in _TRUE_WORDS else "false"
        raise OddScalarError(
            f"`{text}` is a boolean to some readers and text to others", f'write {word}, or "{text}" in quotes for the word'
        )
    if lowered == "null":
        raise OddScalarError(
            f"`{text}` is null to some readers and text to others", f'write null, or "{text}" in quotes for the word'
        )
    if _ODD_NUMBER.match(text):
        raise OddScalarError("a number that readers take differently (octal, sexagesimal, sign or digit groups)", _NUMBER_RIGHT)
    return _number(text)


_NUMBER_RIGHT = "write a plain decimal number, or quotes around it for text"


def _number(text: str) -> Value:
    if not _FLOAT.match(text):
        return text
    if len(text) > _LONGEST_NUMBER:
        raise OddScalarError("a number longer than any that is meant", _NUMBER_RIGHT)
    return int(text) if _INTEGER.match(text) else float(text)


def hostile(character: str) -> bool:
    """Whether a character has no place in a data file: controls, bidi and zero-width marks, odd line ends, lone surrogates."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def check_text(text: str, *, paragraphs: bool) -> None:
    """Raise OddScalarError when a string holds a control or invisible character; `paragraphs` allows line feeds."""
    for character in text:
        if hostile(character) and not (paragraphs and character == "\n"):
            raise OddScalarError(
                f"the text holds the control or invisible character U+{ord(character):04X}",
                "write it on one line with visible characters only",
            )
