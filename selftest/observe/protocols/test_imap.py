"""The IMAP client against scripted peers: quotas, refusals with their code, and what is not IMAP."""

from __future__ import annotations

import pytest

from ordinance.observe.api import Unseen
from ordinance.observe.protocols import imap
from selftest.observe.world import reason_of, script, talk

IMAP = [b"* OK ready\r\n"]


def imap_client(dialogue):
    client = imap.ImapClient(dialogue)
    assert client.greeting() == "ready"
    return client


def test_imap_quota_is_read_in_units_of_1024_bytes():
    answer = b'* QUOTAROOT INBOX "User quota"\r\n* QUOTA "User quota" (STORAGE 10 5120 MESSAGE 3 100)\r\no1 OK done\r\n'
    with talk(script(*IMAP, answer)) as dialogue:
        assert imap_client(dialogue).quota() == (imap.Quota("User quota", 10, 5120, 3, 100),)


def test_imap_without_a_quota_says_none_and_does_not_invent_one():
    with talk(script(*IMAP, b'* QUOTAROOT INBOX "r"\r\n* QUOTA "r" ()\r\no1 OK done\r\n')) as dialogue:
        assert imap_client(dialogue).quota() == (imap.Quota("r", None, None),)


def test_imap_append_over_quota_is_an_answer_with_its_code():
    with talk(script(*IMAP, b"o1 NO [OVERQUOTA] Quota exceeded\r\n")) as dialogue:
        answer = imap_client(dialogue).append("INBOX", b"Subject: x\r\n\r\n")
    assert (answer.ok, answer.code, answer.text) == (False, "OVERQUOTA", "Quota exceeded")


def test_imap_search_select_and_literals():
    with talk(
        script(*IMAP, b"* 3 EXISTS\r\n* OK [UNSEEN {5}\r\nhel]o] x\r\no1 OK [READ-WRITE] ok\r\n", b"* SEARCH 4 9\r\no2 OK x\r\n")
    ) as dialogue:
        client = imap_client(dialogue)
        assert client.select() == 3
        assert client.search("SUBJECT", "probe 7") == (4, 9)


def test_a_huge_imap_literal_is_too_much():
    with talk(script(*IMAP, b"* X {999999999}\r\n")) as dialogue:
        client = imap_client(dialogue)
        assert reason_of(lambda: client.command("NOOP")) is Unseen.TOO_MUCH


@pytest.mark.parametrize("said", [b"o1 BAD what\r\n", b"hello\r\n", b""], ids=["bad", "words", "hung up"])
def test_what_is_not_imap_is_said_to_be_so(said):
    def once(connection):
        connection.sendall(b"* OK ready\r\n")
        connection.recv(100)
        connection.sendall(said)

    with talk(once) as dialogue:
        client = imap_client(dialogue)
        assert reason_of(lambda: client.command("NOOP")) is Unseen.PROTOCOL


@pytest.mark.parametrize("bad", ['a"\r\nb', "tröu", "a\0"])
def test_an_imap_string_cannot_smuggle_a_command(bad):
    with pytest.raises(ValueError):
        imap.quoted(bad)


def test_an_imap_string_is_quoted():
    assert imap.quoted('a"b\\c') == '"a\\"b\\\\c"'
