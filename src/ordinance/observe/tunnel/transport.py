"""An SSH connection that asks for many channels at once and keeps every answer, without a thread for each.

A channel that is pending cannot be cancelled: the server holds a descriptor for it until its kernel gives up. So a connection
serves one burst and is closed, which frees them all.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import paramiko
from paramiko.common import MSG_CHANNEL_CLOSE, MSG_CHANNEL_OPEN

from ordinance.observe.ssh_bounds import PACKET
from ordinance.observe.ssh_stranger import StrangerSocket
from ordinance.observe.ssh_transport import PinnedTransport

_WINDOW = 4096  #: bytes that a peer behind a channel may say before the channel is closed: its greeting at most


class ChannelAnswer(NamedTuple):
    """What the server said of one channel. `code` 0: it opened."""

    item: int
    code: int
    text: str


class BurstTransport(PinnedTransport):
    """Asks for channels by `ask`; `take` gives the answers that have come."""

    def __init__(self, sock: StrangerSocket) -> None:
        super().__init__(sock)
        self._pending: dict[int, int] = {}
        self._answers: deque[ChannelAnswer] = deque()

    def ask(self, item: int, address: str, port: int) -> None:
        """Ask for a channel to `address`. SSHException, OSError or EOFError when the connection is dead."""
        with self.lock:
            number = self._next_channel()
            self.channels_seen[number] = True  # what such a channel says is ignored, as of one that is closed
            self._pending[number] = item
        message = paramiko.Message()
        message.add_byte(bytes([MSG_CHANNEL_OPEN]))
        message.add_string("direct-tcpip")
        message.add_int(number)
        message.add_int(_WINDOW)
        message.add_int(PACKET)
        message.add_string(address)
        message.add_int(port)
        message.add_string("127.0.0.1")
        message.add_int(0)
        self._send_user_message(message)

    def take(self) -> list[ChannelAnswer]:
        """Return the answers since the last call."""
        with self.lock:
            taken = list(self._answers)
            self._answers.clear()
        return taken

    def unanswered(self) -> list[int]:
        """Items whose channel has neither opened nor been refused."""
        with self.lock:
            return list(self._pending.values())

    def _parse_channel_open_success(self, message: paramiko.Message) -> None:
        number = message.get_int()
        with self.lock:
            item = self._pending.pop(number, None)
            if item is not None:
                self._answers.append(ChannelAnswer(item, 0, ""))
        if item is None:
            message.rewind()
            super()._parse_channel_open_success(message)
            return
        close = paramiko.Message()
        close.add_byte(bytes([MSG_CHANNEL_CLOSE]))
        close.add_int(message.get_int())
        self._send_message(close)

    def _parse_channel_open_failure(self, message: paramiko.Message) -> None:
        number, code = message.get_int(), message.get_int()
        with self.lock:
            item = self._pending.pop(number, None)
            if item is not None:
                text = message.get_binary().decode("utf-8", "backslashreplace")
                self._answers.append(ChannelAnswer(item, code, text))
        if item is None:
            message.rewind()
            super()._parse_channel_open_failure(message)
