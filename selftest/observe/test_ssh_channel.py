"""Nothing is sent on an SSH channel after its close, whoever closes it and whenever."""

from __future__ import annotations

import threading
from collections.abc import Callable

import paramiko
import pytest
from paramiko.common import MSG_CHANNEL_CLOSE, MSG_CHANNEL_DATA, MSG_CHANNEL_EOF

from ordinance.observe.ssh_channel import OrderedChannel

NAMES = {MSG_CHANNEL_DATA: "data", MSG_CHANNEL_EOF: "eof", MSG_CHANNEL_CLOSE: "close"}
CLOSING: dict[str, Callable[[OrderedChannel], None]] = {
    "by the server": lambda channel: channel._handle_close(None),
    "by another thread": lambda channel: channel.close(),
}
SENDING: dict[str, tuple[Callable[[OrderedChannel], object], list[str]]] = {
    "end of input": (lambda channel: channel.shutdown_write(), ["eof", "close"]),
    "data": (lambda channel: channel.send(b"x"), ["data", "eof", "close"]),
}


class Wire:
    """Stands for the connection: writes down what is sent, and lets something else happen just before the first of it."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.sent: list[str] = []
        self._meanwhile: Callable[[], None] | None = meanwhile

    def _send_user_message(self, message: paramiko.Message) -> None:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            other = threading.Thread(target=meanwhile)
            other.start()
            other.join(10)
            assert not other.is_alive(), "who closes does not wait for who sends"
        self.sent.append(NAMES[message.asbytes()[0]])

    def _unlink_channel(self, number: int) -> None:
        """Nothing to do."""

    def _sanitize_packet_size(self, size: int) -> int:
        return size

    def get_log_channel(self) -> str:
        """Whose log it would be."""
        return "paramiko.transport"


def opened(meanwhile: Callable[[OrderedChannel], None]) -> tuple[OrderedChannel, Wire]:
    channel = OrderedChannel(1)
    wire = Wire(lambda: meanwhile(channel))
    channel._set_transport(wire)
    channel._set_window(1 << 20, 1 << 15)
    channel._set_remote_channel(7, 1 << 20, 1 << 15)
    return channel, wire


@pytest.mark.parametrize("closing", CLOSING)
@pytest.mark.parametrize("sending", SENDING)
def test_a_close_waits_for_what_is_being_sent(sending: str, closing: str) -> None:
    send, order = SENDING[sending]
    channel, wire = opened(CLOSING[closing])
    send(channel)
    assert wire.sent == order
    assert channel.closed


@pytest.mark.parametrize("closing", CLOSING)
def test_a_close_on_its_own_is_sent_at_once(closing: str) -> None:
    channel, wire = opened(lambda _: None)
    CLOSING[closing](channel)
    CLOSING[closing](channel)
    assert wire.sent == ["eof", "close"]
    channel.shutdown_write()
    with pytest.raises(OSError, match="closed"):
        channel.send(b"x")
    assert wire.sent == ["eof", "close"]


def test_the_last_of_two_senders_sends_the_close() -> None:
    def both(channel: OrderedChannel) -> None:
        channel.send(b"second")
        channel.close()

    channel, wire = opened(both)
    channel.send(b"first")
    assert wire.sent == ["data", "data", "eof", "close"]


def test_a_window_that_never_opens_does_not_hold_up_the_close() -> None:
    """Who waits for the window of a host that takes nothing is woken by the close."""
    channel, wire = opened(lambda _: None)
    channel._set_remote_channel(7, 0, 1 << 15)
    channel.settimeout(10)
    done: list[int] = []
    sender = threading.Thread(target=lambda: done.append(channel.send(b"x")))
    sender.start()
    while not channel._sending:
        sender.join(0.01)
    channel.close()
    sender.join(5)
    assert done == [0]
    assert wire.sent == ["eof", "close"]
