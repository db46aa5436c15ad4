"""9.A.3/not-named over hand-written answers: good, bad, and each way of not knowing."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from ordinance.judge.names import not_named
from ordinance.judge.verdict import Compliant, Violated
from ordinance.sight.names import NameAnswer, NamesSighting, Record, ServerNames, ZoneTransfer
from ordinance.sight.perimeter import Answer, Conversation, FamilyBound
from selftest.judge.city_cases import CITY, NS, PROFILE, WWW4, ZONE, a_sweep, a_talk, group, talks, with_city

UNUSED = "ordinance-0.city.example"
REVERSE = "100.51.198.in-addr.arpa"
PTR6 = "1.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa"
WITNESS = NameAnswer(
    server=NS,
    transport="tcp",
    name="www.city.example",
    type="A",
    rcode="NOERROR",
    records=(Record("www.city.example", "A", WWW4),),
    authoritative=True,
    observation="o-w",
)


def answer(name: str, kind: str, rcode: str = "NXDOMAIN", *records: Record, unseen: str = "") -> NameAnswer:
    return NameAnswer(
        server=NS,
        transport="tcp",
        name=name,
        type=kind,
        rcode=rcode,
        records=records,
        authoritative=rcode in {"NOERROR", "NXDOMAIN"},
        unseen=unseen,
        observation="o-q",
    )


GOOD = (
    *(answer("intranet.city.example", kind) for kind in ("A", "AAAA", "CNAME")),
    answer("81.0.20.10.in-addr.arpa", "PTR", "REFUSED"),
    answer(PTR6, "PTR", "NOTAUTH"),
)
REFUSED = tuple(ZoneTransfer(server=NS, zone=zone, rcode="REFUSED", observation="o-x") for zone in (ZONE, REVERSE))


def tcp(*more: NameAnswer, **changed: object) -> ServerNames:
    given = {"before": WITNESS, "questions": (*GOOD, *more), "after": WITNESS, "transfers": REFUSED}
    return ServerNames(server=NS, transport="tcp", **{**given, **changed})


def udp(**changed: object) -> ServerNames:
    return replace(tcp(), transport="udp", transfers=(), **changed)


def seen(*servers: ServerNames, no_udp: str = "") -> NamesSighting:
    return NamesSighting(vantage="outside", zone=ZONE, servers=servers, no_udp=no_udp, unused=UNUSED)


def judged(*servers: ServerNames, more: tuple[Conversation, ...] = (), city=CITY):
    """What was seen over TCP, with the same good answers over UDP."""
    return not_named(ZONE, seen(*servers, udp()), a_sweep(), talks(*more), inventory=city, profile=PROFILE)


def test_no_name_no_transfer_no_certificate_is_compliant() -> None:
    verdict = judged(tcp())
    assert isinstance(verdict, Compliant), verdict.reason
    assert WWW4 in " ".join(item.text for item in verdict.evidence)
    assert "before and after" in verdict.witnesses[0].text


def test_what_was_asked_over_one_transport_alone_is_unproven() -> None:
    verdict = not_named(ZONE, seen(tcp(), no_udp="tool: no python3"), a_sweep(), talks(), inventory=CITY, profile=PROFILE)
    assert verdict.state.value == "unproven"
    assert "not asked over UDP, as the public asks (tool: no python3)" in verdict.reason
    assert not_named(ZONE, seen(udp()), a_sweep(), talks(), inventory=CITY, profile=PROFILE).state.value == "unproven"


@pytest.mark.parametrize(
    "told",
    [
        answer("intranet.city.example", "AAAA", "NOERROR", Record("intranet.city.example", "AAAA", "2001:db8:100:2::81")),
        answer("intranet.city.example", "A", "NOERROR", Record("intranet.city.example", "A", WWW4)),
        answer("hr.city.example", "CNAME", "NOERROR", Record("hr.city.example", "CNAME", "intranet.city.example")),
        answer("hr.city.example", "A", "NOERROR", Record("hr.city.example", "A", "10.20.0.81")),
        answer("x.city.example", "AAAA", "NOERROR", Record("x.city.example", "AAAA", "2001:db8:100:2:0:0:0:81")),
        answer("81.0.20.10.in-addr.arpa", "PTR", "NOERROR", Record("81.0.20.10.in-addr.arpa", "PTR", "staff.city.example")),
        answer(
            "8.100.51.198.in-addr.arpa", "PTR", "NOERROR", Record("8.100.51.198.in-addr.arpa", "PTR", "Intranet.City.Example.")
        ),
        answer("city.example", "MX", "NOERROR", Record("city.example", "MX", "10 mail.intranet.city.example")),
        answer("city.example", "TXT", "NOERROR", Record("city.example", "TXT", '"v=spf1 ip4:10.20.0.81 -all"')),
        answer("city.example", "HTTPS", "NOERROR", Record("city.example", "HTTPS", "1 . ipv6hint=2001:db8:100:2::81")),
        answer("intranet.city.example", "NS", "NOERROR", Record("intranet.city.example", "NS", "ns.intranet.city.example")),
    ],
)
def test_a_record_that_names_it_is_violated(told: NameAnswer) -> None:
    verdict = judged(tcp(told))
    assert isinstance(verdict, Violated)
    assert told.records[0].data in verdict.reason


@pytest.mark.parametrize(
    "told",
    [
        Record("www.city.example", "A", WWW4),
        Record("notintranet.city.example", "A", WWW4),
        Record("city.example", "TXT", '"v=spf1 ip4:10.20.0.8 -all"'),
        Record("city.example", "SOA", "ns.city.example postmaster.city.example 1 2 3 4 5"),
    ],
)
def test_other_records_are_no_breach(told: Record) -> None:
    assert isinstance(judged(tcp(answer(told.name, told.type, "NOERROR", told))), Compliant)


def test_a_zone_given_away_is_violated() -> None:
    given = (REFUSED[0], replace(REFUSED[1], rcode="NOERROR", records=7))
    verdict = judged(tcp(transfers=given))
    assert isinstance(verdict, Violated)
    assert REVERSE in verdict.reason


@pytest.mark.parametrize("name", ["intranet.city.example", "*.intranet.city.example", "INTRANET.city.example.", "intranet"])
def test_a_public_certificate_that_names_it_is_violated(name: str) -> None:
    verdict = judged(tcp(), more=(a_talk(tls_names=("www.city.example", name)),))
    assert isinstance(verdict, Violated)
    assert WWW4 in verdict.reason


def test_a_wildcard_over_the_zone_does_not_name_it() -> None:
    assert isinstance(judged(tcp(), more=(a_talk(tls_names=("*.city.example",)),)), Compliant)


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (tcp(before=replace(WITNESS, unseen="no-answer: silent", rcode="")), "before the questions (no-answer"),
        (tcp(after=replace(WITNESS, rcode="SERVFAIL", records=())), "after the questions (SERVFAIL)"),
        (tcp(after=replace(WITNESS, records=(Record("www.city.example", "A", "192.0.2.1"),))), "192.0.2.1"),
        (tcp(answer("dept.city.example", "A", "SERVFAIL")), "gave no answer to 1 of 6 questions, dept.city.example A"),
        (tcp(answer("dept.city.example", "A", "", unseen="deadline: slow")), "deadline: slow"),
        (tcp(questions=GOOD[1:]), "not asked for intranet.city.example A"),
        (tcp(questions=GOOD[:-1]), "PTR"),
        (tcp(transfers=REFUSED[:1]), f"not asked for the zone {REVERSE}"),
        (tcp(transfers=(REFUSED[0], replace(REFUSED[1], rcode="CLOSED"))), "CLOSED"),
        (tcp(transfers=(REFUSED[0], replace(REFUSED[1], rcode="", unseen="deadline: slow"))), "deadline: slow"),
    ],
)
def test_a_question_without_an_answer_is_unproven(server: ServerNames, words: str) -> None:
    verdict = judged(server)
    assert verdict.state.value == "unproven"
    assert words in verdict.reason


def test_a_server_that_nobody_asked_is_unproven() -> None:
    assert not_named(ZONE, seen(), a_sweep(), talks(), inventory=CITY, profile=PROFILE).state.value == "unproven"


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (tcp(before=replace(WITNESS, authoritative=False)), "the server is no authority for it"),
        (tcp(questions=(replace(GOOD[0], authoritative=False), *GOOD[1:])), "did not answer as an authority"),
        (tcp(questions=(replace(GOOD[0], rcode="REFUSED"), *GOOD[1:])), "gave no answer to 1 of 5"),
        (tcp(answer(f"8.{REVERSE}", "PTR", "NOTAUTH")), "gave no answer to 1 of 6"),
    ],
)
def test_a_server_that_does_not_answer_for_its_own_zone_is_unproven(server: ServerNames, words: str) -> None:
    verdict = judged(server)
    assert verdict.state.value == "unproven"
    assert words in verdict.reason


def servers_named(*pairs: tuple[str, str]) -> ServerNames:
    """The zone names these servers; "" for one of which the zone does not tell the address."""
    records = tuple(Record(ZONE, "NS", name) for name, _ in pairs)
    told = [answer(name, "A", "NOERROR", Record(name, "A", address)) for name, address in pairs if address]
    return tcp(answer(ZONE, "NS", "NOERROR", *records), *told)


@pytest.mark.parametrize(
    ("server", "state"),
    [
        (servers_named(("ns.city.example", NS)), "compliant"),
        (servers_named(("ns.provider.example", "")), "compliant"),  # the declared server may be it
        (servers_named(("ns.city.example", NS), ("ns2.city.example", WWW4)), "unproven"),
        (servers_named(("ns.city.example", NS), ("ns.city.example", "2001:db8:100:1::3")), "unproven"),  # IPv6 nobody asked
        (servers_named(("ns.city.example", NS), ("ns.provider.example", "")), "unproven"),
    ],
)
def test_a_server_that_the_zone_names_and_nobody_asked_is_unproven(server: ServerNames, state: str) -> None:
    assert judged(server).state.value == state


def wildcard(data: str, told: str) -> ServerNames:
    said = [answer(name, "A", "NOERROR", Record(name, "A", d)) for name, d in (("intranet.city.example", told), (UNUSED, data))]
    return tcp(questions=(*GOOD[1:], *said))


def test_what_a_wildcard_says_of_every_name_does_not_name_the_intranet() -> None:
    assert isinstance(judged(wildcard(WWW4, WWW4)), Compliant)
    assert isinstance(judged(wildcard(WWW4, NS)), Violated)
    assert isinstance(judged(wildcard("10.20.0.81", "10.20.0.81")), Violated)


def test_udp_that_answers_otherwise_counts() -> None:
    dead = replace(WITNESS, transport="udp", rcode="", unseen="no-answer: silent")
    assert judged(tcp(), ServerNames(server=NS, transport="udp", before=dead, questions=(), after=dead)).state.value == "unproven"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (a_talk(tls_names=()), "certificate of www"),
        (a_talk(unseen="no-answer: by the deadline"), "no-answer"),
        (
            a_talk("198.51.100.5", 25, protocol="smtp", tls_names=(), uncertified="protocol: no TLS"),
            "offers was not seen (protocol",
        ),
        (a_talk("198.51.100.9", 8443, unseen="deadline: slow", tls_names=()), "198.51.100.9 port 8443"),
    ],
)
def test_a_certificate_that_was_not_seen_is_unproven(more: Conversation, words: str) -> None:
    verdict = judged(tcp(), more=(more,))
    assert verdict.state.value == "unproven"
    assert words in verdict.reason


def test_ports_that_nobody_talked_to_are_unproven() -> None:
    left_out = (group(((1000, 2000),), Answer.OPEN, by=WWW4),)
    said = talks(left_out=left_out)
    assert not_named(ZONE, seen(tcp(), udp()), a_sweep(), said, inventory=CITY, profile=PROFILE).state.value == "unproven"


def test_ports_that_the_sweep_may_have_missed_may_show_a_certificate() -> None:
    for given, words in (
        ({"complete": False, "why_incomplete": "interrupted"}, "interrupted"),
        ({"bounds": tuple(FamilyBound(family=f, rounds=1, miss_bound=0.2) for f in (4, 6))}, "may have been missed"),
        ({"echo_families": (4,)}, "no outside echo"),
    ):
        sweep = a_sweep(**given)
        verdict = not_named(ZONE, seen(tcp(), udp()), sweep, talks(), inventory=CITY, profile=PROFILE)
        assert verdict.state.value == "unproven"
        assert words in verdict.reason


@pytest.mark.parametrize("city", [with_city(intranet=()), with_city(public_dns=None)])
def test_an_inventory_that_does_not_say_what_to_hide_is_unproven(city) -> None:
    assert judged(tcp(), city=city).state.value == "unproven"


# -- the witness, exactly -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"unseen": "deadline: slow"}, "(deadline: slow)"),
        ({"unseen": "deadline: slow", "rcode": "", "records": ()}, "(deadline: slow)"),
        ({"rcode": "SERVFAIL"}, "(SERVFAIL)"),
        ({"authoritative": False}, "(the server is no authority for it)"),
        ({"records": ()}, "(other records: none)"),
        (
            {"records": tuple(Record("www.city.example", "A", f"192.0.2.{n}") for n in (1, 2))},
            "(other records: 192.0.2.1, 192.0.2.2)",
        ),
        ({"records": (Record("www.city.example", "TXT", WWW4),)}, f"(other records: {WWW4})"),
    ],
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_server_that_does_not_know_the_public_name_bears_no_witness(moment: str, changed: dict, told: str) -> None:
    verdict = judged(tcp(**{moment: replace(WITNESS, **changed)}))
    assert verdict.state.value == "unproven"
    assert f"{NS} over TCP did not resolve www.city.example {moment} the questions {told}" in verdict.reason
    assert len([witness for witness in verdict.witnesses if "over TCP" in witness.text]) == 0


def test_an_ipv6_witness_is_one() -> None:
    zone = dataclasses.replace(CITY.public_dns, witness_address=ip_address("2001:db8:100:1::8"))
    six = replace(WITNESS, type="AAAA", records=(Record("www.city.example", "AAAA", "2001:db8:100:1:0:0:0:8"),))
    servers = (tcp(before=six, after=six), udp(before=six, after=six))
    verdict = not_named(ZONE, seen(*servers), a_sweep(), talks(), inventory=with_city(public_dns=zone), profile=PROFILE)
    assert isinstance(verdict, Compliant), verdict.reason
