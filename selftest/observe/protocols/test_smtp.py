"""The SMTP client against scripted peers: what it says, what it makes of the answers."""

from __future__ import annotations

import time

import pytest

from ordinance.observe.api import Unseen
from ordinance.observe.protocols import smtp
from selftest.observe.world import reason_of, script, talk

WHEN = "Mon, 23 Nov 2026 10:00:00 +0000"


def test_ehlo_gives_the_extensions():
    with talk(script(b"220 mail ESMTP\r\n", b"250-mail hello\r\n250-SIZE 1048576\r\n250 starttls\r\n")) as dialogue:
        client = smtp.SmtpClient(dialogue)
        assert client.greeting().code == 220
        assert client.ehlo("a.example") == {"SIZE": "1048576", "STARTTLS": ""}


@pytest.mark.parametrize(
    ("line", "code", "enhanced", "refused"),
    [
        (b"452 4.2.2 mailbox full\r\n", 452, "4.2.2", True),
        (b"552-5.2.2 over\r\n552 5.2.2 quota\r\n", 552, "5.2.2", True),
        (b"250 2.1.0 Ok\r\n", 250, "2.1.0", False),
        (b"550 no\r\n", 550, "", True),
        (b"250\r\n", 250, "", False),
    ],
)
def test_a_refusal_is_an_answer(line, code, enhanced, refused):
    with talk(script(b"220 x\r\n", line)) as dialogue:
        client = smtp.SmtpClient(dialogue)
        client.greeting()
        reply = client.mail("a@b.example", size=100)
        assert (reply.code, reply.enhanced, reply.refused, reply.accepted) == (code, enhanced, refused, not refused)


@pytest.mark.parametrize(
    "said", [b"hello\r\n", b"", b"220-a\r\n250 b\r\n", b"220-a\r\n", b"2200 x\r\n", b"\r\n", b"\x00\xff\r\n"],
    ids=["words", "nothing", "changing codes", "unfinished", "four digits", "empty line", "noise"],
)  # fmt: skip
def test_what_is_not_smtp_is_said_to_be_so(said):
    def once(connection):
        connection.sendall(said)

    with talk(once) as dialogue:
        assert reason_of(smtp.SmtpClient(dialogue).greeting) is Unseen.PROTOCOL


@pytest.mark.parametrize("bad", ["a@b>\r\nRCPT TO:<x@y", "a<b", "a\0b"])
def test_an_address_cannot_smuggle_a_command(bad):
    with talk(script(b"220 x\r\n")) as dialogue, pytest.raises(ValueError):
        smtp.SmtpClient(dialogue).rcpt(bad)


@pytest.mark.parametrize("size", [200, 201, 1000, 65_535, 65_536, 200_001])
def test_a_message_has_exactly_its_size(size):
    assert len(b"".join(smtp.message("a@b.example", "c@d.example", "s", "i@d", WHEN, size))) == size


def test_a_message_too_small_for_its_headers_is_refused():
    with pytest.raises(ValueError, match="headers"):
        list(smtp.message("a@b.example", "c@d.example", "s", "i@d", WHEN, 20))


def receive_data(received):
    def behaviour(connection):
        reader = connection.makefile("rb")
        connection.sendall(b"220 x\r\n")
        reader.readline()
        connection.sendall(b"354 go\r\n")
        for line in iter(reader.readline, b".\r\n"):
            received.append(line)
        connection.sendall(b"250 2.0.0 taken\r\n")

    return behaviour


@pytest.mark.parametrize(
    "chunks",
    [[b".a\r\n..b\r\nc."], [b".", b"a\r\n", b"..b\r", b"\n", b"c."], [b".a\r\n", b"..b\r\nc.\r\n"]],
    ids=["whole", "torn everywhere", "with its end"],
)
def test_dots_are_doubled_wherever_the_pieces_are_torn(chunks):
    received = []
    with talk(receive_data(received)) as dialogue:
        client = smtp.SmtpClient(dialogue)
        client.greeting()
        assert client.data(chunks).code == 250
    assert b"".join(received) == b"..a\r\n...b\r\nc.\r\n"


def test_a_refusal_in_the_middle_of_an_upload_is_read():
    def cuts_off(connection):
        connection.sendall(b"220 x\r\n")
        connection.recv(100)
        connection.sendall(b"354 go\r\n")
        connection.recv(1000)
        connection.sendall(b"552 5.3.4 too big\r\n")
        time.sleep(0.2)  # then the rest of the upload meets a closed door

    with talk(cuts_off) as dialogue:
        client = smtp.SmtpClient(dialogue)
        client.greeting()
        assert client.data(smtp.message("a@b.example", "c@d.example", "s", "i@d", WHEN, 30_000_000)).code == 552


def test_a_wrong_mail_password_is_credentials():
    with talk(script(b"220 x\r\n", b"535 5.7.8 no\r\n")) as dialogue:
        client = smtp.SmtpClient(dialogue)
        client.greeting()
        assert reason_of(lambda: client.login("probe", "password")) is Unseen.CREDENTIALS


def test_text_after_the_consent_to_tls_is_refused():
    with talk(script(b"220 x\r\n", b"220 go\r\n250 injected\r\n")) as dialogue:
        client = smtp.SmtpClient(dialogue)
        client.greeting()
        assert reason_of(lambda: client.starttls("mail.example", None)) is Unseen.PROTOCOL
