"""The probe mailbox is used by one look at a time, and within its byte budget."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ordinance.inventory.model import ProbeMailbox
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen

#: `mail-limits` and `mail-full` both fill and empty the one probe mailbox; side by side each would see the other's mail.
_PROBE_MAILBOX = threading.Lock()

WAIT_SECONDS = 180.0
#: Looks that send to the probe mailbox; each is given an equal part of its byte budget, so that none depends on the other.
SHARES = 2


@contextmanager
def alone(context: LookContext) -> Iterator[None]:
    """Hold the probe mailbox. CouldNotLook(DEADLINE) when another look does not let go of it, HALTED when the run stops."""
    deadline = Deadline.after(WAIT_SECONDS)
    while not _PROBE_MAILBOX.acquire(timeout=min(0.5, deadline.left())):
        if context.halted():
            raise CouldNotLook(Unseen.HALTED, "the run was stopped before the probe mailbox was free")
        if deadline.passed:
            raise CouldNotLook(Unseen.DEADLINE, "another look holds the probe mailbox")
    try:
        yield
    finally:
        _PROBE_MAILBOX.release()


class Budget:
    """Bytes that one look may still send or append."""

    def __init__(self, mailbox: ProbeMailbox) -> None:
        self.left = mailbox.byte_budget // SHARES
        self._whole = mailbox.byte_budget

    def spend(self, count: int) -> None:
        """Take `count` bytes; CouldNotLook(SCOPE) when there are not so many left, and then nothing is sent."""
        if count > self.left:
            raise CouldNotLook(
                Unseen.SCOPE,
                f"{count} bytes more would go beyond the byte budget of the probe mailbox ({self._whole}, half for each look)",
            )
        self.left -= count
