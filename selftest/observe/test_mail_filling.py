"""A mailbox is filled to the byte, whether or not the server counts as we do, and only within the byte budget."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.mail.filling import Filler
from ordinance.observe.mail.shared import Budget, Logins
from ordinance.observe.protocols.imap import Answer


@dataclass
class Box:
    """A mailbox with a limit in bytes; the server adds `overhead` to each message's size."""

    limit: int
    overhead: int = 0
    refusal: str = "OVERQUOTA"
    mails: dict[int, bytes] = field(default_factory=dict)
    uid: int = 0

    @property
    def used(self) -> int:
        return sum(len(mail) + self.overhead for mail in self.mails.values())

    def append(self, folder: str, message: bytes) -> Answer:
        if self.used + len(message) + self.overhead > self.limit:
            return Answer("NO", self.refusal, "full")
        self.uid += 1
        self.mails[self.uid] = message
        return Answer("OK", "", "done")

    def search(self, *criteria: str) -> tuple[int, ...]:
        return tuple(uid for uid, mail in self.mails.items() if criteria[1].encode() in mail)

    def delete(self, uids: tuple[int, ...]) -> Answer:
        for uid in uids:
            del self.mails[uid]
        return Answer("OK", "", "done")


@pytest.mark.parametrize("limit", [65_536, 4_194_304, 5_000_000, 70_001])
@pytest.mark.parametrize("overhead", [0, 1, 37, 1024])
@pytest.mark.parametrize("wrong_by", [0, 1, -1, 700, -700])
def test_not_one_byte_is_left(limit: int, overhead: int, wrong_by: int) -> None:
    box = Box(limit, overhead)
    filler = Filler(box, Budget(4 * limit))
    filler.pour(limit - 8192)
    filler.to_the_brim(limit - filler.appended + wrong_by)
    assert box.used == limit
    assert filler.appended == sum(len(mail) for mail in box.mails.values())
    assert filler.refused == "NO [OVERQUOTA] full"


@pytest.mark.parametrize("room", [0, 20])
def test_a_mailbox_without_room_for_the_smallest_message_is_full(room: int) -> None:
    box = Box(room)
    Filler(box, Budget(10_000)).to_the_brim(room)
    assert box.mails == {}


def test_a_server_that_takes_everything_is_stopped_by_the_budget() -> None:
    with pytest.raises(CouldNotLook) as stopped:
        Filler(Box(10**12), Budget(1_000_000)).to_the_brim(1000)
    assert stopped.value.reason is Unseen.SCOPE


def test_another_refusal_is_not_taken_for_a_full_mailbox() -> None:
    with pytest.raises(CouldNotLook) as stopped:
        Filler(Box(100, refusal="SERVERBUG"), Budget(10_000)).to_the_brim(5000)
    assert stopped.value.reason is Unseen.PROTOCOL


def fail(logins: Logins, user: str, service: str, reason: Unseen = Unseen.CREDENTIALS) -> None:
    with pytest.raises(CouldNotLook), logins.attempt(user, service):
        raise CouldNotLook(reason, "refused", "o-1")


def test_a_refused_account_is_tried_nowhere_else() -> None:
    logins = Logins()
    fail(logins, "probe", "imap")
    with pytest.raises(CouldNotLook, match="no second try") as stopped, logins.attempt("probe", "submission"):
        pytest.fail("it was tried")
    assert stopped.value.observation == "o-1"


def test_a_refused_account_may_still_do_what_it_could_before() -> None:
    logins = Logins()
    with logins.attempt("probe", "imap"):
        pass
    fail(logins, "probe", "submission")
    with logins.attempt("probe", "imap"):
        pass


def test_a_lost_connection_is_no_failed_login() -> None:
    logins = Logins()
    fail(logins, "probe", "imap", Unseen.PROTOCOL)
    with logins.attempt("probe", "imap"):
        pass
