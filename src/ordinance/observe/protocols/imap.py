"""IMAP4rev1 (RFC 3501) with QUOTA (RFC 9208) and UIDPLUS (RFC 4315): what the probe mailbox needs, over a bounded dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ordinance.observe.api import CouldNotLook, Dialogue, TlsPeer, Unseen
from ordinance.observe.safetext import safe, safe_line

LITERAL_CAP = 49_152  #: bytes of one literal that is read
CHUNK = 65_536  #: bytes handed to the dialogue at a time during an upload

_LITERAL = re.compile(rb"\{(\d{1,10})\}$")
_ANNOUNCEMENT = 12  #: bytes of the longest one
_DONE = re.compile(rb"(OK|NO|BAD)(?: \[([^\]]*)\])?(?: (.*))?", re.DOTALL | re.IGNORECASE)
_RESOURCE = re.compile(r"\b(STORAGE|MESSAGE) (\d{1,19}) (\d{1,19})", re.IGNORECASE)
_PLAIN = re.compile(r"[ !#-\[\]-~]*")


@dataclass(frozen=True, slots=True)
class Answer:
    """The tagged answer to one command and the untagged lines before it, as safe text."""

    status: str  #: "OK" | "NO" | "BAD"
    code: str  #: response code, "OVERQUOTA" (RFC 5530); "" when absent
    text: str
    untagged: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """The server did it."""
        return self.status == "OK"


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of one quota root (RFC 9208). Storage is in units of 1,024 bytes; None: no such limit is set."""

    root: str
    storage_used: int | None
    storage_limit: int | None
    messages_used: int | None = None
    messages_limit: int | None = None


class ImapClient:
    """One IMAP session. A NO is an answer; PROTOCOL when the peer says BAD, does not speak IMAP, or hangs up."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._tags = 0
        self._held = b""

    def greeting(self) -> str:
        """Return the greeting's text; PROTOCOL when it is not `* OK` (RFC 3501 section 7.1)."""
        line = self._line()
        if not line.upper().startswith(b"* OK"):
            _not_imap("the peer hung up" if not line else f"no IMAP greeting: {safe_line(line)}")
        return safe_line(line[4:].strip())

    def starttls(self, server_name: str, ca: bytes | None, *, verify: bool = True) -> TlsPeer:
        """STARTTLS, for port 143; on 993 start TLS on the dialogue before the greeting."""
        answer = self.command("STARTTLS")
        if not answer.ok:
            _not_imap(f"STARTTLS was answered {answer.status} {answer.text}")
        return self._dialogue.start_tls(server_name, ca, verify=verify)

    def login(self, user: str, password: str) -> Answer:
        """LOGIN, one try; CREDENTIALS when refused. Only inside TLS."""
        self._dialogue.secret(password)
        self._dialogue.secret(quoted(password))
        answer = self.command(f"LOGIN {quoted(user)} {quoted(password)}")
        if not answer.ok:
            raise CouldNotLook(Unseen.CREDENTIALS, f"IMAP login of {user} was answered {answer.status} {answer.text}")
        return answer

    def capability(self) -> frozenset[str]:
        """CAPABILITY, in capitals."""
        words = (line.split()[1:] for line in self.command("CAPABILITY").untagged if line.upper().startswith("CAPABILITY"))
        return frozenset(word.upper() for part in words for word in part)

    def select(self, mailbox: str = "INBOX") -> int:
        """SELECT; the number of messages in it. PROTOCOL when the mailbox cannot be opened."""
        answer = self.command(f"SELECT {quoted(mailbox)}")
        exists = [line.split()[0] for line in answer.untagged if line.upper().endswith(" EXISTS")]
        if not answer.ok or not exists or not (exists[-1].isascii() and exists[-1].isdigit()):
            _not_imap(f"SELECT was answered {answer.status} {answer.text}")
        return int(exists[-1])

    def append(self, mailbox: str, message: bytes | Iterable[bytes], size: int | None = None) -> Answer:
        """APPEND a message; NO with code OVERQUOTA when the mailbox is full. `size` in bytes when it comes in pieces."""
        if isinstance(message, bytes):
            message, size = [message], len(message)
        if size is None:
            raise ValueError("a message in pieces needs its size")
        tag = self._send(f"APPEND {quoted(mailbox)} {{{size}}}")
        line = self._line()
        if not line.startswith(b"+"):
            return self._until(tag, line)
        for chunk in _counted(message, size):
            self._dialogue.write(chunk)
        self._dialogue.write(b"\r\n")
        return self._until(tag, self._line())

    def search(self, *criteria: str) -> tuple[int, ...]:
        """UID SEARCH: `search("SUBJECT", "probe 7")`. Words with spaces are quoted. PROTOCOL when refused."""
        words = [word if _is_atom(word) else quoted(word) for word in criteria or ("ALL",)]
        answer = self.command("UID SEARCH " + " ".join(words))
        if not answer.ok:
            _not_imap(f"SEARCH was answered {answer.status} {answer.text}")
        found = (line.split()[1:] for line in answer.untagged if line.upper().startswith("SEARCH"))
        return tuple(int(word) for part in found for word in part if word.isascii() and word.isdigit())

    def fetch_size(self, uids: Sequence[int]) -> dict[int, int]:
        """RFC822.SIZE in bytes of each message that is there."""
        if not uids:
            return {}
        answer = self.command(f"UID FETCH {_set_of(uids)} (RFC822.SIZE)")
        pairs = ((re.search(r"\bUID (\d+)", line), re.search(r"\bRFC822\.SIZE (\d+)", line)) for line in answer.untagged)
        return {int(uid[1]): int(size[1]) for uid, size in pairs if uid and size}

    def delete(self, uids: Sequence[int]) -> Answer:
        """Mark messages deleted and expunge; UID EXPUNGE where the server has UIDPLUS, so that nothing else goes."""
        if not uids:
            return Answer("OK", "", "nothing to delete")
        marked = self.command(f"UID STORE {_set_of(uids)} +FLAGS.SILENT (\\Deleted)")
        if not marked.ok:
            return marked
        return self.command(f"UID EXPUNGE {_set_of(uids)}" if "UIDPLUS" in self.capability() else "EXPUNGE")

    def quota(self, mailbox: str = "INBOX") -> tuple[Quota, ...]:
        """GETQUOTAROOT; () when no root holds the mailbox. PROTOCOL when the server does not tell."""
        answer = self.command(f"GETQUOTAROOT {quoted(mailbox)}")
        if not answer.ok:
            _not_imap(f"GETQUOTAROOT was answered {answer.status} {answer.text}")
        return tuple(_quota_of(line) for line in answer.untagged if line.upper().startswith("QUOTA "))

    def logout(self) -> None:
        """LOGOUT; whatever the server answers."""
        self.command("LOGOUT")

    def command(self, text: str) -> Answer:
        """Send one command without literals and read its answer. BAD is PROTOCOL."""
        tag = self._send(text)
        return self._until(tag, self._line())

    def _send(self, text: str) -> str:
        if any(char in text for char in "\r\n\0"):
            raise ValueError("an IMAP command is one line")
        self._tags += 1
        tag = f"o{self._tags}"
        self._dialogue.write(f"{tag} {text}\r\n".encode())
        return tag

    def _until(self, tag: str, line: bytes) -> Answer:
        untagged: list[str] = []
        mark = tag.encode() + b" "
        while not line.startswith(mark):
            if not line.startswith((b"* ", b"+")):
                _not_imap("the peer hung up" if not line else f"no IMAP answer: {safe_line(line)}")
            untagged.append(safe(line[2:], cap=4096))
            line = self._line()
        match = _DONE.fullmatch(line[len(mark) :])
        if match is None or match[1].upper() == b"BAD":
            _not_imap(f"no use was made of the command: {safe_line(line)}")
        return Answer(match[1].decode().upper(), safe_line(match[2] or b""), safe_line(match[3] or b""), tuple(untagged))

    def _line(self) -> bytes:
        """One response line with its literals put in; each literal is bounded."""
        parts = [self._raw_line()]
        # Only the end of what came last is looked at: what a literal holds announces no other, and cost stays linear.
        while match := _LITERAL.search(parts[-1], max(0, len(parts[-1]) - _ANNOUNCEMENT)):
            count = int(match[1])
            if count > LITERAL_CAP:
                raise CouldNotLook(Unseen.TOO_MUCH, f"a literal of {count} bytes")
            parts[-1] = parts[-1][: match.start()]
            parts += [self._exactly(count), self._raw_line()]
        return b"".join(parts)

    def _raw_line(self) -> bytes:
        while b"\n" in self._held:
            line, _, self._held = self._held.partition(b"\n")
            return line.removesuffix(b"\r")
        held, self._held = self._held, b""
        return held + self._dialogue.read_line()

    def _exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            data = self._dialogue.read_some(count - len(self._held))
            if not data:
                _not_imap("the peer hung up inside a literal")
            self._held += data
        taken, self._held = self._held[:count], self._held[count:]
        return taken


def quoted(text: str) -> str:
    """Return an IMAP quoted string (RFC 3501 section 4.3). ValueError for text that needs a literal."""
    body = text.replace("\\", "\\\\").replace('"', '\\"')
    if not _PLAIN.fullmatch(text.replace("\\", "").replace('"', "")):
        raise ValueError("only printable ASCII can be sent to an IMAP server")
    return f'"{body}"'


def _is_atom(word: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9.:,*$+-]+", word) is not None


def _set_of(uids: Sequence[int]) -> str:
    return ",".join(str(int(uid)) for uid in sorted(set(uids)))


def _quota_of(line: str) -> Quota:
    """`QUOTA "User quota" (STORAGE 10 5120)`."""
    head, _, body = line.partition(" ")[2].partition("(")
    found = {name.upper(): (int(used), int(limit)) for name, used, limit in _RESOURCE.findall(body)}
    storage, messages = found.get("STORAGE"), found.get("MESSAGE")
    return Quota(
        head.strip().strip('"'),
        storage[0] if storage else None,
        storage[1] if storage else None,
        messages[0] if messages else None,
        messages[1] if messages else None,
    )


def _counted(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Return the chunks, cut to what the dialogue takes at once; ValueError when they are not `size` bytes."""
    sent = 0
    for chunk in chunks:
        sent += len(chunk)
        if sent > size:
            break
        for start in range(0, len(chunk), CHUNK):
            yield chunk[start : start + CHUNK]
    if sent != size:
        raise ValueError(f"the message was to have {size} bytes")


def _not_imap(detail: str) -> NoReturn:
    raise CouldNotLook(Unseen.PROTOCOL, detail)
