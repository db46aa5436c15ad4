"""Look "conversations": what a stranger hears on open ports, and what the judges make of what was not heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ordinance.inventory.model import Service
from ordinance.judge.intranet import not_reachable
from ordinance.judge.names import not_named
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.identity import identify_service
from ordinance.observe.looks import conversations as module
from ordinance.observe.looks.conversations import conversations
from ordinance.sight.perimeter import Answer, Conversation, SweepSighting
from selftest.judge.city_cases import CANARY, CITY, HOME, PROFILE, WWW4, ZONE, a_sweep, group, inside, swept
from selftest.observe.looks.city_looks import Talk, Town, context, one
from selftest.observe.looks.test_public_names_look import public_names
from selftest.observe.looks.test_public_names_look import town as name_town

WEB, MAIL, SECURE = (WWW4, 80), (WWW4, 25), (WWW4, 443)
SERVICE = Service("www", one(WWW4), 80, "http", HOME, frozenset({"outside"}))
PLAIN = replace(CITY, services=(SERVICE,))


def reply(body: str, *headers: str, status: str = "200 OK", length: int = -1) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length < 0 else length}", *headers, "", body]
    return "\r\n".join(lines).encode()


def by_host(**pages: bytes) -> Callable[[bytes], bytes]:
    """A web server with a page for every name, and one for strangers."""

    def serve(request: bytes) -> bytes:
        named = next((page for name, page in pages.items() if f"Host: {name.replace('_', '.')}".encode() in request), None)
        return pages["stranger"] if named is None else named

    return serve


def opened(*ports: int) -> SweepSighting:
    seen = swept(WWW4, group(tuple((port, port) for port in ports), Answer.OPEN, hops=1))
    return replace_addresses(a_sweep(seen), WWW4)


def replace_addresses(sweep: SweepSighting, *kept: str) -> SweepSighting:
    addresses = tuple(seen for seen in sweep.addresses if seen.address in kept)
    return SweepSighting(vantage="outside", addresses=addresses, certificate=sweep.certificate, observations=sweep.observations)


def talk(town: Town, port: int = 80) -> Conversation:
    found = conversations(context(town, PLAIN, lambda name: opened(port))).at(WWW4, port)
    assert found is not None
    return found


def test_the_home_page_is_heard_by_its_words() -> None:
    seen = talk(Town(listeners={WEB: by_host(stranger=reply(f"<title>City</title>{HOME}"))}))
    assert (seen.protocol, seen.identities, seen.cut, seen.unseen) == ("http", (HOME,), "", "")
    assert seen.said == '200 OK, title "City"'


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (reply(HOME, length=90_000), "cut"),
        (reply(HOME + "x" * 60_000), "cut after 45056 bytes"),
        (reply(HOME, "Content-Encoding: gzip"), "coding gzip"),
    ],
)
def test_a_page_that_was_not_read_as_a_whole_says_so(page: bytes, words: str) -> None:
    seen = talk(Town(listeners={WEB: by_host(stranger=page)}))
    assert words in seen.cut


def test_a_canary_beyond_the_cap_is_not_proven_absent() -> None:
    town = Town(listeners={WEB: by_host(stranger=reply(HOME + "x" * 60_000 + CANARY))})
    said = conversations(context(town, PLAIN, lambda name: opened(80)))
    verdict = not_reachable("intranet", a_sweep(), said, inside(), inventory=PLAIN, profile=PROFILE)
    assert verdict.state.value == "unproven"
    assert "was not seen (its page was cut" in verdict.reason


def test_an_intranet_that_shows_itself_to_who_knows_its_name_is_seen() -> None:
    hidden = by_host(stranger=reply(HOME), intranet_city_example=reply(f"<p>{CANARY}</p>"))
    seen = talk(Town(listeners={WEB: hidden}))
    assert (seen.canaries, seen.identities) == ((CANARY,), (HOME,))


def test_a_page_of_any_status_answers_to_the_intranet_s_name() -> None:
    seen = talk(Town(listeners={WEB: by_host(stranger=reply(HOME), intranet_city_example=reply("", status="421 Elsewhere"))}))
    assert (seen.canaries, seen.cut, seen.unseen) == ((), "", "")


def test_who_hangs_up_on_the_intranet_s_name_has_not_answered() -> None:
    """A connection that breaks by itself looks the same."""
    town = Town(listeners={WEB: by_host(stranger=reply(HOME), intranet_city_example=b"")})
    said = conversations(context(town, PLAIN, lambda name: opened(80)))
    assert "asked as intranet.city.example, its page could not be read: protocol: the peer hung up" in said.conversations[0].cut
    verdict = not_reachable("intranet", a_sweep(), said, inside(), inventory=PLAIN, profile=PROFILE)
    assert verdict.state.value == "unproven"
    assert "was not seen (asked as intranet.city.example" in verdict.reason


def test_a_page_that_breaks_off_behind_a_redirect_was_not_seen() -> None:
    moved = reply("", "Location: http://www.city.example/", status="302 Found")
    seen = talk(Town(listeners={WEB: by_host(stranger=moved, www_city_example=b"", intranet_city_example=moved)}))
    assert "the peer hung up" in seen.unseen


def test_a_redirect_to_its_own_name_is_followed_on_the_same_address() -> None:
    moved = reply("", "Location: http://www.city.example/home", status="301 Moved")
    town = Town(listeners={WEB: by_host(stranger=moved, www_city_example=reply(HOME), intranet_city_example=moved)})
    seen = talk(town)
    assert (seen.identities, seen.location, seen.said) == ((HOME,), "", "200 OK")


@pytest.mark.parametrize(
    "location",
    [
        "http://www.city.example/",
        "/",
        "ftp://www.city.example/",
        "http://[broken",
        "http://a b/",
        "https://www.city.example/",
        "",
    ],
)
def test_a_redirect_that_leads_nowhere_ends(location: str) -> None:
    moved = reply("", f"Location: {location}", status="302 Found")
    seen = talk(Town(listeners={WEB: lambda request: moved}))
    assert (seen.identities, seen.location, seen.unseen) == ((), location, "")


def test_identity_is_proven_through_a_redirect_on_the_same_server() -> None:
    moved = reply("", "Location: http://www.city.example/", status="301 Moved")
    town = Town(listeners={WEB: by_host(stranger=moved, www_city_example=reply(HOME))})
    assert identify_service(town.at("outside"), SERVICE).proven
    assert not identify_service(Town(listeners={WEB: lambda request: moved}).at("outside"), SERVICE).proven


def test_a_port_that_takes_the_question_and_hangs_up_is_not_known() -> None:
    town = Town(listeners={WEB: lambda request: b""})
    said = conversations(context(town, PLAIN, lambda name: opened(80)))
    assert said.conversations[0].protocol == "closed"
    verdict = not_reachable("intranet", a_sweep(), said, inside(), inventory=PLAIN, profile=PROFILE)
    assert "serves is not known" in verdict.reason


# -- the certificate of mail -----------------------------------------------------------------------------------------------------


def mail(starttls: bytes) -> Callable[[bytes], bytes]:
    def serve(said: bytes) -> bytes:
        if not said:
            return b"220 mail ESMTP\r\n"
        if said.startswith(b"EHLO"):
            return b"250-mail\r\n250 STARTTLS\r\n"
        return starttls if said.startswith(b"STARTTLS") else b"500 what?\r\n"

    return serve


def mail_town(starttls: bytes, *names: str) -> Town:
    return Town(listeners={MAIL: mail(starttls)}, certificates={MAIL: names} if names else {})


def test_the_names_of_mail_s_certificate_are_seen() -> None:
    seen = talk(mail_town(b"220 go on\r\n", "mail.city.example", "intranet.city.example"), 25)
    assert (seen.protocol, seen.tls_names) == ("smtp", ("mail.city.example", "intranet.city.example"))


@pytest.mark.parametrize("town", [mail_town(b"454 not now\r\n"), mail_town(b"220 go on\r\n")])
def test_a_certificate_of_mail_that_was_not_seen_is_said_to_be_so(town: Town) -> None:
    seen = talk(town, 25)
    assert (seen.protocol, seen.tls_names, seen.unseen) == ("smtp", (), "")
    assert seen.uncertified
    said = conversations(context(town, PLAIN, lambda name: opened(25)))
    verdict = not_named(ZONE, public_names(context(name_town(), PLAIN)), a_sweep(), said, inventory=PLAIN, profile=PROFILE)
    assert verdict.state.value == "unproven"
    assert f"the certificate that {WWW4} port 25 offers was not seen" in verdict.reason


# -- certificates that are shown later, or to who knows a name -------------------------------------------------------------------


def test_a_certificate_that_is_shown_to_who_knows_the_intranet_s_name_is_seen() -> None:
    secret = {"intranet.city.example": ("intranet.city.example",)}
    town = Town(
        listeners={SECURE: lambda said: reply(HOME) if said else b""}, certificates={SECURE: ("www.city.example",)},
        tls_only=True, by_server_name=secret,
    )  # fmt: skip
    said = conversations(context(town, PLAIN, lambda name: opened(443)))
    assert said.conversations[-1].tls_names == ("www.city.example", "intranet.city.example")
    verdict = not_named(ZONE, public_names(context(name_town(), PLAIN)), a_sweep(), said, inventory=PLAIN, profile=PROFILE)
    assert verdict.state.value == "violated"


def starts_tls(greeting: bytes, asked: bytes, answer: bytes) -> Callable[[bytes], bytes]:
    """Greets, is known by what it says to whoever finds out what it speaks, and answers who asks for TLS."""
    known = {b"CAPABILITIES": b"101 here\r\n.\r\n", b"SYST": b"215 UNIX\r\n", b"EHLO": b"500 what?\r\n"}

    def serve(said: bytes) -> bytes:
        if not said:
            return greeting
        if said.startswith(asked):
            return answer
        return next((told for start, told in known.items() if said.startswith(start)), b"500 what?\r\n")

    return serve


LATER = {
    "nntp": (b"200 news\r\n", b"STARTTLS", b"382 go on\r\n", b"580 no certificate\r\n", b"400 not now\r\n"),
    "imap": (b"* OK here\r\n", b"a STARTTLS", b"* note\r\na OK go on\r\n", b"a BAD what?\r\n", b"a NO not now\r\n"),
    "pop3": (b"+OK here\r\n", b"STLS", b"+OK go on\r\n", b"-ERR what?\r\n", b""),
    "ftp": (b"220-files\r\n220 here\r\n", b"AUTH TLS", b"234 go on\r\n", b"530 log in first\r\n", b"431 not now\r\n"),
}


@pytest.mark.parametrize("protocol", LATER)
def test_a_certificate_within_a_plain_session_is_seen_or_said_not_to_have_been(protocol: str) -> None:
    greeting, asked, yes, unknown, refused = LATER[protocol]
    names = ("news.city.example", "intranet.city.example")
    found = {
        answer: talk(Town(listeners={MAIL: starts_tls(greeting, asked, answer)}, certificates={MAIL: names}), 25)
        for answer in (yes, unknown, refused)
    }
    assert {seen.protocol for seen in found.values()} == {protocol}
    assert [(found[answer].tls_names, bool(found[answer].uncertified)) for answer in (yes, unknown, refused)] == [
        (names, False), ((), False), ((), True),
    ]  # fmt: skip


# -- a path that loses packets ---------------------------------------------------------------------------------------------------


def slow(times: int, serve: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Says nothing in time, so many times, and then what it has to say."""
    left = [times]

    def late(said: bytes) -> bytes:
        left[0] -= 1
        if left[0] >= 0:
            raise CouldNotLook(Unseen.DEADLINE, "the deadline passed while receiving", "o-late")
        return serve(said)

    return late


def test_a_declared_service_that_said_nothing_in_time_is_talked_to_again() -> None:
    home = by_host(stranger=reply(HOME))
    assert talk(Town(listeners={WEB: slow(3, home)})).identities == (HOME,)
    assert talk(Town(listeners={WEB: slow(99, home)})).protocol == "silent"


def test_a_port_that_nobody_declares_may_be_silent() -> None:
    greets = slow(3, lambda said: b"220 mail ESMTP\r\n")
    assert talk(Town(listeners={MAIL: greets}), 25).protocol == "silent"


def test_what_was_seen_in_an_unfinished_conversation_is_not_forgotten() -> None:
    first = Conversation(
        address=WWW4, port=80, protocol="http", said="", canaries=("secret",), tls_names=("a",), observation="o-1"
    )
    again = Conversation(address=WWW4, port=80, protocol="http", said="", tls_names=("b",), identities=("c",), observation="o-2")
    joined = module._joined(first, again)
    assert (joined.canaries, joined.tls_names, joined.identities) == (("secret",), ("a", "b"), ("c",))
    gone = Conversation(address=WWW4, port=80, protocol="", said="", unseen="no-answer: gone", observation="o-3")
    assert module._joined(first, gone) is first


def test_a_tls_port_that_refused_plain_http_is_offered_tls_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first offer had no answer in time: "speaks HTTP" would be a false accusation of a port that declares HTTPS."""
    offered, start_tls = [0], Talk.start_tls

    def late_at_first(self: Talk, *args: Any, **more: Any) -> Any:
        offered[0] += 1
        if offered[0] == 1:
            raise CouldNotLook(Unseen.DEADLINE, "the deadline passed while receiving", "o-late")
        return start_tls(self, *args, **more)

    monkeypatch.setattr(Talk, "start_tls", late_at_first)
    town = Town(
        listeners={SECURE: lambda said: reply(HOME, status="400 Bad Request") if said else b""},
        certificates={SECURE: ("www.city.example",)},
    )
    seen = conversations(context(town, CITY, lambda name: opened(443))).at(WWW4, 443)
    assert seen is not None
    assert seen.protocol == "https"
    assert offered[0] > 1
