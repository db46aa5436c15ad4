"""3.I: services announce a limit on the size of a message, and refuse what is over it, declared or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.sight.mail import Announcement, Limits, MailLimitsSighting, Offer

#: Mail gets to the probe mailbox in these ways; a limit on one of them is no limit on the other.
WAYS = ("gateway", "submission")

#: What one way shows: a breach, or a doubt, or (both empty) nothing against it.
_Finding = tuple[str, str]


def limit_advertised(target: str, sighting: MailLimitsSighting, profile: Profile) -> Verdict:
    """Judge the mail gateway `target`: SIZE is in the EHLO of each of its declared mail services, and within the profile."""
    seen = [item for item in sighting.announcements if item.host == target]
    if not seen:
        return Unproven(
            f"no mail service of {target} was looked at: the inventory declares none with protocol smtp or submission"
        )
    told = [item for item in seen if item.observations]
    evidence = tuple(Evidence(_announced(item), item.observations) for item in told)
    witnesses = tuple(_greeting(item) for item in told if item.identified)
    if breaches := [words for item in told if item.identified and (words := _advertising_breach(item, profile.message_size_max))]:
        rule = f"3.I: a limit of at most {profile.message_size_max} bytes is announced as SIZE"
        return Violated(f"{'; '.join(breaches)}; {rule}", evidence, witnesses)
    if doubts := [words for item in seen if (words := _announcement_doubt(item))]:
        return Unproven("; ".join(doubts), evidence, witnesses)
    limits = sorted({item.size for item in seen if item.size is not None})
    return Compliant(
        f"{target} announces {_listed(limits)} bytes on all {len(seen)} EHLOs; at most {profile.message_size_max} is allowed",
        evidence,
        witnesses,
    )


def limit_enforced(target: str, sighting: MailLimitsSighting, profile: Profile) -> Verdict:
    """Judge the probe mailbox `target`: a message declared over the limit is refused at MAIL, on every way in."""
    rule = "3.I: a message over the limit is refused at MAIL FROM with SIZE="
    kind = _Kind(rule, lambda way: way.declared_over, _declared_finding)
    return _over_all_ways(target, sighting, profile.message_size_max, kind)


def limit_enforced_undeclared(target: str, sighting: MailLimitsSighting, profile: Profile) -> Verdict:
    """Judge the probe mailbox `target`: a message over the limit is refused after DATA, and does not arrive."""
    rule = "3.I: a message over the limit is refused though its size was not declared"
    kind = _Kind(rule, lambda way: way.undeclared_over, _undeclared_finding)
    return _over_all_ways(target, sighting, profile.message_size_max, kind)


class _Kind(NamedTuple):
    """One kind of message over the limit: the clause's rule, its offer on a way in, and the finding on that."""

    rule: str
    offer_of: Callable[[Limits], Offer | None]
    judge: Callable[[Limits, Offer], _Finding]


def _over_all_ways(target: str, sighting: MailLimitsSighting, most: int, kind: _Kind) -> Verdict:
    if sighting.mailbox != target:
        return Unproven(f"nobody looked at {target}")
    tried = [(way, offer) for way in sighting.ways if (offer := kind.offer_of(way)) is not None]
    evidence = tuple(_tried(offer) for _, offer in tried if offer.observations)
    witnesses = tuple(_taken(way.under) for way in sighting.ways if way.under and _arrived(way.under))
    findings = [_of_this_profile(way, most, kind.judge(way, offer)) for way, offer in tried]
    if breaches := [breach for breach, _ in findings if breach]:
        return Violated(f"{'; '.join(breaches)}; {kind.rule}", evidence, witnesses)
    doubts = [doubt for _, doubt in findings if doubt] + list(_gaps(sighting, kind.offer_of))
    if doubts:
        return Unproven("; ".join(doubts), evidence, witnesses)
    limits = _listed(sorted({way.limit for way in sighting.ways}))
    left = f" ({sighting.uncleaned})" if sighting.uncleaned else ""
    reason = f"over {limits} bytes is refused at the gateway and at submission; under it mail arrives{left}"
    return Compliant(reason, evidence, witnesses)


def _of_this_profile(way: Limits, most: int, finding: _Finding) -> _Finding:
    """A limit that was tried for another profile (old records, judged again) shows no more than a breach of a smaller one."""
    asked = min(way.advertised, most) if way.advertised else most
    if way.limit == asked:
        return finding
    doubt = f"{way.place} was tried with a limit of {way.limit} bytes, and this profile asks for {asked}"
    return finding[0] if way.limit > asked else "", doubt


def _declared_finding(way: Limits, offer: Offer) -> _Finding:
    answer = offer.answer_to("MAIL")
    if answer is None:
        return "", f"{way.place} gave no answer to MAIL with SIZE={offer.size} ({offer.unseen or 'the dialogue ended'})"
    if answer.positive:
        return f"{way.place} answered {answer} to SIZE={offer.size}, over the limit of {way.limit}", ""
    if not answer.says_too_big:
        return "", f"{way.place} refused SIZE={offer.size}, but not for its size: {answer}"
    return "", _witness_gap(way)


def _undeclared_finding(way: Limits, offer: Offer) -> _Finding:
    what = f"{offer.size} bytes (limit {way.limit})"
    if offer.taken:
        fate = {True: "and delivered them", False: "and did not deliver them", None: ""}[offer.arrived]
        return f"{way.place} took {what} {fate}".rstrip(), ""
    if offer.arrived:
        return f"{way.place} refused {what} but delivered them", ""
    refusal = offer.refusal
    if refusal is None:
        return "", f"{way.place} gave no last answer to {what} ({offer.unseen or 'the dialogue ended'})"
    if refusal.to not in ("DATA", "message") or not refusal.says_too_big:
        return "", f"{way.place} refused {what}, but not for their size: {refusal}"
    if offer.arrived is None:
        return "", f"whether {what} offered to {way.place} stayed away is not known: nothing later arrived"
    return "", _witness_gap(way)


def _witness_gap(way: Limits) -> str:
    if way.under is None:
        return f"no message under the limit was offered to {way.place} ({way.unseen or 'the look ended early'})"
    if not way.under.taken:
        return (
            f"{way.place} did not take a message under the limit either: {way.under.refusal or way.under.unseen or 'no answer'}"
        )
    if not _arrived(way.under):
        return f"a message under the limit, taken by {way.place}, did not arrive"
    if not way.identified:
        return f"{way.place} did not greet as {way.identity} before and after"
    return ""


def _gaps(sighting: MailLimitsSighting, offer_of: Callable[[Limits], Offer | None]) -> Iterator[str]:
    if sighting.unseen:
        yield f"the probe mailbox could not be used ({sighting.unseen})"
    ways = {way.path: way for way in sighting.ways}
    for path in WAYS:
        way = ways.get(path)
        if way is None:
            if not sighting.unseen:
                yield f"nobody tried the {path}"
        elif offer_of(way) is None:
            yield f"nothing over the limit could be offered to {way.place} ({way.unseen or 'the look ended early'})"


def _arrived(offer: Offer) -> bool:
    return offer.taken and offer.arrived is True


def _tried(offer: Offer) -> Evidence:
    how = "declared" if offer.declared else "not declared"
    end = offer.answers[-1] if offer.answers else offer.unseen or "no answer"
    absence = "; it did not arrive" if offer.arrived is False else ""
    return Evidence(f"{offer.place}: a message of {offer.size} bytes, {how}: {end}{absence}", offer.observations)


def _taken(offer: Offer) -> Witness:
    return Witness(f"{offer.place}: a message of {offer.size} bytes was taken and found in the mailbox", offer.observations)


def _announced(item: Announcement) -> str:
    if item.unseen:
        return f"{_where(item)}: {item.unseen}"
    if not item.offers_size:
        return f"{_where(item)}: no SIZE in the EHLO"
    return f"{_where(item)}: SIZE {'without a number' if item.size is None else item.size}"


def _greeting(item: Announcement) -> Witness:
    return Witness(f"{item.place} greeted as {item.identity}", item.observations)


def _advertising_breach(item: Announcement, most: int) -> str:
    if item.unseen:
        return ""
    if not item.offers_size:
        return f"{_where(item)} announces no SIZE"
    if not item.size:
        return f"{_where(item)} announces SIZE without a limit"
    return f"{_where(item)} announces SIZE {item.size}" if item.size > most else ""


def _announcement_doubt(item: Announcement) -> str:
    if item.unseen:
        return f"{_where(item)} could not be heard ({item.unseen})"
    if not item.observations:
        return f"what {_where(item)} announced stands in no record"
    return "" if item.identified else f"{item.place} does not greet as {item.identity or 'anything the inventory declares'}"


def _where(item: Announcement) -> str:
    return f"{item.protocol} at {item.place}{' inside TLS' if item.secured else ''}"


def _listed(numbers: list[int]) -> str:
    return " and ".join(str(number) for number in numbers)
