"""The NNTP client against a scripted peer."""

from __future__ import annotations

from ordinance.observe.protocols import nntp
from selftest.observe.world import script, talk


def test_nntp_capabilities():
    with talk(script(b"200 news ready\r\n", b"101 list\r\nVERSION 2\r\nREADER\r\n.\r\n", b"205 bye\r\n")) as dialogue:
        client = nntp.NntpClient(dialogue)
        assert client.greeting() == nntp.NntpReply(200, "news ready")
        assert client.capabilities() == ("VERSION 2", "READER")
        assert client.quit().code == 205
