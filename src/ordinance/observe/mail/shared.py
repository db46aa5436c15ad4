"""What the looks of one run share about the probe mailbox: one look at a time, one byte budget, one failed login per account."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ordinance.inventory.model import Inventory, ProbeMailbox
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen

WAIT_SECONDS = 180.0
#: How long to wait for a message that was taken, until one did not come; then nothing can be proved any more, and how long after.
ARRIVAL_SECONDS = 20.0
IMPATIENT_SECONDS = 2.0


class Budget:
    """Bytes that the run may still send or append."""

    def __init__(self, whole: int) -> None:
        self.left = whole
        self._whole = whole
        self._lock = threading.Lock()

    def spend(self, count: int) -> None:
        """Take `count` bytes; CouldNotLook(SCOPE) when there are not so many left, and then nothing is sent."""
        with self._lock:
            if count > self.left:
                raise CouldNotLook(
                    Unseen.SCOPE,
                    f"{count} bytes are more than is left of the probe mailbox's byte budget: {self.left} of {self._whole}",
                )
            self.left -= count


class Logins:
    """Remembers how logins went: an account that was refused anywhere is not tried again where it has not been let in before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: dict[str, CouldNotLook] = {}
        self._admitted: set[tuple[str, str]] = set()

    @contextmanager
    def attempt(self, user: str, service: str) -> Iterator[None]:
        """Log in within this; CouldNotLook(CREDENTIALS) at once when that would be a second failed login."""
        with self._lock:
            earlier = self._refused.get(user)
            if earlier is not None and (user, service) not in self._admitted:
                raise CouldNotLook(Unseen.CREDENTIALS, f"{earlier.detail}; no second try", earlier.observation)
            try:
                yield
            except CouldNotLook as missed:
                if missed.reason is Unseen.CREDENTIALS:
                    self._refused.setdefault(user, missed)
                raise
            self._admitted.add((user, service))


class Share:
    """The part of a run that its mail looks have in common."""

    def __init__(self, mailbox: ProbeMailbox) -> None:
        self.budget = Budget(mailbox.byte_budget)
        self.logins = Logins()
        self.patience = ARRIVAL_SECONDS  #: seconds to wait for a message that was taken
        self._mailbox = threading.Lock()

    def lose_patience(self) -> None:
        """Note that a message was taken and did not come: what depends on arrival is unproven, and waiting long is no use."""
        self.patience = IMPATIENT_SECONDS

    @contextmanager
    def alone(self, context: LookContext) -> Iterator[None]:
        """Hold the mailbox: looks that fill and empty it side by side would see each other's mail.

        CouldNotLook(DEADLINE) when another look does not let go of it, HALTED when the run stops.
        """
        deadline = Deadline.after(WAIT_SECONDS)
        while not self._mailbox.acquire(timeout=min(0.5, deadline.left())):
            if context.halted():
                raise CouldNotLook(Unseen.HALTED, "the run was stopped before the probe mailbox was free")
            if deadline.passed:
                raise CouldNotLook(Unseen.DEADLINE, "another look holds the probe mailbox")
        try:
            yield
        finally:
            self._mailbox.release()


#: One entry for each inventory object, that is for each run; it holds the inventory, so that no other takes its identity.
_SHARES: dict[int, tuple[Inventory, Share]] = {}
_SHARES_LOCK = threading.Lock()


def share_of(inventory: Inventory, mailbox: ProbeMailbox) -> Share:
    """Return the share of the run that this inventory was read for; looks of one run are given the same inventory object."""
    with _SHARES_LOCK:
        return _SHARES.setdefault(id(inventory), (inventory, Share(mailbox)))[1]
