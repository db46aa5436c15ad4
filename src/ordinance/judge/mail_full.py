"""3.H: at its limit a mailbox neither receives nor sends, and does both again once there is room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.sight.mail import Fill, MailFullSighting, Offer

RECEIVE_RULE = "3.H: at its limit a mailbox receives nothing"
SEND_RULE = "3.H: at its limit a mailbox sends nothing"
RECOVER_RULE = "3.H: below its limit a mailbox sends and receives again"


def full_cannot_receive(target: str, sighting: MailFullSighting) -> Verdict:
    """Judge the probe mailbox `target`: at the limit, delivery is refused with 4.2.2 or 5.2.2."""
    offers = (sighting.receive_before, sighting.overflow, sighting.other_while_full, sighting.receive_full)
    evidence, witnesses = _shown(sighting, offers), tuple(_receive_witnesses(sighting))
    if breach := _overflow_breach(sighting) or _full_breach(sighting, sighting.receive_full, "receives"):
        return Violated(f"{target} {breach}; {RECEIVE_RULE}", evidence, witnesses)
    doubts = list(_receive_doubts(target, sighting))
    if doubts or sighting.receive_full is None:
        return Unproven("; ".join(doubts) or "the gateway was not tried", evidence, witnesses)
    return Compliant(
        f"{target} at its limit: {sighting.receive_full.refusal}; below it the same mail arrived", evidence, witnesses
    )


def full_cannot_send(target: str, sighting: MailFullSighting) -> Verdict:
    """Judge the probe mailbox `target`: at the limit, its own submission is refused with 4.2.2 or 5.2.2."""
    offers = (sighting.send_before, sighting.other_while_full, sighting.send_full)
    evidence, witnesses = _shown(sighting, offers), tuple(_send_witnesses(sighting))
    if breach := _full_breach(sighting, sighting.send_full, "sends"):
        return Violated(f"{target} {breach}; {SEND_RULE}", evidence, witnesses)
    doubts = list(_send_doubts(target, sighting))
    if doubts or sighting.send_full is None:
        return Unproven("; ".join(doubts) or "submission was not tried", evidence, witnesses)
    return Compliant(f"{target} at its limit: {sighting.send_full.refusal}; below it the same was taken", evidence, witnesses)


def recovers(target: str, sighting: MailFullSighting) -> Verdict:
    """Judge the probe mailbox `target`: after deletion it receives and sends again."""
    evidence = _shown(sighting, (sighting.receive_full, sighting.send_full, sighting.receive_after, sighting.send_after))
    witnesses = tuple(_fill_witness(sighting))
    story = list(_story_doubts(target, sighting))
    offers = {"receives": sighting.receive_after, "sends": sighting.send_after}
    if not story and (
        breaches := [f"no longer {verb}: {offer.refusal}" for verb, offer in offers.items() if offer and _refused_as_full(offer)]
    ):
        return Violated(f"{target} was emptied but {' and '.join(breaches)}; {RECOVER_RULE}", evidence, witnesses)
    doubts = story + list(_recover_doubts(sighting) if sighting.fill else ())
    if doubts:
        return Unproven("; ".join(doubts), evidence, witnesses)
    left = f" ({sighting.uncleaned})" if sighting.uncleaned else ""
    return Compliant(f"{target} was filled to its limit, then emptied, and receives and sends again{left}", evidence, witnesses)


def _overflow_breach(sighting: MailFullSighting) -> str:
    offer = sighting.overflow
    if offer is None or offer.arrived is not True:
        return ""
    return f"was given a message of {offer.size} bytes by {offer.place}, more than its limit left room for"


def _full_breach(sighting: MailFullSighting, offer: Offer | None, verb: str) -> str:
    if offer is None or not _at_limit(sighting.fill):
        return ""
    if offer.taken:
        fate = {True: ", and it arrived", False: ", though it did not arrive afterwards", None: ""}[offer.arrived]
        return f"still {verb} at its limit: {offer.place} took a message ({offer.answers[-1]}){fate}"
    return f"still {verb} at its limit: a refused message arrived all the same" if offer.arrived else ""


def _story_doubts(target: str, sighting: MailFullSighting) -> Iterator[str]:
    if sighting.mailbox != target:
        yield f"nobody looked at {target}"
        return
    if sighting.unseen:
        yield f"the story of the mailbox ended early ({sighting.unseen})"
    if sighting.fill is None:
        yield "the mailbox was not filled"
    elif not _at_limit(sighting.fill):
        yield f"the mailbox was filled to {sighting.fill.used} bytes only, its limit is {sighting.fill.limit or 'not known'}"


def _receive_doubts(target: str, sighting: MailFullSighting) -> Iterator[str]:
    story = list(_story_doubts(target, sighting))
    yield from story
    if story and sighting.receive_full is None:
        return
    if not _delivered(sighting.receive_before):
        yield f"below the limit the same mail did not arrive ({_end(sighting.receive_before)})"
    over = sighting.overflow
    if over is not None and over.taken and over.arrived is None:
        yield f"whether a message of {over.size} bytes, more than there was room for, was delivered is not known"
    yield from _refusal_doubts(sighting.receive_full, "at the limit the gateway")
    yield from _other_doubts(sighting)


def _send_doubts(target: str, sighting: MailFullSighting) -> Iterator[str]:
    story = list(_story_doubts(target, sighting))
    yield from story
    if story and sighting.send_full is None:
        return
    if sighting.send_before is None or not sighting.send_before.taken:
        yield f"below the limit the same submission was not taken ({_end(sighting.send_before)})"
    yield from _refusal_doubts(sighting.send_full, "at the limit submission")
    yield from _other_doubts(sighting)


def _refusal_doubts(offer: Offer | None, who: str) -> Iterator[str]:
    if offer is None:
        yield f"{who} was not tried"
    elif offer.refusal is None:
        yield f"{who} gave no last answer ({_end(offer)})"
    elif not offer.refusal.says_full:
        yield f"{who} refused, but not because the mailbox is full: {offer.refusal}"


def _other_doubts(sighting: MailFullSighting) -> Iterator[str]:
    # Else a full disk, or a second recipient at a limit of its own, would look like the limit of the probe mailbox.
    other = sighting.other_while_full
    if not _rcpt_taken(other):
        yield f"whether another mailbox still received at that time is not known ({_end(other)})"


def _recover_doubts(sighting: MailFullSighting) -> Iterator[str]:
    fill = sighting.fill
    if fill and (sighting.used_after_delete is None or sighting.used_after_delete >= fill.limit):
        yield "the mailbox could not be emptied again"
    if not _delivered(sighting.receive_after):
        yield f"after deletion no mail was seen to arrive ({_end(sighting.receive_after)})"
    if sighting.send_after is None or not sighting.send_after.taken:
        yield f"after deletion no submission was seen to be taken ({_end(sighting.send_after)})"


def _refused_as_full(offer: Offer) -> bool:
    return offer.refusal is not None and offer.refusal.says_full


def _at_limit(fill: Fill | None) -> bool:
    return fill is not None and fill.at_limit


def _delivered(offer: Offer | None) -> bool:
    return offer is not None and offer.taken and offer.arrived is True


def _rcpt_taken(offer: Offer | None) -> bool:
    answer = offer.answer_to("RCPT") if offer else None
    return answer is not None and answer.positive


def _end(offer: Offer | None) -> str:
    if offer is None:
        return "it was not offered"
    last = str(offer.answers[-1]) if offer.answers else "no answer"
    return str(offer.unseen) if offer.unseen else last


def _shown(sighting: MailFullSighting, offers: Iterable[Offer | None]) -> tuple[Evidence, ...]:
    shown = [Evidence(_told(offer), offer.observations) for offer in offers if offer and offer.observations]
    fill = sighting.fill
    if fill and fill.observations:
        words = f"filled by {fill.appended} bytes to {fill.used} of {fill.limit}: {fill.refused or 'nothing was refused'}"
        shown.append(Evidence(words, fill.observations))
    return tuple(shown)


def _told(offer: Offer) -> str:
    fate = {True: "; it arrived", False: "; it did not arrive", None: ""}[offer.arrived]
    what = f"{offer.size} bytes" if offer.size else "the envelope alone"
    return f"{offer.place}, {what} for {offer.recipient}: {_end(offer)}{fate}"


def _fill_witness(sighting: MailFullSighting) -> Iterator[Witness]:
    fill = sighting.fill
    if fill and fill.at_limit and fill.observations:
        yield Witness(f"the mailbox was at its limit: {fill.used} of {fill.limit} bytes", fill.observations)


def _receive_witnesses(sighting: MailFullSighting) -> Iterator[Witness]:
    before = sighting.receive_before
    if before and _delivered(before):
        yield Witness("below the limit the same mail arrived", before.observations)
    yield from _other_witness(sighting)


def _send_witnesses(sighting: MailFullSighting) -> Iterator[Witness]:
    before = sighting.send_before
    if before and before.taken:
        yield Witness("below the limit the same submission was taken", before.observations)
    yield from _other_witness(sighting)


def _other_witness(sighting: MailFullSighting) -> Iterator[Witness]:
    other = sighting.other_while_full
    if other and _rcpt_taken(other):
        yield Witness(f"at that time the gateway still took mail for {other.recipient}", other.observations)
