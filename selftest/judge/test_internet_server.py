"""9.A.3/through-internet-server over hand-written conversations: good, bad, and each way of not knowing."""

from __future__ import annotations

from dataclasses import replace as changed

import pytest
from msgspec.structs import replace

from ordinance.inventory.model import RulesetSource
from ordinance.judge.internet_server import through_internet_server
from ordinance.judge.verdict import Compliant, Violated
from ordinance.sight.perimeter import Conversation, ConversationSighting, Rotation, SweepSighting
from selftest.judge.city_cases import CITY, HOME, NS, PROFILE, WWW4, WWW6, a_sweep, a_talk, talks, with_city, without


def judged(*more: Conversation, sweep: SweepSighting | None = None, said: ConversationSighting | None = None, city=CITY):
    return through_internet_server("www", sweep or a_sweep(), said or talks(*more), city, PROFILE)


def test_the_home_page_on_every_address_and_no_other_web_is_compliant() -> None:
    verdict = judged(a_talk(NS, 53, protocol="dns", said="", identities=(), tls_names=()))
    assert isinstance(verdict, Compliant), verdict.reason
    assert sum(HOME in witness.text for witness in verdict.witnesses) == 2


def test_a_redirect_to_the_same_server_over_tls_is_the_internet_server() -> None:
    service = next(s for s in CITY.services if str(s.address) == WWW4)
    city = with_city(services=(*CITY.services, type(service)("www", service.address, 80, "http", HOME, service.seen_from)))
    moved = {"protocol": "http", "said": "301 Moved", "identities": (), "tls_names": ()}
    there = a_talk(port=80, location="https://www.city.example/", **moved)
    elsewhere = a_talk(port=80, location="https://www.example.org/", **moved)
    assert isinstance(judged(there, city=city), Compliant)
    assert isinstance(judged(elsewhere, city=city), Violated)
    assert isinstance(judged(a_talk(port=80, location="https://[broken", **moved), city=city), Violated)


@pytest.mark.parametrize(
    "secure",
    [
        {"unseen": "deadline: slow"},
        {"identities": (), "cut": "its page was cut after 45056 bytes"},
        {"protocol": "silent", "said": "", "identities": (), "tls_names": ()},
    ],
)
def test_a_page_that_was_not_read_is_no_other_page(secure: dict) -> None:
    service = next(s for s in CITY.services if str(s.address) == WWW4)
    city = with_city(services=(*CITY.services, type(service)("www", service.address, 80, "http", HOME, service.seen_from)))
    moved = a_talk(port=80, protocol="http", identities=(), tls_names=(), location="https://www.city.example/")
    assert judged(moved, a_talk(**secure), city=city).state.value == "unproven"


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_a_web_server_elsewhere_is_violated(protocol: str) -> None:
    verdict = judged(a_talk(NS, 8080, protocol=protocol, identities=()))
    assert isinstance(verdict, Violated)
    assert f"{NS} port 8080" in verdict.reason
    assert verdict.breaches == (f"{NS}:8080/tcp",)


def test_the_home_page_itself_elsewhere_is_violated() -> None:
    assert isinstance(judged(a_talk(NS, 80, protocol="http")), Violated)


@pytest.mark.parametrize(
    "other",
    [
        a_talk(WWW6, identities=(), said='200 OK, title "Parked"'),
        a_talk(WWW6, protocol="ssh", identities=(), said="SSH-2.0", tls_names=()),
        a_talk(WWW6, protocol="ssh", said=f"SSH-2.0 {HOME}"),
    ],
)
def test_something_else_on_the_declared_port_is_violated(other: Conversation) -> None:
    verdict = judged(other)
    assert isinstance(verdict, Violated)
    assert "but not as the Internet server" in verdict.reason
    assert verdict.breaches == (f"[{WWW6}]:443/tcp",)


def without_talk(address: str) -> ConversationSighting:
    return ConversationSighting(vantage="outside", conversations=tuple(t for t in talks().conversations if t.address != address))


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"said": talks(a_talk(unseen="no-answer: by the deadline"))}, "did not show the home page (no-answer"),
        ({"said": without_talk(WWW6)}, "nobody talked to it"),
        ({"said": talks(a_talk(NS, 9999, protocol="", unseen="deadline: slow"))}, "9999"),
        ({"said": talks(a_talk(NS, 53, protocol="closed", said="", identities=()))}, f"{NS} port 53 serves is not known"),
        ({"said": talks(a_talk(protocol="silent", said="", identities=()))}, "did not show the home page (it said nothing)"),
        ({"said": talks(a_talk(protocol="tls", said="", identities=()))}, "did not show the home page (it said nothing)"),
        ({"sweep": without(a_sweep(), NS)}, f"{NS} was not swept"),
        ({"sweep": a_sweep(complete=False, why_incomplete="halted")}, "halted"),
        ({"sweep": a_sweep(bounds=())}, "IPv4"),
        ({"city": with_city(services=())}, "no web service"),
    ],
)
def test_not_having_seen_is_unproven(case: dict, words: str) -> None:
    verdict = judged(**case)
    assert verdict.state.value == "unproven"
    assert words in verdict.reason


# -- redirects, exactly ---------------------------------------------------------------------------------------------------------

MOVED = {"protocol": "http", "said": "301 Moved", "identities": (), "tls_names": ()}


def with_port_80():
    service = next(s for s in CITY.services if str(s.address) == WWW4)
    return with_city(services=(*CITY.services, type(service)("www", service.address, 80, "http", HOME, service.seen_from)))


@pytest.mark.parametrize(
    ("location", "state"),
    [
        ("https://www.city.example/", "compliant"),
        ("https://www.city.example:443/", "compliant"),
        ("https://WWW.city.example/", "compliant"),
        ("http://www.city.example/", "violated"),  # not over TLS: the name is not proven
        ("http://www.city.example:443/", "violated"),
        ("https://www.city.example:80/", "violated"),  # to itself
        ("https://www.city.example:8443/", "violated"),  # where nobody answers
        ("https://www.example.org/", "violated"),
        ("https://", "violated"),
        ("https:///path", "violated"),
        ("//www.city.example/", "violated"),
        ("/home", "violated"),
        ("", "violated"),
        ("https://www.city.example:99999/", "violated"),
        ("https://www.city.example:x/", "violated"),
    ],
)
def test_where_a_redirect_leads(location: str, state: str) -> None:
    assert judged(a_talk(port=80, location=location, **MOVED), city=with_port_80()).state.value == state


def test_a_service_of_the_inside_or_of_another_host_is_none_of_the_internet_server() -> None:
    service = next(s for s in CITY.services if str(s.address) == WWW4)
    kind = type(service)
    inside = kind("www", service.address, 8080, "http", "Inside", frozenset({"inside"}))
    mail = kind("www", service.address, 25, "smtp", "mail ESMTP", frozenset({"outside"}))
    verdict = judged(city=with_city(services=(*CITY.services, inside, mail)))
    assert isinstance(verdict, Compliant), verdict.reason


def test_what_answers_without_a_known_protocol_is_told_so() -> None:
    verdict = judged(a_talk(WWW6, protocol="unknown", identities=(), said="hello", tls_names=()))
    assert "answers (unknown: hello), but not as the Internet server" in verdict.reason


def test_several_breaches_are_told_in_a_row() -> None:
    verdict = judged(a_talk(NS, 8080, identities=()), a_talk(NS, 8081, identities=()))
    assert "; " in verdict.reason.split(f"{NS} port 8080")[1].split(f"{NS} port 8081")[0]
    assert verdict.breaches == (f"{NS}:8080/tcp", f"{NS}:8081/tcp")


def test_a_service_nobody_talked_to_is_told_so() -> None:
    assert f"{WWW6} port 443 did not show the home page (nobody talked to it)" in judged(said=without_talk(WWW6)).reason


def test_a_sweep_that_rotates_is_judged_with_all_that_it_wants() -> None:
    whole = a_sweep()
    whole = replace(whole, certificate=replace(whole.certificate, started="2026-11-23T20:00:00Z"))
    walls = {n: changed(h, ruleset=RulesetSource("nftables", "x")) for n, h in CITY.hosts.items() if "firewalls" in h.groups}
    city = with_city(hosts={**CITY.hosts, **walls})
    names = tuple(seen.address for seen in whole.addresses)
    assert isinstance(judged(sweep=replace(whole, rotation=Rotation(wanted=names, earlier=())), city=city), Compliant)
    part = replace(whole, addresses=whole.addresses[1:], rotation=Rotation(wanted=names, earlier=()))
    verdict = judged(sweep=part, city=city)
    assert verdict.state.value == "unproven"
    assert f"{names[0]}: 65535 ports were not asked" in verdict.reason
