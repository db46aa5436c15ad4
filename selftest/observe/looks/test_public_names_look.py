"""Look "public-names": what is asked of a name server, over TCP and UDP, and what the judge makes of the answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from ordinance.judge.names import not_named
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.looks.public_names import public_names, questions
from ordinance.observe.protocols import dns_udp
from selftest.judge.city_cases import CITY, NS, PROFILE, WWW4, ZONE, a_sweep, talks, with_city
from selftest.observe.looks.city_looks import NameServer, Town, context, one

WITNESS = {("www.city.example", "A"): WWW4, ("city.example", "NS"): "ns.city.example.", ("ns.city.example", "A"): NS}


def town(extra: dict[tuple[str, str], str] | None = None, **server: object) -> Town:
    names = NameServer({**WITNESS, **(extra or {})}, **server)
    return Town(listeners={(NS, 53): names.tcp}, agent={"udp": names.udp})


DEAD = Town(agent={"udp": lambda job: {"exchanges": [{"answer": "silent", "reply_b64": ""} for _ in job["exchanges"]]}})


def verdict_of(system: Town) -> tuple[str, str]:
    verdict = not_named(ZONE, public_names(context(system)), a_sweep(), talks(), inventory=CITY, profile=PROFILE)
    return verdict.state.value, verdict.reason


@pytest.mark.parametrize(
    ("system", "state", "words"),
    [
        (town(), "compliant", ""),
        (town({("intranet.city.example", "AAAA"): "2001:db8:100:2::81"}), "violated", "intranet.city.example AAAA"),
        (town({("81.0.20.10.in-addr.arpa", "PTR"): "staff.city.example."}), "violated", "PTR"),
        (
            town({("city.example", "MX"): "10 hidden.city.example.", ("hidden.city.example", "A"): "10.20.0.81"}),
            "violated",
            "hidden",
        ),
        (town({("8.100.51.198.in-addr.arpa", "PTR"): "intranet.city.example."}), "violated", "8.100.51.198"),
        (town(gives=frozenset({"100.51.198.in-addr.arpa"})), "violated", "whole zone 100.51.198.in-addr.arpa"),
        (town({("*.city.example", "A"): WWW4}), "compliant", ""),
        (town({("*.city.example", "A"): WWW4, ("intranet.city.example", "A"): NS}), "violated", f"intranet.city.example A {NS}"),
        (town(authority=False), "unproven", "no authority"),
        (town(rcode="SERVFAIL"), "unproven", "SERVFAIL"),
        (DEAD, "unproven", "did not resolve"),
    ],
)
def test_what_the_judge_makes_of_it(system: Town, state: str, words: str) -> None:
    found, reason = verdict_of(system)
    assert found == state, reason
    assert words in reason


def test_without_python3_outside_tcp_alone_speaks() -> None:
    system = town()
    system.python3 = False
    seen = public_names(context(system))
    assert [server.transport for server in seen.servers] == ["tcp"]
    assert "no python3" in seen.no_udp


def test_a_server_that_is_dead_is_not_asked_every_question() -> None:
    seen = public_names(context(DEAD))
    assert [len(server.questions) for server in seen.servers] == [0, 0]
    assert "silent" in seen.servers[1].before.unseen


def test_a_vantage_that_is_gone_cannot_look() -> None:
    system = town()
    system.dead_vantages = frozenset({"outside"})
    with pytest.raises(CouldNotLook):
        public_names(context(system))


def test_no_public_zone_is_not_looked_for() -> None:
    with pytest.raises(CouldNotLook):
        public_names(context(town(), with_city(public_dns=None)))


def test_a_halted_run_stops() -> None:
    stopped = context(town())
    stopped.halted = lambda: True
    with pytest.raises(CouldNotLook):
        public_names(stopped)


def test_every_way_to_the_intranet_is_asked_for() -> None:
    asked = set(questions(CITY))
    assert {("intranet.city.example", kind) for kind in ("A", "AAAA", "CNAME", "MX", "TXT", "HTTPS")} <= asked
    assert {(address.reverse_pointer, "PTR") for address in CITY.intranet[0].addresses} <= asked
    assert {("8.100.51.198.in-addr.arpa", "PTR"), ("ws1.city.example", "A"), ("city.example", "AAAA")} <= asked


def udp(**exchange: str) -> dns_udp.UdpAnswer:
    job = Town(agent={"udp": lambda job: {"exchanges": [{"answer": "open", "reply_b64": "", **exchange}]}})
    (answer,) = dns_udp.ask_all(job.at("outside"), one(NS), [("www.city.example", "A")], Deadline.after(5))
    return answer


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        ({"answer": "silent"}, "no-answer: silent"),
        ({"answer": "icmp"}, "no-answer: icmp"),
        ({"reply_b64": base64.b64encode(b"\x00\x01nonsense").decode()}, "no DNS message"),
        ({"reply_b64": base64.b64encode(bytes(12)).decode()}, "does not answer the question"),
    ],
)
def test_a_datagram_that_is_no_answer_is_unseen(exchange: dict[str, str], words: str) -> None:
    assert words in udp(**exchange).unseen


def test_an_answer_cut_short_is_one_that_tcp_completes() -> None:
    def cut(job):
        wire = bytearray(NameServer(WITNESS).reply(base64.b64decode(job["exchanges"][0]["payload_b64"])))
        wire[2] |= 0x02  # TC
        return {"exchanges": [{"answer": "open", "reply_b64": base64.b64encode(wire).decode()}]}

    (answer,) = dns_udp.ask_all(Town(agent={"udp": cut}).at("outside"), one(NS), [("www.city.example", "A")], Deadline.after(5))
    assert (answer.unseen, answer.rcode, answer.authoritative) == ("", "NOERROR", True)


def late(system: Town, *numbers: int) -> Town:
    """The same, but what is asked so-and-so-manieth over TCP has no answer in time."""
    serve, asked = system.listeners[NS, 53], [0]

    def slow(said: bytes) -> bytes:
        asked[0] += bool(said)
        if asked[0] in numbers:
            raise CouldNotLook(Unseen.DEADLINE, "the deadline passed while receiving")
        return serve(said)

    system.listeners[NS, 53] = slow
    return system


def test_a_question_that_had_no_answer_in_time_is_asked_again() -> None:
    assert verdict_of(late(town(), 1, 5, 6)) == ("compliant", verdict_of(town())[1])


def test_a_question_that_has_no_answer_in_time_again_and_again_is_unproven() -> None:
    state, reason = verdict_of(late(town(), 5, 6, 7))
    assert (state, "gave no answer to 1 of" in reason) == ("unproven", True), reason


@pytest.mark.parametrize(("lost", "state"), [(1, "compliant"), (2, "compliant"), (3, "unproven")])
def test_a_datagram_that_was_lost_is_sent_again(lost: int, state: str) -> None:
    system, left = town(), [lost]
    answer = system.agent["udp"]

    def loses(job: Mapping[str, Any]) -> dict[str, Any]:
        told = answer(job)
        if len(job["exchanges"]) > 1 or left[0] < lost:  # not of the witness, which is asked alone
            left[0] -= 1
            told["exchanges"][-1] = {"answer": "silent", "reply_b64": ""} if left[0] >= 0 else told["exchanges"][-1]
        return told

    system.agent["udp"] = loses
    assert verdict_of(system)[0] == state


def test_a_server_that_answers_no_datagram_is_asked_no_more() -> None:
    asked = []
    system = town()
    system.agent["udp"] = lambda job: asked.append(len(job["exchanges"])) or DEAD.agent["udp"](job)
    assert verdict_of(system)[0] == "unproven"
    assert len(asked) <= 2 * 3, "the witness, before and after"
