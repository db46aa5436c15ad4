"""The whole way, from a hostile peer through the door to the verdict: it may end violated or unproven, never compliant."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from ordinance.inventory.model import Host, IntranetSite, Inventory, ProbeMailbox, PublicGroup, Scope, SecretRef, Service, Vantage
from ordinance.judge.inbound import inbound_tcp
from ordinance.judge.internet_server import through_internet_server
from ordinance.judge.intranet import not_reachable
from ordinance.judge.mail_full import full_cannot_receive, full_cannot_send, recovers
from ordinance.judge.mail_limit import limit_advertised, limit_enforced, limit_enforced_undeclared
from ordinance.judge.names import not_named
from ordinance.judge.services import right_host, speaks_what_it_says
from ordinance.observe.api import LookContext
from ordinance.observe.door import NetworkDoor
from ordinance.observe.identity import identify_service
from ordinance.observe.looks.conversations import conversations
from ordinance.observe.looks.mail_full import mail_full
from ordinance.observe.looks.mail_limits import mail_limits
from ordinance.observe.memory import MemoryJournal
from ordinance.sight.names import NamesSighting
from ordinance.sight.perimeter import Answer, Canary, SweepSighting
from selftest.judge.city_cases import CANARY, HOME, PROFILE, ZONE, a_certificate, group, inside, swept, with_city
from selftest.observe.hostile.bounds import Peer, bounded, hostile
from selftest.observe.world import LOOPBACK

HERE = "127.0.0.1"
NEVER = ("unproven", "violated")
SECONDS = 0.5  #: of a dialogue
#: Controls that are about what is said, and not about what is not: the beginning of a page can show them.
BY_WORDS = ("9.A.2/speaks-what-it-says", "9.A.3/through-internet-server")


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setenv("HUSH", "open-sesame")
    for name in ("mail.session.SESSION_SECONDS", "mail.box.SESSION_SECONDS", "looks.conversations.SECONDS", "identity.SECONDS"):
        monkeypatch.setattr(f"ordinance.observe.{name}", SECONDS)
    monkeypatch.setattr("ordinance.observe.mail.shared.ARRIVAL_SECONDS", 0.2)
    monkeypatch.setattr("ordinance.observe.mail.box.WATCH_SECONDS", 0.1)


def answers(data, then=lambda peer: peer.hold()):
    def behave(peer: Peer) -> None:
        peer.hear()
        peer.say(data)
        then(peer)

    return behave


HTTP = b"HTTP/1.1 200 OK\r\n"
PEERS = [
    ("says nothing", lambda peer: peer.hold()),
    ("drips", lambda peer: peer.drip(b"220-x\r\n")),
    ("floods lines", lambda peer: peer.flood(b"220-mail.city.example ESMTP\r\n")),
    ("floods NULs", lambda peer: peer.flood(b"\0")),
    ("hangs up", lambda peer: None),
    ("echoes", lambda peer: [peer.say(peer.hear()) for _ in range(50)]),
    ("is a page without end", answers(HTTP + b"\r\n" + HOME.encode(), lambda peer: peer.flood(b"x"))),
    ("is a page that drips", answers(HTTP + b"Content-Length: 9999\r\n\r\n" + HOME.encode(), lambda peer: peer.drip(b"x"))),
    ("is a bomb", answers(HTTP + b"Content-Encoding: gzip\r\n\r\n" + HOME.encode() + b"x" * 40_000, lambda peer: None)),
    (
        "says it is everything",
        lambda peer: peer.say(b"220 mail.city.example ESMTP SSH-2.0 * OK 200 HTTP/1.1\r\n" + HOME.encode()),
    ),
]


def city_of(port: int, protocol: str, words: str) -> Inventory:
    """One address, which is public, with one service; everything else of the city is elsewhere."""
    mailbox = ProbeMailbox(
        address="probe@city.example", user="probe", password=SecretRef("env", "HUSH"), gateway=LOOPBACK, gateway_port=port,
        submission=LOOPBACK, submission_port=port, imap=LOOPBACK, imap_port=port, server_name="mail.city.example", ca=None,
        second_recipient="probe2@city.example", byte_budget=8_000_000,
    )  # fmt: skip
    site = IntranetSite("intranet", (LOOPBACK,), ("intranet.city.example",), port, CANARY)
    hosts = {
        "www": Host("www", frozenset({"internet_servers", "mail_gateways"}), addresses=(LOOPBACK,)),
        "intranet": Host("intranet", frozenset({"intranet_servers"}), addresses=(LOOPBACK,)),
    }
    return with_city(
        hosts=hosts, public=(PublicGroup("four", (LOOPBACK,)),), intranet=(site,), probe_mailbox=mailbox, echo=(),
        services=(Service("www", LOOPBACK, port, protocol, words, frozenset({"outside", "inside"})),),
        vantages={"here": Vantage("here", "management", None), "outside": Vantage("outside", "outside", None)},
        scope=Scope((ip_network("127.0.0.1/32"),)),
    )  # fmt: skip


@pytest.mark.parametrize("behave", [case[1] for case in PEERS], ids=[case[0] for case in PEERS])
def test_a_mail_system_that_misbehaves_is_never_compliant(behave):
    with hostile(behave) as server:
        city = city_of(server.port, "smtp", "mail.city.example ESMTP")
        shared = NetworkDoor(city, MemoryJournal())
        context = LookContext(shared.for_look("a-look"), city, PROFILE, sight=lambda name: None)
        with bounded(20 * SECONDS, release=server.over.set):
            limits, full = mail_limits(context), mail_full(context)
    probe = "probe@city.example"
    verdicts = [
        limit_advertised("mail", limits, PROFILE),
        limit_enforced(probe, limits, PROFILE),
        limit_enforced_undeclared(probe, limits, PROFILE),
        full_cannot_receive(probe, full),
        full_cannot_send(probe, full),
        recovers(probe, full),
    ]
    assert {verdict.state.value for verdict in verdicts} <= set(NEVER)


def web_verdicts(behave):
    """What the judges make of a city whose one public port behaves so. All else is as good as can be."""
    with hostile(behave) as server:
        port, city = server.port, city_of(server.port, "http", HOME)
        silent = group(((1, port - 1), (port + 1, 65_535)), Answer.SILENT)
        seen = swept(HERE, group(((port, port),), Answer.OPEN, hops=1), silent)
        canary = Canary(address=HERE, port=server.port, sent=11_000, answered=11_000, late_sent=50, late_answered=50, hops=1)
        certificate = a_certificate(canaries=(canary,), ports_planned=65_535, ports_covered=65_535)
        sweep = SweepSighting(vantage="outside", addresses=(seen,), certificate=certificate, observations=("o-sweep",))
        shared = NetworkDoor(city, MemoryJournal())
        context = LookContext(shared.for_look("a-look"), city, PROFILE, sight=lambda name: sweep)
        with bounded(20 * SECONDS, release=server.over.set):
            talks = conversations(context)
    names = NamesSighting(vantage="outside", zone=ZONE, servers=(), no_udp="", unused="")
    open_web = replace(PROFILE, web_ports=(server.port,))
    return {
        "9.A.2/inbound-tcp": inbound_tcp("four", sweep, talks, city, PROFILE),
        "9.A.2/speaks-what-it-says": speaks_what_it_says("four", sweep, talks, city, open_web),
        "9.A.2/right-host": right_host("four", sweep, talks, city, open_web),
        "9.A.3/not-reachable": not_reachable("intranet", sweep, talks, inside(), inventory=city, profile=open_web),
        "9.A.3/not-named": not_named(ZONE, names, sweep, talks, inventory=city, profile=open_web),
        "9.A.3/through-internet-server": through_internet_server("www", sweep, talks, city, open_web),
    }


@pytest.mark.parametrize("behave", [case[1] for case in PEERS], ids=[case[0] for case in PEERS])
def test_an_internet_server_that_misbehaves_is_never_compliant(behave):
    states = {name: verdict.state.value for name, verdict in web_verdicts(behave).items()}
    if "compliant" in {states[name] for name in BY_WORDS}:  # three of them do speak HTTP and begin with the right words
        assert said(behave) == "proven"
        states = {name: state for name, state in states.items() if name not in BY_WORDS}
    assert set(states.values()) <= set(NEVER), states


def said(behave):
    """Whether the peer says the words that the inventory knows it by, asked as the identity of a service is."""
    with hostile(behave) as server:
        here = NetworkDoor(city_of(server.port, "http", HOME), MemoryJournal()).for_look("a-look").at("here")
        heard = identify_service(here, Service("www", LOOPBACK, server.port, "http", HOME, frozenset({"outside"})))
    return "proven" if heard.proven else "not heard"


def test_an_internet_server_that_behaves_is_compliant_here():
    """The world of these tests is one in which good news is possible."""
    page = HTTP + b"Content-Length: %d\r\n\r\n" % len(HOME) + HOME.encode()
    verdicts = web_verdicts(answers(page, lambda peer: None))
    states = {name: verdict.state.value for name, verdict in verdicts.items()}
    assert states["9.A.3/through-internet-server"] == "compliant"
    assert states["9.A.2/speaks-what-it-says"] == "compliant"
