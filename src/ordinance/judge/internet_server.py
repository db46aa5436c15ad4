"""9.A.3: the public web answers on the Internet server and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ordinance.inventory.model import Inventory, Service
from ordinance.judge.attribution import place
from ordinance.judge.confirming import UNHEARD
from ordinance.judge.coverage import talk_doubts
from ordinance.judge.names_private import plain
from ordinance.judge.rotation import whole
from ordinance.judge.sweeping import sweep_doubts, sweep_witnesses
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.sight.perimeter import Conversation, ConversationSighting, SweepSighting

RULE = "9.A.3: all public access goes through the Internet server"
WEB = frozenset({"http", "https"})
HTTPS = 443


def through_internet_server(
    target: str, sweep: SweepSighting, talks: ConversationSighting, inventory: Inventory, profile: Profile
) -> Verdict:
    """Judge the Internet server `target`: its declared pages are its own, and no other public host serves the web."""
    services = [s for s in inventory.services if s.host == target and s.protocol in WEB and "outside" in s.seen_from]
    if not services:
        return Unproven(f"{target}: the inventory declares no web service of it for outside")
    sweep = whole(sweep, inventory, profile)
    breaches = (*_elsewhere(talks, inventory), *_not_itself(services, talks))
    witnesses = tuple(_witnesses(services, talks))
    if breaches:
        told = "; ".join(evidence.text for _, evidence in breaches)
        parts = tuple(dict.fromkeys(part for part, _ in breaches))
        return Violated(f"{target}: {told}; {RULE}", tuple(evidence for _, evidence in breaches), witnesses, parts)
    unswept = (doubt for group in inventory.public for doubt in sweep_doubts(group, sweep, profile))
    doubts = (*_not_shown(services, talks), *unswept, *talk_doubts(talks, sweep))
    if doubts:
        return Unproven(f"{target}: {'; '.join(dict.fromkeys(doubts))}", witnesses=witnesses)
    evidence = (_evidence(target, talks),)
    reason = f"the public web answers on {target} and on no other public address"
    found = (witness for group in inventory.public for witness in sweep_witnesses(group, sweep))
    return Compliant(reason, evidence, (*witnesses, *found))


def _elsewhere(talks: ConversationSighting, inventory: Inventory) -> Iterator[tuple[str, Evidence]]:
    own = {str(address) for host in inventory.with_role("internet_servers") for address in host.addresses}
    for talk in talks.conversations:
        if talk.protocol in WEB and talk.address not in own:
            text = f"{talk.address} port {talk.port} serves the web to the outside ({talk.said}) and is no Internet server"
            yield place(talk.address, talk.port), Evidence(text, (talk.observation,))


def _not_itself(services: list[Service], talks: ConversationSighting) -> Iterator[tuple[str, Evidence]]:
    for service in services:
        talk = talks.at(str(service.address), service.port)
        if talk is not None and not _unheard(talk, talks) and not _proven(service, talk, talks):
            where = f"{talk.address} port {talk.port}"
            text = f"{where} answers ({talk.protocol or 'no known protocol'}: {talk.said}), but not as the Internet server"
            yield place(talk.address, talk.port), Evidence(text, (talk.observation,))


def _proven(service: Service, talk: Conversation, talks: ConversationSighting) -> bool:
    """Whether the home page was shown, or the visitor sent on to where it was: the same server over TLS, by a name it proves."""
    if talk.protocol not in WEB:
        return False
    if service.identity in talk.identities:
        return True
    host, _ = _sent_to(talk.location)
    secure = _over_tls(talk, talks)
    return secure is not None and service.identity in secure.identities and host in {plain(name) for name in secure.tls_names}


def _over_tls(talk: Conversation, talks: ConversationSighting) -> Conversation | None:
    """Find the conversation with the port of the same address that a redirect points at; None without one."""
    host, port = _sent_to(talk.location)
    return talks.at(talk.address, port) if host and port != talk.port else None


def _sent_to(location: str) -> tuple[str, int]:
    """Read host and port of an https URL; ("", 0) for anything else. It is a peer's text: it may be anything."""
    try:
        there = urlsplit(location)
        port = there.port or HTTPS
    except ValueError:
        return "", 0
    return (there.hostname or "", port) if there.scheme == "https" else ("", 0)


def _unheard(talk: Conversation, talks: ConversationSighting) -> str:
    """Why it is not known whether the home page is there, or where the visitor is sent on to; "" when it is known."""
    for heard in (talk, _over_tls(talk, talks)):
        if heard is not None and (heard.unseen or heard.protocol in UNHEARD):
            return heard.unseen or "it said nothing"
        if heard is not None and heard.protocol in WEB and heard.cut:
            return heard.cut
    return ""


def _not_shown(services: list[Service], talks: ConversationSighting) -> Iterator[str]:
    for service in services:
        talk = talks.at(str(service.address), service.port)
        if talk is None or talk.unseen or not _proven(service, talk, talks):
            why = _unheard(talk, talks) if talk else "nobody talked to it"
            yield f"{service.address} port {service.port} did not show the home page ({why})"


def _witnesses(services: list[Service], talks: ConversationSighting) -> Iterator[Witness]:
    for service in services:
        talk = talks.at(str(service.address), service.port)
        if talk is not None and _proven(service, talk, talks):
            yield Witness(f'{talk.address} port {talk.port} is the Internet server: "{service.identity}"', (talk.observation,))


def _evidence(target: str, talks: ConversationSighting) -> Evidence:
    web = [talk for talk in talks.conversations if talk.protocol in WEB]
    others = len(talks.conversations) - len(web)
    places = ", ".join(f"{talk.address} port {talk.port}" for talk in web)
    text = f"the web is served on {places} by {target}; {others} other public ports that answer do not speak HTTP"
    return Evidence(text, tuple(dict.fromkeys(talk.observation for talk in talks.conversations)))
