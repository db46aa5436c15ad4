"""Whether a sweep and the conversations after it saw enough for silence to mean something. Shared by the judges of 9.A.3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ordinance.judge.verdict import Witness
from ordinance.law.model import Profile
from ordinance.sight.perimeter import Answer, Conversation, ConversationSighting, SweepSighting, family

ALL_PORTS = 65_535
WEB = frozenset({"http", "https"})


def sweep_doubts(addresses: Iterable[str], sweep: SweepSighting, profile: Profile) -> Iterator[str]:
    """Say which of `addresses` the sweep cannot vouch for, and why."""
    certificate = sweep.certificate
    if not certificate.complete:
        yield f"the sweep is not complete ({certificate.why_incomplete})"
    for address in addresses:
        seen = sweep.of(address)
        if seen is None:
            yield f"{address} was not swept"
            continue
        local = seen.of(Answer.LOCAL)
        if local:
            yield f"{sweep.vantage} itself cannot send to {address} ({local[0].reply.by or 'no route'})"
        elif seen.covered() < ALL_PORTS:
            yield f"only {seen.covered()} of {ALL_PORTS} ports of {address} were asked"
    for version in sorted({family(address) for address in addresses}):
        bound = certificate.bound(version)
        if bound > profile.miss_bound:
            yield f"an open IPv{version} port may have been missed (chance {bound:.1g}, allowed {profile.miss_bound:.1g})"


def sweep_witnesses(addresses: Iterable[str], sweep: SweepSighting) -> Iterator[Witness]:
    """Say which ports known to be open the same sweep found, in the families of `addresses`."""
    families = {family(address) for address in addresses}
    for canary in sweep.certificate.canaries:
        if family(canary.address) in families and canary.answered:
            text = (
                f"{canary.address} port {canary.port}, known to be open, answered {canary.answered} of {canary.sent} in the sweep"
            )
            yield Witness(text, sweep.observations)


def talk_doubts(talks: ConversationSighting) -> Iterator[str]:
    """Say which open ports were not talked to."""
    for talk in talks.conversations:
        if not page_heard(talk):
            yield f"what {talk.address} port {talk.port} serves was not seen ({talk.unseen or 'no page came'})"
    for group in talks.left_out:
        yield f"{group.reply.by} has more open ports than were talked to"


def page_heard(talk: Conversation) -> bool:
    """Whether there was a conversation, and where HTTP is spoken a page: `said` begins with its status then."""
    return not talk.unseen and (talk.protocol not in WEB or talk.said[:3].isdigit())
