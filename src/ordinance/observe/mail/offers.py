"""Offering one message: envelope, message, answers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate

from ordinance.observe.mail.session import Post, Trace, confer
from ordinance.observe.mail.ways import Way
from ordinance.observe.protocols.smtp import Reply, SmtpClient, message
from ordinance.sight.mail import Answer, Offer

#: Every message says so in its subject; what carries it may be deleted.
MARK = "ordinance probe"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message: for whom, how many bytes, and the random word it is found by."""

    recipient: str
    size: int
    token: str

    @classmethod
    def new(cls, recipient: str, size: int) -> Letter:
        """Make a letter with a token of its own."""
        return cls(recipient, size, secrets.token_hex(12))

    def text(self, sender: str) -> Iterator[bytes]:
        """Write the message, in pieces, exactly `size` bytes."""
        subject = f"{MARK} {self.token}"
        return message(
            sender=sender,
            recipient=self.recipient,
            subject=subject,
            message_id=f"{self.token}@ordinance.invalid",
            date=formatdate(),
            size=self.size,
        )


def offer(post: Post, way: Way, letter: Letter, *, declared: bool, envelope_only: bool = False) -> Offer:
    """Offer a letter, as far as the server goes along. CouldNotLook(SCOPE) when the byte budget does not allow it.

    With `envelope_only` the transaction ends after RCPT, and no byte of a message is sent.
    """
    if not envelope_only:
        post.share.budget.spend(letter.size)
    answers: list[Answer] = []

    def talk(client: SmtpClient, _: Trace) -> None:
        _transaction(client, way, letter, answers, declared=declared, envelope_only=envelope_only)

    return _offer(way, letter, answers, confer(post, way, talk), declared=declared)


def declare(post: Post, way: Way, letter: Letter) -> Offer:
    """Say MAIL with the letter's SIZE and nothing more."""
    answers: list[Answer] = []

    def talk(client: SmtpClient, _: Trace) -> None:
        answers.append(_answer("MAIL", client.mail(way.sender, letter.size)))
        client.rset()

    return _offer(way, letter, answers, confer(post, way, talk), declared=True)


def _transaction(
    client: SmtpClient, way: Way, letter: Letter, answers: list[Answer], *, declared: bool, envelope_only: bool
) -> None:
    answers.append(_answer("MAIL", client.mail(way.sender, letter.size if declared else None)))
    if not answers[-1].positive:
        return
    answers.append(_answer("RCPT", client.rcpt(letter.recipient)))
    if not answers[-1].positive:
        return
    if envelope_only:
        client.rset()
        return
    answers.append(_answer("message", client.data(letter.text(way.header_from))))


def _offer(way: Way, letter: Letter, answers: list[Answer], trace: Trace, *, declared: bool) -> Offer:
    # Once the server has given its last word, a stumble over QUIT takes nothing away from it.
    spoken = bool(answers) and (answers[-1].to == "message" or not answers[-1].positive)
    return Offer(
        path=way.path,
        place=way.place,
        recipient=letter.recipient,
        size=letter.size,
        declared=declared,
        answers=tuple(answers),
        observations=trace.observations,
        unseen=None if spoken else trace.unseen,
    )


def _answer(to: str, reply: Reply) -> Answer:
    return Answer(to=to, code=reply.code, text=" ".join(reply.lines))
