"""Look "conversations": what speaks on every open port the sweep found, and on every service declared for outside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from ordinance.inventory.model import Address, Service
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, VantagePoint, look
from ordinance.observe.identity import identify_service
from ordinance.observe.protocols.http import HttpReply, fetch
from ordinance.observe.protocols.identify import Spoken, identify
from ordinance.observe.safetext import safe_line
from ordinance.sight.perimeter import Answer, Conversation, ConversationSighting, PortAnswer, Reply, SweepSighting
from ordinance.sight.ports import ranges

VANTAGE = "outside"
SECONDS = 30.0
MOST_A_HOST = 64
SIDE_BY_SIDE = 8
#: What to try first where the inventory declares a protocol.
EXPECT = {"http": "http", "https": "tls", "imaps": "tls", "dns": "dns"}
_TITLE = re.compile(rb"<title[^>]*>([^<]{0,300})", re.IGNORECASE)

Place = tuple[Address, int]


@look("conversations")
def conversations(context: LookContext) -> ConversationSighting:
    """Talk to every open port, at most some of one address, a few at a time."""
    swept: SweepSighting = context.sight("perimeter-sweep")
    vantage = context.door.at(VANTAGE)
    places, left_out = _places(swept, context)
    declared = {(s.address, s.port): s for s in context.inventory.services if "outside" in s.seen_from}

    def talk(place: Place) -> Conversation:
        return _talk(context, vantage, place, declared.get(place))

    talks = []
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="conversation") as pool:
        for done, seen in enumerate(pool.map(talk, places), 1):
            context.progress(done, len(places), "conversations with open ports")
            talks.append(seen)
    return ConversationSighting(vantage=VANTAGE, conversations=tuple(talks), left_out=left_out)


def _places(swept: SweepSighting, context: LookContext) -> tuple[list[Place], tuple[PortAnswer, ...]]:
    """List declared services first, then open ports, each once; and what is beyond the cap of its address."""
    declared = [(s.address, s.port) for s in context.inventory.services if "outside" in s.seen_from]
    places, left_out = dict.fromkeys(declared), []
    for seen in swept.addresses:
        ports = swept.open_ports(seen.address)
        places |= dict.fromkeys((ip_address(seen.address), port) for port in ports[:MOST_A_HOST])
        if ports[MOST_A_HOST:]:
            reply = Reply(answer=Answer.OPEN, by=seen.address)
            left_out.append(PortAnswer(ports=ranges(ports[MOST_A_HOST:]), reply=reply))
    return list(places), tuple(left_out)


def _talk(context: LookContext, vantage: VantagePoint, place: Place, service: Service | None) -> Conversation:
    """One port: what it speaks, whose words are in it. Not having heard is a value."""
    address, port = place
    try:
        spoken = identify(
            vantage, address, port, Deadline.after(SECONDS), expect=EXPECT.get(service.protocol, "") if service else ""
        )
        page, unread = _page(vantage, place, spoken)
    except CouldNotLook as missed:
        return _unheard(place, missed)
    text = _heard(spoken, page)
    identities = dict.fromkeys(words for words in _words(context) if words.encode() in text)
    if service is not None and service.protocol == "dns" and spoken.protocol == "dns":
        identities |= dict.fromkeys(_zone(vantage, service))
    canaries = [site.canary for site in context.inventory.intranet if site.canary.encode() in text]
    protocol = {"http": "https"}.get(spoken.inside, spoken.inside or "tls") if spoken.protocol == "tls" else spoken.protocol
    return Conversation(
        address=str(address), port=port, protocol=protocol, said=_said(spoken, page), identities=tuple(identities),
        canaries=tuple(canaries), unseen=unread, tls_names=spoken.tls.names if spoken.tls else (),
        location=page.header("location") if page else "",
        observation=_last([*spoken.observations, page.observation if page else ""]),
    )  # fmt: skip


def _page(vantage: VantagePoint, place: Place, spoken: Spoken) -> tuple[HttpReply | None, str]:
    """Fetch the front page, where HTTP is spoken, by address as a stranger would; or say why it could not be read."""
    within = spoken.protocol == "tls" and spoken.inside == "http"
    if spoken.protocol != "http" and not within:
        return None, ""
    host = str(place[0]) if place[0].version == 4 else f"[{place[0]}]"  # noqa: PLR2004
    try:
        return fetch(vantage, place[0], place[1], Deadline.after(SECONDS), host=host, tls=within, server_name=""), ""
    except CouldNotLook as missed:
        return None, f"its page could not be read: {missed}"


def _words(context: LookContext) -> Iterable[str]:
    return (service.identity for service in context.inventory.services if service.identity)


def _zone(vantage: VantagePoint, service: Service) -> Iterator[str]:
    if identify_service(vantage, service).proven:
        yield service.identity


def _heard(spoken: Spoken, page: HttpReply | None) -> bytes:
    """Everything that was said, for finding words in it."""
    if page is None:
        return spoken.first_line.encode()
    headers = "\n".join(f"{name}: {value}" for name, value in page.headers)
    return b"\n".join((spoken.first_line.encode(), headers.encode(), page.body))


def _said(spoken: Spoken, page: HttpReply | None) -> str:
    if page is None:
        return "an answer to a DNS question" if spoken.protocol == "dns" else spoken.first_line
    title = _TITLE.search(page.body)
    return f"{page.status} {page.reason}" + (f', title "{safe_line(title[1].strip(), cap=200)}"' if title else "")


def _last(observations: list[str]) -> str:
    return next((observation for observation in reversed(observations) if observation), "")


def _unheard(place: Place, missed: CouldNotLook) -> Conversation:
    return Conversation(
        address=str(place[0]), port=place[1], protocol="", said="", unseen=str(missed), observation=missed.observation
    )
