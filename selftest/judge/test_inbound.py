"""Inbound TCP: good, bad, and each way of not knowing."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import msgspec
import pytest

from ordinance.inventory.model import Host, PublicDns, PublicGroup
from ordinance.judge.inbound import inbound_tcp, readings
from ordinance.judge.verdict import State, Violated
from ordinance.law.model import Profile
from ordinance.sight.perimeter import Answer, FamilyBound, Reply, SweepSighting, Unechoed
from selftest.judge.perimeter_city import (
    ALL,
    FW,
    MAIL,
    MAIL6,
    NEWS,
    OPEN,
    PROFILE,
    RST_FW,
    RST_HOST,
    RST_UNKNOWN,
    UNUSED,
    WWW,
    answered,
    canary,
    careful,
    icmp,
    inventory,
    port,
    sweep,
    swept,
    talk,
    talks,
)

PROXIED = Reply(answer=Answer.MUTE, hops=0)
STRICT = replace(PROFILE, public_web="violation", public_dns="violation")


def judge(seen: SweepSighting, said: Any = None, profile: Profile = PROFILE, group: tuple[str, ...] = ALL) -> Any:
    return inbound_tcp("public", seen, said or talks(), inventory(group), profile)


def at(address: str, reply: Reply, *runs: Any, **more: Any) -> SweepSighting:
    return sweep(swept(address, answered(reply, *runs)), **more)


GOOD = {
    "only what may be": sweep(),
    "news over TLS": at(NEWS, OPEN, 563),
    "refused by the firewall's reset": at(MAIL, RST_FW, 113),
    "prohibited by the firewall": at(MAIL, icmp((3, 13)), 6000),
    "an allowed port let through to nobody": at(NEWS, RST_HOST, 563),
    "a SYN proxy's handshakes, and nobody's behind them": at(MAIL, PROXIED, (1, 24), (26, 65_535)),
    "placed by the second, careful look": at(MAIL, RST_UNKNOWN, 113, again=(careful(MAIL, ports=(port(113, RST_FW),)),)),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_the_policy_allows_is_compliant(name: str) -> None:
    verdict = judge(GOOD[name])
    assert verdict.state is State.COMPLIANT, verdict.reason


def test_a_reading_of_the_policy_stands_in_the_evidence() -> None:
    assert any("a reading of the profile" in item.text for item in judge(sweep()).evidence)


def test_the_strict_reading_takes_the_public_web_for_a_violation() -> None:
    assert judge(sweep(), profile=STRICT).breaches == (f"{WWW}:80/tcp",)


BAD = {
    "an odd port": (at(MAIL, OPEN, 31337), (f"{MAIL}:31337/tcp",)),
    "the last port of an unused address": (at(UNUSED, OPEN, 65535), (f"{UNUSED}:65535/tcp",)),
    "SMTP on the news host": (at(NEWS, OPEN, 25), (f"{NEWS}:25/tcp",)),
    "let through, nobody listens": (at(MAIL, RST_HOST, 8080), (f"{MAIL}:8080/tcp",)),
    "let through to nobody": (
        at(UNUSED, icmp((3, 1)), 777, again=(careful(UNUSED, ports=(port(777, icmp((3, 1)), address=UNUSED),), slow_decoys=4),)),
        (f"{UNUSED}:777/tcp",),
    ),
    "no filter at all": (at(WWW, RST_HOST, (1, 79), (81, 65535)), (WWW,)),
    "found by the careful look alone": (
        at(MAIL, RST_UNKNOWN, (1000, 1010), again=(careful(MAIL, ports=(port(1003, RST_HOST),)),)),
        (f"{MAIL}:1003/tcp",),
    ),
    "a breach in an incomplete sweep": (at(MAIL, OPEN, 23, complete=False, why_incomplete="time"), (f"{MAIL}:23/tcp",)),
}


@pytest.mark.parametrize("name", BAD)
def test_whatever_else_is_let_through_is_a_violation(name: str) -> None:
    seen, breaches = BAD[name]
    verdict = judge(seen)
    assert isinstance(verdict, Violated), verdict.reason
    assert verdict.breaches == breaches
    assert "9.A.2" in verdict.reason


def test_the_conversation_says_what_the_open_port_speaks() -> None:
    verdict = judge(at(MAIL, OPEN, 2222), talks(talk(MAIL, 2222, "ssh", said="SSH-2.0-x")))
    assert "speaks ssh" in verdict.reason


NOT_KNOWING = {
    "an empty window from as far as the hosts": (at(MAIL, Reply(answer=Answer.MUTE, hops=1), 113), "from as far as the hosts"),
    "an empty window from nobody knows how far": (at(MAIL, Reply(answer=Answer.MUTE), 113), "nobody knows whose"),
    "a SYN proxy's handshakes, and a bound that is not met": (
        at(MAIL, PROXIED, (1, 24), (26, 65_535), bounds=(FamilyBound(family=4, rounds=1, miss_bound=1e-3),)),
        "may have been missed",
    ),
    "incomplete": (sweep(complete=False, why_incomplete="the time allowed was over"), "the time allowed was over"),
    "bound not reached": (sweep(bounds=(FamilyBound(family=4, rounds=8, miss_bound=2e-4),)), "may have been missed"),
    "no canary at all": (sweep(canaries=()), "no known open port"),
    "a dead witness": (sweep(canaries=(canary(MAIL), canary(NEWS), canary(WWW, answered=0, late_answered=0))), "never answered"),
    "a host with a limit of its own": (
        sweep(canaries=(canary(MAIL, sent=200, answered=150), canary(WWW))),
        "less than the others",
    ),
    "barred half-way": (sweep(canaries=(canary(MAIL), canary(NEWS), canary(WWW, late_answered=0))), "may have been barred"),
    "a port the vantage cannot send to": (sweep(unechoed=(Unechoed(family=4, ports=((445, 445),)),)), "to ports 445"),
    "no echo": (sweep(echo_families=()), "no outside echo"),
    "local errors": (sweep(local_errors=3), "could not send 3"),
    "an address not swept": (sweep(leave_out=(UNUSED,)), f"{UNUSED} was not swept"),
    "ports not asked": (at(UNUSED, Reply(answer=Answer.UNASKED), (1, 500)), "500 ports were not asked"),
    "a reset nobody can place": (at(MAIL, RST_UNKNOWN, 113), "who sent it cannot be told"),
    "the firewall's own address resets, as near as a filter's reset": (at(FW, RST_FW, 22), "the firewall's own address"),
    "host unreachable for all": (at(UNUSED, icmp((3, 1)), (1, 65535)), "not shown that other ports"),
    "host unreachable once and never again": (
        at(UNUSED, icmp((3, 1)), 777, again=(careful(UNUSED, ports=(port(777, address=UNUSED),), slow_decoys=4),)),
        "not shown that other ports",
    ),
}


@pytest.mark.parametrize("name", NOT_KNOWING)
def test_each_way_of_not_knowing_says_which_it_is(name: str) -> None:
    seen, words = NOT_KNOWING[name]
    verdict = judge(seen)
    assert (verdict.state, words in verdict.reason) == (State.UNPROVEN, True), verdict.reason


#: What hides a router's word about an address that nobody uses.
HELD_BACK = {
    "deaf to late ICMP errors": (sweep(hears_icmp=False), "may not hear late ICMP"),
    "too many ICMP errors": (at(MAIL, icmp((3, 13)), (2000, 2100)), "held back"),
    "a limit on ICMP errors that is felt": (
        at(MAIL, icmp((3, 13)), 2000, again=(careful(MAIL, ports=(port(2000, icmp((3, 13), times=2)),)),)),
        "held back",
    ),
}


@pytest.mark.parametrize("name", HELD_BACK)
def test_a_routers_word_that_may_be_missing_is_a_doubt_where_no_ruleset_tells_instead(name: str) -> None:
    seen, words = HELD_BACK[name]
    verdict = inbound_tcp("public", seen, talks(), inventory(declared=False), PROFILE)
    assert (verdict.state, words in verdict.reason) == (State.UNPROVEN, True), verdict.reason
    assert judge(seen).state is State.COMPLIANT


def test_a_family_without_witness_is_unproven_even_when_the_other_has_one() -> None:
    verdict = judge(sweep(), group=(MAIL, MAIL6))
    assert verdict.state is State.UNPROVEN
    assert "over IPv6" in verdict.reason


# -- the public zone's name server ----------------------------------------------------------------------------------------------

NS = "198.51.100.3"


def city_with_names(*servers: str, host_of: str = NS) -> Any:
    """The city with a name server at `host_of`, of which the public zone names `servers`."""
    city = inventory((*ALL, NS))
    dns = Host("dns", frozenset({"name_servers"}), (ip_address(host_of),))
    zone = PublicDns("city.example", tuple(ip_address(server) for server in servers), "www", ip_address(WWW))
    return replace(city, hosts={**city.hosts, "dns": dns}, public_dns=zone)


def names_open(city: Any, profile: Profile = PROFILE) -> Any:
    held = (*sweep().addresses, swept(NS, answered(OPEN, 53)))
    return inbound_tcp("public", msgspec.structs.replace(sweep(), addresses=held), talks(), city, profile)


def test_the_public_zones_name_server_may_be_asked_and_the_reading_is_told() -> None:
    verdict = names_open(city_with_names(NS))
    assert verdict.state is State.COMPLIANT, verdict.reason
    told = next(item.text for item in verdict.evidence if item.text.startswith(NS))
    assert "port 53 open: the public zone's name server (a reading of the profile)" in told


@pytest.mark.parametrize(
    ("city", "profile"),
    [
        (city_with_names(NS), replace(PROFILE, public_dns="violation")),
        (city_with_names("198.51.100.4"), PROFILE),  # a name server that the zone does not name
        (city_with_names(), PROFILE),
        (city_with_names(NS, host_of="10.0.0.1"), PROFILE),  # named by the zone, and nobody's address
        (replace(city_with_names(NS), public_dns=None), PROFILE),
    ],
    ids=["strict", "not of the zone", "no servers", "no host", "no zone"],
)
def test_no_other_name_server_may_be_asked(city: Any, profile: Profile) -> None:
    verdict = names_open(city, profile)
    assert isinstance(verdict, Violated)
    assert verdict.breaches[-1] == f"{NS}:53/tcp"


def test_a_host_of_several_roles_has_the_ports_of_all_of_them() -> None:
    city = city_with_names(NS)
    roles = frozenset({"mail_gateways", "news_hosts", "internet_servers", "name_servers"})
    city = replace(city, hosts={**city.hosts, "dns": replace(city.hosts["dns"], groups=roles)})
    assert sorted(readings(NS, city, PROFILE)) == [25, 53, 80, 119, 443, 563]
    assert readings(MAIL, city, PROFILE) == {25: "SMTP on a mail gateway"}
    assert readings(NEWS, city, PROFILE) == dict.fromkeys((119, 563), "NNTP on a news host")
    assert readings(UNUSED, city, PROFILE) == {}


@pytest.mark.parametrize("target", ["elsewhere", "empty"])
def test_a_group_without_an_address_is_unproven(target: str) -> None:
    city = replace(inventory(), public=(PublicGroup("empty", ()), *inventory().public))
    verdict = inbound_tcp(target, sweep(), talks(), city, PROFILE)
    assert verdict.reason == f"{target}: the inventory names no address"


def test_sixteen_ports_let_through_are_named_each_and_more_by_their_address() -> None:
    assert judge(at(MAIL, RST_HOST, (6000, 6015))).breaches == tuple(f"{MAIL}:{port}/tcp" for port in range(6000, 6016))
    assert judge(at(MAIL, RST_HOST, (6000, 6016))).breaches == (MAIL,)


def test_one_port_is_told_as_one_and_two_as_two() -> None:
    assert f"{MAIL} port 6000: " in judge(at(MAIL, RST_HOST, 6000)).reason
    assert f"{MAIL} ports 6000-6001: " in judge(at(MAIL, RST_HOST, (6000, 6001))).reason


def test_ports_that_may_not_be_open_are_told_so_in_the_evidence_of_an_unproven_sweep() -> None:
    """A breach on one address does not stand in the evidence of another; what is open there is told in any case."""
    bounds = (FamilyBound(family=4, rounds=2, miss_bound=9e-3), FamilyBound(family=6, rounds=1, miss_bound=8e-5))
    verdict = judge(sweep(bounds=bounds, voided_windows=3))
    assert verdict.state is State.UNPROVEN
    assert verdict.evidence[0].text.endswith(
        "greatest chance of a miss IPv4 9.0e-03 after 2 rounds, IPv6 8.0e-05 after 1 rounds, 3 windows of the sweep asked again"
    )


def test_without_a_witness_nothing_is_proven() -> None:
    """No address of the group's own answers for it; the doubts say so, and so would the missing witness."""
    verdict = judge(sweep(canaries=()))
    assert verdict.state is State.UNPROVEN
    assert verdict.witnesses == ()


# -- both families --------------------------------------------------------------------------------------------------------------

SIX = FamilyBound(family=6, rounds=1, miss_bound=9e-5)
FOUR = FamilyBound(family=4, rounds=1, miss_bound=9e-5)


def in_both(*, bounds: tuple[FamilyBound, ...] = (FOUR, SIX), **more: Any) -> Any:
    """The group with an IPv6 address in it, swept with canaries of its own."""
    six = msgspec.structs.replace(canary(MAIL), address=MAIL6)
    given: dict[str, Any] = {"echo_families": (4, 6), "canaries": (canary(MAIL), canary(NEWS), canary(WWW), six), **more}
    held = sweep(bounds=bounds, **given)
    held = msgspec.structs.replace(held, addresses=(*held.addresses, msgspec.structs.replace(swept(MAIL), address=MAIL6)))
    return judge(held, group=(*ALL, MAIL6))


def test_both_families_swept_are_compliant() -> None:
    verdict = in_both()
    assert verdict.state is State.COMPLIANT, verdict.reason


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"bounds": (FOUR,)}, "an open port over IPv6 may have been missed with a chance of 1.0e+00"),
        ({"bounds": (SIX,)}, "an open port over IPv4 may have been missed with a chance of 1.0e+00"),
        ({"bounds": (FOUR, msgspec.structs.replace(SIX, miss_bound=2e-4))}, "an open port over IPv6 may have been missed"),
        ({"echo_families": (4,)}, "no outside echo shows what the vantage can send over IPv6"),
        ({"echo_families": (6,)}, "no outside echo shows what the vantage can send over IPv4"),
        (
            {"unechoed": (Unechoed(family=6, ports=((445, 445),)),)},
            "the vantage is not shown to be able to send over IPv6 to ports 445",
        ),
    ],
)
def test_what_one_family_lacks_the_other_does_not_make_up_for(changed: dict[str, Any], doubt: str) -> None:
    verdict = in_both(**changed)
    assert verdict.state is State.UNPROVEN
    assert verdict.reason.startswith(f"public: {doubt}")
    assert ";" not in verdict.reason, "nothing else is in doubt"


def test_canaries_that_never_answered_show_nothing() -> None:
    """Each is told, and that none of the family is left."""
    dead = tuple(canary(address, answered=0, late_answered=0) for address in (MAIL, NEWS, WWW))
    reason = judge(sweep(canaries=dead)).reason
    assert "no known open port of public was found over IPv4, so the sweep is not shown to see any" in reason
    assert f"{MAIL} port 25, which is meant to be open, never answered" in reason


def test_without_a_declared_ruleset_an_address_that_nobody_uses_is_unproven() -> None:
    """Nobody answers for a port let through to it, and a router's word may be held back."""
    seen = inbound_tcp("public", sweep(), talks(), inventory(declared=False), PROFILE)
    assert seen.state is State.UNPROVEN
    assert UNUSED in seen.reason
    assert not any(used in seen.reason for used in (FW, MAIL, NEWS, WWW))
    used = inbound_tcp("public", sweep(), talks(), inventory((MAIL, NEWS, WWW), declared=False), PROFILE)
    assert used.state is State.COMPLIANT
