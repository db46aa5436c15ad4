"""One burst: a connection to the vantage, channels asked for at once, time for answers, and the connection torn down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import paramiko

from ordinance.observe.api import Deadline
from ordinance.observe.ssh_bounds import patient_until
from ordinance.observe.tunnel.transport import BurstTransport, ChannelAnswer

PATIENCE = 20.0  #: seconds for the server to take what is written, and to answer a keepalive, while it is busy connecting
_SLICE = 0.01

#: Makes a fresh connection, identified and logged in. Raises CouldNotLook.
Dial = Callable[[], BurstTransport]


@dataclass(slots=True)
class Burst:
    """What came of one burst. `silent` is to be believed, `undone` was not asked for certain: the connection died."""

    answers: list[ChannelAnswer] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    undone: list[int] = field(default_factory=list)
    alive: bool = True
    slowest: float = 0.0  #: seconds until the last answer to the last channel that was asked for


def burst(
    transport: BurstTransport, asks: Iterable[tuple[int, str, int]], hold: float, until: Deadline, stopped: Callable[[], bool]
) -> Burst:
    """Ask for a channel for each (item, address, port), as they come, and wait `hold` seconds from when the last was under way.

    A server works off requests in their order: its answer to a keepalive sent after them shows that every connection had been
    begun, and one at the end that every word of it had arrived. Only between the two is silence the target's.
    """
    asked: list[int] = []
    held = Burst()
    try:
        with patient_until(until):
            for item, address, port in asks:
                asked.append(item)
                transport.ask(item, address, port)
        begun = transport.answers(PATIENCE)
        since, left = time.monotonic(), -1
        while begun and not stopped() and (waiting := len(transport.unanswered())) and time.monotonic() - since < hold:
            if waiting != left:
                left, held.slowest = waiting, time.monotonic() - since
            time.sleep(_SLICE)
        held.alive = begun and not stopped() and transport.answers(PATIENCE)
    except (paramiko.SSHException, OSError, EOFError):
        held.alive = False
    finally:
        transport.close()
    held.answers = transport.take()
    missing = transport.unanswered()
    unsent = set(asked) - {answer.item for answer in held.answers} - set(missing)
    (held.silent if held.alive else held.undone).extend(missing)
    held.undone.extend(unsent)
    return held
