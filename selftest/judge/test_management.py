"""9.A.2/management-plane over hand-written firewalls: good, bad, and each way of not knowing."""

from __future__ import annotations

from dataclasses import replace as changed

import pytest
from msgspec.structs import replace

from ordinance.judge.management import management_plane
from ordinance.judge.verdict import Compliant, Violated
from ordinance.sight.management import FirewallSeen, ManagementSighting, OuterAddress, SnmpTry
from ordinance.sight.perimeter import Answer, CarefulPort, EchoProof, Reply
from selftest.judge.city_cases import CITY, FW4, PROFILE, a_careful, a_port

RIGHT = SnmpTry(version="3", level="authPriv", said="Linux fw", observation="o-v3")
SILENT = {"missed": "no-answer", "said": "no SNMP answer", "observation": "o-s"}
GUESSES = (
    SnmpTry(version="1", community="public", **SILENT),
    SnmpTry(version="2c", community="public", **SILENT),
    SnmpTry(version="3", level="noAuthNoPriv", missed="refused", said="authorizationError", observation="o-s"),
    SnmpTry(version="3", level="authNoPriv", missed="credentials", said="unsupported level", observation="o-s"),
)
ECHOES = tuple(
    EchoProof(family=4, transport=transport, port=port, echoed=True, said="", observation="o-e")
    for transport, port in (("tcp", 22), ("udp", 161))
)
SSH, SNMP = a_port(22), a_port(161, "udp")


def outer(*ports: CarefulPort, **more: object) -> OuterAddress:
    return OuterAddress(address=FW4, careful=a_careful(FW4, *(ports or (SSH, SNMP)), **more))


def judged(*addresses: OuterAddress, echoes: tuple[EchoProof, ...] = ECHOES, **more: object):
    given = {"outer": addresses or (outer(),), "before": RIGHT, "tries": GUESSES, "after": RIGHT}
    seen = FirewallSeen(host="fw", **{**given, **more})
    return management_plane("fw", ManagementSighting(vantage="outside", firewalls=(seen,), echoes=echoes), CITY, PROFILE)


def replies(*given: Reply) -> OuterAddress:
    return outer(a_port(22, "tcp", *given), SNMP)


def test_silence_outside_and_v3_alone_inside_is_compliant() -> None:
    verdict = judged()
    assert isinstance(verdict, Compliant), verdict.reason
    texts = " ".join(witness.text for witness in verdict.witnesses)
    assert "v3 authPriv before and after" in texts
    assert "answered 7 of 7" in texts
    assert "outside echo" in texts


@pytest.mark.parametrize(
    "reply", [Reply(answer=Answer.RST, hops=0, times=7), Reply(answer=Answer.ICMP, by=FW4, icmp=(3, 3), times=7)]
)
def test_the_firewall_refusing_for_itself_is_compliant(reply: Reply) -> None:
    verdict = judged(replies(reply))
    assert isinstance(verdict, Compliant), verdict.reason


def test_a_declared_public_service_on_the_firewall_is_no_management_port() -> None:
    service = replace_service()
    careful = outer(a_port(22, "tcp", Reply(answer=Answer.OPEN, times=7)), SNMP)
    seen = FirewallSeen(host="fw", outer=(careful,), before=RIGHT, tries=GUESSES, after=RIGHT)
    sighting = ManagementSighting(vantage="outside", firewalls=(seen,), echoes=ECHOES)
    assert isinstance(management_plane("fw", sighting, service, PROFILE), Compliant)


def replace_service():
    forwarded = changed(CITY.services[0], host="fw", address=CITY.hosts["fw"].outer_addresses[0], port=22)
    return changed(CITY, services=(*CITY.services, forwarded))


@pytest.mark.parametrize(
    ("address", "part"),
    [
        (replies(Reply(answer=Answer.OPEN, times=7)), f"{FW4}:22/tcp"),
        (replies(Reply(answer=Answer.OPEN)), f"{FW4}:22/tcp"),  # one answer of seven is an answer
        (replies(Reply(answer=Answer.RST, hops=1, times=7)), f"{FW4}:22/tcp"),  # as far as the public hosts: behind
        (outer(SSH, SNMP, a_port(161, "udp", Reply(answer=Answer.OPEN))), f"{FW4}:161/udp"),
    ],
)
def test_an_answer_outside_is_violated(address: OuterAddress, part: str) -> None:
    verdict = judged(address)
    assert isinstance(verdict, Violated)
    assert verdict.breaches == (part,)
    assert part in verdict.reason


@pytest.mark.parametrize("index", range(4))
def test_snmp_that_answers_less_than_authpriv_is_violated(index: int) -> None:
    tries = list(GUESSES)
    tries[index] = replace(tries[index], missed="", said="Linux fw")
    verdict = judged(tries=tuple(tries))
    assert isinstance(verdict, Violated)
    assert (tries[index].community or tries[index].level) in verdict.reason


def test_a_violation_needs_no_witness() -> None:
    silent = SnmpTry(version="3", level="authPriv", **SILENT)
    assert isinstance(judged(replies(Reply(answer=Answer.OPEN)), before=silent, after=silent, echoes=()), Violated)


DECOY_OPEN = CarefulPort(
    address=FW4, transport="tcp", port=33_333, sent=7, silent=0, replies=(Reply(answer=Answer.OPEN, times=7),)
)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (OuterAddress(address=FW4, unseen="vantage: SSH is gone"), "SSH is gone"),
        (OuterAddress(address="203.0.113.99", careful=a_careful("203.0.113.99", SSH, SNMP)), f"{FW4} was not asked"),
        (outer(SSH), "not asked on 161/udp"),
        (outer(SNMP), "not asked on 22/tcp"),
        (outer(a_port(22, sent=0), SNMP), "22/tcp was not asked"),
        (outer(control_answered=0, miss_bound=1.0), "is not proven"),
        (outer(miss_bound=2e-4), "is not proven"),
        (outer(decoys=(DECOY_OPEN,)), "answers on any port"),
        (replies(Reply(answer=Answer.LOCAL, by="ENETUNREACH", times=7)), "could not send"),
        (replies(Reply(answer=Answer.RST, times=7)), "who refused it was not seen"),
        (replies(Reply(answer=Answer.MUTE, hops=0, times=7)), "nobody knows for whom"),
        (replies(Reply(answer=Answer.ICMP, by="192.0.2.1", icmp=(3, 13), times=7)), "refused by 192.0.2.1"),
        (outer(a_port(22, "tcp", Reply(answer=Answer.RST, hops=1, times=7)), SNMP, control_address=FW4), "was not seen"),
    ],
)
def test_a_port_that_was_not_seen_is_unproven(address: OuterAddress, words: str) -> None:
    verdict = judged(address)
    assert verdict.state.value == "unproven"
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("echoes", "words"),
    [
        (ECHOES[1:], "emit to 22/tcp"),
        (ECHOES[:1], "emit to 161/udp"),
        ((), "emit to"),
        (tuple(replace(echo, echoed=False) for echo in ECHOES), "emit to"),
        (tuple(replace(echo, family=6) for echo in ECHOES), "IPv4"),
    ],
)
def test_a_vantage_that_may_not_emit_is_unproven(echoes: tuple[EchoProof, ...], words: str) -> None:
    verdict = judged(echoes=echoes)
    assert verdict.state.value == "unproven"
    assert words in verdict.reason


WRONG_USER = replace(RIGHT, missed="credentials", said="unknown user")


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"before": replace(RIGHT, **SILENT)}, "before the tries (no-answer"),
        ({"after": replace(RIGHT, **SILENT)}, "after the tries (no-answer"),
        ({"before": WRONG_USER}, "unknown user"),
        ({"before": None, "after": None, "tries": ()}, "it was not asked"),
        ({"tries": GUESSES[1:]}, "SNMP v1 public was not tried"),
        ({"tries": GUESSES[:-1]}, "SNMP v3 authNoPriv was not tried"),
        ({"tries": (replace(GUESSES[0], missed="scope", said="not admitted"), *GUESSES[1:])}, "not admitted"),
        ({"tries": (replace(GUESSES[0], missed="protocol", said="error 5"), *GUESSES[1:])}, "error 5"),
    ],
)
def test_an_agent_that_was_not_seen_is_unproven(case: dict, words: str) -> None:
    verdict = judged(**case)
    assert verdict.state.value == "unproven"
    assert words in verdict.reason


def test_a_firewall_nobody_looked_at_is_unproven() -> None:
    sighting = ManagementSighting(vantage="outside", firewalls=())
    assert management_plane("fw", sighting, CITY, PROFILE).state.value == "unproven"


def test_a_firewall_without_an_outer_address_is_unproven() -> None:
    bare = changed(CITY, hosts={"fw": changed(CITY.hosts["fw"], outer_addresses=())})
    seen = FirewallSeen(host="fw", before=RIGHT, tries=GUESSES, after=RIGHT)
    verdict = management_plane("fw", ManagementSighting(vantage="outside", firewalls=(seen,), echoes=ECHOES), bare, PROFILE)
    assert verdict.state.value == "unproven"
    assert "faces outside" in verdict.reason


def test_a_profile_without_management_ports_is_unproven() -> None:
    seen = FirewallSeen(host="fw", outer=(outer(),), before=RIGHT, tries=GUESSES, after=RIGHT)
    sighting = ManagementSighting(vantage="outside", firewalls=(seen,), echoes=ECHOES)
    bare = changed(PROFILE, management_tcp_ports=(), management_udp_ports=())
    assert "the profile lists no management port" in management_plane("fw", sighting, CITY, bare).reason


def test_an_address_without_a_decoy_is_unproven() -> None:
    plain = outer()
    seen = replace(plain, careful=replace(plain.careful, decoys=()))
    sighting = ManagementSighting(
        vantage="outside",
        firewalls=(FirewallSeen(host="fw", outer=(seen,), before=RIGHT, tries=GUESSES, after=RIGHT),),
        echoes=ECHOES,
    )
    assert "no decoy port" in management_plane("fw", sighting, CITY, PROFILE).reason


def test_a_profile_without_communities_is_unproven() -> None:
    seen = FirewallSeen(host="fw", outer=(outer(),), before=RIGHT, tries=GUESSES, after=RIGHT)
    sighting = ManagementSighting(vantage="outside", firewalls=(seen,), echoes=ECHOES)
    assert management_plane("fw", sighting, CITY, changed(PROFILE, default_communities=())).state.value == "unproven"


# -- limits, exactly ------------------------------------------------------------------------------------------------------------


def test_the_miss_bound_may_be_reached_and_not_passed() -> None:
    assert isinstance(judged(outer(miss_bound=1e-4)), Compliant)


def test_a_control_that_answered_once_within_the_bound_is_enough() -> None:
    assert isinstance(judged(outer(control_answered=1)), Compliant)
    lost = judged(outer(control_answered=0))
    assert f"the way to {FW4} is not proven: 198.51.100.8 port 443 answered 0 of 7" in lost.reason


def test_a_name_server_declared_on_the_firewall_is_asked_over_udp() -> None:
    """It is declared for UDP port 161 as DNS; a service declared so on TCP, or elsewhere, or inside, excuses nothing."""
    answer = Reply(answer=Answer.OPEN, times=7)
    seen = FirewallSeen(host="fw", outer=(outer(SSH, a_port(161, "udp", answer)),), before=RIGHT, tries=GUESSES, after=RIGHT)
    sighting = ManagementSighting(vantage="outside", firewalls=(seen,), echoes=ECHOES)
    here = CITY.hosts["fw"].outer_addresses[0]
    service = changed(CITY.services[0], host="fw", address=here, port=161, protocol="dns", seen_from=frozenset({"outside"}))

    def state(**more: object) -> str:
        city = changed(CITY, services=(*CITY.services, changed(service, **more)))
        return management_plane("fw", sighting, city, PROFILE).state.value

    assert state() == "compliant"
    assert state(protocol="http") == "violated"
    assert state(seen_from=frozenset({"inside"})) == "violated"
    assert state(address=CITY.services[0].address) == "violated"


def test_what_a_port_was_refused_by_is_told() -> None:
    unable = judged(replies(Reply(answer=Answer.LOCAL, times=7)))
    assert f"the vantage could not send to {FW4}:22/tcp (local)" in unable.reason
    named = judged(replies(Reply(answer=Answer.LOCAL, by="ENETUNREACH", times=7)))
    assert f"the vantage could not send to {FW4}:22/tcp (ENETUNREACH)" in named.reason
    assert f"{FW4}:22/tcp was refused by somebody, not by fw" in judged(replies(Reply(answer=Answer.ICMP, times=7))).reason


def test_a_udp_port_is_named_as_one() -> None:
    unable = outer(SSH, a_port(161, "udp", Reply(answer=Answer.LOCAL, times=7)))
    assert f"the vantage could not send to {FW4}:161/udp (local)" in judged(unable).reason


def test_only_echoes_that_answered_in_the_firewalls_family_are_witnesses() -> None:
    others = tuple(replace(echo, family=6, observation="o-6") for echo in ECHOES)
    lost = tuple(replace(echo, port=830, echoed=False, observation="o-lost") for echo in ECHOES)
    told = next(w for w in judged(echoes=(*others, *lost, *ECHOES)).witnesses if "outside echo" in w.text)
    assert told.text == "outside can emit to 161/udp, 22/tcp: the outside echo answered"
    assert told.observations == ("o-e",)


@pytest.mark.parametrize("kind", ["management_tcp_ports", "management_udp_ports"])
def test_a_profile_with_one_kind_of_management_port_is_one(kind: str) -> None:
    seen = FirewallSeen(host="fw", outer=(outer(),), before=RIGHT, tries=GUESSES, after=RIGHT)
    sighting = ManagementSighting(vantage="outside", firewalls=(seen,), echoes=ECHOES)
    verdict = management_plane("fw", sighting, CITY, changed(PROFILE, **{kind: ()}))
    assert isinstance(verdict, Compliant), verdict.reason


def test_several_breaches_and_several_doubts_are_told_in_a_row() -> None:
    answers = Reply(answer=Answer.OPEN)
    both = judged(outer(a_port(22, "tcp", answers), a_port(161, "udp", answers)))
    assert both.reason.startswith(f"fw: {FW4}:22/tcp answers outside; {FW4}:161/udp answers outside; 9.A.2: ")
    doubted = judged(echoes=())
    assert "emit to 22/tcp (IPv4); outside was not seen to be able to emit to 161/udp (IPv4)" in doubted.reason


def test_an_agent_that_was_not_asked_is_told_so() -> None:
    assert "(it was not asked)" in judged(before=None).reason
