"""Look "mail-limits": the SIZE that mail services announce, and the limit enforced on the ways to the probe mailbox (3.I).

On each way, in order: SIZE declared over the limit; a message over the limit without SIZE; a message just under it, which is also
the sentinel: once it has arrived, the absence of the one sent before it means something.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from ordinance.inventory.model import Service
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen, look
from ordinance.observe.mail import box
from ordinance.observe.mail.offers import Letter, declare, offer
from ordinance.observe.mail.session import Post, Trace, confer, converse, secure, size_of, unlooked
from ordinance.observe.mail.ways import SMTP_PROTOCOLS, Way, declared, gateway, submission
from ordinance.observe.protocols.smtp import SmtpClient
from ordinance.sight.mail import Announcement, Limits, MailLimitsSighting, Offer, Unlooked

#: How far "just over" and "just under" are from the limit: servers add header lines, and some count a line end as one byte.
MARGIN_DIVISOR = 64
LEAST_MARGIN = 4096


@look("mail-limits")
def mail_limits(context: LookContext) -> MailLimitsSighting:
    """Hear every declared mail service, then try the limit on the way of strangers and on the way of the probe user."""
    announcements = tuple(_announcements(context))
    mailbox = context.inventory.probe_mailbox
    seen = MailLimitsSighting(mailbox=mailbox.address if mailbox else "", announcements=announcements)
    if mailbox is None:
        return seen
    try:
        post = Post.of(context)
        with post.share.alone(context):
            return _tried(post, seen)
    except CouldNotLook as missed:
        return msgspec.structs.replace(seen, unseen=unlooked(missed))


def _announcements(context: LookContext) -> list[Announcement]:
    heard = []
    services = [service for service in context.inventory.services if service.protocol in SMTP_PROTOCOLS]
    for done, service in enumerate(services):
        context.progress(done, len(services) + 2, f"EHLO to {service.host}")
        for zone in sorted(service.seen_from):
            heard.extend(_heard(context, service, zone))
    return heard


def _heard(context: LookContext, service: Service, zone: str) -> list[Announcement]:
    """Hear the service before TLS and, where users submit their mail, inside it."""
    try:
        way = declared(context.inventory, service, zone)
    except CouldNotLook as missed:
        return [_announcement(service, f"{service.address}:{service.port} from {zone}", Trace(unseen=unlooked(missed)))]

    def talk(client: SmtpClient, trace: Trace) -> None:
        if service.protocol == "submission" and "STARTTLS" in trace.extensions:
            # Nothing is believed because of this TLS, and no credential goes through it: the greeting says who it is.
            secure(client, way, trace, service.host, None, verify=False)

    trace = converse(context, way, talk)
    plain = _announcement(service, way.place, trace)
    if trace.secured is None:
        return [plain]
    inside = trace.secured
    return [plain, msgspec.structs.replace(plain, secured=True, offers_size="SIZE" in inside, size=size_of(inside))]


def _announcement(service: Service, place: str, trace: Trace) -> Announcement:
    return Announcement(
        host=service.host,
        protocol=service.protocol,
        place=place,
        identity=service.identity,
        greeting=trace.greeting,
        offers_size="SIZE" in trace.extensions,
        size=size_of(trace.extensions),
        observations=trace.observations,
        unseen=trace.unseen,
    )


def _tried(post: Post, seen: MailLimitsSighting) -> MailLimitsSighting:
    ways: list[Limits] = []
    box.empty(post, box.Seen())
    try:
        for make in (gateway, submission):
            way = make(post.context.inventory, post.mailbox)
            post.context.progress(len(ways), 2, f"limit of the {way.path}")
            ways.append(_Trial(post, way).run())
    except CouldNotLook as missed:
        seen = msgspec.structs.replace(seen, unseen=unlooked(missed))
    return msgspec.structs.replace(seen, ways=tuple(ways), uncleaned=_cleaned(post))


def _cleaned(post: Post) -> str:
    try:
        box.empty(post, box.Seen())
    except CouldNotLook as missed:
        return f"mail may be left in {post.mailbox.address}: {missed}"
    return ""


@dataclass(slots=True)
class _Trial:
    """The limit tried on one way."""

    post: Post
    way: Way
    seen: Limits = field(init=False)

    def __post_init__(self) -> None:
        self.seen = Limits(path=self.way.path, place=self.way.place, identity=self.way.identity)

    def run(self) -> Limits:
        """Try it; what could not be tried is missing in what is returned, and `unseen` says why."""
        try:
            self._greet()
            self._offer_over()
            after = confer(self.post, self.way, _nothing_more)
            self._note(greeting_after=after.greeting, unseen=after.unseen)
        except CouldNotLook as missed:
            self._note(unseen=unlooked(missed))
        return self.seen

    def _greet(self) -> None:
        trace = confer(self.post, self.way, _nothing_more)
        _must(trace.unseen)
        allowed = self.post.context.profile.message_size_max
        advertised = trace.advertised
        limit = min(advertised, allowed) if advertised else allowed
        self._note(greeting_before=trace.greeting, advertised=advertised, limit=limit)

    def _offer_over(self) -> None:
        limit, recipient = self.seen.limit, self.post.mailbox.address
        margin = max(LEAST_MARGIN, limit // MARGIN_DIVISOR)
        self._note(declared_over=declare(self.post, self.way, Letter.new(recipient, limit + 1)))
        over = Letter.new(recipient, limit + margin)
        offered = offer(self.post, self.way, over, declared=False)
        self._note(undeclared_over=offered)
        if offered.taken:
            offered = self._watched(offered, over, box.WATCH_SECONDS)
            self._note(undeclared_over=offered)
        # Where the service names no limit of its own within the profile, "just under" is not known to be within it: a small
        # message that is taken shows as well that the refusal was about size.
        size = max(limit - margin, LEAST_MARGIN) if self.seen.advertised == limit else LEAST_MARGIN
        self._offer_under(offered, over, Letter.new(recipient, size))

    def _offer_under(self, beyond: Offer, over: Letter, under: Letter) -> None:
        """Offer the message under the limit; once it has arrived, look whether the one over it did."""
        offered = offer(self.post, self.way, under, declared=True)
        self._note(under=offered)
        if not offered.taken:
            return
        offered = self._watched(offered, under, self.post.share.patience)
        self._note(under=offered)
        if not offered.arrived:
            self.post.share.lose_patience()
        elif not beyond.taken:
            self._note(undeclared_over=self._watched(beyond, over, 0))

    def _watched(self, offered: Offer, letter: Letter, seconds: float) -> Offer:
        """Add to the offer what the mailbox shows of it; what has come is deleted, so that the next one has room."""
        seen = box.Seen()
        with box.opened(self.post, seen) as client:
            arrived = box.found_in(self.post, client, letter.token, Deadline.after(seconds))
            box.delete(client, client.search("SUBJECT", letter.token))
        return msgspec.structs.replace(offered, arrived=arrived, observations=offered.observations + tuple(seen.observations))

    def _note(self, **fields: object) -> None:
        self.seen = msgspec.structs.replace(self.seen, **fields)


def _must(unseen: Unlooked | None) -> None:
    if unseen is not None:
        raise CouldNotLook(Unseen(unseen.reason), unseen.detail, unseen.observation)


def _nothing_more(_client: SmtpClient, _trace: Trace) -> None:
    """Say nothing after the introductions: the greeting was all there was to hear."""
