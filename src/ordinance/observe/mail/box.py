"""The probe mailbox over IMAP: short sessions, each one observation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ordinance.inventory.model import SecretRef
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.mail.session import Post
from ordinance.observe.mail.ways import here
from ordinance.observe.protocols.imap import ImapClient, Quota

SESSION_SECONDS = 40.0
#: How long to watch for a message that should not have been taken; its verdict stands already.
WATCH_SECONDS = 5.0
POLL_SECONDS = 0.1
KIB = 1024


@dataclass(slots=True)
class Seen:
    """Observation of an IMAP session, known when it is over."""

    observations: list[str] = field(default_factory=list)


@contextmanager
def opened(post: Post, seen: Seen, user: str = "", password: SecretRef | None = None) -> Iterator[ImapClient]:
    """IMAP inside verified TLS, logged in as the probe user (or another), INBOX selected.

    Port 143 starts TLS by STARTTLS, any other at once. CouldNotLook(IDENTITY) before a credential is sent when the certificate
    is not the declared one, CREDENTIALS when the login is or was refused; both with the observation.
    """
    box = post.mailbox
    door = post.context.door.at(here(post.context.inventory).name)
    dialogue = door.connect(box.imap, box.imap_port, Deadline.after(SESSION_SECONDS))
    try:
        with dialogue:
            client = ImapClient(dialogue)
            if box.imap_port == 143:  # noqa: PLR2004 - RFC 8314: 143 is the port that begins in the clear
                client.greeting()
                client.starttls(box.server_name, post.ca)
            else:
                dialogue.start_tls(box.server_name, post.ca)
                client.greeting()
            word = post.context.door.secret(password or box.password)
            with post.share.logins.attempt(user or box.user, "imap"):
                client.login(user or box.user, word)
            client.select()
            yield client
            client.logout()
    finally:
        if dialogue.observation:
            seen.observations.append(dialogue.observation)


def empty(post: Post, seen: Seen) -> Quota | None:
    """Delete every message in the probe mailbox's INBOX; the quota afterwards. It is the suite's own mailbox."""
    with opened(post, seen) as client:
        delete(client, client.search("ALL"))
        return storage(client)


def delete(client: ImapClient, uids: Sequence[int]) -> None:
    """Delete messages. CouldNotLook(PROTOCOL) when the server does not."""
    answer = client.delete(uids)
    if not answer.ok:
        raise CouldNotLook(Unseen.PROTOCOL, f"the probe mailbox could not be emptied: {answer.status} {answer.text}")


def storage(client: ImapClient) -> Quota | None:
    """Find the root that limits INBOX most; None when nothing limits its storage, or IMAP does not tell (no QUOTA, RFC 9208)."""
    if not knows_quota(client):
        return None
    limited = [root for root in client.quota() if root.storage_limit and root.storage_used is not None]
    return min(limited, key=lambda root: (root.storage_limit or 0) - (root.storage_used or 0), default=None)


def knows_quota(client: ImapClient) -> bool:
    """Whether QUOTA is among the capabilities after login."""
    return any(word == "QUOTA" or word.startswith("QUOTA=") for word in client.capability())


def wait_for(post: Post, seen: Seen, token: str, seconds: float) -> bool:
    """Poll the probe mailbox until the message with that token is there; False when it did not come in time."""
    deadline = Deadline.after(seconds)
    with opened(post, seen) as client:
        return found_in(post, client, token, deadline)


def found_in(post: Post, client: ImapClient, token: str, deadline: Deadline) -> bool:
    """Poll an open mailbox until a message whose subject holds `token` is there. CouldNotLook(HALTED) when the run is stopped."""
    while not client.search("SUBJECT", token):
        if post.context.halted():
            raise CouldNotLook(Unseen.HALTED, "the run was stopped while waiting for mail to arrive")
        if deadline.passed:
            return False
        time.sleep(min(POLL_SECONDS, deadline.left()))
        client.command("NOOP")
    return True
