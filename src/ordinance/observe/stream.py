"""A bounded conversation over any byte channel: one absolute deadline, capped lines, replies and totals, one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol

from ordinance.observe.api import CouldNotLook, Deadline, TlsPeer, Unseen
from ordinance.observe.recorder import Attempt
from ordinance.observe.safetext import safe_line
from ordinance.observe.secret import Vault
from ordinance.observe.tls import TlsLayer, make_context
from ordinance.observe.transcript import Transcript

SLICE = 0.25  #: seconds between two looks at whether the run was stopped
_READ = 16_384
_SHOWN = 8192  #: bytes of the transcript that stand in the record as text


class Wire(Protocol):
    """A connected socket, or an SSH channel. Timeouts raise TimeoutError, what is broken raises OSError."""

    def settimeout(self, value: float, /) -> None: ...  # noqa: D102
    def recv(self, most: int, /) -> bytes: ...  # noqa: D102
    def send(self, data: bytes, /) -> int: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Caps:
    """Bytes: of one line, of everything that comes between two of our own words, of all that comes."""

    line: int = 4096
    reply: int = 65_536
    total: int = 262_144


class Stream:
    """The `Dialogue` of `ordinance.observe.api` over a wire. `mute` forbids every word (printers)."""

    def __init__(
        self, wire: Wire, attempt: Attempt, vault: Vault, deadline: Deadline, *,
        check: Callable[[], None] = lambda: None, caps: Caps | None = None, mute: bool = False,
    ) -> None:  # fmt: skip
        self.observation = ""
        self._wire = wire
        self._attempt = attempt
        self._vault = vault
        self._deadline = deadline
        self._check = check
        self._caps = caps or Caps()
        self._mute = mute
        self._transcript = Transcript()
        self._tls: TlsLayer | None = None
        self._held = bytearray()
        self._ended = False
        self._reply = 0
        self._total = 0
        self._outcome = "ok"

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exc: object) -> None:
        error = exc[1] if len(exc) > 1 else None
        if isinstance(error, CouldNotLook):
            self._outcome = error.reason.value
        self.close()
        if isinstance(error, CouldNotLook) and not error.observation:
            error.observation = self.observation

    def close(self) -> None:
        """Hang up and record. May be called more than once."""
        self._wire.close()
        if not self.observation:
            said = self._transcript.render(self._vault.redact)
            sizes = {"received": self._total}
            self.observation = self._attempt.done(self._outcome, said, raw=said, details=sizes, cap=_SHOWN)

    def read_line(self) -> bytes:
        """One line without its line end; what is left at the end of the stream; then b""."""
        while (end := self._held.find(b"\n")) < 0 and len(self._held) <= self._caps.line and self._fill():
            pass
        if end < 0:
            end = len(self._held)
        if end > self._caps.line:
            self._fail(Unseen.TOO_MUCH, f"a line of more than {self._caps.line} bytes")
        line = bytes(self._held[:end]).removesuffix(b"\r")
        del self._held[: end + 1]
        return line

    def read_some(self, most: int = 4096) -> bytes:
        """Whatever comes first, at most `most` bytes; b"" at the end of the stream."""
        if not self._held:
            self._fill()
        data = bytes(self._held[:most])
        del self._held[:most]
        return data

    def write(self, data: bytes) -> None:
        """Send everything. The peer may answer anew: its reply is counted from here."""
        self._may_speak()
        self._transcript.sent(data)
        self._reply = 0
        if self._tls is not None:
            self._tls.send(data)
        else:
            self._push(data)

    def start_tls(self, server_name: str, ca: bytes | None, *, verify: bool = True) -> TlsPeer:
        """Begin TLS. With `verify` the certificate must carry `server_name` and be signed by `ca` (PEM; None: the system's)."""
        self._may_speak()
        if verify and not server_name:
            raise ValueError("a verified peer needs the name it must carry")
        if self._held:
            self._fail(Unseen.PROTOCOL, "the peer said something between its consent and TLS")
        layer = TlsLayer(make_context(ca, verify=verify), server_name, self._pull, self._push)
        peer = layer.handshake()
        self._tls = layer
        self._transcript.note(f"{peer.version}, certificate for {', '.join(peer.names)}, SHA-256 {peer.sha256}")
        return peer

    def secret(self, value: str) -> None:
        """Never record this text."""
        self._vault.hide(value)

    def _fill(self) -> bool:
        """Read some more plain bytes into what is held; False at the end of the stream."""
        if self._ended:
            return False
        data = self._pull() if self._tls is None else self._tls.receive(_READ)
        self._ended = not data
        if data:
            self._transcript.received(data)
        self._held += data
        self._reply += len(data)
        if self._reply > self._caps.reply:
            self._fail(Unseen.TOO_MUCH, f"a reply of more than {self._caps.reply} bytes")
        return bool(data)

    def _pull(self) -> bytes:
        while True:
            self._wait("receiving")
            try:
                data = self._wire.recv(_READ)
            except TimeoutError:
                continue
            except OSError as error:
                self._fail(Unseen.PROTOCOL, f"the connection broke: {error.strerror or type(error).__name__}")
            self._total += len(data)
            if self._total > self._caps.total:
                self._fail(Unseen.TOO_MUCH, f"more than {self._caps.total} bytes in all")
            return data

    def _push(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._wait("sending")
            try:
                view = view[self._wire.send(bytes(view[:65_536])) :]
            except TimeoutError:
                continue
            except OSError as error:
                self._fail(Unseen.PROTOCOL, f"the connection broke while sending: {error.strerror or type(error).__name__}")

    def _wait(self, doing: str) -> None:
        self._check()
        left = self._deadline.left()
        if left <= 0:
            self._fail(Unseen.DEADLINE, f"the deadline passed while {doing}, after {self._total} bytes")
        self._wire.settimeout(min(left, SLICE))

    def _may_speak(self) -> None:
        if self._mute:
            self._fail(Unseen.SCOPE, "a printer's port is never written to")

    def _fail(self, reason: Unseen, detail: str) -> NoReturn:
        self._outcome = reason.value
        raise CouldNotLook(reason, safe_line(detail))
