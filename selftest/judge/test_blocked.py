"""Telnet and FTP blocked: good, bad, and each way of not knowing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from ordinance.inventory.model import PublicGroup
from ordinance.judge.blocked import ftp_blocked, telnet_blocked
from ordinance.judge.verdict import State, Violated
from ordinance.sight.perimeter import Answer, GuardedAddress, GuardedSighting, Identity, Reply, Utterance
from selftest.judge.perimeter_city import (
    ALL,
    FW,
    MAIL,
    MAIL6,
    NEWS,
    OPEN,
    OUTER,
    PROFILE,
    RST_FW,
    RST_HOST,
    RST_UNKNOWN,
    UNUSED,
    WWW,
    all_echoes,
    careful,
    guarded,
    guarded_address,
    icmp,
    inventory,
    port,
)

#: A SYN proxy's handshake, from nearer than the hosts.
SHAKEN = Reply(answer=Answer.MUTE, hops=0, times=7)
ALL_OPEN = (port(23, OPEN), port(992, OPEN))
LOCAL = Reply(answer=Answer.LOCAL, by="ENETUNREACH")


def telnet(seen: GuardedSighting) -> Any:
    return telnet_blocked("public", seen, inventory(), PROFILE)


def at(address: str, *ports: Any, **more: Any) -> GuardedSighting:
    return guarded(guarded_address(address, careful(address, *ports, **more)))


def said_at(address: str, said: dict[int, str], *ports: Any, **more: Any) -> GuardedSighting:
    """What was said on open guarded ports of an address that takes every connection."""
    spoken = tuple(Utterance(port=port, protocol=said.get(port, ""), said="", observation=f"o-{port}") for port in (23, 992))
    return guarded(replace(guarded_address(address, careful(address, *ports, **more)), spoken=spoken))


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
        at(MAIL, port(23, OPEN), port(992, SHAKEN), decoys=lost(MAIL, port(47321, SHAKEN))),
        State.VIOLATED,
        "tcp port 23: open",
    ),
    "SYN proxy, blocked behind": (
        at(MAIL, port(23, SHAKEN), port(992, SHAKEN), decoys=lost(MAIL, port(47321, SHAKEN))),
        State.COMPLIANT,
        "no address",
    ),
    "NAT answers all": (
        said_at(UNUSED, {23: "http"}, port(23, OPEN), port(992, OPEN), decoys=lost(UNUSED, port(47321, OPEN))),
        State.VIOLATED,
        "tcp port 23: open, and speaks http",
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
    "handshakes for all, and nobody says a word": (
        said_at(MAIL, {23: "silent", 992: "closed"}, *ALL_OPEN, decoys=lost(MAIL, port(47321, OPEN))),
        "answers for every tcp port",
    ),
    "handshakes for all, and nobody was talked to": (
        at(MAIL, *ALL_OPEN, decoys=lost(MAIL, port(47321, OPEN))),
        "answers for every tcp port",
    ),
    "an empty window from as far as the hosts": (
        at(MAIL, port(23, Reply(answer=Answer.MUTE, hops=1))),
        "from as far as the hosts",
    ),
    "an empty window from nobody knows how far": (at(MAIL, port(23, Reply(answer=Answer.MUTE))), "nobody knows whose"),
    "an empty window, and more than a handshake": (
        at(MAIL, port(23, Reply(answer=Answer.MUTE, by="more came than the handshake", hops=0))),
        "nobody knows whose",
    ),
    "an empty window, and no host whose hops are known": (
        guarded(*(guarded_address(a, careful(a, port(23, SHAKEN), control_hops=None)) for a in ALL)),
        "nobody knows whose",
    ),
    "an empty window of the firewall's own address": (at(FW, port(23, SHAKEN)), "nobody knows whose"),
    "so many ICMP errors that one about an unused address behind a proxy may be missing": (
        guarded(
            guarded_address(UNUSED, careful(UNUSED, port(23, SHAKEN, address=UNUSED), port(992, icmp((3, 13), times=7), sent=14)))
        ),
        "held back",
    ),
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


UNVOUCHED: dict[str, tuple[GuardedSighting, str]] = {
    "silence of nobody": (guarded(), f"{UNUSED}: nobody is seen to be there"),
    "one silent port of nobody": (at(UNUSED, port(23, RST_FW, address=UNUSED)), f"{UNUSED}: nobody is seen to be there"),
    "a SYN proxy before nobody": (
        at(UNUSED, port(23, SHAKEN, address=UNUSED), port(992, SHAKEN, address=UNUSED)),
        f"{UNUSED}: nobody is seen to be there",
    ),
    "a firewall that refused for nobody": (at(UNUSED, port(23, RST_FW, address=UNUSED), port(992, RST_FW, address=UNUSED)), ""),
}


@pytest.mark.parametrize("name", UNVOUCHED)
def test_silence_of_nobody_is_obedience_only_beside_declared_rulesets(name: str) -> None:
    """A router's word that nobody is there may be switched off, and then a port let through looks as silent as a blocked one."""
    seen, doubt = UNVOUCHED[name]
    verdict = telnet_blocked("public", seen, inventory(declared=False), PROFILE)
    assert verdict.state is (State.UNPROVEN if doubt else State.COMPLIANT), verdict.reason
    assert doubt in verdict.reason
    assert verdict.reason.count("nobody is seen to be there") == bool(doubt), "hosts and the firewall itself are there"
    assert telnet(seen).state is State.COMPLIANT


def test_a_breach_at_nobody_needs_no_ruleset_beside_it() -> None:
    seen = at(UNUSED, port(23, icmp((3, 1)), address=UNUSED), slow_decoys=4)
    assert telnet_blocked("public", seen, inventory(declared=False), PROFILE).state is State.VIOLATED


def test_tftp_that_stays_silent_at_nobody_needs_a_ruleset_beside_it() -> None:
    tcp = (port(number, RST_FW, address=UNUSED) for number in PROFILE.ftp_tcp_ports)
    seen = at(UNUSED, *tcp)
    assert ftp_blocked("public", seen, inventory(declared=False), PROFILE).state is State.UNPROVEN
    assert ftp_blocked("public", seen, inventory(), PROFILE).state is State.COMPLIANT


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


# -- limits, exactly ------------------------------------------------------------------------------------------------------------


def test_the_miss_bound_may_be_reached_and_not_passed() -> None:
    assert telnet(at(MAIL, miss_bound=1e-4)).state is State.COMPLIANT
    assert telnet(at(MAIL, miss_bound=1.01e-4)).state is State.UNPROVEN


@pytest.mark.parametrize(("errors", "state"), [(6, State.COMPLIANT), (7, State.UNPROVEN)])
def test_six_icmp_errors_come_at_once_and_a_seventh_may_hide_others(errors: int, state: State) -> None:
    """Some ports of the unused address are silent; how many errors came in all says whether that may be a router's limit."""
    asked = careful(UNUSED, port(23, icmp((3, 13), times=errors), address=UNUSED, sent=errors + 1))
    assert telnet(guarded(guarded_address(UNUSED, asked))).state is state


@pytest.mark.parametrize(("slow", "state"), [(2, State.UNPROVEN), (3, State.COMPLIANT)])
def test_silence_of_a_port_that_was_asked_slowly_is_its_own(slow: int, state: State) -> None:
    flood = port(992, icmp((3, 13), times=7), address=UNUSED, sent=14)
    silent = tuple(replace(port(number, address=address), slow=slow) for address in (UNUSED, FW) for number in (23, 992))
    seen = guarded(
        guarded_address(UNUSED, careful(UNUSED, silent[0], flood)), guarded_address(FW, careful(FW, silent[2], silent[3]))
    )
    assert telnet(seen).state is state


def test_a_decoy_of_another_transport_is_no_decoy() -> None:
    verdict = telnet(at(MAIL, decoys=(port(47321, transport="udp"),)))
    assert verdict.state is State.UNPROVEN
    assert f"{MAIL} was asked no tcp decoy port" in verdict.reason
    assert telnet(at(MAIL, decoys=(port(47321, sent=0),))).state is State.UNPROVEN


def test_an_open_decoy_of_another_transport_says_nothing_here() -> None:
    decoys = (port(47321), port(47322, OPEN, transport="udp"))
    assert telnet(at(MAIL, decoys=decoys)).state is State.COMPLIANT


@pytest.mark.parametrize("own", [2, 3])
def test_a_reset_is_measured_by_the_hops_of_its_own_host(own: int) -> None:
    """The mail gateway is farther than its neighbours: what comes from where they are is not from it."""
    near = Reply(answer=Answer.RST, hops=own - 1)
    assert telnet(at(MAIL, port(23, near), control_hops=own)).state is State.COMPLIANT
    assert telnet(at(MAIL, port(23, replace(near, hops=own)), control_hops=own)).state is State.VIOLATED


def test_a_reset_of_an_unused_address_is_measured_by_the_nearest_host_of_the_group() -> None:
    """Its control is a neighbour's port; the nearest host, not that neighbour, is the measure."""
    asked = careful(UNUSED, port(23, Reply(answer=Answer.RST, hops=2), address=UNUSED), control_hops=5)
    near = [guarded_address(address, careful(address, control_hops=hops)) for address, hops in ((MAIL, 3), (NEWS, 2), (WWW, 4))]
    assert telnet(guarded(*near, guarded_address(UNUSED, asked))).state is State.VIOLATED
    far = [guarded_address(address, careful(address, control_hops=hops)) for address, hops in ((MAIL, 3), (NEWS, 4), (WWW, 4))]
    fw = guarded_address(FW, careful(FW, control_hops=None))
    assert telnet(guarded(*far, fw, guarded_address(UNUSED, asked))).state is State.COMPLIANT


def test_a_rule_without_ports_proves_nothing() -> None:
    profile = dataclasses.replace(PROFILE, telnet_tcp_ports=())
    verdict = telnet_blocked("public", guarded(), inventory(), profile)
    assert verdict.reason == "public: the inventory or the profile names no address or no port to ask"


@pytest.mark.parametrize("target", ["elsewhere", "empty"])
def test_a_group_without_an_address_proves_nothing(target: str) -> None:
    city = dataclasses.replace(inventory(), public=(PublicGroup("empty", ()), *inventory().public))
    assert telnet_blocked(target, guarded(), city, PROFILE).state is State.UNPROVEN


def test_why_an_address_was_not_asked_is_told() -> None:
    barred = GuardedAddress(address=MAIL, unseen="it is not in the inventory's scope; nothing was sent")
    assert telnet(guarded(barred)).reason == f"public: {MAIL} was not asked: it is not in the inventory's scope; nothing was sent"
    assert f"{MAIL} was not asked: nobody looked" in telnet(guarded(GuardedAddress(address=MAIL))).reason


def test_identities_of_one_host_are_told_by_their_ports() -> None:
    """In the order of the ports, whichever was heard first."""

    def heard(number: int) -> dict[str, Identity]:
        before = Identity(address=MAIL, port=number, proven=True, said=f"port {number}", observation=f"o-{number}")
        return {"before": before, "after": replace(before, observation=f"o-{number}-after")}

    first = GuardedAddress(address=MAIL, careful=careful(MAIL), **heard(587))
    second = GuardedAddress(address=UNUSED, careful=careful(UNUSED), **heard(25))
    told = [piece.text.split(" said")[0] for piece in telnet(guarded(first, second)).witnesses]
    assert told[:4] == [f"{MAIL} port 25", f"{MAIL} port 587", f"{NEWS} port 119", f"{WWW} port 80"]


# -- both families --------------------------------------------------------------------------------------------------------------


def both(*changed: GuardedAddress, **more: Any) -> Any:
    """The group with an IPv6 address in it, which is its own control."""
    six = careful(MAIL6, control_address=MAIL6, control_port=25)
    seen = guarded(*changed, echoes=more.pop("echoes", (*all_echoes(), *all_echoes(family=6))))
    given = {one.address: one for one in changed}
    held = replace(seen, addresses=(*seen.addresses, given.get(MAIL6) or guarded_address(MAIL6, six)))
    return telnet_blocked("public", held, inventory((*ALL, MAIL6)), PROFILE)


def test_both_families_blocked_is_compliant() -> None:
    verdict = both()
    assert verdict.state is State.COMPLIANT, verdict.reason
    assert any(piece.text.startswith(f"{MAIL6}: ") for piece in verdict.evidence)


def test_telnet_over_ipv6_alone_is_a_violation() -> None:
    six = careful(MAIL6, port(23, OPEN, address=MAIL6), control_address=MAIL6, control_port=25)
    verdict = both(guarded_address(MAIL6, six))
    assert isinstance(verdict, Violated)
    assert verdict.breaches == (f"[{MAIL6}]:23/tcp",)


def test_ipv6_that_was_not_asked_is_unproven() -> None:
    assert f"{MAIL6} was not asked: nobody looked" in both(GuardedAddress(address=MAIL6)).reason


def test_ipv6_without_an_echo_of_its_own_is_unproven() -> None:
    verdict = both(echoes=all_echoes())
    assert verdict.state is State.UNPROVEN
    assert "over IPv6 at all" in verdict.reason
    assert "over IPv4 at all" not in verdict.reason


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_address_at_which_nobody_was_heard_is_unproven(moment: str) -> None:
    """All the others were; it alone has no service on its path."""
    verdict = telnet(guarded(replace(guarded_address(MAIL, careful(MAIL)), **{moment: None})))
    assert verdict.state is State.UNPROVEN
    assert verdict.reason == f"public: no service on the path to {MAIL} was heard {moment} it was asked"
