"""What speaks where: good, bad, and each way of not knowing."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_address
from typing import Any

import pytest

from ordinance.inventory.model import Service
from ordinance.judge.services import right_host, speaks_what_it_says
from ordinance.judge.verdict import State, Violated
from ordinance.sight.perimeter import Answer, ConversationSighting, PortAnswer, Reply
from selftest.judge.perimeter_city import (
    MAIL,
    NEWS,
    OPEN,
    PROFILE,
    UNUSED,
    WORDS,
    WWW,
    answered,
    inventory,
    sweep,
    swept,
    talk,
    talks,
)

BOTH = pytest.mark.parametrize("judge", [speaks_what_it_says, right_host])


def verdict_of(judge: Any, seen: Any, said: Any) -> Any:
    return judge("public", seen, said, inventory(), PROFILE)


@BOTH
def test_services_that_are_who_they_should_be_are_compliant(judge: Any) -> None:
    verdict = verdict_of(judge, sweep(), talks())
    assert verdict.state is State.COMPLIANT, verdict.reason
    assert len(verdict.witnesses) == 3


IMPOSTERS = {
    "SSH on 25": talk(MAIL, 25, "ssh", identities=()),
    "HTTP on 119": talk(NEWS, 119, "http"),
    "SSH on the web port": talk(WWW, 80, "ssh"),
    "unknown words on 25": talk(MAIL, 25, "unknown"),
}


@pytest.mark.parametrize("name", IMPOSTERS)
def test_another_protocol_under_a_known_number_is_a_violation(name: str) -> None:
    said = IMPOSTERS[name]
    verdict = verdict_of(speaks_what_it_says, sweep(), talks(said))
    assert isinstance(verdict, Violated), verdict.reason
    assert verdict.breaches == (f"{said.address}:{said.port}/tcp",)


def test_news_over_tls_speaks_nntp() -> None:
    seen = sweep(swept(NEWS, answered(OPEN, 563)))
    assert verdict_of(speaks_what_it_says, seen, talks(talk(NEWS, 563, "nntp"))).state is State.COMPLIANT
    assert verdict_of(speaks_what_it_says, seen, talks(talk(NEWS, 563, "ssh"))).state is State.VIOLATED


MISPLACED = {
    "NNTP on the mail host": (MAIL, talk(MAIL, 119, "nntp")),
    "SMTP on an odd port of the web server": (WWW, talk(WWW, 2525, "smtp")),
    "SMTP on an unused address": (UNUSED, talk(UNUSED, 25, "smtp")),
    "25 open elsewhere and mute": (WWW, talk(WWW, 25, "silent")),
}


@pytest.mark.parametrize("name", MISPLACED)
def test_mail_and_news_on_other_hosts_are_a_violation(name: str) -> None:
    address, said = MISPLACED[name]
    verdict = verdict_of(right_host, sweep(swept(address, answered(OPEN, said.port))), talks(said))
    assert isinstance(verdict, Violated), verdict.reason
    assert verdict.breaches == (f"{address}:{said.port}/tcp",)


@pytest.mark.parametrize("name", ["SSH on 25", "HTTP on 119"])
def test_a_gateway_that_speaks_something_else_has_its_protocol_nowhere(name: str) -> None:
    said = IMPOSTERS[name]
    verdict = verdict_of(right_host, sweep(), talks(said))
    assert isinstance(verdict, Violated), verdict.reason
    assert verdict.breaches == (f"{said.address}:{said.port}/tcp",)


LOST = talk(MAIL, 25, "closed", identities=(), unseen="no-answer: nothing came back")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (talks(LOST), "was not heard: no-answer"),
        (talks(talk(NEWS, 119, "tls", identities=())), "was not heard: it said nothing"),
        (talks(talk(MAIL, 25, "smtp", identities=())), "did not say who it is"),
    ],
)
def test_a_service_that_was_not_heard_leaves_its_speech_unproven(said: Any, words: str) -> None:
    verdict = verdict_of(speaks_what_it_says, sweep(), said)
    assert (verdict.state, words in verdict.reason) == (State.UNPROVEN, True), verdict.reason


def test_protocols_that_were_found_nowhere_would_not_have_been_known_elsewhere() -> None:
    verdict = verdict_of(right_host, sweep(), talks(LOST))
    assert verdict.state is State.UNPROVEN
    assert "SMTP was found on none of the mail gateways" in verdict.reason


def test_an_open_port_of_which_nobody_knows_what_speaks_there_is_unproven() -> None:
    seen = sweep(swept(WWW, answered(OPEN, 8443)))
    for said, words in (
        (talks(talk(WWW, 8443, "silent")), "is not known"),
        (talks(talk(WWW, 8443, "tls")), "is not known"),  # mail may be spoken within
        (talks(), "were not talked to"),
    ):
        verdict = verdict_of(right_host, seen, said)
        assert (verdict.state, words in verdict.reason) == (State.UNPROVEN, True), verdict.reason


@BOTH
def test_a_sweep_that_did_not_see_all_proves_neither(judge: Any) -> None:
    assert verdict_of(judge, sweep(complete=False, why_incomplete="time"), talks()).state is State.UNPROVEN


@BOTH
def test_ports_beyond_the_cap_prove_neither(judge: Any) -> None:
    left = PortAnswer(ports=((2000, 2100),), reply=Reply(answer=Answer.OPEN, by=WWW))
    verdict = verdict_of(judge, sweep(), talks(left_out=(left,)))
    assert (verdict.state, "too many are open" in verdict.reason) == (State.UNPROVEN, True)


@BOTH
def test_an_unknown_group_is_unproven(judge: Any) -> None:
    assert judge("elsewhere", sweep(), talks(), inventory(), PROFILE).state is State.UNPROVEN


def test_submission_is_smtp_and_is_expected_where_it_is_declared() -> None:
    """The inventory's words for a protocol are not always the conversation's."""
    service = Service("mail", ip_address(MAIL), 587, "submission", WORDS[MAIL], frozenset({"outside"}))
    city = dataclasses.replace(inventory(), services=(*inventory().services, service))
    seen = sweep(swept(MAIL, answered(OPEN, 587)))
    good = speaks_what_it_says("public", seen, talks(talk(MAIL, 587, "smtp")), city, PROFILE)
    assert good.state is State.COMPLIANT, good.reason
    bad = speaks_what_it_says("public", seen, talks(talk(MAIL, 587, "http")), city, PROFILE)
    assert isinstance(bad, Violated)
    assert f"{MAIL} port 587 speaks http, where smtp belongs" in bad.reason


def test_all_that_may_speak_on_a_port_is_told() -> None:
    both = [Service("mail", ip_address(MAIL), 25, name, WORDS[MAIL], frozenset({"outside"})) for name in ("smtp", "nntp")]
    city = dataclasses.replace(inventory(), services=(*inventory().services, *both))
    verdict = speaks_what_it_says("public", sweep(), talks(talk(MAIL, 25, "ssh")), city, PROFILE)
    assert "where nntp or smtp belongs" in verdict.reason


def test_services_of_other_groups_and_of_the_inside_are_none_of_this_group() -> None:
    """A service that only the inside sees, or one elsewhere, need not be heard from outside."""
    inside = Service("mail", ip_address(MAIL), 993, "imaps", "IMAP", frozenset({"inside"}))
    elsewhere = Service("far", ip_address("192.0.2.1"), 25, "smtp", "far ESMTP", frozenset({"outside"}))
    city = dataclasses.replace(inventory(), services=(*inventory().services, inside, elsewhere))
    verdict = speaks_what_it_says("public", sweep(), talks(), city, PROFILE)
    assert verdict.state is State.COMPLIANT, verdict.reason


def test_mail_found_where_nobody_is_or_on_another_role_is_not_found_where_it_belongs() -> None:
    """SMTP on the web server does not show that SMTP would be known on a mail gateway."""
    said = talks(talk(MAIL, 25, "closed", identities=(), unseen="refused"))
    verdict = verdict_of(right_host, sweep(), said)
    assert "SMTP was found on none of the mail gateways" in verdict.reason
    assert "NNTP was found on none" not in verdict.reason


@BOTH
def test_nothing_is_proven_where_no_service_is_declared(judge: Any) -> None:
    """Evidence without a witness: what was heard may be anybody."""
    city = dataclasses.replace(inventory(), services=())
    verdict = judge("public", sweep(), talks(), city, PROFILE)
    assert verdict.state is State.UNPROVEN
    assert verdict.evidence
    assert verdict.witnesses == ()
    assert verdict.reason == "public: no declared service was heard"


def test_why_a_service_was_not_heard_is_told() -> None:
    nothing = talks(talk(MAIL, 25, "silent", identities=()))
    assert f"mail on {MAIL} port 25 was not heard: it said nothing" in verdict_of(speaks_what_it_says, sweep(), nothing).reason
    never = ConversationSighting(vantage="outside", conversations=(talk(NEWS), talk(WWW)))
    assert f"mail on {MAIL} port 25 was not heard: nobody talked to it" in verdict_of(speaks_what_it_says, sweep(), never).reason


@pytest.mark.parametrize(("unseen", "told"), [("", "it said nothing"), ("deadline: slow", "deadline: slow")])
def test_a_mute_port_of_mail_that_nobody_declares_is_in_doubt(unseen: str, told: str) -> None:
    seen = sweep(swept(NEWS, answered(OPEN, 563)))
    verdict = verdict_of(speaks_what_it_says, seen, talks(talk(NEWS, 563, "silent", unseen=unseen)))
    assert verdict.state is State.UNPROVEN
    assert f"what speaks on {NEWS} port 563 is not known ({told})" in verdict.reason


def test_a_misplaced_service_rests_on_the_conversation_or_else_on_the_sweep() -> None:
    seen = sweep(swept(WWW, answered(OPEN, 25)))
    spoken = verdict_of(right_host, seen, talks(talk(WWW, 25, "smtp", observation="o-talk")))
    assert spoken.evidence[0].observations == ("o-talk",)
    unheard = verdict_of(right_host, seen, talks(talk(WWW, 25, "silent", observation="")))
    assert unheard.evidence[0].observations == ("o-4",)
    assert verdict_of(right_host, seen, talks()).evidence[0].observations == ("o-4",)


def test_other_protocols_on_other_ports_are_neither() -> None:
    seen = sweep(swept(WWW, answered(OPEN, 2525)))
    said = talks(talk(WWW, 2525, "ssh", said=""))
    assert verdict_of(right_host, seen, said).state is State.COMPLIANT
    told = [piece.text for piece in verdict_of(right_host, seen, said).evidence]
    assert f"{WWW} port 2525 speaks ssh" in told
