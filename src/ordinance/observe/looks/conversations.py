"""Look "conversations": what speaks on every open port the sweep found, and on every service declared for outside.

A web server is asked for its front page as a stranger would, by address, and then by the Intranet's names: one who shows the
Intranet shows it to whoever knows its name. A page of any status, or a TLS alert, answers to a name; hanging up does not: a
connection may break by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from msgspec.structs import replace

from ordinance.inventory.model import Address, Service
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, TurnedAway, Unseen, VantagePoint, look
from ordinance.observe.identity import identify_service
from ordinance.observe.protocols.front_page import Way, by_address, unread, visit
from ordinance.observe.protocols.http import HttpReply
from ordinance.observe.protocols.identify import LISTEN, Spoken, identify
from ordinance.observe.protocols.smtp import SmtpClient
from ordinance.observe.protocols.upgrade import WAYS, upgraded
from ordinance.observe.safetext import safe_line
from ordinance.sight.perimeter import Answer, Conversation, ConversationSighting, PortAnswer, Reply, SweepSighting
from ordinance.sight.ports import each, ranges

VANTAGE = "outside"
SECONDS = 30.0
MOST_A_HOST = 64
#: Of an address with more open ports than that: something answers for all of them, and a silent one costs `SECONDS`.
SAMPLE = 4
SIDE_BY_SIDE = 8
#: Times a port is talked to again of which time was too short to see all: a path that loses packets is slow.
AGAIN = 2
PATIENT = 15.0  #: how long it is then listened to, in seconds
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
        seen = _talk(context, vantage, place, declared.get(place))
        for _ in range(AGAIN):
            if not _too_short(seen, place in declared):
                break
            seen = _joined(seen, _talk(context, vantage, place, declared.get(place), PATIENT))
        return seen

    talks = []
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="conversation") as pool:
        for done, seen in enumerate(pool.map(talk, places), 1):
            context.progress(done, len(places), "conversations with open ports")
            talks.append(seen)
    return ConversationSighting(vantage=VANTAGE, conversations=tuple(talks), left_out=left_out)


def _too_short(seen: Conversation, declared: bool) -> bool:
    """Whether time was too short to see all: a declared service that takes the connection has something to say."""
    return Unseen.DEADLINE.value in seen.cut + seen.uncertified or (declared and seen.protocol == "silent" and not seen.unseen)


def _joined(first: Conversation, again: Conversation) -> Conversation:
    """What two conversations with one port showed: the second is whole where the first was not, and nothing seen is forgotten."""
    if again.unseen:
        return first
    return replace(
        again,
        identities=tuple(dict.fromkeys((*first.identities, *again.identities))),
        canaries=tuple(dict.fromkeys((*first.canaries, *again.canaries))),
        tls_names=tuple(dict.fromkeys((*first.tls_names, *again.tls_names))),
    )


def _places(swept: SweepSighting, context: LookContext) -> tuple[list[Place], tuple[PortAnswer, ...]]:
    """List declared services first, then open ports, each once; and what is beyond the cap of its address."""
    declared = [(s.address, s.port) for s in context.inventory.services if "outside" in s.seen_from]
    places, left_out = dict.fromkeys(declared), []
    for seen in swept.to_talk_to():
        ports = tuple(each(run for group in seen.of(Answer.OPEN) for run in group.ports))
        chosen = ports if len(ports) <= MOST_A_HOST else ports[:: len(ports) // SAMPLE]
        places |= dict.fromkeys((ip_address(seen.address), port) for port in chosen)
        if others := [port for port in ports if port not in set(chosen)]:
            reply = Reply(answer=Answer.OPEN, by=seen.address)
            left_out.append(PortAnswer(ports=ranges(others), reply=reply))
    return list(places), tuple(left_out)


def _talk(
    context: LookContext, vantage: VantagePoint, place: Place, service: Service | None, listen: float = LISTEN
) -> Conversation:
    """One port: what it speaks, whose words are in it. Not having heard is a value."""
    address, port = place
    try:
        expect = EXPECT.get(service.protocol, "") if service else ""
        spoken = identify(vantage, address, port, Deadline.after(SECONDS), listen=listen, expect=expect)
        pages, unseen = _pages(vantage, place, spoken)
        by_name, cut = _pages_by_name(context, vantage, place, spoken) if pages else ((), "")
        names, uncertified = _certificates(context, vantage, place, spoken)
    except CouldNotLook as missed:
        return _unheard(place, missed)
    text = _heard(spoken, pages)
    identities = dict.fromkeys(words for words in _words(context) if words.encode() in text)
    if service is not None and service.protocol == "dns" and spoken.protocol == "dns":
        identities |= dict.fromkeys(_zone(vantage, service))
    shown = text + _heard(spoken, by_name)
    canaries = [site.canary for site in context.inventory.intranet if site.canary.encode() in shown]
    protocol = {"http": "https"}.get(spoken.inside, spoken.inside or "tls") if spoken.protocol == "tls" else spoken.protocol
    return Conversation(
        address=str(address), port=port, protocol=protocol, said=_said(spoken, pages), identities=tuple(identities),
        canaries=tuple(canaries), unseen=unseen, tls_names=names, location=pages[-1].header("location") if pages else "",
        cut=cut or next(filter(None, map(unread, (*pages, *by_name))), ""), uncertified=uncertified,
        observation=_last([*spoken.observations, *(page.observation for page in pages)]),
    )  # fmt: skip


def _pages(vantage: VantagePoint, place: Place, spoken: Spoken, name: str = "") -> tuple[tuple[HttpReply, ...], str]:
    """Fetch the front page, where HTTP is spoken, by `name`, or by address as a stranger would; or say why it was not read."""
    within = spoken.protocol == "tls" and spoken.inside == "http"
    if spoken.protocol != "http" and not within:
        return (), ""
    way = Way(place[1], within, name or by_address(place[0]))
    try:
        return visit(vantage, place[0], way, Deadline.after(SECONDS), server_name=name), ""
    except CouldNotLook as missed:
        refused = bool(name) and isinstance(missed, TurnedAway)
        return (), "" if refused else f"its page could not be read: {missed}"


def _pages_by_name(
    context: LookContext, vantage: VantagePoint, place: Place, spoken: Spoken
) -> tuple[tuple[HttpReply, ...], str]:
    """Fetch the pages that the Intranet's names bring up here; or say for which name that could not be seen."""
    found: tuple[HttpReply, ...] = ()
    for name in _intranet_names(context):
        pages, missed = _pages(vantage, place, spoken, name)
        if missed:
            return found, f"asked as {name}, {missed}"
        found += pages
    return found, ""


def _certificates(context: LookContext, vantage: VantagePoint, place: Place, spoken: Spoken) -> tuple[tuple[str, ...], str]:
    """Read the names of its certificates, also of one for who knows an Intranet name, or of TLS begun later; or say why not."""
    try:
        if spoken.tls is not None:
            by_name = [name for asked in _intranet_names(context) for name in _shown_to(vantage, place, asked)]
            return tuple(dict.fromkeys((*spoken.tls.names, *by_name))), ""
        if spoken.protocol == "smtp":
            return _of_mail(vantage, place), ""
        if spoken.protocol in WAYS:
            with vantage.connect(*place, Deadline.after(SECONDS)) as dialogue:
                peer = upgraded(dialogue, spoken.protocol)
                return peer.names if peer else (), ""
    except CouldNotLook as missed:
        return (), str(missed)
    return (), ""


def _shown_to(vantage: VantagePoint, place: Place, name: str) -> tuple[str, ...]:
    """Read the certificate that is shown to who asks for a name (SNI, RFC 6066); () when the server will not have it."""
    with vantage.connect(*place, Deadline.after(SECONDS)) as dialogue:
        try:
            return dialogue.start_tls(name, None, verify=False).names
        except TurnedAway:
            return ()


def _of_mail(vantage: VantagePoint, place: Place) -> tuple[str, ...]:
    with vantage.connect(*place, Deadline.after(SECONDS)) as dialogue:
        client = SmtpClient(dialogue)
        client.greeting()
        return client.starttls("", None, verify=False).names if "STARTTLS" in client.ehlo("ordinance.invalid") else ()


def _intranet_names(context: LookContext) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.lower() for site in context.inventory.intranet for name in site.names))


def _words(context: LookContext) -> Iterable[str]:
    return (service.identity for service in context.inventory.services if service.identity)


def _zone(vantage: VantagePoint, service: Service) -> Iterator[str]:
    if identify_service(vantage, service).proven:
        yield service.identity


def _heard(spoken: Spoken, pages: tuple[HttpReply, ...]) -> bytes:
    """Everything that was said, for finding words in it."""
    said = [spoken.first_line.encode()]
    for page in pages:
        said += ["\n".join(f"{name}: {value}" for name, value in page.headers).encode(), page.body]
    return b"\n".join(said)


def _said(spoken: Spoken, pages: tuple[HttpReply, ...]) -> str:
    if not pages:
        return "an answer to a DNS question" if spoken.protocol == "dns" else spoken.first_line
    page = pages[-1]
    title = _TITLE.search(page.body)
    return f"{page.status} {page.reason}" + (f', title "{safe_line(title[1].strip(), cap=200)}"' if title else "")


def _last(observations: list[str]) -> str:
    return next((observation for observation in reversed(observations) if observation), "")


def _unheard(place: Place, missed: CouldNotLook) -> Conversation:
    return Conversation(
        address=str(place[0]), port=place[1], protocol="", said="", unseen=str(missed), observation=missed.observation
    )
