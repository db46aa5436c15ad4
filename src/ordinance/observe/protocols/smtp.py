"""SMTP as RFC 5321 has it, as little as an audit needs, over a bounded dialogue."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from ordinance.observe.api import CouldNotLook, Dialogue, TlsPeer, Unseen
from ordinance.observe.safetext import safe_line

CHUNK = 65_536  #: bytes handed to the dialogue at a time during an upload

_REPLY = re.compile(rb"([2-5]\d\d)([ -]|$)(.*)", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code (RFC 5321 section 4.2) and safe text, line by line.

    `enhanced` is the code of RFC 3463 ("4.2.2"), "" when absent.
    """

    code: int
    enhanced: str
    text: str
    lines: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """A positive completion or intermediate reply (2xx, 3xx)."""
        return 200 <= self.code < 400  # noqa: PLR2004

    @property
    def refused(self) -> bool:
        """A refusal, for now (4xx) or for good (5xx)."""
        return self.code >= 400  # noqa: PLR2004


class SmtpClient:
    """One SMTP session.

    Every method reads one reply and returns it, whatever it says: a refusal is an answer. `CouldNotLook(PROTOCOL)` when the
    peer does not speak SMTP or hangs up; the dialogue's own reasons (DEADLINE, TOO_MUCH) pass through.
    """

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    def greeting(self) -> Reply:
        """Return the greeting; 220 when the server takes mail (RFC 5321 section 3.1)."""
        return self._reply()

    def ehlo(self, name: str) -> dict[str, str]:
        """EHLO: extension keyword in capitals -> its parameters ("" for none). PROTOCOL when EHLO is refused."""
        reply = self.command(f"EHLO {_word(name)}")
        if reply.code != 250:  # noqa: PLR2004
            _not_smtp(f"EHLO was answered {reply.code} {reply.text}")
        pairs = (line.partition(" ") for line in reply.lines[1:])
        return {keyword.upper(): parameters for keyword, _, parameters in pairs}

    def starttls(self, server_name: str, ca: bytes | None, *, verify: bool = True) -> TlsPeer:
        """STARTTLS (RFC 3207); say EHLO again afterwards. PROTOCOL when refused, IDENTITY when the certificate is not right."""
        reply = self.command("STARTTLS")
        if reply.code != 220:  # noqa: PLR2004
            _not_smtp(f"STARTTLS was answered {reply.code} {reply.text}")
        return self._dialogue.start_tls(server_name, ca, verify=verify)

    def login(self, user: str, password: str) -> Reply:
        """AUTH PLAIN (RFC 4616), one try. CREDENTIALS when it is refused. Only inside TLS."""
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self._dialogue.secret(password)
        self._dialogue.secret(token)
        reply = self.command(f"AUTH PLAIN {token}")
        if reply.code != 235:  # noqa: PLR2004
            raise CouldNotLook(Unseen.CREDENTIALS, f"SMTP login of {user} was answered {reply.code} {reply.text}")
        return reply

    def mail(self, sender: str, size: int | None = None) -> Reply:
        """MAIL FROM, with the declared SIZE in bytes when given (RFC 1870). An empty sender is the null one."""
        declared = f" SIZE={size}" if size is not None else ""
        return self.command(f"MAIL FROM:<{_path(sender)}>{declared}")

    def rcpt(self, recipient: str) -> Reply:
        """RCPT TO."""
        return self.command(f"RCPT TO:<{_path(recipient)}>")

    def data(self, message: bytes | Iterable[bytes]) -> Reply:
        """Return DATA and the message, with dots doubled; the reply that ends it, or the one that refused DATA.

        The message's lines must end in CR LF. A server that refuses while it is being sent has its reply read.
        """
        reply = self.command("DATA")
        if reply.code != 354:  # noqa: PLR2004
            return reply
        try:
            for chunk in _stuffed([message] if isinstance(message, bytes) else message):
                self._dialogue.write(chunk)
        except CouldNotLook as failure:
            if failure.reason is not Unseen.PROTOCOL:
                raise
        return self._reply()

    def rset(self) -> Reply:
        """RSET: forget the transaction."""
        return self.command("RSET")

    def quit(self) -> Reply:
        """QUIT."""
        return self.command("QUIT")

    def command(self, line: str) -> Reply:
        """Send one line as it is and read the reply. ValueError for a line that holds a line end."""
        if any(char in line for char in "\r\n\0"):
            raise ValueError("an SMTP command is one line")
        self._dialogue.write(line.encode() + b"\r\n")
        return self._reply()

    def _reply(self) -> Reply:
        code = 0
        texts: list[str] = []
        while True:
            line = self._dialogue.read_line()
            match = _REPLY.fullmatch(line)
            if match is None:
                _not_smtp("the peer hung up" if not line else f"no SMTP reply: {safe_line(line)}")
            if code and int(match[1]) != code:
                _not_smtp("a reply of several lines changes its code")
            code = int(match[1])
            texts.append(safe_line(match[3]))
            if match[2] != b"-":
                return _reply_of(code, texts)


def _reply_of(code: int, texts: list[str]) -> Reply:
    enhanced = _ENHANCED.match(texts[-1])
    return Reply(code, enhanced[1] if enhanced else "", "\n".join(texts), tuple(texts))


def message(sender: str, recipient: str, subject: str, message_id: str, date: str, size: int) -> Iterator[bytes]:  # noqa: PLR0917
    """Return a plain message of exactly `size` bytes, made as it is sent, in chunks.

    `date` is RFC 5322's, `message_id` without angle brackets. ValueError when `size` does not hold the headers.
    """
    fields = {"From": sender, "To": recipient, "Subject": subject, "Message-ID": f"<{message_id}>", "Date": date}
    for value in fields.values():
        _word(value, spaces=True)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n"
    left = size - len(head)
    if left < 0:
        raise ValueError(f"{size} bytes do not hold the headers ({len(head)} bytes)")
    yield head
    line = b"x" * 70 + b"\r\n"
    lines = line * (CHUNK // len(line))
    while left > len(lines):
        yield lines
        left -= len(lines)
    yield _filling(left)


def _filling(count: int) -> bytes:
    """`count` bytes of lines; the last line ends in CR LF where there is room."""
    line = b"x" * 70 + b"\r\n"
    text = (line * (count // len(line) + 1))[:count]
    return text[:-2] + b"\r\n" if count >= 2 else b"x" * count  # noqa: PLR2004


def _stuffed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Dots at the beginning of a line doubled, the end of data added (RFC 5321 section 4.5.2)."""
    tail = b"\r\n"
    for chunk in chunks:
        if not chunk:
            continue
        joined = (tail + chunk).replace(b"\r\n.", b"\r\n..")[len(tail) :]
        tail = (tail + chunk)[-2:]
        for start in range(0, len(joined), CHUNK):
            yield joined[start : start + CHUNK]
    yield b".\r\n" if tail == b"\r\n" else b"\r\n.\r\n"


def _path(address: str) -> str:
    if any(char in address for char in "<>"):
        raise ValueError("an address holds no angle brackets")
    return _word(address, spaces=True)


def _word(text: str, *, spaces: bool = False) -> str:
    if any(char in text for char in "\r\n\0") or (not spaces and " " in text):
        raise ValueError(f"not one word: {text!r}")
    return text


def _not_smtp(detail: str) -> NoReturn:
    raise CouldNotLook(Unseen.PROTOCOL, detail)
