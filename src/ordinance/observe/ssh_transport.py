"""An SSH connection that never waits beyond a deadline and keeps why a channel was not opened.

Measured against paramiko 5.1: its `open_channel` drops the server's words ("Connection refused") and under concurrency even
the code; a channel that was given up on lives on at the server; `exec_command` waits without end.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_CHANNEL_OPEN,
    MSG_GLOBAL_REQUEST,
)

from ordinance.inventory.model import Address
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.ssh_bounds import PACKET, PATIENCE, WINDOW, Packets, feed, feed_extended, hang_up
from ordinance.observe.ssh_channel import OrderedChannel
from ordinance.observe.ssh_stranger import StrangerSocket

MOST_ABANDONED = 256  #: channels given up on; each holds a descriptor of the server until its kernel gives up too
_SLICE = 0.25
_PING = 2.0  #: seconds within which a living server answers a keepalive

_CONNECT_FAILED = 2  # SSH_OPEN_CONNECT_FAILED, RFC 4254 section 5.1
_MEANINGS = (
    ("connection refused", Unseen.REFUSED),
    ("no route to host", Unseen.UNREACHABLE),
    ("network is unreachable", Unseen.UNREACHABLE),
    ("host is unreachable", Unseen.UNREACHABLE),
    ("connection timed out", Unseen.NO_ANSWER),
    ("operation timed out", Unseen.NO_ANSWER),
)

# Its log repeats what servers say, unescaped.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


def meaning(code: int, text: str) -> Unseen:
    """Return what a refused `direct-tcpip` channel says about the target; VANTAGE when it says nothing about it.

    Only "connect failed" with the words of the far kernel speaks of the target. Forbidden by the server's policy (1), or
    "open failed" (the server has no descriptors left): the target was never tried.
    """
    if code != _CONNECT_FAILED:
        return Unseen.VANTAGE
    return next((reason for words, reason in _MEANINGS if text.strip().lower() == words), Unseen.VANTAGE)


class PinnedTransport(paramiko.Transport):
    """A paramiko transport with bounded waits."""

    # Parts of paramiko.Transport that its type stubs leave out.
    _channels: Any
    channel_events: dict[int, threading.Event]
    channels_seen: dict[int, bool]
    completion_event: threading.Event | None
    lock: Any
    _next_channel: Callable[[], int]
    _send_message: Callable[[paramiko.Message], None]
    clear_to_send: threading.Event

    _channel_handler_table = {  # noqa: RUF012 - paramiko's own, with bounds
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined]
        MSG_CHANNEL_DATA: feed,
        MSG_CHANNEL_EXTENDED_DATA: feed_extended,
    }

    def __init__(self, sock: StrangerSocket) -> None:
        super().__init__(sock, packetizer_class=Packets)  # type: ignore[arg-type]
        self._refusals: dict[int, tuple[int, str]] = {}
        self._abandoned: dict[int, paramiko.Channel] = {}
        self._pinging = threading.Lock()
        self._answered_at = 0.0

    @property
    def worn(self) -> bool:
        """Too many channels were given up on; a fresh connection frees their descriptors at the server."""
        return len(self._abandoned) >= MOST_ABANDONED

    @property
    def idle(self) -> bool:
        """Nobody uses a channel of it (those given up on do not count)."""
        with self.lock:
            return len(self._channels) <= len(self._abandoned)

    def open_session(  # type: ignore[override]
        self, deadline: Deadline, check: Callable[[], None] = lambda: None
    ) -> paramiko.Channel:
        """Return a channel for a command. VANTAGE when the server refuses it, DEADLINE when it does not answer."""
        try:
            return self._open("session", b"", deadline, check)
        except _NoReply:
            raise CouldNotLook(Unseen.DEADLINE, "the SSH server did not open a channel") from None
        except _Refused as refusal:
            raise CouldNotLook(Unseen.VANTAGE, f"the SSH server opened no channel: {refusal}") from None

    def open_direct(
        self, address: Address, port: int, deadline: Deadline, check: Callable[[], None] = lambda: None
    ) -> paramiko.Channel:
        """Return a channel through the server to `address`:`port`.

        REFUSED, UNREACHABLE, or NO_ANSWER; the last only while the server itself demonstrably answers. Else VANTAGE.
        """
        place = paramiko.Message()
        place.add_string(str(address))
        place.add_int(port)
        place.add_string("127.0.0.1")
        place.add_int(0)
        try:
            return self._open("direct-tcpip", place.asbytes(), deadline, check)
        except _NoReply:
            if self.answers():
                raise CouldNotLook(Unseen.NO_ANSWER, "nothing came back by the deadline") from None
            raise CouldNotLook(Unseen.VANTAGE, "the SSH server of the vantage does not answer any more") from None
        except _Refused as refusal:
            raise CouldNotLook(meaning(refusal.code, refusal.text), str(refusal)) from None

    def answers(self, seconds: float = _PING) -> bool:
        """Whether the server answers a keepalive now."""
        asked = time.monotonic()
        with self._pinging:
            if self._answered_at >= asked:
                return True  # somebody else asked while we waited, and was answered
            event = self.completion_event = threading.Event()
            message = paramiko.Message()
            message.add_byte(bytes([MSG_GLOBAL_REQUEST]))
            message.add_string("keepalive@openssh.com")
            message.add_boolean(True)
            try:
                self._send_user_message(message)
            except (paramiko.SSHException, OSError, EOFError):
                return False
            if not event.wait(seconds) or not self.is_active():
                return False
            self._answered_at = time.monotonic()
            return True

    def _send_user_message(self, data: paramiko.Message) -> None:
        """Wait for a key exchange to end only as long as this thread's patience lasts; paramiko's own would wait 30 s."""
        while not self.clear_to_send.wait(0.1) and self.is_active():
            if PATIENCE.over:
                raise paramiko.SSHException("the server began a key exchange and does not end it")
        super()._send_user_message(data)  # type: ignore[misc]

    def _open(self, kind: str, place: bytes, deadline: Deadline, check: Callable[[], None]) -> paramiko.Channel:
        with self.lock:
            number = self._next_channel()
            channel: Any = OrderedChannel(number)
            self._channels.put(number, channel)
            self.channel_events[number] = event = threading.Event()
            self.channels_seen[number] = True
            channel._set_transport(self)
            channel._set_window(WINDOW, PACKET)
        message = paramiko.Message()
        message.add_byte(bytes([MSG_CHANNEL_OPEN]))
        message.add_string(kind)
        message.add_int(number)
        message.add_int(WINDOW)
        message.add_int(PACKET)
        message.add_bytes(place)
        try:
            self._send_user_message(message)
            self._await(event, deadline, check)
        except BaseException as error:
            self._abandon(number, channel)
            if isinstance(error, paramiko.SSHException | OSError | EOFError):
                raise CouldNotLook(Unseen.VANTAGE, "the SSH connection broke") from error
            raise
        with self.lock:
            refusal = self._refusals.pop(number, None)
        if refusal is not None:
            raise _Refused(*refusal)
        if not self.is_active() or channel.closed:
            raise CouldNotLook(Unseen.VANTAGE, "the SSH connection broke")
        return channel  # type: ignore[no-any-return]

    def _await(self, event: threading.Event, deadline: Deadline, check: Callable[[], None]) -> None:
        while not event.wait(min(deadline.left(), _SLICE)):
            if not self.is_active():
                raise CouldNotLook(Unseen.VANTAGE, "the SSH connection broke")
            check()
            if deadline.passed:
                raise _NoReply

    def _abandon(self, number: int, channel: paramiko.Channel) -> None:
        """Nobody waits for this channel any more: should it open later, it is closed at once."""
        with self.lock:
            unanswered = self.channel_events.pop(number, None) is not None
            refused = self._refusals.pop(number, None) is not None
            if unanswered:
                self._abandoned[number] = channel
        if not unanswered and not refused:
            hang_up(channel)

    def _parse_channel_open_success(self, message: paramiko.Message) -> None:
        number = message.get_int()
        with self.lock:
            channel = self._abandoned.pop(number, None)
        if channel is None:
            message.rewind()
            super()._parse_channel_open_success(message)  # type: ignore[misc]
            return
        close = paramiko.Message()
        close.add_byte(bytes([MSG_CHANNEL_CLOSE]))
        close.add_int(message.get_int())
        self._channels.delete(number)
        self._send_message(close)

    def _parse_channel_open_failure(self, message: paramiko.Message) -> None:
        number, code, text = message.get_int(), message.get_int(), message.get_binary().decode("utf-8", "backslashreplace")
        with self.lock:
            event = self.channel_events.pop(number, None)
            if event is not None:
                self._refusals[number] = (code, text)
            self._abandoned.pop(number, None)
            self._channels.delete(number)
        if event is not None:
            event.set()


class _NoReply(Exception):
    """The server has not said whether the channel opens."""


class _Refused(Exception):
    """The server has said that it does not open the channel."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} (code {code})")
        self.code = code
        self.text = text
