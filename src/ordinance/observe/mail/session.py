"""One SMTP session, as far as both sides know each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ordinance.inventory.model import ProbeMailbox
from ordinance.observe.api import CouldNotLook, Deadline, Dialogue, LookContext, Unseen
from ordinance.observe.mail.shared import Share, share_of
from ordinance.observe.mail.ways import Way
from ordinance.observe.protocols.smtp import SmtpClient
from ordinance.sight.mail import Unlooked

SESSION_SECONDS = 20.0
READY = "220"  #: RFC 5321, 4.3.2


@dataclass(slots=True)
class Trace:
    """What is known of a session once it is over, however it ended."""

    greeting: str = ""
    extensions: dict[str, str] = field(default_factory=dict)  #: EHLO before TLS
    secured: dict[str, str] | None = None  #: EHLO inside TLS
    observations: tuple[str, ...] = ()
    unseen: Unlooked | None = None

    @property
    def advertised(self) -> int | None:
        """SIZE of the last EHLO; None without a number."""
        return size_of(self.extensions if self.secured is None else self.secured)


#: What is said after the EHLO.
Talk = Callable[[SmtpClient, Trace], None]


@dataclass(frozen=True, slots=True)
class Post:
    """What all of a look's sessions have in common."""

    context: LookContext
    mailbox: ProbeMailbox
    ca: bytes | None
    share: Share

    @classmethod
    def of(cls, context: LookContext) -> Post:
        """Take the probe mailbox of the inventory. SCOPE when none is declared, CREDENTIALS when its CA is missing."""
        mailbox = context.inventory.probe_mailbox
        if mailbox is None:
            raise CouldNotLook(Unseen.SCOPE, "the inventory declares no probe mailbox")
        ca = context.door.secret(mailbox.ca).encode() if mailbox.ca else None
        return cls(context, mailbox, ca, share_of(context.inventory, mailbox))


def unlooked(missed: CouldNotLook) -> Unlooked:
    """Turn the exception into a value."""
    return Unlooked(reason=missed.reason.value, detail=missed.detail, observation=missed.observation)


def converse(context: LookContext, way: Way, talk: Talk) -> Trace:
    """Connect, read the greeting, say EHLO, then talk. Whatever could not be seen stands in the trace."""
    trace = Trace()
    dialogue: Dialogue | None = None
    try:
        dialogue = context.door.at(way.vantage).connect(way.address, way.port, Deadline.after(SESSION_SECONDS))
        with dialogue:
            client = SmtpClient(dialogue)
            greeting = client.greeting()
            trace.greeting = f"{greeting.code} {greeting.text}"
            trace.extensions = client.ehlo(way.helo)
            talk(client, trace)
            client.quit()
    except CouldNotLook as missed:
        trace.unseen = unlooked(missed)
    observation = dialogue.observation if dialogue else trace.unseen.observation if trace.unseen else ""
    trace.observations = (observation,) if observation else ()
    return trace


def confer(post: Post, way: Way, talk: Talk) -> Trace:
    """As `converse`, with the right server only, and logged in where the way asks for it.

    No credential goes to a server whose greeting or certificate is not the declared one.
    """

    def introduced(client: SmtpClient, trace: Trace) -> None:
        if way.identity not in trace.greeting or not trace.greeting.startswith(READY):
            raise CouldNotLook(Unseen.IDENTITY, f"{way.place} greets {trace.greeting!r}, not {way.identity!r}")
        if way.login:
            secure(client, way, trace, post.mailbox.server_name, post.ca)
            password = post.context.door.secret(post.mailbox.password)
            with post.share.logins.attempt(post.mailbox.user, way.place):
                client.login(post.mailbox.user, password)
        talk(client, trace)

    return converse(post.context, way, introduced)


def secure(client: SmtpClient, way: Way, trace: Trace, server_name: str, ca: bytes | None, *, verify: bool = True) -> None:
    """STARTTLS and EHLO again. CouldNotLook(IDENTITY) when it is not offered or the certificate is not the declared one."""
    if "STARTTLS" not in trace.extensions:
        raise CouldNotLook(Unseen.IDENTITY, f"{way.place} offers no STARTTLS, so who it is cannot be verified")
    client.starttls(server_name, ca, verify=verify)
    trace.secured = client.ehlo(way.helo)


def size_of(extensions: dict[str, str]) -> int | None:
    """Read the number after SIZE (RFC 1870, 4); None without one that can be read."""
    word = extensions.get("SIZE", "").strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 20 else None  # noqa: PLR2004 - RFC 1870: 20 digits
