"""What a sweep may claim about a group: limits and counts, each a little under and a little over."""

from __future__ import annotations

from dataclasses import replace as replace_dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from ordinance.judge.sweeping import any_silent, host_hops, nobody_doubts, sweep_doubts, sweep_witnesses, unvouched_doubts
from ordinance.sight.perimeter import AddressSweep, Answer, FamilyBound, PortAnswer, Reply, SweepSighting
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
)

GROUP = inventory().public[0]
BOTH = inventory((*ALL, MAIL6)).public[0]
ICMP_A_MINUTE = 30  #: half a second, for the sixty seconds of the sweep


def doubts(seen: SweepSighting) -> list[str]:
    return list(sweep_doubts(GROUP, seen, PROFILE))


def bounds(miss_bound: float, rounds: int = 1) -> tuple[FamilyBound, ...]:
    return (FamilyBound(family=4, rounds=rounds, miss_bound=miss_bound),)


def test_a_good_sweep_leaves_no_doubt() -> None:
    assert doubts(sweep()) == []


def test_the_miss_bound_may_be_reached_and_not_passed() -> None:
    assert doubts(sweep(bounds=bounds(1e-4))) == []
    assert len(doubts(sweep(bounds=bounds(1.01e-4)))) == 1


def test_a_sweep_that_does_not_say_why_it_is_incomplete_ended_early() -> None:
    assert doubts(sweep(complete=False)) == ["the sweep was not complete: it ended early"]


# -- one host that loses more than the others -----------------------------------------------------------------------------------
# The others lost nothing of 10,000: usual is 1/10,002. Of 5,000 that is 0.5; beyond 0.5 + 3 * 0.7 + 1.5 = 4.1 it is too much.


@pytest.mark.parametrize(("lost", "doubted"), [(0, False), (4, False), (5, True), (5000, True)])
def test_one_host_may_not_lose_clearly_more_than_the_others(lost: int, doubted: bool) -> None:
    seen = sweep(canaries=(canary(MAIL, answered=5000 - lost), canary(NEWS), canary(WWW)))
    assert any("less than the others" in text or "never answered" in text for text in doubts(seen)) is doubted


@pytest.mark.parametrize(("lost", "doubted"), [(10, False), (20, True)])
def test_what_the_others_lose_is_usual(lost: int, doubted: bool) -> None:
    """The others lost 10 of 10,000: of 5,000 that is 5.5; beyond 5.5 + 3 * 2.3 + 1.5 = 14 it is more than usual."""
    others = (canary(NEWS, answered=4990), canary(WWW))
    assert bool(doubts(sweep(canaries=(canary(MAIL, answered=5000 - lost), *others)))) is doubted


def test_another_familys_losses_are_not_usual_here() -> None:
    far = replace(canary(WWW), address=MAIL6, sent=5000, answered=2500)
    seen = sweep(canaries=(canary(MAIL, answered=4900), canary(NEWS), canary(WWW), far))
    assert any("less than the others" in text for text in doubts(seen))


@pytest.mark.parametrize(
    ("sent", "lost", "rounds", "doubted"),
    [
        (998, 98, 4, False),
        (998, 100, 4, True),
        (998, 99, 3, True),
        (98, 8, 4, False),
        (9998, 99, 2, False),  # (100 / 10,000) ** 2 is exactly what is allowed
        (9998, 100, 2, True),
        (9998, 99, 1, True),
    ],
)
def test_more_rounds_make_up_for_a_lossy_host(sent: int, lost: int, rounds: int, doubted: bool) -> None:
    seen = sweep(canaries=(canary(MAIL, sent=sent, answered=sent - lost), canary(NEWS), canary(WWW)), bounds=bounds(1e-5, rounds))
    assert any("less than the others" in text for text in doubts(seen)) is doubted


def test_rounds_of_another_family_do_not_count() -> None:
    seen = sweep(
        canaries=(canary(MAIL, answered=4000), canary(NEWS), canary(WWW)),
        bounds=(FamilyBound(family=6, rounds=9, miss_bound=1e-5), *bounds(1e-5)),
    )
    assert any("less than the others" in text for text in doubts(seen))


def test_without_any_round_a_lossy_host_is_in_doubt() -> None:
    seen = sweep(canaries=(canary(MAIL, answered=4000), canary(NEWS), canary(WWW)), bounds=())
    assert any("less than the others" in text for text in doubts(seen))


def test_a_single_canary_host_may_lose_what_nobody_can_compare() -> None:
    """With no other to compare with, the usual loss is not known: the family's own bound is all there is."""
    assert not any("less than the others" in text for text in doubts(sweep(canaries=(canary(MAIL, answered=4000),))))


@pytest.mark.parametrize(("lost", "doubted"), [(2, False), (4, True)])
def test_a_host_asked_seldom_may_lose_a_few(lost: int, doubted: bool) -> None:
    """Of 100 hardly any loss is usual: 0.01 + 3 * 0.1 + 1.5 = 1.8; two lost are (3 / 102) ** 3, four (5 / 102) ** 3."""
    few = canary(MAIL, sent=100, answered=100 - lost)
    assert bool(doubts(sweep(canaries=(few, canary(NEWS), canary(WWW)), bounds=bounds(1e-5, 3)))) is doubted


# -- hops -----------------------------------------------------------------------------------------------------------------------


def far(address: str, hops: int | None) -> Any:
    return swept(address, answered(Reply(answer=Answer.OPEN, hops=hops), 25))


def no_hops() -> tuple[Any, ...]:
    return tuple(canary(address, hops=None) for address in (MAIL, NEWS, WWW))


def blind(*changed: Any, **more: Any) -> SweepSighting:
    """A sweep in which nothing but what is named tells hops."""
    rest = tuple(far(address, None) for address in (MAIL, NEWS, WWW) if address not in {seen.address for seen in changed})
    return sweep(*changed, *rest, **{"canaries": no_hops(), **more})


def with_hops(address: str, *hops: int | None) -> Any:
    opened = [answered(Reply(answer=Answer.OPEN, hops=number), 1000 + place) for place, number in enumerate(hops)]
    named = swept(address, *opened)
    return replace(named, answers=tuple(a for a in named.answers if a.reply != OPEN or a.ports[0][0] >= 1000))


def test_hops_of_a_host_are_those_of_its_nearest_open_port() -> None:
    assert host_hops(MAIL, GROUP, sweep(with_hops(MAIL, 4, 2, 3), canaries=no_hops())) == 2
    assert host_hops(MAIL, GROUP, sweep(with_hops(MAIL, None, 3), canaries=no_hops())) == 3


def test_hops_of_an_open_port_outweigh_those_of_a_canary() -> None:
    assert host_hops(MAIL, GROUP, sweep(with_hops(MAIL, 3), canaries=(canary(MAIL, hops=2),))) == 3


def test_a_canary_tells_the_hops_of_its_host_where_no_open_port_does() -> None:
    seen = sweep(with_hops(MAIL, None), canaries=(canary(MAIL, hops=2), canary(NEWS, hops=None)))
    assert host_hops(MAIL, GROUP, seen) == 2


def test_an_address_that_nobody_uses_is_as_far_as_the_nearest_host_of_its_group() -> None:
    seen = sweep(with_hops(MAIL, 3), with_hops(NEWS, 2), with_hops(WWW, 5), canaries=no_hops())
    assert host_hops(UNUSED, GROUP, seen) == 2


def test_the_other_family_does_not_tell_hops() -> None:
    seen = sweep(with_hops(MAIL, 3), with_hops(NEWS, None), with_hops(WWW, None), canaries=no_hops())
    assert host_hops(UNUSED, BOTH, seen) == 3
    assert host_hops(MAIL6, BOTH, seen) is None


def test_hops_that_nobody_told_are_not_known() -> None:
    seen = sweep(with_hops(MAIL, None), with_hops(NEWS, None), with_hops(WWW, None), canaries=no_hops())
    assert host_hops(UNUSED, GROUP, seen) is None


# -- addresses that nobody uses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("errors", "seconds", "doubted"), [
    (ICMP_A_MINUTE, 60.0, False), (ICMP_A_MINUTE + 1, 60.0, True), (1, 0.1, True), (1, 2.0, False), (0, 60.0, False),
])  # fmt: skip
def test_many_icmp_errors_hide_others(errors: int, seconds: float, doubted: bool) -> None:
    told = [answered(icmp((3, 1)), (1, errors))] if errors else []
    seen = sweep(swept(MAIL, *told), seconds=seconds)
    assert any("held back" in text for text in nobody_doubts(UNUSED, seen)) is doubted


def test_icmp_errors_of_the_other_family_hide_none() -> None:
    many = replace(swept(MAIL, answered(icmp((1, 3)), (1, 1000))), address=MAIL6)
    seen = sweep()
    assert list(nobody_doubts(UNUSED, replace(seen, addresses=(*seen.addresses, many)))) == []


@pytest.mark.parametrize(
    ("asked", "doubted"),
    [
        (port(113, icmp((3, 1)), address=UNUSED, sent=7), True),  # six of seven times silent
        (port(113, icmp((3, 1), times=7), address=UNUSED, sent=7), False),
        (port(114, address=UNUSED, sent=7), False),  # silent in the sweep as well
    ],
)
def test_a_port_that_brings_its_error_not_every_time_shows_a_limit(asked: Any, doubted: bool) -> None:
    seen = sweep(swept(UNUSED, answered(icmp((3, 1)), 113)), again=(careful(UNUSED, ports=(asked,)),))
    assert any("held back" in text for text in nobody_doubts(UNUSED, seen)) is doubted


def test_a_limit_felt_in_the_other_family_is_none_here() -> None:
    seen = sweep()
    six = replace(swept(UNUSED, answered(icmp((1, 3)), 113)), address=MAIL6)
    held = replace(careful(UNUSED, ports=(port(113, icmp((1, 3)), address=MAIL6),)), address=MAIL6)
    assert list(nobody_doubts(UNUSED, replace(seen, addresses=(*seen.addresses, six), careful=(held,)))) == []
    assert list(nobody_doubts(UNUSED, replace(seen, careful=(held,)))) == [], "nor one of an address that was not swept"


def test_an_address_on_which_somebody_answers_is_used() -> None:
    assert list(nobody_doubts(MAIL, sweep(hears_icmp=False))) == []
    assert len(list(nobody_doubts(UNUSED, sweep(hears_icmp=False)))) == 1


DECLARED, UNDECLARED = inventory(), inventory(declared=False)


@pytest.mark.parametrize(("address", "seen", "doubted"), [
    (UNUSED, sweep(), "nobody is seen to be there"),
    (UNUSED, sweep(swept(UNUSED, answered(RST_FW, 113))), "nobody is seen to be there"),  # a firewall's reset is nobody's
    (UNUSED, sweep(swept(UNUSED, answered(OPEN, 80))), ""),
    (MAIL, sweep(), ""),
    (MAIL, sweep(awaited=False), "no router's late word was waited for"),
    (WWW, sweep(swept(WWW, answered(RST_HOST, (1, 65_535)))), ""),  # nothing of it is silent
    (FW, sweep(), ""),  # it is there, since what it lets through comes through
    (FW, sweep(awaited=False), "no router's late word was waited for"),
])  # fmt: skip
def test_silence_of_nobody_counts_only_beside_a_ruleset(address: str, seen: SweepSighting, doubted: str) -> None:
    told = list(unvouched_doubts(address, seen, UNDECLARED))
    assert len(told) == bool(doubted)
    assert all(doubted in text and "ruleset is declared" in text for text in told)
    assert list(unvouched_doubts(address, seen, DECLARED)) == []


def test_a_ruleset_of_one_of_two_firewalls_says_nothing_of_the_other() -> None:
    second = replace_dataclass(UNDECLARED.hosts["fw"], name="fw2", addresses=())
    one_of_two = replace_dataclass(DECLARED, hosts={**DECLARED.hosts, "fw2": second})
    assert len(list(unvouched_doubts(UNUSED, sweep(), one_of_two))) == 1


def test_only_canaries_that_answered_to_the_end_are_witnesses() -> None:
    seen = sweep(canaries=(canary(MAIL), canary(NEWS, late_answered=0), canary(WWW, answered=0)))
    assert [piece.text.split()[0] for piece in sweep_witnesses(GROUP, seen)] == [MAIL]


# -- whether anything was silent ------------------------------------------------------------------------------------------------


def test_an_address_that_answered_on_every_port_hides_nothing() -> None:
    """By whatever answer: open, refused by itself, refused on the way."""
    by_itself, on_the_way = answered(RST_HOST, (1, 24), (26, 60_000)), answered(icmp((3, 13)), (60_001, 65_535))
    full = swept(MAIL, answered(OPEN, 25), by_itself, on_the_way)
    assert not any_silent((MAIL,), sweep(full))
    one_less = swept(MAIL, answered(OPEN, 25), answered(RST_HOST, (1, 24), (26, 65_534)))
    assert any_silent((MAIL,), sweep(one_less))
    assert any_silent((MAIL, NEWS), sweep(full)), "the other is silent"
    assert any_silent((MAIL,), sweep(leave_out=(MAIL,))), "of what was not swept nothing is known"


def test_of_a_sweep_of_some_ports_only_those_can_be_silent() -> None:
    three = swept(MAIL, answered(OPEN, 25), answered(RST_HOST, 24, 26))
    assert not any_silent((MAIL,), sweep(three), ports=3)
    assert any_silent((MAIL,), sweep(three), ports=4)
    assert any_silent((MAIL,), sweep(three))


def test_where_nothing_was_silent_the_miss_bound_does_not_matter() -> None:
    quiet = sweep(bounds=bounds(0.5))
    loud = sweep(*(swept(address, answered(RST_HOST, (1, 65_535))) for address in ALL), bounds=bounds(0.5))
    assert any("5.0e-01" in doubt for doubt in doubts(quiet))
    assert not any("5.0e-01" in doubt for doubt in doubts(loud))


# -- who is seen to be there ---------------------------------------------------------------------------------------------------


def all_alike(address: str, answer: Answer) -> AddressSweep:
    return AddressSweep(address=address, answers=(PortAnswer(ports=((1, 65_535),), reply=Reply(answer=answer)),))


@pytest.mark.parametrize("answer", [Answer.SILENT, Answer.MUTE])
def test_where_nobody_is_seen_silence_has_no_witness_without_a_ruleset(answer: Answer) -> None:
    seen = sweep(all_alike(UNUSED, answer))
    assert any("nobody is seen to be there" in doubt for doubt in unvouched_doubts(UNUSED, seen, UNDECLARED))
    assert list(unvouched_doubts(UNUSED, seen, inventory())) == []


def test_a_host_that_answered_as_a_canary_is_seen_to_be_there() -> None:
    seen = sweep(all_alike(MAIL, Answer.SILENT))
    assert not any("nobody is seen" in doubt for doubt in unvouched_doubts(MAIL, seen, UNDECLARED))
    for others in ((canary(NEWS),), (canary(NEWS), canary(MAIL, answered=0))):
        without = sweep(all_alike(MAIL, Answer.SILENT), canaries=others)
        assert any("nobody is seen to be there" in doubt for doubt in unvouched_doubts(MAIL, without, UNDECLARED))
