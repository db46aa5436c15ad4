"""Telnet and FTP blocked: good, bad, and each way of not knowing."""

from __future__ import annotations

from typing import Any

import pytest

from ordinance.judge.blocked import ftp_blocked, telnet_blocked
from ordinance.judge.verdict import State, Violated
from ordinance.sight.perimeter import Answer, GuardedSighting, Reply
from selftest.judge.perimeter_city import (
    ALL,
    FW,
    MAIL,
    NEWS,
    OPEN,
    OUTER,
    PROFILE,
    RST_FW,
    RST_HOST,
    RST_UNKNOWN,
    UNUSED,
    all_echoes,
    careful,
    guarded,
    guarded_address,
    icmp,
    inventory,
    port,
)

LOCAL = Reply(answer=Answer.LOCAL, by="ENETUNREACH")


def telnet(seen: GuardedSighting) -> Any:
    return telnet_blocked("public", seen, inventory(), PROFILE)


def at(address: str, *ports: Any, **more: Any) -> GuardedSighting:
    return guarded(guarded_address(address, careful(address, *ports, **more)))


def lost(address: str, decoy: Any) -> tuple[Any, ...]:
    return (decoy, port(47321, address=address, transport="udp"))


# The fourteen situations of the proof procedure, as they were measured on real firewalls.
SITUATIONS: dict[str, tuple[GuardedSighting, State, str]] = {
    "drop": (guarded(), State.COMPLIANT, "no address"),
    "firewall RST": (at(MAIL, port(23, RST_FW)), State.COMPLIANT, "no address"),
    "admin-prohibited": (at(MAIL, port(23, icmp((3, 13)))), State.COMPLIANT, "no address"),
    "open": (at(MAIL, port(23, OPEN)), State.VIOLATED, f"{MAIL} tcp port 23: open"),
    "open without a daemon": (at(MAIL, port(23, RST_HOST)), State.VIOLATED, "nobody listens"),
    "dead host": (
        guarded(
            guarded_address(MAIL, careful(MAIL, control_answered=0, control_hops=None, miss_bound=1.0), before=False, after=False)
        ),
        State.UNPROVEN,
        "not who it should be before",
    ),
    "vantage's own egress blocked": (guarded(echoes=all_echoes(23)), State.UNPROVEN, "able to send to tcp port 23"),
    "rate-limited firewall": (
        at(MAIL, control_sent=60, control_answered=4, miss_bound=5e-2),
        State.UNPROVEN,
        "too much was lost",
    ),
    "30 % loss": (
        at(MAIL, port(23, sent=30), control_sent=30, control_answered=20, miss_bound=8e-5),
        State.COMPLIANT,
        "no address",
    ),
    "50 % loss": (at(MAIL, control_sent=60, control_answered=14, miss_bound=7e-3), State.UNPROVEN, "answered 14 of 60"),
    "SYN proxy, open behind": (
        at(MAIL, port(23, OPEN), decoys=lost(MAIL, port(47321, OPEN))),
        State.VIOLATED,
        "tcp port 23: open",
    ),
    "SYN proxy, blocked behind": (at(MAIL, decoys=lost(MAIL, port(47321, OPEN))), State.UNPROVEN, "answers for every tcp port"),
    "NAT answers all": (
        at(UNUSED, port(23, OPEN), port(992, OPEN), decoys=lost(UNUSED, port(47321, OPEN))),
        State.VIOLATED,
        "open",
    ),
    "total outage": (
        guarded(
            *(
                guarded_address(a, careful(a, control_answered=0, control_hops=None, miss_bound=1.0), before=False, after=False)
                for a in ALL
            ),
            echoes=all_echoes(23, 992, 20, 21, 990, 69),
        ),
        State.UNPROVEN,
        "and ",
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_each_of_the_fourteen_situations_has_its_verdict(name: str) -> None:
    seen, state, words = SITUATIONS[name]
    verdict = telnet(seen)
    assert (verdict.state, words in verdict.reason) == (state, True), verdict.reason


ALIKE = lost(UNUSED, port(47321, icmp((3, 1))))
NOT_KNOWING: dict[str, tuple[GuardedSighting, str]] = {
    "a reset whose sender is not known": (at(MAIL, port(23, RST_UNKNOWN)), "who sent it cannot be told"),
    "no host whose hops are known": (
        guarded(*(guarded_address(a, careful(a, port(23, RST_HOST), control_hops=None)) for a in ALL)),
        "who sent it cannot be told",
    ),
    "the firewall's own address resets": (at(FW, port(23, RST_FW)), "the firewall's own address"),
    "the firewall's own port unreachable": (at(FW, port(23, icmp((3, 3), FW))), "the firewall's own address"),
    "an ICMP error without a sender": (at(MAIL, port(23, Reply(answer=Answer.ICMP))), "who sent it cannot be told"),
    "an odd ICMP error": (at(MAIL, port(23, icmp((3, 4)))), "type 3 code 4"),
    "host unreachable for the decoy too": (
        at(UNUSED, port(23, icmp((3, 1)), address=UNUSED), decoys=ALIKE, slow_decoys=4),
        "its decoy port",
    ),
    "host unreachable, the decoy not asked slowly": (at(UNUSED, port(23, icmp((3, 1)), address=UNUSED)), "its decoy port"),
    "host unreachable on a dying path": (
        at(UNUSED, port(23, icmp((3, 1)), address=UNUSED), slow_decoys=4, miss_bound=0.4, control_answered=1),
        "its decoy port",
    ),
    "the vantage could not send": (at(MAIL, port(23, LOCAL)), "the vantage itself could not send"),
    "identity lost after": (guarded(guarded_address(MAIL, careful(MAIL), after=False)), "not who it should be after"),
    "no service on the path": (
        at(UNUSED, control_address="", control_sent=0, control_answered=0, miss_bound=1.0),
        "no declared service stands on the path",
    ),
    "no echo asked": (guarded(echoes=()), "no echo was asked"),
    "echo of the other family": (guarded(echoes=all_echoes(family=6)), "over IPv4"),
    "a port not asked": (at(MAIL, port(992, sent=0)), "tcp port 992 was not asked"),
    "no decoy": (at(MAIL, decoys=()), "no tcp decoy"),
    "an address not asked": (guarded(guarded_address(NEWS, None)), f"{NEWS} was not asked"),
    "so many ICMP errors that a router's word may be missing": (
        at(MAIL, port(23, icmp((3, 13), times=7), sent=14)),
        "held back",
    ),
    "the control never answered": (at(MAIL, control_answered=0, miss_bound=1.0), "never answered"),
    "a bound just missed": (at(MAIL, miss_bound=1.01e-4), "too much was lost"),
}


@pytest.mark.parametrize("name", NOT_KNOWING)
def test_each_way_of_not_knowing_says_which_it_is(name: str) -> None:
    seen, words = NOT_KNOWING[name]
    verdict = telnet(seen)
    assert (verdict.state, words in verdict.reason) == (State.UNPROVEN, True), verdict.reason


BREACHES: dict[str, tuple[GuardedSighting, tuple[str, ...]]] = {
    "one unused address, let through to nobody": (
        at(UNUSED, port(23, icmp((3, 1)), address=UNUSED), slow_decoys=4),
        (f"{UNUSED}:23/tcp",),
    ),
    "an unused address resets from as far as the hosts": (
        at(UNUSED, port(992, RST_HOST, address=UNUSED)),
        (f"{UNUSED}:992/tcp",),
    ),
    "a reset from beyond the host": (at(MAIL, port(23, Reply(answer=Answer.RST, hops=2))), (f"{MAIL}:23/tcp",)),
    "port unreachable by the host": (at(MAIL, port(23, icmp((3, 3), MAIL))), (f"{MAIL}:23/tcp",)),
    "prohibited by the host's own filter": (at(MAIL, port(23, icmp((3, 13), MAIL))), (f"{MAIL}:23/tcp",)),
    "an answer of another host of the city": (at(UNUSED, port(23, icmp((3, 3), NEWS), address=UNUSED)), (f"{UNUSED}:23/tcp",)),
    "open on the firewall itself": (at(FW, port(23, OPEN, address=FW)), (f"{FW}:23/tcp",)),
    "one answer among silence": (at(MAIL, port(23, Reply(answer=Answer.OPEN, times=1), sent=60)), (f"{MAIL}:23/tcp",)),
    "nothing else proven": (
        guarded(guarded_address(MAIL, careful(MAIL, port(23, OPEN), miss_bound=1.0), before=False, after=False), echoes=()),
        (f"{MAIL}:23/tcp",),
    ),
}


@pytest.mark.parametrize("name", BREACHES)
def test_whatever_shows_that_a_packet_crossed_is_a_violation(name: str) -> None:
    seen, breaches = BREACHES[name]
    verdict = telnet(seen)
    assert isinstance(verdict, Violated), verdict.reason
    assert verdict.breaches == breaches
    assert "9.A.1" in verdict.reason


def test_ftp_is_not_telnets_business_nor_the_reverse() -> None:
    seen = at(MAIL, port(990, OPEN))
    assert telnet(seen).state is State.COMPLIANT
    verdict = ftp_blocked("public", seen, inventory(), PROFILE)
    assert isinstance(verdict, Violated)
    assert verdict.breaches == (f"{MAIL}:990/tcp",)


def test_tftp_counts_as_ftp() -> None:
    for reply, state in (
        (Reply(answer=Answer.OPEN), State.VIOLATED),
        (icmp((3, 3), MAIL), State.VIOLATED),
        (icmp((3, 3), OUTER), State.COMPLIANT),
    ):
        seen = at(MAIL, port(69, reply, transport="udp"))
        assert ftp_blocked("public", seen, inventory(), PROFILE).state is state


def test_a_compliant_verdict_rests_on_every_address_and_on_what_was_heard() -> None:
    verdict = telnet(guarded())
    assert len(verdict.evidence) == len(ALL)
    assert any("before and after" in witness.text for witness in verdict.witnesses)
    assert any("echo" in witness.text for witness in verdict.witnesses)


def test_many_breaches_are_counted_and_the_first_named() -> None:
    seen = guarded(*(guarded_address(a, careful(a, port(23, OPEN, address=a), port(992, OPEN, address=a))) for a in ALL))
    verdict = telnet(seen)
    assert isinstance(verdict, Violated)
    assert len(verdict.breaches) == 10
    assert "and 2 more" in verdict.reason


def test_an_unknown_group_is_unproven() -> None:
    assert telnet_blocked("elsewhere", guarded(), inventory(), PROFILE).state is State.UNPROVEN
