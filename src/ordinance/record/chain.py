"""The chain of a journal: every line carries the SHA-256 of the whole line before it, newline included.

The first line carries 64 zeros; the hash of the last line is the head of the chain. Who knows the head knows every line.
A line begins `{"id":"o-000017","previous":"…`, so that an auditor needs no more than `sed` and `sha256sum` to follow it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from ordinance.errors import OrdinanceError
from ordinance.record.model import Observation

START = "0" * 64  #: what the first line carries, and the head of a journal without lines


class NotSound(OrdinanceError):
    """Evidence is not what was recorded and sealed. The text names the file, and the line where there is one."""


class Link(NamedTuple):
    """One line of a journal: what it says, and its hash, which the next line carries."""

    seen: Observation
    sha256: str


def line_name(number: int) -> str:
    """The id of the observation in this line of the journal, counted from 1."""
    return f"o-{number:06d}"


def links(lines: Iterable[bytes], path: Path) -> Iterator[Link]:
    """Follow the chain through the lines of a journal (`path` is only for what is said). Raises NotSound at the first break.

    The last line alone may be cut short (the process was killed while writing): it was never acknowledged and is left out.
    """
    decoder = msgspec.json.Decoder(Observation)
    previous = START
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return
        try:
            seen = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise NotSound(f"{path}:{number}: not an observation ({error}); the journal was changed") from error
        _follows(seen, line, number, previous, path)
        previous = hashlib.sha256(line).hexdigest()
        yield Link(seen, previous)


def _follows(seen: Observation, line: bytes, number: int, previous: str, path: Path) -> None:
    """Raise NotSound when this line does not come after the one whose hash is `previous`."""
    if seen.id != line_name(number):
        raise NotSound(f"{path}:{number}: the observation is named {seen.id!r}; lines are missing, added or moved")
    if seen.previous != previous:
        what = (
            f"does not follow line {number - 1}: one of the two was changed"
            if number > 1
            else "is not a first one; it was changed"
        )
        raise NotSound(f"{path}:{number}: this line {what}")
    # A second "id" or "previous" further on would show a program something else than it shows to sed.
    if not line.startswith(b'{"id":"%s","previous":"%s",' % (seen.id.encode(), previous.encode())):
        raise NotSound(f"{path}:{number}: this line is not written as a journal writes its lines; it was changed")
