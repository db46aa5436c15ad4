"""HTTP/1.1 (RFC 9112): one request, one bounded reply. No redirect is followed, nothing is decompressed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from ordinance.inventory.model import Address
from ordinance.observe.api import CouldNotLook, Deadline, Dialogue, TlsPeer, Unseen, VantagePoint
from ordinance.observe.safetext import safe_line

HEADERS_CAP = 16_384  #: bytes of status line and headers
BODY_CAP = 45_056  #: bytes of body that are read; with the headers less than a dialogue's cap for one reply

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: (.*))?", re.DOTALL)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back.

    `complete` is False when the body was cut, at the cap, by the peer or by the deadline: absence proves nothing then.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]  #: names in small letters, safe values, in the order they came
    body: bytes
    complete: bool
    tls: TlsPeer | None = None
    observation: str = ""  #: journal id, when made by `fetch`

    def header(self, name: str) -> str:
        """Return the first header of that name, or ""."""
        return next((value for key, value in self.headers if key == name.lower()), "")


def fetch(
    vantage: VantagePoint, address: Address, port: int, deadline: Deadline, *, host: str, target: str = "/",
    method: str = "GET", tls: bool = False, server_name: str | None = None, ca: bytes | None = None, verify: bool = False,
    headers: Mapping[str, str] | None = None, body_cap: int = BODY_CAP,
) -> HttpReply:  # fmt: skip
    """Connect, optionally with TLS (SNI is `server_name`, else `host`), ask once, hang up. Raises CouldNotLook."""
    with vantage.connect(address, port, deadline) as dialogue:
        name = host if server_name is None else server_name
        peer = dialogue.start_tls(name, ca, verify=verify) if tls else None
        reply = request(dialogue, host=host, target=target, method=method, headers=headers, body_cap=body_cap)
    return replace(reply, tls=peer, observation=dialogue.observation)


def request(
    dialogue: Dialogue, *, host: str, target: str = "/", method: str = "GET",
    headers: Mapping[str, str] | None = None, body_cap: int = BODY_CAP,
) -> HttpReply:  # fmt: skip
    """One request on an open dialogue. `target` may be a path, an absolute URI, or `name:port` for CONNECT.

    PROTOCOL when the answer is not HTTP; TOO_MUCH when the headers do not end within their cap.
    """
    fields = {"Host": host, "User-Agent": "ordinance", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
    fields |= headers or {}
    text = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    if not _clean(method, target, *fields, *fields.values()):
        raise ValueError("a request holds no line ends, and no spaces in its method and target")
    dialogue.write(text.encode("utf-8") + b"\r\n")
    reader = _Reader(dialogue)
    status, reason, found = _head(reader)
    while 100 <= status < 200 and status != 101:  # noqa: PLR2004 - interim replies, RFC 9110 section 15.2
        status, reason, found = _head(reader)
    reply = HttpReply(status, reason, found, b"", complete=True)
    bodiless = method in {"HEAD", "CONNECT"} or status in {101, 204, 304}
    if bodiless:
        return reply
    body, complete = _body(reader, reply, body_cap)
    return replace(reply, body=body, complete=complete)


class _Reader:
    """Lines and counted bytes from a dialogue; an empty line can be told from the end."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._held = bytearray()
        self.ended = False
        self.broken = False  #: ended by something else than the peer's end of stream

    def _more(self) -> bool:
        data = b"" if self.ended else self._dialogue.read_some()
        self.ended = self.ended or not data
        self._held += data
        return bool(data)

    def line(self, cap: int) -> bytes:
        while (end := self._held.find(b"\n")) < 0:
            if len(self._held) > cap:
                raise CouldNotLook(Unseen.TOO_MUCH, "an HTTP line without an end")
            if not self._more():
                _not_http("the peer hung up" if not self._held else f"no HTTP reply: {safe_line(bytes(self._held))}")
        line = bytes(self._held[:end]).removesuffix(b"\r")
        del self._held[: end + 1]
        return line

    def take(self, count: int) -> bytes:
        """Up to `count` bytes; fewer only when the stream ended or could not be read on."""
        try:
            while len(self._held) < count and self._more():
                pass
        except CouldNotLook as failure:
            if failure.reason not in {Unseen.DEADLINE, Unseen.TOO_MUCH, Unseen.PROTOCOL}:
                raise
            self.ended = self.broken = True
        data = bytes(self._held[:count])
        del self._held[:count]
        return data


def _head(reader: _Reader) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    first = reader.line(HEADERS_CAP)
    match = _STATUS.fullmatch(first)
    if match is None:
        _not_http(f"no HTTP reply: {safe_line(first)}")
    size = len(first)
    headers: list[tuple[str, str]] = []
    while line := reader.line(HEADERS_CAP):
        size += len(line)
        if size > HEADERS_CAP:
            raise CouldNotLook(Unseen.TOO_MUCH, "HTTP headers beyond their cap")
        name, _, value = line.partition(b":")
        headers.append((safe_line(name).lower(), safe_line(value.strip(), cap=4096)))
    return int(match[1]), safe_line(match[2] or b""), tuple(headers)


def _body(reader: _Reader, reply: HttpReply, cap: int) -> tuple[bytes, bool]:
    """Return the body as RFC 9112 section 6.3 delimits it, at most `cap` bytes, and whether that is all of it."""
    if "chunked" in reply.header("transfer-encoding").lower():
        return _chunked(reader, cap)
    length = reply.header("content-length")
    if length.isascii() and length.isdigit():
        wanted = min(int(length[:20]), cap)
        body = reader.take(wanted)
        return body, len(body) == int(length[:20])
    body = reader.take(cap + 1)
    return body[:cap], len(body) <= cap and not reader.broken


def _chunked(reader: _Reader, cap: int) -> tuple[bytes, bool]:
    body = bytearray()
    while len(body) <= cap:
        try:
            line = reader.line(256)
        except CouldNotLook:
            return bytes(body), False
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            return bytes(body), False
        size = int(match[1], 16)
        if size == 0:
            return bytes(body), True
        body += reader.take(min(size, cap - len(body)))
        if len(body) >= cap or reader.ended:
            return bytes(body), False
        reader.take(2)
    return bytes(body[:cap]), False


def _clean(method: str, target: str, *rest: str) -> bool:
    spaced = any(char in part for part in (method, target) for char in " \t") or not method or not target
    return not spaced and not any(char in part for part in (method, target, *rest) for char in "\r\n\0")


def _not_http(detail: str) -> NoReturn:
    raise CouldNotLook(Unseen.PROTOCOL, detail)
