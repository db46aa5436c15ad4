"""Protocol clients against scripted peers: what they say, what they make of the answers."""

from __future__ import annotations

import contextlib
import socket
import time

import dns.message
import dns.rrset
import pytest

from ordinance.observe.api import Deadline, Unseen
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.protocols import dns as dns_client
from ordinance.observe.protocols import http, identify, imap, nntp, smtp
from selftest.observe.world import LOOPBACK, door, peer, reason_of, script

WHEN = "Mon, 23 Nov 2026 10:00:00 +0000"


@contextlib.contextmanager
def talk(behaviour, seconds=3.0):
    with peer(behaviour) as port, door(MemoryJournal()).at("here").connect(LOOPBACK, port, Deadline.after(seconds)) as dialogue:
        yield dialogue


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


def test_nntp_capabilities():
    with talk(script(b"200 news ready\r\n", b"101 list\r\nVERSION 2\r\nREADER\r\n.\r\n", b"205 bye\r\n")) as dialogue:
        client = nntp.NntpClient(dialogue)
        assert client.greeting() == nntp.NntpReply(200, "news ready")
        assert client.capabilities() == ("VERSION 2", "READER")
        assert client.quit().code == 205


def answer_http(answer, asked=None):
    def behaviour(connection):
        question = connection.recv(4096)
        if asked is not None:
            asked.append(question)
        connection.sendall(answer)

    return behaviour


HTTP = [
    ("with a length", b"Content-Length: 5\r\n\r\nhello!", b"hello", True),
    ("until the end", b"\r\nhello", b"hello", True),
    ("cut by the peer", b"Content-Length: 9\r\n\r\nhello", b"hello", False),
    ("in chunks", b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\n\r\n", b"hello", True),
    ("chunks cut off", b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n9\r\nlo", b"hello", False),
    ("a nonsense chunk", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"", False),
    ("a huge chunk", b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n" + b"a" * 100, b"a" * 20, False),
    ("beyond the cap", b"\r\n" + b"a" * 100, b"a" * 20, False),
    ("a length beyond the cap", b"Content-Length: 100\r\n\r\n" + b"a" * 100, b"a" * 20, False),
    ("exactly the cap", b"Content-Length: 20\r\n\r\n" + b"a" * 20, b"a" * 20, True),
    ("an enormous length", b"Content-Length: " + b"9" * 300 + b"\r\n\r\nhello", b"hello", False),
]


@pytest.mark.parametrize(("rest", "body", "complete"), [case[1:] for case in HTTP], ids=[case[0] for case in HTTP])
def test_a_body_ends_where_it_says_or_is_called_incomplete(rest, body, complete):
    journal = MemoryJournal()
    with peer(answer_http(b"HTTP/1.1 200 OK\r\nServer: x\r\n" + rest)) as port:
        here = door(journal).at("here")
        reply = http.fetch(here, LOOPBACK, port, Deadline.after(3), host="a.example", body_cap=20)
    assert (reply.status, reply.body, reply.complete, reply.header("SERVER")) == (200, body, complete, "x")
    assert reply.observation == journal.contacts[0].id


def test_what_is_asked_over_http():
    asked = []
    with peer(answer_http(b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\n\r\n", asked)) as port:
        here = door(MemoryJournal()).at("here")
        reply = http.fetch(here, LOOPBACK, port, Deadline.after(3), host="intranet.example", target="http://intranet.example/x")
    assert asked[0].startswith(b"GET http://intranet.example/x HTTP/1.1\r\nHost: intranet.example\r\n")
    assert b"Accept-Encoding: identity\r\n" in asked[0]
    assert (reply.status, reply.header("location")) == (302, "http://elsewhere.example/")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"220 mail ESMTP\r\n", Unseen.PROTOCOL),
        (b"", Unseen.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000, Unseen.TOO_MUCH),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000, Unseen.TOO_MUCH),
    ],
    ids=["mail", "nothing", "endless headers", "an endless header"],
)
def test_what_is_not_http_is_said_to_be_so(answer, reason):
    with peer(answer_http(answer)) as port:
        here = door(MemoryJournal()).at("here")
        assert reason_of(lambda: http.fetch(here, LOOPBACK, port, Deadline.after(3), host="a.example")) is reason


def test_a_header_cannot_smuggle_a_request():
    with talk(answer_http(b"")) as dialogue, pytest.raises(ValueError):
        http.request(dialogue, host="a\r\nX: y")


def answer_dns(*makers):
    def behaviour(connection):
        length = int.from_bytes(connection.recv(2), "big")
        question = dns.message.from_wire(connection.recv(length))
        for make in makers:
            wire = make(question)
            connection.sendall(len(wire).to_bytes(2, "big") + wire)

    return behaviour


def records(*texts, rcode=0, other_id=False):
    def make(question):
        reply = dns.message.make_response(question)
        reply.set_rcode(rcode)
        reply.answer = [dns.rrset.from_text(*text.split(" ", 4)[:1], 60, "IN", *text.split(" ", 2)[1:]) for text in texts]
        if other_id:
            reply.id ^= 1
        return reply.to_wire()

    return make


def ask_dns(behaviour, call, name="www.city.example", *rest):
    with peer(behaviour) as port:
        return call(door(MemoryJournal()).at("here"), LOOPBACK, name, *rest, Deadline.after(3), port=port)


def test_a_dns_answer_and_a_refusal():
    found = ask_dns(answer_dns(records("www.city.example. A 198.51.100.8")), dns_client.query, "www.city.example", "A")
    assert (found.rcode, found.answers) == ("NOERROR", (dns_client.Record("www.city.example.", "A", 60, "198.51.100.8"),))
    assert ask_dns(answer_dns(records(rcode=5)), dns_client.query, "x.example", "AAAA").rcode == "REFUSED"


@pytest.mark.parametrize(
    "behaviour",
    [
        answer_dns(records(other_id=True)),
        answer_dns(lambda question: b"garbage"),
        answer_dns(lambda question: question.to_wire()),
        lambda c: c.recv(100),
        lambda c: (c.recv(100), c.sendall(b"\xff\xffabc")),
    ],
    ids=["another id", "garbage", "an echo", "hung up", "cut off"],
)
def test_what_is_not_an_answer_to_the_question_is_said_to_be_so(behaviour):
    assert reason_of(lambda: ask_dns(behaviour, dns_client.query, "a.example", "A")) is Unseen.PROTOCOL


SOA = "city.example. SOA ns.city.example. x.city.example. 1 2 3 4 5"


def test_a_transfer_is_read_to_its_closing_record():
    got = ask_dns(answer_dns(records(SOA, "a.city.example. A 10.0.0.1"), records(SOA)), dns_client.transfer, "city.example")
    assert (got.complete, [record.type for record in got.records]) == (True, ["SOA", "A", "SOA"])


def test_a_transfer_that_breaks_off_still_shows_what_came():
    got = ask_dns(answer_dns(records(SOA, "a.city.example. A 10.0.0.1")), dns_client.transfer, "city.example")
    assert (got.complete, len(got.records)) == (False, 2)


@pytest.mark.parametrize(("behaviour", "rcode"), [(answer_dns(records(rcode=5)), "REFUSED"), (lambda c: c.recv(100), "CLOSED")])
def test_a_refused_transfer_is_an_answer(behaviour, rcode):
    got = ask_dns(behaviour, dns_client.transfer, "city.example")
    assert (got.rcode, got.records) == (rcode, ())


def server(greeting, answers):
    """Speaks first, then answers lines by their first word; what it does not know gets the answer for ""."""

    def behaviour(connection):
        connection.sendall(greeting)
        for line in connection.makefile("rb"):
            word = line.split()[0].decode("latin-1") if line.split() else ""
            connection.sendall(answers.get(word, answers.get("", b"500 what?\r\n")))

    return behaviour


def web(connection):
    connection.recv(1000)
    connection.sendall(b"HTTP/1.0 400 no\r\n\r\n")


def web_over_tls_alone(connection):
    """As a web server over TLS on a path that loses the beginning of TLS again and again."""
    if connection.recv(1000).startswith(b"\x16"):
        time.sleep(3)
    else:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP was sent to an HTTPS port")


def echo(connection):
    while data := connection.recv(1000):
        connection.sendall(data)


def mute(connection):
    connection.recv(1000)
    time.sleep(3)


def greets_late(connection):
    """As a news server whose greeting is lost until something was asked of it."""
    if connection.recv(1000):
        connection.sendall(b"200 news\r\n")
    while connection.recv(1000):
        connection.sendall(b"500 what?\r\n")


def greets_and_sleeps(connection):
    """As a mail server whose next words are lost on the way."""
    connection.sendall(b"220 mail.city.example ESMTP\r\n")
    mute(connection)


def dns_server(connection):
    data = connection.recv(1000)
    if data[2:4] == b"\x6f\x72":
        connection.sendall(data[:4] + b"\x80" + data[5:])


IDENTIFY = [
    ("smtp", server(b"220 x\r\n", {"EHLO": b"250-x\r\n250 SIZE\r\n"})),
    ("smtp", server(b"220-wait\r\n220 x\r\n", {"EHLO": b"250 x\r\n"})),
    ("ftp", server(b"220 welcome to our ESMTP\r\n", {"EHLO": b"500 ?\r\n", "SYST": b"215 UNIX\r\n"})),
    ("ftp", server(b"220-a\r\n b\r\n220 c\r\n", {"": b"530 log in first\r\n"})),
    ("nntp", server(b"200 x\r\n", {"CAPABILITIES": b"101 x\r\nREADER\r\n.\r\n"})),
    ("nntp", server(b"201 x\r\n", {"DATE": b"111 20261123000000\r\n"})),
    ("nntp", lambda c: c.sendall(b"502 no permission\r\n")),
    ("unknown", server(b"200 x\r\n", {})),
    ("unknown", server(b"220 NNTP SMTP FTP\r\n", {})),
    ("ssh", lambda c: c.sendall(b"SSH-2.0-x\r\n")),
    ("telnet", lambda c: (c.sendall(b"\xff\xfd\x18\xff\xfd\x20"), time.sleep(3))),
    ("telnet", lambda c: (c.sendall(b"\r\nDebian 12\r\nlogin: "), time.sleep(3))),
    ("imap", lambda c: c.sendall(b"* OK x\r\n")),
    ("pop3", lambda c: c.sendall(b"+OK x\r\n")),
    ("http", web),
    ("unknown", web_over_tls_alone),
    ("dns", dns_server),
    ("echo", echo),
    ("silent", mute),
    ("closed", lambda c: c.shutdown(socket.SHUT_RDWR)),
    ("unknown", lambda c: c.sendall(b"\x00\x01\x02 hello")),
    ("closed", lambda c: c.sendall(b"421 4.7.0 too many connections\r\n")),
    ("silent", greets_and_sleeps),
    ("silent", greets_late),
    ("silent", lambda c: (c.sendall(b"220 x\r\n"), c.recv(1000))),
]


@pytest.mark.parametrize(("protocol", "behaviour"), IDENTIFY, ids=[f"{name}-{at}" for at, (name, _) in enumerate(IDENTIFY)])
def test_a_port_is_known_by_what_it_does_and_not_by_what_it_says(protocol, behaviour):
    with peer(behaviour) as port:
        found = identify.identify(door(MemoryJournal()).at("here"), LOOPBACK, port, Deadline.after(8), listen=0.5)
    assert found.protocol == protocol
    assert all(found.observations)


def test_a_printer_that_took_the_connection_is_silent_and_was_seen_to_be_open():
    """Nothing may be said to it; that it is open is known all the same."""
    for port in range(9100, 9108):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found = identify.identify(door(MemoryJournal()).at("here"), LOOPBACK, port, Deadline.after(8), listen=0.3)
            assert found.protocol == "silent"
            return
    pytest.fail("every port of a printer is in use here")


def test_a_closed_port_is_not_identified():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    here = door(MemoryJournal()).at("here")
    assert reason_of(lambda: identify.identify(here, LOOPBACK, port, Deadline.after(2))) is Unseen.REFUSED
