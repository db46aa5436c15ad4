"""3.H: what the judge says of a mailbox at its limit."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from ordinance.judge.mail_full import full_cannot_receive, full_cannot_send, recovers
from ordinance.judge.verdict import Compliant, Unproven, Verdict, Violated
from ordinance.sight.mail import Answer, Fill, MailFullSighting, Offer, Unlooked

MAILBOX = "probe@city.example"
LIMIT = 4 * 1024 * 1024
STOPPED = Unlooked(reason="refused", detail="Connection refused", observation="o-9")


def an_offer(*pairs: tuple[str, int, str], arrived: bool | None = None, unseen: Unlooked | None = None) -> Offer:
    answers = tuple(Answer(to=to, code=code, text=text) for to, code, text in pairs)
    return Offer(
        path="gateway", place="there", recipient=MAILBOX, size=2048, answers=answers, arrived=arrived, observations=("o-1",),
        unseen=unseen,
    )  # fmt: skip


OK = (("MAIL", 250, "2.1.0 Ok"), ("RCPT", 250, "2.1.5 Ok"), ("message", 250, "2.0.0 Ok: queued"))
TAKEN = an_offer(*OK)
DELIVERED = an_offer(*OK, arrived=True)
BOUNCED = an_offer(*OK, arrived=False)
FULL = an_offer(OK[0], ("RCPT", 552, "5.2.2 Mailbox is full"))
FULL_FOR_NOW = an_offer(OK[0], ("RCPT", 452, "4.2.2 Mailbox is full"))
FULL_AT_DATA = an_offer(*OK[:2], ("message", 552, "5.2.2 Mailbox is full"))
BUSY = an_offer(OK[0], ("RCPT", 451, "4.3.0 Try again later"))
DISK_FULL = an_offer(OK[0], ("RCPT", 452, "4.3.1 Insufficient system storage"))
MIXED = an_offer(OK[0], ("RCPT", 550, "4.2.2 Mailbox is full"))
NO_ANSWER = an_offer(OK[0], unseen=STOPPED)
GONE = an_offer(unseen=STOPPED)

GOOD = MailFullSighting(
    mailbox=MAILBOX,
    receive_before=DELIVERED,
    send_before=TAKEN,
    overflow=BOUNCED,
    fill=Fill(limit=LIMIT, used=LIMIT, appended=LIMIT, refused="NO [OVERQUOTA] full", observations=("o-2",)),
    other_while_full=an_offer(*OK[:2]),
    receive_full=FULL,
    send_full=FULL,
    used_after_delete=0,
    receive_after=DELIVERED,
    send_after=TAKEN,
)
NOT_FULL = msgspec.structs.replace(GOOD.fill, used=LIMIT - 1024)
ENDED = {"unseen": STOPPED, "fill": None, "receive_full": None, "send_full": None, "receive_after": None, "send_after": None}

Judge = Callable[[str, MailFullSighting], Verdict]


def check(judge: Judge, changes: dict[str, object], expected: type[Verdict], says: str) -> None:
    verdict = judge(MAILBOX, msgspec.structs.replace(GOOD, **changes))
    assert isinstance(verdict, expected), verdict
    assert says in verdict.reason


@pytest.mark.parametrize(
    ("changes", "expected", "says"),
    [
        ({}, Compliant, "552 5.2.2 Mailbox is full (to RCPT)"),
        ({"receive_full": FULL_FOR_NOW}, Compliant, "452 4.2.2"),
        ({"receive_full": FULL_AT_DATA}, Compliant, "(to message)"),
        ({"overflow": None}, Compliant, "552"),
        ({"overflow": TAKEN}, Unproven, "whether a message of 2048 bytes, more than there was room for, was delivered"),
        ({"receive_full": DELIVERED}, Violated, "and it arrived"),
        ({"receive_full": BOUNCED}, Violated, "though it did not arrive afterwards"),
        ({"receive_full": TAKEN}, Violated, "still receives at its limit"),
        ({"receive_full": DELIVERED, "unseen": STOPPED}, Violated, "still receives"),
        ({"overflow": DELIVERED}, Violated, "more than its limit left room for"),
        ({"overflow": DELIVERED, **ENDED}, Violated, "more than its limit left room for"),
        ({"receive_full": DELIVERED, "fill": NOT_FULL}, Unproven, "was filled to 4193280 bytes only"),
        ({"receive_full": BUSY}, Unproven, "not because the mailbox is full: 451"),
        ({"receive_full": DISK_FULL}, Unproven, "not because the mailbox is full: 452 4.3.1"),
        ({"receive_full": MIXED}, Unproven, "not because the mailbox is full: 550 4.2.2"),
        ({"receive_full": NO_ANSWER}, Unproven, "gave no last answer (refused: Connection refused)"),
        ({"receive_full": GONE}, Unproven, "gave no last answer"),
        ({"receive_before": BOUNCED}, Unproven, "below the limit the same mail did not arrive"),
        ({"receive_before": FULL}, Unproven, "below the limit the same mail did not arrive (552"),
        ({"other_while_full": FULL}, Unproven, "whether another mailbox still received"),
        ({"other_while_full": None}, Unproven, "whether another mailbox still received"),
        ({"fill": NOT_FULL}, Unproven, "was filled to 4193280 bytes only"),
        (ENDED, Unproven, "ended early (refused: Connection refused)"),
        ({"mailbox": "other@city.example"}, Unproven, "nobody looked at probe@"),
    ],
)
def test_receiving_at_the_limit(changes: dict[str, object], expected: type[Verdict], says: str) -> None:
    check(full_cannot_receive, changes, expected, says)


@pytest.mark.parametrize(
    ("changes", "expected", "says"),
    [
        ({}, Compliant, "552 5.2.2 Mailbox is full (to RCPT)"),
        ({"send_full": an_offer(("MAIL", 452, "4.2.2 Your mailbox is full"))}, Compliant, "452 4.2.2"),
        ({"receive_full": DELIVERED}, Compliant, "552"),
        ({"send_full": TAKEN}, Violated, "still sends at its limit"),
        ({"send_full": TAKEN, "send_before": GONE}, Violated, "still sends at its limit"),
        ({"send_full": TAKEN, "fill": NOT_FULL}, Unproven, "was filled to 4193280 bytes only"),
        ({"send_full": BUSY}, Unproven, "submission refused, but not because the mailbox is full"),
        ({"send_full": GONE}, Unproven, "gave no last answer"),
        ({"send_before": FULL}, Unproven, "below the limit the same submission was not taken"),
        ({"send_before": None}, Unproven, "it was not offered"),
        ({"other_while_full": FULL}, Unproven, "whether another mailbox still received"),
        (ENDED, Unproven, "ended early"),
        ({"mailbox": "other@city.example"}, Unproven, "nobody looked at probe@"),
    ],
)
def test_sending_at_the_limit(changes: dict[str, object], expected: type[Verdict], says: str) -> None:
    check(full_cannot_send, changes, expected, says)


@pytest.mark.parametrize(
    ("changes", "expected", "says"),
    [
        ({}, Compliant, "receives and sends again"),
        ({"receive_full": DELIVERED, "send_full": TAKEN}, Compliant, "receives and sends again"),
        ({"receive_after": FULL}, Violated, "no longer receives: 552 5.2.2"),
        ({"send_after": FULL_FOR_NOW}, Violated, "no longer sends: 452 4.2.2"),
        ({"receive_after": FULL, "used_after_delete": None}, Violated, "no longer receives"),
        ({"receive_after": BOUNCED}, Unproven, "no mail was seen to arrive"),
        ({"receive_after": BUSY}, Unproven, "no mail was seen to arrive (451"),
        ({"send_after": GONE}, Unproven, "no submission was seen to be taken (refused"),
        ({"send_after": None, "unseen": STOPPED}, Unproven, "ended early"),
        ({"used_after_delete": LIMIT}, Unproven, "could not be emptied again"),
        ({"used_after_delete": None}, Unproven, "could not be emptied again"),
        ({"fill": NOT_FULL, "receive_after": FULL}, Unproven, "was filled to"),
        (ENDED, Unproven, "the mailbox was not filled"),
        ({"mailbox": "other@city.example"}, Unproven, "nobody looked at probe@"),
    ],
)
def test_working_again_after_deletion(changes: dict[str, object], expected: type[Verdict], says: str) -> None:
    check(recovers, changes, expected, says)


def test_compliant_rests_on_the_same_mail_below_the_limit_and_on_another_mailbox_at_the_limit() -> None:
    for judge in (full_cannot_receive, full_cannot_send):
        words = [witness.text for witness in judge(MAILBOX, GOOD).witnesses]
        assert any("below the limit" in text for text in words)
        assert any("still took mail" in text for text in words)


# -- arrivals and words ----

REFUSED_AND_DELIVERED = an_offer(OK[0], ("RCPT", 552, "5.2.2 Mailbox is full"), arrived=True)
MUTE = an_offer()


def test_a_refused_message_that_arrives_all_the_same_is_a_violation() -> None:
    check(
        full_cannot_receive,
        {"receive_full": REFUSED_AND_DELIVERED},
        Violated,
        "still receives at its limit: a refused message arrived all the same",
    )


def test_both_that_do_not_come_back_are_told() -> None:
    verdict = recovers(MAILBOX, msgspec.structs.replace(GOOD, receive_after=FULL, send_after=FULL))
    assert isinstance(verdict, Violated)
    refused = "552 5.2.2 Mailbox is full (to RCPT)"
    assert f"was emptied but no longer receives: {refused} and no longer sends: {refused}; " in verdict.reason


def test_what_was_left_behind_is_told() -> None:
    left = {"uncleaned": "2 messages of the look are still there"}
    check(recovers, left, Compliant, "and receives and sends again (2 messages of the look are still there)")
    assert recovers(MAILBOX, GOOD).reason.endswith("and receives and sends again")


def test_an_offer_without_an_answer_is_told_so() -> None:
    check(full_cannot_receive, {"receive_full": MUTE}, Unproven, "at the limit the gateway gave no last answer (no answer)")
    check(full_cannot_send, {"send_before": MUTE}, Unproven, "below the limit the same submission was not taken (no answer)")


@pytest.mark.parametrize(("limit", "told"), [(LIMIT, str(LIMIT)), (0, "not known")])
def test_how_far_the_mailbox_was_filled_is_told(limit: int, told: str) -> None:
    fill = Fill(limit=limit, used=1024, appended=1024, refused="", observations=("o-2",))
    check(recovers, {"fill": fill}, Unproven, f"the mailbox was filled to 1024 bytes only, its limit is {told}")
    shown = recovers(MAILBOX, msgspec.structs.replace(GOOD, fill=fill)).evidence[-1].text
    assert shown == f"filled by 1024 bytes to 1024 of {limit}: nothing was refused"


def test_an_envelope_without_a_message_is_told_as_one() -> None:
    alone = msgspec.structs.replace(FULL, size=0)
    verdict = full_cannot_receive(MAILBOX, msgspec.structs.replace(GOOD, receive_full=alone))
    assert any("the envelope alone for probe@city.example: 552" in piece.text for piece in verdict.evidence)
    assert any("2048 bytes for probe@city.example" in piece.text for piece in full_cannot_receive(MAILBOX, GOOD).evidence)
