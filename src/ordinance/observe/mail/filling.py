"""Filling a mailbox by IMAP APPEND, to the byte."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.mail.box import KIB, delete
from ordinance.observe.mail.offers import MARK
from ordinance.observe.mail.shared import Budget
from ordinance.observe.protocols.imap import ImapClient

#: One message of the filling: below any server's own limit on a message.
PIECE = 512 * KIB
#: Sizes tried for the last piece. Doubling and halving end long before; a server that takes everything is stopped by the budget.
TRIES = 64


@dataclass(slots=True)
class Filler:
    """Appends messages of exact sizes to INBOX and remembers how it went."""

    client: ImapClient
    budget: Budget
    appended: int = 0  #: bytes that are in the mailbox by its doing
    refused: str = ""  #: the server's last words of refusal
    _run: str = field(default_factory=lambda: secrets.token_hex(6))
    _count: int = 0

    @property
    def smallest(self) -> int:
        """Bytes of the smallest message it can make."""
        return len(self._head())

    def pour(self, count: int) -> bool:
        """Append `count` bytes in pieces; False when the mailbox took no more before that."""
        while count >= self.smallest:
            # The last two pieces share what is left, so that none is too small for its header.
            size = PIECE if count >= 2 * PIECE else count if count <= PIECE else count // 2
            if not self.append(size):
                return False
            count -= size
        return True

    def to_the_brim(self, guess: int) -> None:
        """Append the largest message that fits. `guess` is the room there should be: one byte more is refused, then it is taken.

        When the guess is wrong, the room is searched: a message that fits is deleted again and a larger one tried.
        """
        fits, beyond, size = 0, None, max(guess + 1, self.smallest)
        for _ in range(TRIES):
            if self.append(size):
                if size + 1 == beyond:
                    return
                fits = size
                self._take_back(size)
            else:
                beyond = size
                if size == self.smallest:
                    return
            size = self._next(fits, beyond, guess)
        raise CouldNotLook(Unseen.PROTOCOL, "the room left in the probe mailbox changes while it is filled")

    def append(self, size: int) -> bool:
        """Append one message of `size` bytes; False when that is over the quota ([OVERQUOTA], RFC 9208, 4.2)."""
        self.budget.spend(size)
        self._count += 1
        head = self._head()
        answer = self.client.append("INBOX", head + b"x" * (size - len(head)))
        if answer.ok:
            self.appended += size
            return True
        self.refused = f"{answer.status} [{answer.code}] {answer.text}"
        if answer.code.upper() != "OVERQUOTA":
            raise CouldNotLook(Unseen.PROTOCOL, f"APPEND of {size} bytes was answered {self.refused}")
        return False

    def _next(self, fits: int, beyond: int | None, guess: int) -> int:
        if beyond is None:
            return fits * 2
        if beyond == guess + 1 and not fits and guess >= self.smallest:
            return guess
        return max((max(fits, self.smallest - 1) + beyond) // 2, self.smallest)

    def _take_back(self, size: int) -> None:
        delete(self.client, self.client.search("SUBJECT", self._subject()))
        self.appended -= size

    def _subject(self) -> str:
        return f"{MARK} filling {self._run}-{self._count:03d}"

    def _head(self) -> bytes:
        return f"Subject: {self._subject()}\r\n\r\n".encode()
