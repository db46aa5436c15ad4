"""NNTP as RFC 3977 has it: who answers and what it can do. Nothing is read or posted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from ordinance.observe.api import CouldNotLook, Dialogue, Unseen
from ordinance.observe.safetext import safe_line

_REPLY = re.compile(rb"([1-5]\d\d)(?: (.*)|)", re.DOTALL)
_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class NntpReply:
    """One status line: its code (RFC 3977 section 3.2) and safe text."""

    code: int
    text: str


class NntpClient:
    """One NNTP session. A refusal is an answer; PROTOCOL when the peer does not speak NNTP."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    def greeting(self) -> NntpReply:
        """Return the greeting: 200 or 201 when served, 400 or 502 when not (RFC 3977 section 5.1)."""
        return self._status()

    def capabilities(self) -> tuple[str, ...]:
        """CAPABILITIES, a line each; () when the server does not know the command (RFC 3977 section 5.2)."""
        if self.command("CAPABILITIES").code != 101:  # noqa: PLR2004
            return ()
        found: list[str] = []
        while (line := self._dialogue.read_line()) != b".":
            if not line or len(found) >= _MOST_LINES:
                _not_nntp("the list of capabilities does not end")
            found.append(safe_line(line[1:] if line.startswith(b"..") else line))
        return tuple(found)

    def mode_reader(self) -> NntpReply:
        """MODE READER: 200 or 201 when news may be read (RFC 3977 section 5.3)."""
        return self.command("MODE READER")

    def quit(self) -> NntpReply:
        """QUIT."""
        return self.command("QUIT")

    def command(self, line: str) -> NntpReply:
        """Send one line and read the status line."""
        if any(char in line for char in "\r\n\0"):
            raise ValueError("an NNTP command is one line")
        self._dialogue.write(line.encode() + b"\r\n")
        return self._status()

    def _status(self) -> NntpReply:
        line = self._dialogue.read_line()
        match = _REPLY.fullmatch(line)
        if match is None:
            _not_nntp("the peer hung up" if not line else f"no NNTP reply: {safe_line(line)}")
        return NntpReply(int(match[1]), safe_line(match[2] or b""))


def _not_nntp(detail: str) -> NoReturn:
    raise CouldNotLook(Unseen.PROTOCOL, detail)
