"""9.A.3/not-reachable over hand-written sweeps: good, bad, and each way of not knowing."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from ordinance.judge.intranet import not_reachable
from ordinance.judge.verdict import Compliant, Violated
from ordinance.sight.intranet import IntranetSighting
from ordinance.sight.perimeter import (
    AddressSweep,
    Answer,
    Canary,
    ConversationSighting,
    FamilyBound,
    Reply,
    SweepSighting,
    Unechoed,
)
from ordinance.sight.ports import ranges
from selftest.judge.city_cases import (
    ALL,
    CANARY,
    CITY,
    IN4,
    IN6,
    PROFILE,
    WWW4,
    WWW6,
    a_careful,
    a_page,
    a_port,
    a_sweep,
    a_talk,
    group,
    inside,
    swept,
    talks,
    with_city,
    without,
)

SILENT = group(((1, 8442), (8444, 65_535)), Answer.SILENT)
P8443 = ((8443, 8443),)


def judged(
    sweep: SweepSighting | None = None, said: ConversationSighting | None = None, seen: IntranetSighting | None = None, city=CITY
):
    return not_reachable("intranet", sweep or a_sweep(), said or talks(), seen or inside(), inventory=city, profile=PROFILE)


def one(address: str, answer: Answer, **reply: object) -> AddressSweep:
    return swept(address, group(P8443, answer, **reply), SILENT)


def test_silent_outside_and_there_inside_is_compliant() -> None:
    verdict = judged()
    assert isinstance(verdict, Compliant), verdict.reason
    assert [w.text for w in verdict.witnesses[:2]] == [
        f"{a} showed its page inside before and after the sweep" for a in (IN4, IN6)
    ]
    assert any("answered 900 of 900" in w.text for w in verdict.witnesses)


@pytest.mark.parametrize(
    ("reply", "by"),
    [
        ({"hops": 0}, "rst"),
        ({"hops": 0}, "mute"),
        ({"by": "10.20.0.1", "icmp": (3, 13)}, "icmp"),
        ({"by": "203.0.113.1", "icmp": (3, 3)}, "icmp"),
    ],
)
def test_a_refusal_by_the_firewall_is_compliant(reply: dict, by: str) -> None:
    verdict = judged(a_sweep(one(IN4, Answer(by), **reply)))
    assert isinstance(verdict, Compliant), verdict.reason


@pytest.mark.parametrize("address", [IN4, IN6])
@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (Answer.OPEN, {"hops": 1}),
        (Answer.OPEN, {}),
        (Answer.RST, {"hops": 1}),  # as far away as the public hosts: the server itself
        (Answer.RST, {"hops": 2}),
    ],
)
def test_an_answer_of_the_server_itself_is_violated(address: str, answer: Answer, reply: dict) -> None:
    verdict = judged(a_sweep(one(address, answer, **reply)))
    assert isinstance(verdict, Violated)
    assert f"{address} port 8443" in verdict.reason
    assert len(verdict.breaches) == 1
    assert "8443" in verdict.breaches[0]


def test_an_icmp_error_of_the_server_s_own_filter_is_violated() -> None:
    assert isinstance(judged(a_sweep(one(IN4, Answer.ICMP, by=IN4, icmp=(3, 13)))), Violated)


@pytest.mark.parametrize("reply", [{"hops": 1}, {}, {"hops": 0, "by": "more came than the handshake"}])
def test_a_handshake_with_an_empty_window_that_may_be_the_server_s_is_unproven(reply: dict) -> None:
    verdict = judged(a_sweep(one(IN4, Answer.MUTE, **reply)))
    assert (verdict.state.value, "empty window" in verdict.reason) == ("unproven", True), verdict.reason


NOBODY = Reply(answer=Answer.ICMP, by="203.0.113.1", icmp=(3, 1), times=7)
REFUSES_ALL = (a_port(33_333, "tcp", NOBODY, address=IN4),)


@pytest.mark.parametrize(
    ("careful", "state"),
    [
        ((a_careful(IN4, a_port(8443, "tcp", NOBODY, address=IN4), slow_decoys=4),), "violated"),  # let through, found nobody
        ((a_careful(IN4, a_port(8443, "tcp", NOBODY, address=IN4), decoys=REFUSES_ALL),), "compliant"),  # a route that ends there
        ((a_careful(IN4, a_port(8443, "tcp", NOBODY, address=IN4)),), "unproven"),  # the decoy's word may have been held back
        ((), "unproven"),
    ],
)
def test_host_unreachable_means_let_through_only_where_other_ports_are_refused_otherwise(careful: tuple, state: str) -> None:
    seen = one(IN4, Answer.ICMP, by="203.0.113.1", icmp=(3, 1))
    assert judged(a_sweep(seen, careful=careful)).state.value == state


def test_a_reset_is_placed_by_asking_again_with_care() -> None:
    seen = one(IN4, Answer.RST)
    behind = a_port(8443, "tcp", Reply(answer=Answer.RST, hops=1, times=7), address=IN4)
    front = a_port(8443, "tcp", Reply(answer=Answer.RST, hops=0, times=7), address=IN4)
    assert isinstance(judged(a_sweep(seen, careful=(a_careful(IN4, behind),))), Violated)
    assert isinstance(judged(a_sweep(seen, careful=(a_careful(IN4, front),))), Compliant)


def test_a_port_asked_again_speaks_for_itself_alone() -> None:
    seen = swept(IN4, group(((8443, 8444),), Answer.RST), group(((1, 8442), (8445, 65_535)), Answer.SILENT))
    front = a_port(8443, "tcp", Reply(answer=Answer.RST, hops=0, times=7), address=IN4)
    verdict = judged(a_sweep(seen, careful=(a_careful(IN4, front),)))
    assert verdict.state.value == "unproven"
    assert "8444: refused by a reset, and who sent it cannot be told" in verdict.reason


def test_the_intranet_s_page_on_a_public_port_is_violated() -> None:
    verdict = judged(said=talks(a_talk("198.51.100.3", 8080, protocol="http", identities=(), canaries=(CANARY,))))
    assert isinstance(verdict, Violated)
    assert verdict.breaches == ("198.51.100.3:8080/tcp",)


def test_a_violation_needs_no_witness_from_inside() -> None:
    gone = inside(*(a_page(a, after_sweep=after, canary=False, unseen="refused") for a in (IN4, IN6) for after in (False, True)))
    assert isinstance(judged(a_sweep(one(IN4, Answer.OPEN)), seen=gone), Violated)


NO_HOPS = tuple(Canary(address=a, port=443, sent=9, answered=9, late_sent=9, late_answered=9) for a in (WWW4, WWW6))
NOT_SIX = tuple(Canary(address=a, port=443, sent=9, answered=9, late_sent=9, late_answered=n) for a, n in ((WWW4, 9), (WWW6, 0)))


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        (without(a_sweep(), IN6), f"{IN6} was not swept"),
        (a_sweep(swept(IN6, group(ALL, Answer.LOCAL, by="ENETUNREACH"))), "itself cannot send"),
        (a_sweep(swept(IN4, group(ALL, Answer.UNASKED))), "only 0 of 65535"),
        (a_sweep(swept(IN4, group(((1, 65_534),), Answer.SILENT))), "only 65534 of 65535"),
        (a_sweep(complete=False, why_incomplete="no canary answers"), "no canary answers"),
        (a_sweep(bounds=(FamilyBound(family=4, rounds=1, miss_bound=1e-5),)), "IPv6"),
        (a_sweep(bounds=tuple(FamilyBound(family=f, rounds=1, miss_bound=1e-3) for f in (4, 6))), "chance of up to 0.001"),
        (a_sweep(canaries=NOT_SIX), "no port known to be open answered over IPv6"),
        (a_sweep(canaries=()), "no port known to be open"),
        (a_sweep(echo_families=(4,)), "no outside echo"),
        (a_sweep(one(IN4, Answer.RST)), "who sent it cannot be told"),
        (a_sweep(one(IN4, Answer.RST, hops=1), canaries=NO_HOPS), "who sent it cannot be told"),
        (a_sweep(one(IN4, Answer.ICMP, by="192.0.2.1", icmp=(3, 1))), "no host of the city"),
        (a_sweep(one(IN4, Answer.ICMP)), "who sent it cannot be told"),
    ],
)
def test_a_sweep_that_did_not_see_enough_is_unproven(sweep: SweepSighting, words: str) -> None:
    verdict = judged(sweep)
    assert verdict.state.value == "unproven"
    assert words in verdict.reason


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("page", "words"),
    [
        ({"canary": False, "unseen": "refused: nobody listens"}, "refused: nobody listens"),
        ({"canary": False, "status": 503}, "status 503"),
    ],
)
def test_a_server_that_is_not_there_is_unproven(after: bool, page: dict, words: str) -> None:
    verdict = judged(seen=inside(a_page(IN6, after_sweep=after, **page)))
    assert verdict.state.value == "unproven"
    assert f"{IN6} did not show its page inside {'after' if after else 'before'}" in verdict.reason
    assert words in verdict.reason


def test_no_look_from_inside_is_unproven() -> None:
    verdict = judged(seen=IntranetSighting(pages=()))
    assert "nobody asked" in verdict.reason


@pytest.mark.parametrize(
    "said",
    [
        talks(a_talk("198.51.100.3", 8080, unseen="deadline: slow")),
        talks(a_talk("198.51.100.3", 8080, protocol="silent", said="")),
        talks(a_talk("198.51.100.3", 8080, protocol="closed", said="")),
        talks(a_talk("198.51.100.3", 8080, protocol="tls", said="")),
        talks(a_talk(cut="its page was cut after 45056 bytes")),
        ConversationSighting(vantage="outside", conversations=(a_talk(),)),  # the IPv6 address is open, and nobody talked to it
        talks(left_out=(group(((1, 9),), Answer.OPEN, by="198.51.100.3"),)),
    ],
)
def test_a_public_port_nobody_heard_is_unproven(said: ConversationSighting) -> None:
    assert judged(said=said).state.value == "unproven"


def test_an_address_of_the_server_that_no_site_declares_is_unproven() -> None:
    (site,) = CITY.intranet
    verdict = judged(city=with_city(intranet=(replace(site, addresses=site.addresses[:1]),)))
    assert verdict.state.value == "unproven"
    assert f"{IN6} is an address of intranet too" in verdict.reason


def test_an_intranet_nobody_declared_is_unproven() -> None:
    assert judged(city=with_city(intranet=())).state.value == "unproven"


# -- limits, exactly ------------------------------------------------------------------------------------------------------------


def test_the_miss_bound_may_be_reached_and_not_passed() -> None:
    assert isinstance(judged(a_sweep(bounds=tuple(FamilyBound(family=f, rounds=1, miss_bound=1e-4) for f in (4, 6)))), Compliant)


@pytest.mark.parametrize("shown", [False, True])
def test_a_page_shown_once_is_no_witness(shown: bool) -> None:
    """Before and after, both: a server that came or went meanwhile bears no witness for the sweep between."""
    gone = {"canary": False, "unseen": "refused: nobody listens"}
    verdict = judged(seen=inside(a_page(IN6, after_sweep=shown, **gone)))
    assert [w.text for w in verdict.witnesses if "its page inside" in w.text] == [
        f"{IN4} showed its page inside before and after the sweep"
    ]


def test_the_witness_rests_on_the_looks_before_and_after() -> None:
    pages = [a_page(a, after_sweep=after, observation=f"o-{a}-{after}") for a in (IN4, IN6) for after in (False, True)]
    assert judged(seen=inside(*pages)).witnesses[0].observations == (f"o-{IN4}-False", f"o-{IN4}-True")


def test_every_vantage_that_missed_the_page_is_told() -> None:
    gone = {"canary": False, "unseen": "refused: nobody listens"}
    seen = inside(a_page(IN6, **gone))
    second = msgspec.structs.replace(a_page(IN6, **gone), vantage="workstation", unseen="", status=503)
    verdict = judged(seen=IntranetSighting(pages=(*seen.pages, second)))
    assert "(here: refused: nobody listens; workstation: status 503, another page)" in verdict.reason


def test_ports_without_an_echo_are_in_doubt_in_their_own_family() -> None:
    verdict = judged(a_sweep(unechoed=(Unechoed(family=6, ports=((445, 446),)),)))
    assert verdict.state.value == "unproven"
    assert "outside is not shown to be able to send over IPv6 to ports 445-446" in verdict.reason
    assert "IPv4 to ports" not in verdict.reason
    only_four = with_city(intranet=(replace(CITY.intranet[0], addresses=CITY.intranet[0].addresses[:1]),))
    assert "IPv6 to ports" not in judged(a_sweep(unechoed=(Unechoed(family=6, ports=((445, 446),)),)), city=only_four).reason


@pytest.mark.parametrize(("by", "told"), [("ENETUNREACH", "ENETUNREACH"), ("", "no route")])
def test_why_the_vantage_cannot_send_is_told(by: str, told: str) -> None:
    verdict = judged(a_sweep(swept(IN6, group(ALL, Answer.LOCAL, by=by))))
    assert f"outside itself cannot send to {IN6} ({told})" in verdict.reason


def test_a_sweep_that_does_not_say_why_it_is_incomplete_ended_early() -> None:
    assert "the sweep is not complete (it ended early)" in judged(a_sweep(complete=False)).reason


@pytest.mark.parametrize("missing", ["addresses", "canary"])
def test_a_site_without_address_or_canary_text_is_unproven(missing: str) -> None:
    (site,) = CITY.intranet
    poor = replace(site, **{missing: () if missing == "addresses" else ""})
    verdict = judged(city=with_city(intranet=(poor,)))
    assert verdict.state.value == "unproven"


@pytest.mark.parametrize(
    ("ports", "named"),
    [
        (((8443, 8443),), f"{IN4}:8443/tcp"),
        (((8443, 8444),), f"{IN4} 8443-8444/tcp"),
        (((8443, 8443), (9000, 9000)), f"{IN4} 8443, 9000/tcp"),
    ],
)
def test_a_breach_is_named_by_its_port_or_by_all_of_them(ports: tuple, named: str) -> None:
    taken = {port for first, last in ports for port in range(first, last + 1)}
    silent = ranges(port for port in range(1, 65_536) if port not in taken)
    verdict = judged(a_sweep(swept(IN4, group(ports, Answer.OPEN, hops=1), group(silent, Answer.SILENT))))
    assert isinstance(verdict, Violated)
    assert verdict.breaches == (named,)


def test_several_breaches_are_told_in_a_row() -> None:
    verdict = judged(a_sweep(one(IN4, Answer.OPEN, hops=1), one(IN6, Answer.OPEN, hops=1)))
    assert f"it answered; {IN6} port 8443 is let through" in verdict.reason


def test_a_reset_whose_hops_the_sweep_knows_is_not_placed_anew() -> None:
    """What the careful look saw later does not speak for a reset that the sweep itself could place."""
    seen = one(IN4, Answer.RST, hops=0)
    behind = a_port(8443, "tcp", Reply(answer=Answer.RST, hops=1, times=7), address=IN4)
    assert isinstance(judged(a_sweep(seen, careful=(a_careful(IN4, behind),))), Compliant)


def test_a_host_the_inventory_does_not_hold_has_no_other_addresses() -> None:
    hosts = {name: host for name, host in CITY.hosts.items() if name != "intranet"}
    assert isinstance(judged(city=with_city(hosts=hosts)), Compliant)
