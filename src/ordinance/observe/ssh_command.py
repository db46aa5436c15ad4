"""A command on an SSH channel: both outputs drained at once, input fed beside them, everything bounded."""

from __future__ import annotations

import hashlib
import select
from collections.abc import Callable
from typing import Any

import msgspec
import paramiko
from paramiko.common import MSG_CHANNEL_REQUEST

from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.ssh_bounds import hang_up, patient_until

#: Bytes of one line of the agent. A sweep that finds every other port of an address open takes half a megabyte to say so.
LINE_CAP = 8 << 20
AGENT_CAP = 64 << 20  #: bytes of all of them
_PIECE = 32_768
_SLICE = 0.25
_FEED = 0.02  #: seconds until the window is tried again while input is waiting; paramiko tells nobody when it opens


class Kept:
    """The first `cap` bytes of an output, and how many there were. `strict`: more than that is TOO_MUCH."""

    def __init__(self, cap: int, *, strict: bool = False) -> None:
        self._cap = cap
        self._strict = strict
        self._data = bytearray()
        self.total = 0

    def take(self, piece: bytes) -> None:
        """Take in a piece."""
        self.total += len(piece)
        if self._strict and self.total > self._cap:
            raise CouldNotLook(Unseen.TOO_MUCH, f"more than {self._cap} bytes of output")
        self._data += piece[: max(0, self._cap - len(self._data))]

    @property
    def data(self) -> bytes:
        """What was kept."""
        return bytes(self._data)


class AgentLines:
    """JSON lines from the agent, handed on one by one; `last` is the newest."""

    def __init__(self, on_line: Callable[[dict[str, Any]], None]) -> None:
        self._on_line = on_line
        self._held = bytearray()
        self._total = 0
        self._count = 0
        self._digest = hashlib.sha256()
        self.last: dict[str, Any] | None = None

    def take(self, piece: bytes) -> None:
        """Take in a piece. TOO_MUCH beyond the caps, TOOL for a line that is no JSON object."""
        self._total += len(piece)
        self._digest.update(piece)
        if self._total > AGENT_CAP:
            raise CouldNotLook(Unseen.TOO_MUCH, f"more than {AGENT_CAP} bytes")
        self._held += piece
        start = 0
        while (end := self._held.find(b"\n", start)) >= 0:
            self._line(bytes(self._held[start:end]))
            start = end + 1
        del self._held[:start]
        if len(self._held) > LINE_CAP:
            raise CouldNotLook(Unseen.TOO_MUCH, f"a line of more than {LINE_CAP} bytes")

    def finish(self) -> None:
        """No more is coming: text without a line end is not a line, and what came before it is not the last one."""
        if self._held:
            raise CouldNotLook(Unseen.TOOL, "the last line is cut off")

    def summary(self) -> dict[str, Any]:
        """Return what the record says of all the lines."""
        return {"lines": self._count, "bytes": self._total, "sha256": self._digest.hexdigest()}

    def _line(self, line: bytes) -> None:
        if len(line) > LINE_CAP:
            raise CouldNotLook(Unseen.TOO_MUCH, f"a line of more than {LINE_CAP} bytes")
        try:
            told = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise CouldNotLook(Unseen.TOOL, f"a line that is no JSON object: {line[:200]!r}") from error
        self._count += 1
        self.last = told
        self._on_line(told)


def execute(  # noqa: PLR0917
    channel: paramiko.Channel, command: str, deadline: Deadline, check: Callable[[], None],
    out: Callable[[bytes], None], err: Callable[[bytes], None], *, stdin: bytes = b"", hold_stdin: bool = False,
) -> int:  # fmt: skip
    """Run `command` on a fresh session channel until it ends; its exit status. The channel is closed whatever happens.

    `hold_stdin` leaves the input open until the end. DEADLINE, VANTAGE (the connection broke), TOOL (ended by a signal).
    """
    try:
        with patient_until(deadline):
            _ask(channel, command, deadline, check)
            return _Pump(channel, stdin, hold_stdin=hold_stdin).run(deadline, check, out, err)
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise CouldNotLook(Unseen.VANTAGE, "the SSH connection broke") from error
    finally:
        hang_up(channel)


def _ask(channel: Any, command: str, deadline: Deadline, check: Callable[[], None]) -> None:
    """Ask for the command; paramiko's own `exec_command` would wait for the answer without end."""
    message = paramiko.Message()
    message.add_byte(bytes([MSG_CHANNEL_REQUEST]))
    message.add_int(channel.remote_chanid)
    message.add_string("exec")
    message.add_boolean(True)
    message.add_string(command)
    channel._event_pending()
    channel.transport._send_user_message(message)
    while not channel.event.wait(min(deadline.left(), _SLICE)):
        check()
        if deadline.passed:
            raise CouldNotLook(Unseen.DEADLINE, "the SSH server did not start the command")
    if not channel.event_ready:
        raise CouldNotLook(Unseen.VANTAGE, "the SSH server refused to run a command")


class _Pump:
    """Moves bytes both ways until the command has ended."""

    def __init__(self, channel: paramiko.Channel, stdin: bytes, *, hold_stdin: bool) -> None:
        self._channel = channel
        self._pending = memoryview(stdin)
        self._hold = hold_stdin
        self._input_open = True

    def run(
        self, deadline: Deadline, check: Callable[[], None], out: Callable[[bytes], None], err: Callable[[bytes], None]
    ) -> int:
        self._channel.settimeout(0.0)
        poller = select.poll()
        poller.register(self._channel.fileno(), select.POLLIN)
        while True:
            ended = self._ended()
            moved = self._drain(out, err)
            if ended and not moved:
                return self._status()
            check()
            if deadline.passed:
                raise CouldNotLook(Unseen.DEADLINE, "the command had not ended by the deadline")
            if not moved and not self._feed():
                self._wait(poller, min(deadline.left(), _SLICE))

    def _ended(self) -> bool:
        channel = self._channel
        return bool(channel.closed or (channel.eof_received and channel.status_event.is_set()))

    def _drain(self, out: Callable[[bytes], None], err: Callable[[bytes], None]) -> bool:
        moved = False
        if self._channel.recv_ready():
            out(self._channel.recv(_PIECE))
            moved = True
        if self._channel.recv_stderr_ready():
            err(self._channel.recv_stderr(_PIECE))
            moved = True
        return moved

    def _feed(self) -> bool:
        """Send a piece of the input if the window is open; whether anything was sent."""
        if not self._input_open or self._channel.closed:
            return False
        if self._pending and self._channel.send_ready():
            try:
                self._pending = self._pending[self._channel.send(bytes(self._pending[:_PIECE])) :]
            except TimeoutError:
                return False
            except OSError:  # the command has closed its input; what it says still counts
                self._pending = memoryview(b"")
            return True
        if not self._pending and not self._hold:
            self._channel.shutdown_write()
            self._input_open = False
        return False

    def _wait(self, poller: select.poll, seconds: float) -> None:
        # After the end of output paramiko's descriptor stays readable: only the exit status is awaited then.
        if self._channel.eof_received:
            self._channel.status_event.wait(min(seconds, _SLICE))
            return
        poller.poll((min(seconds, _FEED) if self._pending else seconds) * 1000)

    def _status(self) -> int:
        if self._channel.exit_status >= 0:
            return self._channel.exit_status
        if not self._channel.get_transport().is_active():
            raise CouldNotLook(Unseen.VANTAGE, "the SSH connection broke")
        raise CouldNotLook(Unseen.TOOL, "the command ended without an exit status (killed by a signal)")
