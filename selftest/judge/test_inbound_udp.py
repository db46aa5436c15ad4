"""9.A.2/inbound-udp over hand-written probes: good, bad, and each way of not knowing."""

from __future__ import annotations

from dataclasses import replace as changed
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec.structs import replace

from ordinance.inventory.model import PublicDns, Service
from ordinance.judge.inbound_udp import inbound_udp
from ordinance.judge.verdict import Compliant, Unproven, Verdict, Violated
from ordinance.sight.crossing import Crossing, CrossingSighting, Watched
from ordinance.sight.perimeter import Answer, Reply
from selftest.judge.perimeter_city import FW, MAIL, OUTER, PROFILE, UNUSED, WWW, host, icmp, inventory

ZONE = "198.51.100.3"
GROUP = (FW, ZONE, MAIL, WWW, UNUSED)
OPEN = Reply(answer=Answer.OPEN, by=ZONE, times=3)
CONTROL = Crossing(address=ZONE, what="DNS", port=53, sent=3, silent=0, replies=(OPEN,), control=True, arrived=3, left=3, flows=1)
WATCHED = Watched(firewall="fw", tracks=True, observation="o-w")


def a_city() -> Any:
    base = inventory(GROUP)
    dns = Service("dns", ip_address(ZONE), 53, "dns", "city.example", frozenset({"outside"}))
    zone = PublicDns("city.example", (ip_address(ZONE),), "www", ip_address(WWW))
    hosts = {**base.hosts, "dns": host("dns", "name_servers", ZONE)}
    return changed(base, hosts=hosts, services=(*base.services, dns), public_dns=zone)


def probe(address: str = MAIL, *replies: Reply, **more: Any) -> Crossing:
    values: dict[str, Any] = {"address": address, "what": "NTP", "port": 123, "sent": 3, "silent": 3, "arrived": 3}
    return Crossing(**{**values, "replies": replies, **more})


def judged(*given: Crossing, profile: Any = PROFILE, control: Crossing | None = CONTROL, **more: Any) -> Verdict:
    held = {(p.address, p.port): p for p in (*(probe(address) for address in GROUP if address != ZONE), *given)}
    controls = (control,) if control else ()
    values: dict[str, Any] = {"vantage": "outside", "watched": (WATCHED,), "complete": True, "observations": ("o-1",)}
    seen = CrossingSighting(**{**values, "probes": (*held.values(), *controls), **more})
    return inbound_udp("public", seen, a_city(), profile)


def test_arriving_and_ending_at_the_firewall_is_compliant() -> None:
    verdict = judged()
    assert isinstance(verdict, Compliant), verdict.reason
    assert "was seen to cross" in verdict.witnesses[0].text


@pytest.mark.parametrize(
    "reply",
    [icmp((3, 13)), icmp((3, 3)), icmp((3, 1))],
    ids=["prohibited", "port unreachable by the firewall", "host unreachable"],
)
def test_a_refusal_of_the_firewall_that_ends_there_is_compliant(reply: Reply) -> None:
    assert isinstance(judged(probe(MAIL, reply, silent=2)), Compliant)


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (probe(WWW, Reply(answer=Answer.OPEN, by=WWW)), "answers"),
        (probe(WWW, Reply(answer=Answer.OPEN, by=WWW), said="public"), "answers (public)"),
        (probe(WWW, left=3), "sent it on"),
        (probe(WWW, left=1, arrived=0), "sent it on"),
        (probe(UNUSED, flows=1), "took it for a flow"),
        (probe(FW, flows=1), "took it for a flow"),
        (probe(MAIL, icmp((3, 3), by=MAIL)), "behind the firewall"),
        (probe(MAIL, icmp((3, 1), by=WWW)), "behind the firewall"),
    ],
)
def test_whatever_crosses_is_a_violation(bad: Crossing, word: str) -> None:
    verdict = judged(bad)
    assert isinstance(verdict, Violated), verdict.reason
    assert word in verdict.reason
    assert verdict.breaches == (f"{bad.address}:123/udp",)


def test_a_violation_stands_whatever_else_was_not_seen() -> None:
    seen = judged(probe(WWW, left=1), control=None, watched=(), complete=False)
    assert isinstance(seen, Violated)


def test_the_name_server_is_a_reading_of_the_profile() -> None:
    strict = changed(PROFILE, public_dns="violation")
    verdict = judged(profile=strict)
    assert isinstance(verdict, Violated)
    assert verdict.breaches == (f"{ZONE}:53/udp",)


def test_only_the_zones_own_address_may_answer() -> None:
    assert isinstance(judged(replace(CONTROL, address=MAIL)), Violated)


@pytest.mark.parametrize(
    ("given", "more", "word"),
    [
        ((probe(MAIL, arrived=0),), {}, "silence proves nothing"),
        ((probe(MAIL, sent=0, arrived=0),), {}, "could not send"),
        ((probe(MAIL, Reply(answer=Answer.LOCAL, by="EPERM"), arrived=0),), {}, "EPERM"),
        ((), {"complete": False}, "not all sent"),
        ((), {"unasked": (MAIL,)}, "not in the inventory's scope"),
        ((), {"watched": ()}, "no firewall is declared"),
        ((), {"watched": (Watched(firewall="fw", unseen="tool: there is no python3"),)}, "there is no python3"),
        ((), {"watched": (replace(WATCHED, tracks=False),)}, "connection tracking of fw could not be read"),
        ((), {"watched": (replace(WATCHED, lost=7),)}, "missed 7 packets"),
        ((), {"control": None}, "no public service is declared over IPv4"),
        ((), {"control": replace(CONTROL, replies=(), silent=3)}, "meant to answer, did not"),
        ((), {"control": replace(CONTROL, arrived=0)}, "may be blind"),
        ((), {"control": replace(CONTROL, left=0)}, "may be blind"),
        ((), {"control": replace(CONTROL, flows=0)}, "may be blind"),
    ],
)
def test_what_was_not_seen_is_unproven(given: tuple[Crossing, ...], more: dict[str, Any], word: str) -> None:
    verdict = judged(*given, **more)
    assert isinstance(verdict, Unproven), verdict.reason
    assert word in verdict.reason


def test_an_address_that_was_not_asked_is_unproven() -> None:
    seen = CrossingSighting(vantage="outside", probes=(CONTROL,), watched=(WATCHED,), complete=True, observations=("o-1",))
    verdict = inbound_udp("public", seen, a_city(), PROFILE)
    assert isinstance(verdict, Unproven)
    assert f"{MAIL} was not asked" in verdict.reason


def test_a_refusal_from_nobody_knows_whom_needs_the_firewalls_word() -> None:
    assert isinstance(judged(probe(MAIL, icmp((3, 3), by=OUTER), arrived=0)), Unproven)


def test_a_group_without_addresses_is_unproven() -> None:
    seen = CrossingSighting(vantage="outside", probes=(), watched=(), complete=True, observations=("o-1",))
    assert isinstance(inbound_udp("nobody", seen, a_city(), PROFILE), Unproven)


# -- the zone's own servers -----------------------------------------------------------------------------------------------------


def of(city: Any, *probes: Crossing) -> Verdict:
    seen = CrossingSighting(vantage="outside", watched=(WATCHED,), complete=True, observations=("o-1",), probes=probes)
    return inbound_udp("public", seen, city, PROFILE)


@pytest.mark.parametrize(("port", "kind"), [(53, Compliant), (25, Violated)])
def test_a_name_server_that_takes_mail_too_may_answer_dns_alone_over_udp(port: int, kind: type) -> None:
    """Its port 25 is open by the policy, and that is one of TCP."""
    city = a_city()
    both = changed(city.hosts["dns"], groups=frozenset({"name_servers", "mail_gateways"}))
    rest = tuple(probe(address) for address in GROUP if address != ZONE)
    verdict = of(changed(city, hosts={**city.hosts, "dns": both}), *rest, CONTROL, replace(CONTROL, port=port, control=False))
    assert isinstance(verdict, kind), verdict.reason


def test_without_a_declared_zone_nobody_may_answer() -> None:
    verdict = of(changed(a_city(), public_dns=None), *(probe(address) for address in GROUP if address != ZONE), CONTROL)
    assert isinstance(verdict, Violated)
    assert verdict.breaches == (f"{ZONE}:53/udp",)


def test_where_only_what_may_answer_was_asked_nothing_was_seen() -> None:
    city = a_city()
    alone = changed(city, public=(changed(city.public[0], addresses=(ip_address(ZONE),)),))
    verdict = of(alone, CONTROL)
    assert isinstance(verdict, Unproven)
    assert (verdict.reason, verdict.evidence) == ("public: nothing was seen", ())
    assert verdict.witnesses
