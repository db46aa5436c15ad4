"""Look "mail-full": the probe mailbox from empty to full and back, and what it may send and receive meanwhile (3.H).

The story stops at the first thing that cannot be done; what was seen until then stands. However it ends, the mailbox is emptied.
"""

from __future__ import annotations

import time

import msgspec

from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen, look
from ordinance.observe.mail import box
from ordinance.observe.mail.filling import Filler
from ordinance.observe.mail.offers import MARK, Letter, offer
from ordinance.observe.mail.session import Post, unlooked
from ordinance.observe.mail.ways import gateway, submission
from ordinance.sight.mail import Fill, MailFullSighting, Offer

SMALL = 2048  #: bytes of an ordinary test message
#: Room left before the overflow is offered: enough for the small message that follows it, with the lines that servers add.
ROOM = 24 * box.KIB
OVERFLOW = 4 * ROOM
#: How long the counting of a mailbox may lag behind its emptying.
RECOUNT_SECONDS = 10.0
RECOUNT_POLL_SECONDS = 0.25


@look("mail-full")
def mail_full(context: LookContext) -> MailFullSighting:
    """Tell the story of the declared probe mailbox, alone with it."""
    post = Post.of(context)
    with post.share.alone(context):
        story = _Story(post)
        try:
            story.tell()
        except CouldNotLook as missed:
            story.note(unseen=unlooked(missed))
        finally:
            story.note(uncleaned=story.tidy())
    return story.seen


class _Story:
    """Each step needs the one before it; `seen` grows as they are made."""

    def __init__(self, post: Post) -> None:
        self.seen = MailFullSighting(mailbox=post.mailbox.address)
        self._post = post
        self._budget = post.share.budget
        self._strangers = gateway(post.context.inventory, post.mailbox)
        self._own = submission(post.context.inventory, post.mailbox)
        self._sent: list[Letter] = []  #: taken for the second recipient

    def tell(self) -> None:
        """Go from empty through full to empty again."""
        limit = self._limit()
        self._step(0, "below the limit")
        before = self._receive(self._post.share.patience)
        self.note(receive_before=before)
        if before.taken and not before.arrived:
            self._post.share.lose_patience()
        self.note(send_before=self._send())
        self._must_work()
        self._step(1, "nearly full")
        overflow = self._overflow(limit)
        self._step(2, "filling")
        self._fill(limit, overflow)
        self._step(3, "at the limit")
        self.note(other_while_full=self._other())
        self.note(receive_full=self._receive(box.WATCH_SECONDS))
        self.note(send_full=self._send())
        self._step(4, "emptied")
        self._recover()

    def note(self, **fields: object) -> None:
        """Add to what was seen."""
        self.seen = msgspec.structs.replace(self.seen, **fields)

    def tidy(self) -> str:
        """Empty the probe mailbox and remove the test messages from the other one; says what may be left behind."""
        if self.seen.receive_before is None:
            return ""
        left = []
        try:
            box.empty(self._post, box.Seen())
        except CouldNotLook as missed:
            left.append(f"mail may be left in {self._post.mailbox.address}: {missed}")
        try:
            left.extend(self._tidy_second())
        except CouldNotLook as missed:
            left.append(f"test messages may be left in {self._post.mailbox.second_recipient}: {missed}")
        return "; ".join(left)

    def _limit(self) -> int:
        """Bytes that the empty mailbox may hold. CouldNotLook when nobody says so, or the byte budget is too small for it."""
        quota = box.empty(self._post, box.Seen())
        if quota is None or quota.storage_limit is None:
            raise CouldNotLook(
                Unseen.PROTOCOL, "IMAP shows no storage limit of the probe mailbox, so when it is full is not known"
            )
        limit = quota.storage_limit * box.KIB
        if 2 * limit > self._budget.left:
            raise CouldNotLook(
                Unseen.SCOPE,
                f"the probe mailbox holds {limit} bytes; to fill it takes up to twice that, and the byte budget "
                f"({self._budget.left} left) does not allow it",
            )
        return limit

    def _must_work(self) -> None:
        """There is no use in filling a mailbox that neither receives nor sends when it is empty."""
        ways = (self.seen.receive_before, self.seen.send_before)
        if any(way.taken for way in ways if way):
            return
        said = "; ".join(f"{way.place}: {way.unseen or way.refusal or 'no answer'}" for way in ways if way)
        raise CouldNotLook(Unseen.PROTOCOL, f"even below the limit no message was taken ({said})")

    def _receive(self, seconds: float) -> Offer:
        """Offer a small message from outside; when it is taken, wait for it."""
        letter = Letter.new(self._post.mailbox.address, SMALL)
        return self._awaited(offer(self._post, self._strangers, letter, declared=False), letter, seconds)

    def _send(self) -> Offer:
        """Offer a small message of the probe user to the second recipient."""
        letter = Letter.new(self._post.mailbox.second_recipient, SMALL)
        offered = offer(self._post, self._own, letter, declared=False)
        if offered.taken:
            self._sent.append(letter)
        return offered

    def _other(self) -> Offer:
        """RCPT for the other mailbox through the same gateway, and nothing more."""
        letter = Letter.new(self._post.mailbox.second_recipient, 0)
        return offer(self._post, self._strangers, letter, declared=False, envelope_only=True)

    def _overflow(self, limit: int) -> Letter:
        """Leave a little room and offer more than fits, then a sentinel that does fit."""
        room = min(ROOM, limit // 4)
        with box.opened(self._post, box.Seen()) as client:
            box.delete(client, client.search("ALL"))
            Filler(client, self._budget).pour(limit - room)
        letter = Letter.new(self._post.mailbox.address, max(2 * room, min(OVERFLOW, limit)))
        offered = offer(self._post, self._strangers, letter, declared=False)
        sentinel = self._receive(self._post.share.patience)
        session = box.Seen()
        with box.opened(self._post, session) as client:
            there = bool(client.search("SUBJECT", letter.token))
        # Without the sentinel, "not there" says nothing; with it, what was offered before would have come before.
        arrived = True if there else False if sentinel.arrived or not offered.taken else None
        seen = offered.observations + tuple(session.observations)
        self.note(overflow=msgspec.structs.replace(offered, arrived=arrived, observations=seen))
        return letter

    def _fill(self, limit: int, overflow: Letter) -> None:
        session = box.Seen()
        with box.opened(self._post, session) as client:
            if client.search("SUBJECT", overflow.token) and self.seen.overflow:
                self.note(overflow=msgspec.structs.replace(self.seen.overflow, arrived=True))
            sizes = client.fetch_size(client.search("ALL"))
            filler = Filler(client, self._budget)
            filler.to_the_brim(limit - sum(sizes.values()))
            quota = box.storage(client)
        if quota is None or quota.storage_limit is None or quota.storage_used is None:
            raise CouldNotLook(Unseen.PROTOCOL, "IMAP no longer shows the storage limit of the probe mailbox")
        self.note(
            fill=Fill(
                limit=quota.storage_limit * box.KIB,
                used=quota.storage_used * box.KIB,
                appended=sum(sizes.values()) + filler.appended,
                refused=filler.refused,
                observations=tuple(session.observations),
            )
        )

    def _recover(self) -> None:
        quota = box.empty(self._post, box.Seen())
        used = quota.storage_used if quota else None
        self.note(used_after_delete=None if used is None else used * box.KIB)
        deadline = Deadline.after(RECOUNT_SECONDS)
        while self._said_full(receive := self._receive(self._post.share.patience), deadline):
            time.sleep(RECOUNT_POLL_SECONDS)
        self.note(receive_after=receive)
        while self._said_full(send := self._send(), deadline):
            time.sleep(RECOUNT_POLL_SECONDS)
        self.note(send_after=send)

    def _said_full(self, offered: Offer, deadline: Deadline) -> bool:
        """Whether it is worth asking again: still "full", and the count may only be late."""
        if self._post.context.halted():
            raise CouldNotLook(Unseen.HALTED, "the run was stopped before the probe mailbox had recovered")
        return offered.refusal is not None and offered.refusal.says_full and not deadline.passed

    def _awaited(self, offered: Offer, letter: Letter, seconds: float) -> Offer:
        if not offered.taken:
            return offered
        session = box.Seen()
        arrived = box.wait_for(self._post, session, letter.token, seconds)
        return msgspec.structs.replace(offered, arrived=arrived, observations=offered.observations + tuple(session.observations))

    def _tidy_second(self) -> list[str]:
        mailbox = self._post.mailbox
        if not self._sent or mailbox.second_recipient == mailbox.address:
            return []
        if mailbox.second_password is None:
            return [f"{len(self._sent)} small test messages stay in {mailbox.second_recipient}: its password is not declared"]
        with box.opened(self._post, box.Seen(), mailbox.second_recipient, mailbox.second_password) as client:
            deadline = Deadline.after(min(box.WATCH_SECONDS, self._post.share.patience))
            late = [letter for letter in self._sent if not box.found_in(self._post, client, letter.token, deadline)]
            box.delete(client, client.search("SUBJECT", MARK))
        return [f"{len(late)} small test messages may still come to {mailbox.second_recipient}"] if late else []

    def _step(self, done: int, text: str) -> None:
        self._post.context.progress(done, 5, f"probe mailbox {text}")
        if self._post.context.halted():
            raise CouldNotLook(Unseen.HALTED, "the run was stopped")
