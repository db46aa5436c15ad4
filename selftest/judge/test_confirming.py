"""Open ports accuse when there was a conversation; a certificate that lost answers proves nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ordinance.judge.coverage import inside_sweep_doubts
from ordinance.judge.inbound import inbound_tcp
from ordinance.judge.intranet import not_reachable
from ordinance.judge.services import right_host
from ordinance.judge.sweeping import engine_words
from ordinance.judge.verdict import State, Violated
from ordinance.sight.perimeter import CONNECT, RAW, Engine, PortAnswer
from selftest.judge import city_cases
from selftest.judge.perimeter_city import (
    ALL,
    MAIL,
    OPEN,
    PROFILE,
    UNUSED,
    answered,
    certificate,
    inventory,
    sweep,
    swept,
    talk,
    talks,
)


def engine(name: str = RAW, **more: Any) -> Engine:
    counts = dict.fromkeys(("ring_drops", "asked_again", "foreign", "mute", "contradictions"), 0)
    return Engine(**{"name": name, "why": "the reason", **counts, "everywhere": (), "covered": (), **more})


def judge(seen: Any, said: Any) -> Any:
    return inbound_tcp("public", seen, said, inventory(ALL), PROFILE)


ODD = sweep(swept(MAIL, answered(OPEN, 31337)), by=engine())
EVERY_PORT = swept(UNUSED, answered(OPEN, (1, 65_535)))
REFUSED = talk(MAIL, 31337, said="", unseen="refused: connection refused")
SILENT = msgspec.structs.replace(talk(MAIL, 31337, "silent"), said="")


def quiet(port: int, protocol: str = "silent") -> Any:
    return msgspec.structs.replace(talk(UNUSED, port, protocol), said="")


@pytest.mark.parametrize("said", [talk(MAIL, 31337, "ssh", said="SSH-2.0-x"), SILENT], ids=["it spoke", "it took a connection"])
def test_a_raw_finding_accuses_when_there_was_a_conversation(said: Any) -> None:
    verdict = judge(ODD, talks(said))
    assert isinstance(verdict, Violated)
    assert verdict.breaches == (f"{MAIL}:31337/tcp",)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (talks(msgspec.structs.replace(REFUSED, protocol="")), "took no connection afterwards (refused: connection refused)"),
        (talks(), "was not talked to"),
    ],
)
def test_a_raw_finding_that_nothing_confirms_is_unproven(said: Any, words: str) -> None:
    verdict = judge(ODD, said)
    assert (verdict.state, words in verdict.reason) == (State.UNPROVEN, True), verdict.reason


def test_what_the_connect_engine_connected_to_needs_no_second_connection() -> None:
    for by in (None, engine(CONNECT)):
        assert isinstance(judge(sweep(swept(MAIL, answered(OPEN, 31337)), by=by), talks()), Violated)


def test_one_of_many_open_ports_speaks_for_those_left_out_for_their_number() -> None:
    seen = sweep(swept(MAIL, answered(OPEN, (2000, 2200))), by=engine())
    left_out = (PortAnswer(ports=((2001, 2200),), reply=msgspec.structs.replace(OPEN, by=MAIL)),)
    mute = msgspec.structs.replace(talk(MAIL, 2000, "silent"), said="")
    assert isinstance(judge(seen, talks(mute, left_out=left_out)), Violated)
    assert judge(seen, talks(mute)).breaches == (f"{MAIL}:2000/tcp",)
    refused = msgspec.structs.replace(mute, protocol="", unseen="refused")
    assert judge(seen, talks(refused, left_out=left_out)).state is State.UNPROVEN


# -- an address that answers on every port ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [None, engine(CONNECT), engine(RAW)], ids=["old", "connect", "raw"])
def test_handshakes_of_an_address_that_answers_on_every_port_prove_nothing(by: Engine | None) -> None:
    verdict = judge(sweep(EVERY_PORT, by=by), talks(quiet(1), quiet(25)))
    assert verdict.state is State.UNPROVEN
    assert f"{UNUSED} ports 1-65535: it answers on every port, so its handshakes do not say what is behind it" in verdict.reason


def test_what_speaks_there_is_a_finding_all_the_same() -> None:
    verdict = judge(sweep(EVERY_PORT, by=engine()), talks(quiet(1), talk(UNUSED, 23, "telnet", said="login:")))
    assert isinstance(verdict, Violated)
    assert verdict.breaches == (f"{UNUSED}:23/tcp",)


def test_its_mail_port_is_not_held_against_it_by_the_number_alone() -> None:
    verdict = right_host("public", sweep(EVERY_PORT, by=engine()), talks(quiet(25), quiet(119)), inventory(ALL), PROFILE)
    assert verdict.state is State.UNPROVEN, verdict.reason


@pytest.mark.parametrize(("ports", "everywhere"), [((1, 64), True), ((1, 63), False), ((1, 128), True), ((1, 200), True)])
def test_every_port_is_most_of_those_asked_and_not_a_handful(ports: tuple[int, int], everywhere: bool) -> None:
    alone = msgspec.structs.replace(swept(UNUSED), answers=(answered(OPEN, ports),))
    assert alone.everywhere is everywhere


def test_half_of_the_ports_is_not_every_port() -> None:
    assert not swept(UNUSED, answered(OPEN, (1, 32_767))).everywhere
    assert swept(UNUSED, answered(OPEN, (1, 32_768))).everywhere


# -- the Intranet ----------------------------------------------------------------------------------------------------------------


def test_an_intranet_port_that_nothing_confirms_is_unproven_and_a_confirmed_one_violated() -> None:
    seen = city_cases.a_sweep(
        city_cases.swept(city_cases.IN4, city_cases.group(((80, 80),), OPEN.answer, hops=1)), by=engine(), complete=True
    )
    mute = msgspec.structs.replace(city_cases.a_talk(city_cases.IN4, 80), identities=(), protocol="silent", said="")
    gone = msgspec.structs.replace(mute, protocol="", unseen="refused")

    def verdict(said: Any) -> Any:
        return not_reachable(
            "intranet", seen, city_cases.talks(said), city_cases.inside(), inventory=city_cases.CITY, profile=city_cases.PROFILE
        )

    assert verdict(mute).state is State.VIOLATED
    assert verdict(gone).state is State.UNPROVEN
    assert "took no connection afterwards" in verdict(gone).reason


# -- the certificate -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dropped", "again", "lost"), [(0, 0, 0), (3, 3, 0), (3, 2, 1), (7, 0, 7)])
def test_answers_lost_on_the_vantage_are_a_doubt_unless_they_were_asked_again(dropped: int, again: int, lost: int) -> None:
    seen = sweep(by=engine(ring_drops=dropped, asked_again=again))
    verdict, words = judge(seen, talks()), f"{lost} answers were lost on the vantage itself"
    assert (verdict.state is State.COMPLIANT, words in verdict.reason) == (not lost, bool(lost))
    assert any(words in doubt for doubt in inside_sweep_doubts([MAIL], seen, PROFILE)) is bool(lost)


def test_the_evidence_says_which_engine_swept_and_why() -> None:
    text = judge(sweep(by=engine(foreign=2)), talks()).evidence[0].text
    assert text.startswith("sweep (the reason; 2 answers without a number of ours not believed): ")
    told = engine_words(certificate(by=engine(contradictions=1, everywhere=(MAIL, UNUSED))))
    assert told == "sweep (the reason; 1 ports answered in two ways; 2 addresses answered on every port)"
    assert engine_words(certificate()) == "sweep"
