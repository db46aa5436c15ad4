"""What was seen of the mail system: SMTP answers, messages that were offered and whether they arrived, quotas, the full mailbox.

Sizes are bytes as RFC 1870 counts them (each line end is two), quotas are KiB as RFC 9208 counts STORAGE.
"""

from __future__ import annotations

import re

import msgspec

#: RFC 3463: class, subject, detail, right after the code of the reply (RFC 2034).
_ENHANCED = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?:\s|$)")


class Unlooked(msgspec.Struct, frozen=True, kw_only=True):
    """Why something could not be seen; `reason` is an `Unseen` word."""

    reason: str
    detail: str
    observation: str = ""

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One SMTP reply (RFC 5321, 4.2): the command it answers, its code, its text made safe, on one line."""

    to: str  #: "MAIL", "RCPT", or "message" for the reply after the final dot (or to DATA, when that is refused already)
    code: int
    text: str

    @property
    def positive(self) -> bool:
        """Whether the server went along: 2yz, or 3yz (send on)."""
        return 200 <= self.code < 400  # noqa: PLR2004 - RFC 5321, 4.2.1

    @property
    def enhanced(self) -> str:
        """Enhanced status code (RFC 3463), "5.2.2"; empty when the server gives none."""
        found = _ENHANCED.match(self.text)
        return ".".join(found.groups()) if found else ""

    @property
    def says_full(self) -> bool:
        """Mailbox full, in so many words: 4.2.2 or 5.2.2 (RFC 3463, 3.3), of the same class as the code."""
        return self.enhanced == f"{self.code // 100}.2.2" and self.code // 100 in (4, 5)

    @property
    def says_too_big(self) -> bool:
        """Too big for good: 552 (RFC 1870, 6) or x.3.4, x.2.3 (RFC 3463) with a 5yz code; 5.2.2 is a full mailbox, not a size."""
        if self.code // 100 != 5:  # noqa: PLR2004 - a 4yz asks to try again
            return False
        return self.enhanced in ("5.3.4", "5.2.3") or (self.code == 552 and not self.enhanced)  # noqa: PLR2004

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip() + f" (to {self.to})"


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One message that was offered to a server, as far as it went, and whether it was found in the mailbox.

    `arrived` is None when nothing can be said: nobody waited, or nothing later arrived that would make its absence mean anything.
    """

    path: str  #: "gateway" | "submission"
    place: str  #: "198.51.100.5:25 from outside", for the reader
    recipient: str
    size: int  #: bytes of the message, declared or sent
    declared: bool = False  #: SIZE= was given with MAIL (RFC 1870)
    answers: tuple[Answer, ...] = ()
    arrived: bool | None = None
    observations: tuple[str, ...] = ()
    unseen: Unlooked | None = None

    @property
    def taken(self) -> bool:
        """Whether the server took responsibility for the message: a positive reply after the final dot."""
        return bool(self.answers) and self.answers[-1].to == "message" and self.answers[-1].positive

    @property
    def refusal(self) -> Answer | None:
        """The reply that ended it, when that was a 4yz or 5yz."""
        last = self.answers[-1] if self.answers else None
        return None if last is None or last.positive else last

    def answer_to(self, command: str) -> Answer | None:
        """Reply to one command of this offer; None when it was not sent or not answered."""
        return next((answer for answer in self.answers if answer.to == command), None)


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What one mail service says of itself: its greeting, and SIZE in its EHLO (RFC 1870, 4), before or after STARTTLS."""

    host: str
    protocol: str  #: "smtp" | "submission"
    place: str
    identity: str  #: what the greeting must say, by the inventory
    secured: bool = False  #: this EHLO was sent inside TLS
    greeting: str = ""
    offers_size: bool = False  #: the word SIZE stands in the EHLO
    size: int | None = None  #: its number; None: no number, or none that can be read; 0: no limit
    observations: tuple[str, ...] = ()
    unseen: Unlooked | None = None

    @property
    def identified(self) -> bool:
        """Whether the greeting says what the inventory says it must."""
        return bool(self.identity) and self.identity in self.greeting


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """One way into the mail system, with one limit tried: SIZE declared over it, undeclared over it, and a message under it."""

    path: str  #: "gateway" | "submission"
    place: str
    identity: str  #: text that the greeting must hold
    greeting_before: str = ""
    greeting_after: str = ""
    advertised: int | None = None
    limit: int = 0  #: bytes: the smaller of what is advertised and what the profile allows
    declared_over: Offer | None = None
    undeclared_over: Offer | None = None
    under: Offer | None = None
    unseen: Unlooked | None = None

    @property
    def identified(self) -> bool:
        """Whether the same, right server was there before and after."""
        return bool(self.identity) and self.identity in self.greeting_before and self.identity in self.greeting_after


class MailLimitsSighting(msgspec.Struct, frozen=True, kw_only=True):
    """Look `mail-limits`: what services announce, and what the ways to the probe mailbox enforce."""

    mailbox: str  #: address of the probe mailbox; empty when none is declared
    announcements: tuple[Announcement, ...] = ()
    ways: tuple[Limits, ...] = ()
    unseen: Unlooked | None = None  #: why the probe mailbox could not be used at all
    uncleaned: str = ""  #: what could not be removed afterwards


class QuotaRoot(msgspec.Struct, frozen=True, kw_only=True):
    """The STORAGE limit of one quota root of one user. `limit` None: no limit."""

    user: str
    root: str
    used: int  #: KiB
    limit: int | None  #: KiB


class FolderQuota(msgspec.Struct, frozen=True, kw_only=True):
    """What IMAP says of one folder of the probe mailbox (GETQUOTAROOT, RFC 9208, 4.3.3): the roots that count it."""

    folder: str
    roots: tuple[QuotaRoot, ...] = ()


class QuotaSighting(msgspec.Struct, frozen=True, kw_only=True):
    """Look `mail-quota`: two independent views of the limits, and the list of mailboxes."""

    host: str
    directory: tuple[str, ...] = ()  #: mailboxes, by the inventory
    users: tuple[str, ...] = ()  #: mailboxes, by the store
    users_seen: bool = False
    users_observations: tuple[str, ...] = ()
    roots: tuple[QuotaRoot, ...] = ()
    roots_seen: bool = False
    store_has_no_quota: bool = False  #: the store's own tool does not know the word quota: the plugin is not loaded
    roots_observations: tuple[str, ...] = ()
    probe: str = ""  #: address of the probe mailbox
    probe_user: str = ""  #: as it logs in
    imap_seen: bool = False
    imap_has_no_quota: bool = False  #: QUOTA is not among the capabilities after login
    folders: tuple[FolderQuota, ...] = ()
    imap_observations: tuple[str, ...] = ()
    unseen: tuple[Unlooked, ...] = ()


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """Filling the probe mailbox by IMAP APPEND until not one byte more fits."""

    limit: int  #: bytes, by GETQUOTAROOT
    used: int  #: bytes, by GETQUOTAROOT, afterwards
    appended: int  #: bytes that were taken
    refused: str = ""  #: the server's words when it took no more ([OVERQUOTA], RFC 9208, 4.2)
    observations: tuple[str, ...] = ()

    @property
    def at_limit(self) -> bool:
        """Whether the mailbox is at its limit or beyond."""
        return self.limit > 0 and self.used >= self.limit


class MailFullSighting(msgspec.Struct, frozen=True, kw_only=True):
    """Look `mail-full`: the story of the probe mailbox, from empty to full and back. What was not reached is None."""

    mailbox: str
    receive_before: Offer | None = None
    send_before: Offer | None = None
    overflow: Offer | None = None  #: offered with less room left than it needs, its size undeclared
    fill: Fill | None = None
    other_while_full: Offer | None = None  #: RCPT alone, for another mailbox through the same gateway
    receive_full: Offer | None = None
    send_full: Offer | None = None
    used_after_delete: int | None = None  #: bytes
    receive_after: Offer | None = None
    send_after: Offer | None = None
    unseen: Unlooked | None = None  #: what ended the story early
    uncleaned: str = ""
