"""3.I: what the judge says of announced and enforced limits."""

from __future__ import annotations

import msgspec
import pytest

from ordinance.judge.mail_limit import limit_advertised, limit_enforced, limit_enforced_undeclared
from ordinance.judge.verdict import Compliant, Unproven, Verdict, Violated
from ordinance.law.model import Profile
from ordinance.sight.mail import Announcement, Answer, Limits, MailLimitsSighting, Offer, Unlooked
from selftest.judge.mail_cases import a_profile

MAILBOX = "probe@city.example"
LIMIT = 1_048_576
PROFILE: Profile = a_profile(message_size_max=10 * LIMIT)
SILENT = Unlooked(reason="no-answer", detail="nothing came back by the deadline", observation="o-9")

with_ = msgspec.structs.replace

GATEWAY = Announcement(
    host="mail", protocol="smtp", place="gateway 198.51.100.5:25 from outside", identity="mail.city.example ESMTP",
    greeting="220 mail.city.example ESMTP", offers_size=True, size=LIMIT, observations=("o-1",),
)  # fmt: skip
SUBMISSION = with_(GATEWAY, protocol="submission", place="submission 198.51.100.5:587 from here", secured=True)

TOO_BIG = "5.3.4 Message size exceeds fixed limit"


def heard(*announcements: Announcement) -> MailLimitsSighting:
    return MailLimitsSighting(mailbox=MAILBOX, announcements=announcements)


def answers(*pairs: tuple[str, int, str]) -> tuple[Answer, ...]:
    return tuple(Answer(to=to, code=code, text=text) for to, code, text in pairs)


def an_offer(*pairs: tuple[str, int, str], **more: object) -> Offer:
    offer = Offer(path="gateway", place="there", recipient=MAILBOX, size=LIMIT, answers=answers(*pairs), observations=("o-2",))
    return with_(offer, **more)


TAKEN = (("MAIL", 250, "2.1.0 Ok"), ("RCPT", 250, "2.1.5 Ok"), ("message", 250, "2.0.0 Ok: queued"))
DECLARED = an_offer(("MAIL", 552, TOO_BIG), declared=True)
UNDECLARED = an_offer(*TAKEN[:2], ("message", 552, TOO_BIG), arrived=False)
UNDER = an_offer(*TAKEN, arrived=True)
WAY = Limits(
    path="gateway", place="gateway", identity="mail.city", greeting_before="220 mail.city", greeting_after="220 mail.city",
    advertised=LIMIT, limit=LIMIT, declared_over=DECLARED, undeclared_over=UNDECLARED, under=UNDER,
)  # fmt: skip


def tried(**more: object) -> MailLimitsSighting:
    """Both ways; the gateway's with `more`."""
    return MailLimitsSighting(mailbox=MAILBOX, ways=(with_(WAY, **more), with_(WAY, path="submission", place="submission")))


@pytest.mark.parametrize(
    ("announcements", "expected", "says"),
    [
        ([GATEWAY, with_(SUBMISSION, offers_size=False, observations=())], Unproven, "stands in no record"),
        ((GATEWAY, SUBMISSION), Compliant, "1048576 bytes on all 2 EHLOs"),
        ((GATEWAY, with_(SUBMISSION, size=10 * LIMIT)), Compliant, "1048576 and 10485760"),
        ((GATEWAY, with_(SUBMISSION, size=10 * LIMIT + 1)), Violated, "inside TLS announces SIZE 10485761"),
        ((with_(GATEWAY, offers_size=False, size=None), SUBMISSION), Violated, "from outside announces no SIZE"),
        ((with_(GATEWAY, size=0), SUBMISSION), Violated, "announces SIZE without a limit"),
        ((with_(GATEWAY, size=None), SUBMISSION), Violated, "announces SIZE without a limit"),
        ((with_(GATEWAY, size=0), with_(SUBMISSION, unseen=SILENT)), Violated, "smtp at gateway"),
        ((GATEWAY, with_(SUBMISSION, unseen=SILENT)), Unproven, "could not be heard (no-answer"),
        ((GATEWAY, with_(SUBMISSION, unseen=SILENT, greeting="", offers_size=False)), Unproven, "could not be heard"),
        ((with_(GATEWAY, unseen=SILENT, observations=()),), Unproven, "could not be heard"),
        ((with_(GATEWAY, greeting="220 other ESMTP"),), Unproven, "does not greet as mail.city.example"),
        ((with_(GATEWAY, greeting="220 other ESMTP", size=0),), Unproven, "does not greet as"),
        ((with_(GATEWAY, identity=""),), Unproven, "anything the inventory declares"),
        ((with_(GATEWAY, host="other"),), Unproven, "no mail service of mail was looked at"),
        ((), Unproven, "no mail service of mail was looked at"),
    ],
)
def test_announced_limit(announcements: tuple[Announcement, ...], expected: type[Verdict], says: str) -> None:
    verdict = limit_advertised("mail", heard(*announcements), PROFILE)
    assert isinstance(verdict, expected), verdict
    assert says in verdict.reason


@pytest.mark.parametrize(
    ("sighting", "expected", "says"),
    [
        (tried(), Compliant, "over 1048576 bytes is refused"),
        (tried(declared_over=an_offer(("MAIL", 552, "too big"))), Compliant, "refused"),
        (tried(declared_over=an_offer(("MAIL", 250, "2.1.0 Ok"))), Violated, "answered 250 2.1.0 Ok"),
        (tried(declared_over=an_offer(("MAIL", 250, "Ok")), under=None), Violated, "answered 250"),
        (tried(declared_over=an_offer(("MAIL", 250, "Ok")), greeting_after="", unseen=SILENT), Violated, "answered 250"),
        (tried(declared_over=an_offer(("MAIL", 452, "4.3.1 Insufficient system storage"))), Unproven, "not for its size"),
        (tried(declared_over=an_offer(("MAIL", 552, "5.2.2 Mailbox is full"))), Unproven, "not for its size"),
        (tried(declared_over=an_offer(("MAIL", 555, "5.5.4 Unsupported option: SIZE"))), Unproven, "not for its size"),
        (tried(declared_over=an_offer(("MAIL", 550, "5.7.1 Sender refused"))), Unproven, "not for its size"),
        (tried(declared_over=an_offer(unseen=SILENT)), Unproven, "gave no answer to MAIL"),
        (tried(declared_over=None, unseen=SILENT), Unproven, "could be offered to gateway (no-answer"),
        (tried(under=an_offer(("MAIL", 552, TOO_BIG))), Unproven, "did not take a message under the limit either"),
        (tried(under=an_offer(*TAKEN, arrived=False)), Unproven, "did not arrive"),
        (tried(under=None), Unproven, "no message under the limit was offered"),
        (tried(greeting_after="220 elsewhere"), Unproven, "did not greet as mail.city"),
        (MailLimitsSighting(mailbox=MAILBOX, ways=(WAY,)), Unproven, "nobody tried the submission"),
        (MailLimitsSighting(mailbox=MAILBOX, unseen=SILENT), Unproven, "could not be used (no-answer"),
        (MailLimitsSighting(mailbox="other@city.example"), Unproven, "nobody looked at probe@"),
    ],
)
def test_declared_size(sighting: MailLimitsSighting, expected: type[Verdict], says: str) -> None:
    verdict = limit_enforced(MAILBOX, sighting, PROFILE)
    assert isinstance(verdict, expected), verdict
    assert says in verdict.reason


@pytest.mark.parametrize(
    ("offer", "expected", "says"),
    [
        (UNDECLARED, Compliant, "is refused"),
        (an_offer(*TAKEN[:2], ("message", 552, "too big"), arrived=False), Compliant, "is refused"),
        (an_offer(*TAKEN, arrived=True), Violated, "took 1048576 bytes (limit 1048576) and delivered them"),
        (an_offer(*TAKEN, arrived=False), Violated, "and did not deliver them"),
        (an_offer(*TAKEN), Violated, "took 1048576 bytes"),
        (with_(UNDECLARED, arrived=True), Violated, "refused 1048576 bytes (limit 1048576) but delivered them"),
        (with_(UNDECLARED, arrived=None), Unproven, "is not known: nothing later arrived"),
        (an_offer(*TAKEN[:2], unseen=SILENT), Unproven, "gave no last answer"),
        (an_offer(*TAKEN[:2], ("message", 451, "4.3.0 Try again"), arrived=False), Unproven, "not for their size"),
        (an_offer(*TAKEN[:2], ("message", 552, "5.2.2 Mailbox is full"), arrived=False), Unproven, "not for their size"),
        (an_offer(*TAKEN[:2], ("message", 554, "5.7.1 Content refused"), arrived=False), Unproven, "not for their size"),
        (an_offer(TAKEN[0], ("RCPT", 552, "5.2.2 Mailbox is full"), arrived=False), Unproven, "not for their size"),
        (an_offer(("MAIL", 451, "4.7.1 Greylisted"), arrived=False), Unproven, "not for their size"),
    ],
)
@pytest.mark.parametrize("path", ["gateway", "submission"])
def test_undeclared_size(path: str, offer: Offer, expected: type[Verdict], says: str) -> None:
    """Each way counts: a breach or a doubt on one is not made good by the other."""
    other = "submission" if path == "gateway" else "gateway"
    ways = (with_(WAY, path=path, undeclared_over=offer), with_(WAY, path=other))
    verdict = limit_enforced_undeclared(MAILBOX, MailLimitsSighting(mailbox=MAILBOX, ways=ways), PROFILE)
    assert isinstance(verdict, expected), verdict
    assert says in verdict.reason


def test_breach_on_one_way_outweighs_what_was_not_seen_on_the_other() -> None:
    ways = (with_(WAY, undeclared_over=an_offer(*TAKEN)), Limits(path="submission", place="s", identity="x", unseen=SILENT))
    assert isinstance(limit_enforced_undeclared(MAILBOX, MailLimitsSighting(mailbox=MAILBOX, ways=ways), PROFILE), Violated)


def test_compliant_rests_on_both_refusals_and_both_arrivals() -> None:
    verdict = limit_enforced_undeclared(MAILBOX, tried(), PROFILE)
    assert isinstance(verdict, Compliant)
    assert len(verdict.evidence) == 2
    assert len(verdict.witnesses) == 2


@pytest.mark.parametrize("enforced", [limit_enforced, limit_enforced_undeclared])
@pytest.mark.parametrize(
    ("way", "most", "expected", "says"),
    [
        ({}, LIMIT, Compliant, ""),
        ({}, LIMIT - 1, Unproven, "was tried with a limit of 1048576 bytes, and this profile asks for 1048575"),
        ({"advertised": None}, 2 * LIMIT, Unproven, "and this profile asks for 2097152"),
        ({"advertised": 4 * LIMIT}, 2 * LIMIT, Unproven, "and this profile asks for 2097152"),
        ({"declared_over": an_offer(*TAKEN), "undeclared_over": an_offer(*TAKEN)}, LIMIT - 1, Violated, "limit of"),
        (
            {"advertised": None, "declared_over": an_offer(*TAKEN), "undeclared_over": an_offer(*TAKEN)},
            2 * LIMIT,
            Unproven,
            "and this profile asks for 2097152",
        ),
    ],
)
def test_a_limit_tried_for_another_profile_shows_no_more_than_a_breach_of_a_smaller_one(
    enforced, way, most, expected, says
) -> None:
    verdict = enforced(MAILBOX, tried(**way), a_profile(message_size_max=most))
    assert isinstance(verdict, expected), verdict
    assert says in verdict.reason or expected is Violated


# -- words and ways -------------------------------------------------------------------------------------------------------------


def test_several_breaches_and_several_doubts_are_told_in_a_row() -> None:
    loud = limit_advertised("mail", heard(with_(GATEWAY, size=0), with_(SUBMISSION, size=0)), PROFILE)
    assert "from outside announces SIZE without a limit; submission at" in loud.reason
    quiet = limit_advertised("mail", heard(with_(GATEWAY, unseen=SILENT), with_(SUBMISSION, unseen=SILENT)), PROFILE)
    assert "); submission at" in quiet.reason
    lax = with_(DECLARED, answers=answers(("MAIL", 250, "2.1.0 Ok")))
    both = (with_(WAY, declared_over=lax), with_(WAY, path="submission", place="submission", declared_over=lax))
    taken = limit_enforced(MAILBOX, MailLimitsSighting(mailbox=MAILBOX, ways=both), PROFILE)
    assert isinstance(taken, Violated)
    assert "over the limit of 1048576; submission answered" in taken.reason
    gone = limit_enforced(MAILBOX, MailLimitsSighting(mailbox=MAILBOX), PROFILE)
    assert gone.reason == "nobody tried the gateway; nobody tried the submission"


@pytest.mark.parametrize(("unseen", "told"), [(None, "the dialogue ended"), (SILENT, "no-answer: nothing came back")])
def test_a_way_that_gave_no_answer_is_told_with_its_reason(unseen: Unlooked | None, told: str) -> None:
    mute = with_(DECLARED, answers=(), unseen=unseen)
    assert (
        f"gateway gave no answer to MAIL with SIZE=1048576 ({told}"
        in limit_enforced(MAILBOX, tried(declared_over=mute), PROFILE).reason
    )
    mute = with_(UNDECLARED, answers=(), unseen=unseen)
    verdict = limit_enforced_undeclared(MAILBOX, tried(undeclared_over=mute), PROFILE)
    assert f"gateway gave no last answer to 1048576 bytes (limit 1048576) ({told}" in verdict.reason
    shown = next(piece.text for piece in verdict.evidence if "not declared" in piece.text)
    assert ("no answer" in shown) is (unseen is None)


@pytest.mark.parametrize(("unseen", "told"), [(None, "the look ended early"), (SILENT, "no-answer: nothing came back")])
def test_a_way_on_which_nothing_was_offered_is_told_with_its_reason(unseen: Unlooked | None, told: str) -> None:
    verdict = limit_enforced(MAILBOX, tried(declared_over=None, unseen=unseen), PROFILE)
    assert verdict.state.value == "unproven"
    assert f"nothing over the limit could be offered to gateway ({told}" in verdict.reason


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"answers": ()}, "either: no answer"),
        ({"answers": (), "unseen": SILENT}, "either: no-answer: nothing came back"),
        ({"answers": answers(("MAIL", 451, "4.3.0 later"))}, "either: 451"),
    ],
)
def test_why_a_small_message_was_not_taken_either_is_told(changed: dict, told: str) -> None:
    verdict = limit_enforced(MAILBOX, tried(under=with_(UNDER, arrived=None, **changed)), PROFILE)
    assert verdict.state.value == "unproven"
    assert told in verdict.reason


@pytest.mark.parametrize(
    ("to", "state"), [("DATA", "compliant"), ("message", "compliant"), ("RCPT", "unproven"), ("MAIL", "unproven")]
)
def test_only_a_refusal_of_the_message_itself_is_one_for_what_was_not_declared(to: str, state: str) -> None:
    refused = with_(UNDECLARED, answers=answers(*TAKEN[:2], (to, 552, TOO_BIG)))
    assert limit_enforced_undeclared(MAILBOX, tried(undeclared_over=refused), PROFILE).state.value == state


def test_what_was_left_behind_is_told() -> None:
    left = with_(tried(), uncleaned="2 messages of the look are still there")
    assert limit_enforced(MAILBOX, left, PROFILE).reason.endswith(
        "under it mail arrives (2 messages of the look are still there)"
    )
    assert limit_enforced(MAILBOX, tried(), PROFILE).reason.endswith("under it mail arrives")
