"""The objects of an nft JSON listing, one after the other, each with its line.

One at a time, so that a hundred thousand rules need no memory but their text, and so that an error can name its line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from ordinance.errors import DataError, Problem

_HEAD = re.compile(r'\s*\{\s*"nftables"\s*:\s*\[')
_SPACE = re.compile(r"[ \t\r\n]*")
_END = re.compile(r"[ \t\r\n]*\][ \t\r\n]*\}[ \t\r\n]*")
RIGHT = "give what `nft -j list ruleset` prints, whole"
#: No listing comes near; what is larger is not read at all.
LARGEST = 512 * 1024 * 1024


class Found(NamedTuple):
    """One object of the listing: `kind` is its only key ("rule", "chain" ...)."""

    kind: str
    body: dict[str, Any]
    line: int
    start: int  #: where it stands in the text, and where it ends
    end: int


class Listing:
    """The text of a listing."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self._decoder = json.JSONDecoder(parse_constant=_no_constant)

    def refuse(self, line: int, what: str, right: str = RIGHT) -> NoReturn:
        """Raise the DataError for something that is no listing."""
        raise DataError([Problem(self.source, line, what, right)])

    def objects(self) -> Iterator[Found]:
        """Yield every object. Raises DataError for what is not JSON, not an nft listing, or cut off."""
        if len(self.text) > LARGEST:
            self.refuse(0, f"{len(self.text)} characters are more than any ruleset ({LARGEST})")
        head = _HEAD.match(self.text)
        if head is None:
            self._foreign()
        at, line, seen = head.end(), 1 + self.text.count("\n", 0, head.end()), head.end()
        if _END.fullmatch(self.text, at):
            return
        while True:
            start = _skip(self.text, at)
            line += self.text.count("\n", seen, start)
            seen = start
            value, at = self.decode(start, line)
            yield self._object(value, line, start, at)
            after = _skip(self.text, at)
            if self.text[after : after + 1] == ",":
                at = after + 1
                continue
            if not _END.fullmatch(self.text, at):
                line += self.text.count("\n", seen, after)
                self.refuse(line, "the list of objects is cut off, or goes on with something else")
            return

    def decode(self, start: int, line: int) -> tuple[Any, int]:
        """Return the JSON value at a place of the text, and where it ends. Raises DataError."""
        try:
            return self._decoder.raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            self.refuse(error.lineno, f"not JSON: {error.msg.lower()} at column {error.colno}")
        except RecursionError:
            self.refuse(line, "nested deeper than any ruleset")
        except ValueError as error:  # NaN, Infinity, a number of thousands of digits
            self.refuse(line, f"not a number that a ruleset can have: {str(error)[:80]}")

    def _object(self, value: Any, line: int, start: int, end: int) -> Found:
        if not isinstance(value, dict) or len(value) != 1:
            self.refuse(line, 'an object of the listing is not of the form {"rule": {...}}')
        kind, body = next(iter(value.items()))
        if not isinstance(body, dict):
            self.refuse(line, f'"{kind[:40]}" holds {type(body).__name__} where it must hold an object')
        return Found(kind, body, line, start, end)

    def _foreign(self) -> NoReturn:
        start = _skip(self.text, 0)
        if start == len(self.text):
            self.refuse(0, "the file is empty")
        line = 1 + self.text.count("\n", 0, start)
        self.decode(start, line)
        self.refuse(line, 'is JSON, but does not begin with {"nftables": [')


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
