"""TLS begun in the middle of a plain session, as far as the certificate: NNTP (RFC 4642), IMAP (3501), POP3 (2595), FTP (4217).

Nothing is logged in to; after the certificate the connection is left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ordinance.observe.api import CouldNotLook, Dialogue, TlsPeer, Unseen
from ordinance.observe.safetext import safe_line

_MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class _Way:
    """How TLS is asked for: the command, and the last lines of replies that say yes, and that there is no such thing."""

    command: bytes
    last: re.Pattern[bytes]  #: a line that ends a reply
    yes: re.Pattern[bytes]
    unknown: re.Pattern[bytes]


_NUMBERED = re.compile(rb"\d\d\d(?: |$)")
WAYS = {
    "nntp": _Way(b"STARTTLS", _NUMBERED, re.compile(rb"382"), re.compile(rb"50[0-3]|580")),  # 580: without a certificate
    "imap": _Way(b"a STARTTLS", re.compile(rb"a |\* (?:OK|PREAUTH|BYE)"), re.compile(rb"a OK"), re.compile(rb"a BAD")),
    "pop3": _Way(b"STLS", re.compile(rb"\+OK|-ERR"), re.compile(rb"\+OK"), re.compile(rb"-ERR")),
    # 530: one that knows no AUTH wants a login before any command but USER; with TLS, AUTH comes before USER (RFC 4217)
    "ftp": _Way(b"AUTH TLS", _NUMBERED, re.compile(rb"234"), re.compile(rb"50[0-4]|530")),
}


def upgraded(dialogue: Dialogue, protocol: str) -> TlsPeer | None:
    """Return who the peer says it is within TLS; None when it has none to begin. PROTOCOL when it would not, or says neither."""
    way = WAYS[protocol]
    _reply(dialogue, way)
    dialogue.write(way.command + b"\r\n")
    answer = _reply(dialogue, way)
    if way.yes.match(answer):
        return dialogue.start_tls("", None, verify=False)
    if way.unknown.match(answer):
        return None
    raise CouldNotLook(Unseen.PROTOCOL, f"TLS was asked for and the answer was {safe_line(answer, cap=200)}")


def _reply(dialogue: Dialogue, way: _Way) -> bytes:
    """The last line of a reply."""
    for _ in range(_MOST_LINES):
        line = dialogue.read_line()
        if not line:
            raise CouldNotLook(Unseen.PROTOCOL, "the peer hung up")
        if way.last.match(line):
            return line
    raise CouldNotLook(Unseen.PROTOCOL, "a reply does not end")
