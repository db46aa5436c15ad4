"""What paramiko leaves unbounded, bounded: the size of a packet, data past a window, and how long a write may be stuck.

Measured against paramiko 5.1: a host could announce a packet of 2 GiB and have it collected (118 MiB in 2 s), go on filling
the buffer of a channel that was closed, and hold a writer for 20 s (until TCP gives up) by reading no more,
or for 30 s by beginning a key exchange that it does not end.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import paramiko
from paramiko.packet import Packetizer

from ordinance.observe.api import Deadline

WINDOW = 2 * 1024 * 1024  #: bytes in flight to us on one channel
PACKET = 32_768  #: bytes of data in one packet to us
PACKET_CAP = 1 << 18  #: bytes of a whole packet; OpenSSH sends no larger ones either
_FAREWELL = 0.3  #: seconds that one waits for a goodbye on a channel to be taken
_LAST_WORD = 5.0  #: seconds in which it must be; a host that is starved of its processor may take nothing for one or two


class Patience(threading.local):
    """Until when this thread waits for a host to take what it writes; None: until TCP gives up."""

    until: Deadline | None = None

    @property
    def over(self) -> bool:
        """Whether this thread has waited long enough."""
        return self.until is not None and self.until.passed


PATIENCE = Patience()


@contextlib.contextmanager
def patient_until(deadline: Deadline) -> Iterator[None]:
    """Within this, a write of this thread that is stuck beyond the deadline breaks the connection: half a packet is lost."""
    before, PATIENCE.until = PATIENCE.until, deadline
    try:
        yield
    finally:
        PATIENCE.until = before


class Packets(Packetizer):
    """paramiko's packets, of bounded size."""

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """As paramiko's; SSHException for a packet larger than any server sends."""
        if n > PACKET_CAP:
            raise paramiko.SSHException(f"the server announces a packet of {n} bytes")
        return super().read_all(n, check_rekey)


def feed(channel: Any, message: paramiko.Message) -> None:
    """Take in data of a channel, as far as its window goes."""
    paramiko.Channel._feed(channel, message)  # type: ignore[attr-defined]
    _check_window(channel)


def feed_extended(channel: Any, message: paramiko.Message) -> None:
    """Take in standard error, as far as the window goes."""
    paramiko.Channel._feed_extended(channel, message)  # type: ignore[attr-defined]
    _check_window(channel)


def hang_up(channel: paramiko.Channel) -> None:
    """Close a channel. Whether the host hears of it does not matter, and nobody waits long for that.

    A goodbye that is stuck is brought to its end by a thread of its own: cut off in the middle it would end the connection, and
    with it what others do there.
    """
    if channel.closed:
        channel.close()  # nothing more to say, but its descriptor is given back
        return
    goodbye = threading.Thread(target=_say_goodbye, args=(channel,), daemon=True)
    goodbye.start()
    goodbye.join(_FAREWELL)


def _say_goodbye(channel: paramiko.Channel) -> None:
    with contextlib.suppress(paramiko.SSHException, OSError, EOFError), patient_until(Deadline.after(_LAST_WORD)):
        channel.close()


def _check_window(channel: Any) -> None:
    if channel.closed:  # what was on its way when we closed; nobody will read it
        channel.in_buffer.empty()
        channel.in_stderr_buffer.empty()
    elif len(channel.in_buffer) + len(channel.in_stderr_buffer) > WINDOW + PACKET:
        raise paramiko.SSHException("the server sends past the window of a channel")
