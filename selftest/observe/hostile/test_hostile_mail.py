"""Hostile mail and news servers: SMTP, IMAP and NNTP dialogues end in time, in little memory, for the right reason."""

from __future__ import annotations

import pytest

from ordinance.observe.api import Unseen
from ordinance.observe.protocols import imap, nntp, smtp
from selftest.observe.hostile.bounds import LATER, SOON, Peer, dialogue, endure

TOO_MUCH, DEADLINE, PROTOCOL = Unseen.TOO_MUCH, Unseen.DEADLINE, Unseen.PROTOCOL
WHEN = "Mon, 23 Nov 2026 10:00:00 +0000"


def greet(opened):
    return smtp.SmtpClient(opened).greeting()


def ehlo(opened):
    client = smtp.SmtpClient(opened)
    client.greeting()
    return client.ehlo("a.example")


def starttls(opened):
    client = smtp.SmtpClient(opened)
    client.greeting()
    return client.starttls("mail.example", None, verify=False)


def upload(opened):
    client = smtp.SmtpClient(opened)
    client.greeting()
    return client.data(smtp.message("a@b.example", "c@d.example", "s", "i@d", WHEN, 8_000_000))


def after(greeting, *steps):
    """Greet, wait for a command, then one step after the other."""

    def behave(peer: Peer) -> None:
        peer.say(greeting)
        peer.hear()
        for step in steps:
            step(peer)

    return behave


def says(data):
    return lambda peer: peer.say(data)


def floods(data):
    return lambda peer: peer.flood(data)


def drips(data, every=0.05):
    return lambda peer: peer.drip(data, every)


def holds(peer):
    peer.hold()


HI = b"220 mail ESMTP\r\n"
SMTP = [
    ("greeting without end", floods(b"220-" + b"x" * 500 + b"\r\n"), greet, TOO_MUCH, LATER),
    ("greeting of bare codes without end", floods(b"220-\r\n"), greet, TOO_MUCH, LATER),
    ("greeting without a line end", floods(b"220 x"), greet, TOO_MUCH, LATER),
    ("greeting of NULs", floods(b"\0"), greet, TOO_MUCH, LATER),
    ("greeting of terminal escapes", floods(b"\x1b[2J\x1b]0;x\x07"), greet, TOO_MUCH, LATER),
    ("a byte now and then", drips(b"220-a\r\n"), greet, DEADLINE, SOON),
    ("no greeting", holds, greet, DEADLINE, SOON),
    ("EHLO with extensions without end", after(HI, floods(b"250-XTENSION with words\r\n")), ehlo, TOO_MUCH, LATER),
    ("EHLO of one endless line", after(HI, floods(b"250-" + b"X" * 900)), ehlo, TOO_MUCH, LATER),
    ("EHLO that drips", after(HI, drips(b"250-SIZE 1\r\n")), ehlo, DEADLINE, SOON),
    ("EHLO answered by 220 for ever", after(HI, floods(b"220-again\r\n")), ehlo, TOO_MUCH, LATER),
    ("EHLO whose codes change", after(HI, says(b"250-a\r\n"), floods(b"251-b\r\n")), ehlo, PROTOCOL, LATER),
    ("consent to TLS and then text", after(HI, says(b"220 go\r\n"), floods(b"220 what?\r\n")), starttls, PROTOCOL, LATER),
    ("consent to TLS and then silence", after(HI, says(b"220 go\r\n"), holds), starttls, DEADLINE, SOON),
    ("an upload that nobody reads", after(HI, says(b"354 go\r\n"), holds), upload, DEADLINE, SOON),
    ("an upload answered without end", after(HI, says(b"354 go\r\n"), floods(b"250-x\r\n")), upload, (TOO_MUCH, DEADLINE), 2.0),
]  # fmt: skip


def imap_command(opened):
    client = imap.ImapClient(opened)
    client.greeting()
    return client.command("NOOP")


def imap_select(opened):
    client = imap.ImapClient(opened)
    client.greeting()
    return client.select()


def imap_search(opened):
    client = imap.ImapClient(opened)
    client.greeting()
    return client.search("ALL")


def imap_quota(opened):
    client = imap.ImapClient(opened)
    client.greeting()
    return client.quota()


OK = b"* OK ready\r\n"
IMAP = [
    ("greeting without end", floods(b"* OK x"), imap_command, TOO_MUCH, LATER),
    ("a literal of 4 GiB", after(OK, says(b"* X {4294967295}\r\n"), floods(b"x")), imap_command, TOO_MUCH, LATER),
    ("a literal that never comes", after(OK, says(b"* X {40000}\r\n"), holds), imap_command, DEADLINE, SOON),
    ("a literal that drips", after(OK, says(b"* X {40000}\r\n"), drips(b"x")), imap_command, DEADLINE, SOON),
    ("literals one in another without end", after(OK, says(b"* X "), floods(b"{0}\r\n")), imap_command, TOO_MUCH, LATER),
    (
        "literals behind a wall of braces",
        after(OK, says(b"* " + (b"{" * 4000 + b"{0}\r\n") * 15 + b"{0}\r\n" * 1000), floods(b"{0}\r\n")),
        imap_command, TOO_MUCH, 1.0,
    ),
    ("untagged answers without end", after(OK, floods(b"* 1 EXISTS\r\n")), imap_command, TOO_MUCH, LATER),
    ("empty untagged answers without end", after(OK, floods(b"* \r\n")), imap_command, TOO_MUCH, LATER),
    ("consent without end", after(OK, floods(b"+ go on\r\n")), imap_command, TOO_MUCH, LATER),
    ("found messages without end", after(OK, says(b"* SEARCH"), floods(b" 4294967295")), imap_search, TOO_MUCH, LATER),
    ("found messages in lines without end", after(OK, floods(b"* SEARCH 1 2 3 4 5 6\r\n")), imap_search, TOO_MUCH, LATER),
    ("answers to another command", after(OK, floods(b"o9 OK done\r\n")), imap_command, PROTOCOL, LATER),
    ("a number that is none", after(OK, says(b"* \xc2\xb2 EXISTS\r\no1 OK done\r\n"), holds), imap_select, PROTOCOL, LATER),
    ("a number of 999 digits", after(OK, says(b"* " + b"9" * 999 + b" EXISTS\r\no1 OK x\r\n"), holds), imap_select, int, LATER),
    ("quota roots without end", after(OK, floods(b'* QUOTA "r" (STORAGE 1 2)\r\n')), imap_quota, TOO_MUCH, LATER),
    ("an answer that drips", after(OK, drips(b"* 1 EXISTS\r\n")), imap_command, DEADLINE, SOON),
]  # fmt: skip


def capabilities(opened):
    client = nntp.NntpClient(opened)
    client.greeting()
    return client.capabilities()


NEWS = b"200 news\r\n"
NNTP = [
    ("greeting without end", floods(b"200"), capabilities, TOO_MUCH, LATER),
    ("a list without end", after(NEWS, says(b"101 list\r\n"), floods(b"READER\r\n")), capabilities, PROTOCOL, LATER),
    ("a list of one endless line", after(NEWS, says(b"101 list\r\n"), floods(b"READER ")), capabilities, TOO_MUCH, LATER),
    ("a list that drips", after(NEWS, says(b"101 list\r\n"), drips(b"A\r\n")), capabilities, DEADLINE, SOON),
    ("a list that stops", after(NEWS, says(b"101 list\r\nREADER\r\n"), holds), capabilities, DEADLINE, SOON),
    ("a list of doubled dots", after(NEWS, says(b"101 list\r\n"), floods(b"..\r\n")), capabilities, PROTOCOL, LATER),
]
CASES = [
    pytest.param(*case[1:], id=f"{name}: {case[0]}")
    for name, cases in (("SMTP", SMTP), ("IMAP", IMAP), ("NNTP", NNTP))
    for case in cases
]


@pytest.mark.parametrize(("behave", "talk", "expected", "seconds"), CASES)
def test_a_hostile_mail_or_news_server_is_borne(behave, talk, expected, seconds):
    ending = endure(behave, dialogue(talk), seconds)
    if isinstance(expected, type):
        assert isinstance(ending.value, expected)
        return
    assert ending.reason in (expected if isinstance(expected, tuple) else (expected,))
    (record,) = ending.records
    assert record.outcome == ending.reason.value
    assert len(record.seen) < 100_000
