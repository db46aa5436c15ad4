"""Inbound TCP: good, bad, and each way of not knowing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ordinance.judge.inbound import inbound_tcp
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
    "deaf to late ICMP errors": (sweep(hears_icmp=False), "may not hear late ICMP"),
    "too many ICMP errors": (at(MAIL, icmp((3, 13)), (2000, 2100)), "held back"),
    "a limit on ICMP errors that is felt": (
        at(MAIL, icmp((3, 13)), 2000, again=(careful(MAIL, ports=(port(2000, icmp((3, 13), times=2)),)),)),
        "held back",
    ),
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


def test_a_family_without_witness_is_unproven_even_when_the_other_has_one() -> None:
    verdict = judge(sweep(), group=(MAIL, MAIL6))
    assert verdict.state is State.UNPROVEN
    assert "over IPv6" in verdict.reason
