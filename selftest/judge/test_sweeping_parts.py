"""What a sweep may claim: limits of loss, a sweep of some ports only, and how what was not asked is told."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from ordinance.judge import coverage, sweeping
from ordinance.sight.perimeter import AddressSweep, Answer, FamilyBound, PortAnswer, Reply, SweepSighting
from selftest.judge.perimeter_city import (
    MAIL,
    NEWS,
    PROFILE,
    RST_HOST,
    UNUSED,
    WWW,
    answered,
    canary,
    icmp,
    inventory,
    sweep,
    swept,
)

GROUP = inventory().public[0]


def one(address: str, *groups: PortAnswer) -> SweepSighting:
    """A sweep of one address, with nothing but these answers."""
    return replace(sweep(leave_out=(address,)), addresses=(AddressSweep(address=address, answers=groups),))


# -- one host that loses more than the others -----------------------------------------------------------------------------------


def lossy(sent: int, lost: int, *others: tuple[int, int], rounds: int = 1) -> bool:
    """Whether MAIL is in doubt, beside others that were asked and lost so often."""
    beside = [canary(a, sent=s, answered=s - gone) for a, (s, gone) in zip((NEWS, WWW), others, strict=False)]
    bounds = (FamilyBound(family=4, rounds=rounds, miss_bound=1e-5),) if rounds else ()
    seen = sweep(canaries=(canary(MAIL, sent=sent, answered=sent - lost), *beside), bounds=bounds)
    return any("less than the others" in text for text in sweeping.sweep_doubts(GROUP, seen, PROFILE))


@pytest.mark.parametrize(("lost", "doubted"), [(14, False), (15, True)])
def test_three_deviations_beyond_the_usual_are_too_much(lost: int, doubted: bool) -> None:
    """Usual are 11 of 10,002, of 5,000 so 5.5: 5.5 + 3 * 2.3 + 1.5 = 14.03."""
    assert lossy(5000, lost, (5000, 10), (5000, 0)) is doubted


@pytest.mark.parametrize(("lost", "doubted"), [(11, False), (12, True)])
def test_what_was_asked_once_tells_little_of_what_is_usual(lost: int, doubted: bool) -> None:
    """Usual is 1 of 3, of 12 so 4: 4 + 3 * 2 + 1.5 = 11.5. Who lost all of them never answered."""
    seen = sweep(canaries=(canary(MAIL, sent=12, answered=12 - lost), canary(NEWS, sent=1, answered=1)))
    assert any(text.startswith(f"{MAIL} port 25") for text in sweeping.sweep_doubts(GROUP, seen, PROFILE)) is doubted


@pytest.mark.parametrize(("sent", "doubted"), [(997, True), (998, False)])
def test_the_chance_to_miss_is_reckoned_with_one_more_lost_of_two_more_sent(sent: int, doubted: bool) -> None:
    """(10 / 999) ** 2 is more than is allowed, (10 / 1,000) ** 2 is not."""
    assert lossy(sent, 9, (5000, 0), (5000, 0), rounds=2) is doubted


@pytest.mark.parametrize(("rounds", "doubted"), [(0, True), (1, False)])
def test_without_any_round_even_a_small_loss_is_in_doubt(rounds: int, doubted: bool) -> None:
    """Two of 30,000 where the others lost nothing of millions: 3 / 30,002 is allowed, once it was asked at all."""
    assert lossy(30_000, 2, (5_000_000, 0), (5_000_000, 0), rounds=rounds) is doubted


# -- a sweep of some ports ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ports", "doubted"), [(3, False), (4, True)])
def test_where_all_ports_that_were_asked_answered_none_was_missed(ports: int, doubted: bool) -> None:
    three = answered(RST_HOST, 24, 25, 26)
    seen = replace(one(MAIL, three), certificate=sweep(bounds=(FamilyBound(family=4, rounds=1, miss_bound=0.5),)).certificate)
    doubts = list(sweeping.sweep_doubts(GROUP, seen, PROFILE, [ip_address(MAIL)], ports))
    assert any("5.0e-01" in text for text in doubts) is doubted
    inside = coverage.inside_sweep_doubts([MAIL], seen, PROFILE, ports)
    assert any("was missed with a chance of up to 0.5" in text for text in inside) is doubted


@pytest.mark.parametrize(("ports", "doubted"), [(3, False), (4, True)])
def test_a_host_that_answered_on_all_ports_that_were_asked_may_lose(ports: int, doubted: bool) -> None:
    lost = sweep(canaries=(canary(MAIL, answered=2500), canary(NEWS), canary(WWW))).certificate
    seen = replace(one(MAIL, answered(RST_HOST, 24, 25, 26)), certificate=lost)
    doubts = list(sweeping.sweep_doubts(GROUP, seen, PROFILE, [ip_address(MAIL)], ports))
    assert any("less than the others" in text for text in doubts) is doubted


def test_of_what_was_not_swept_a_single_port_may_be_silent() -> None:
    assert sweeping.any_silent((MAIL,), sweep(leave_out=(MAIL,)), ports=1)


# -- nobody, and what was not asked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Answer.SILENT, Answer.MUTE])
def test_many_icmp_errors_hide_those_of_an_address_that_says_nothing(answer: Answer) -> None:
    nothing = PortAnswer(ports=((1, 65_535),), reply=Reply(answer=answer))
    loud = swept(MAIL, answered(icmp((3, 1)), (1, 1000)))
    seen = sweep(loud, AddressSweep(address=UNUSED, answers=(nothing,)))
    assert any("held back" in text for text in sweeping.nobody_doubts(UNUSED, seen))


def unasked(by: str, *ports: int) -> PortAnswer:
    return answered(Reply(answer=Answer.UNASKED, by=by), *ports)


def test_four_ranges_and_four_reasons_are_told_and_the_others_counted() -> None:
    ranges = AddressSweep(address=MAIL, answers=(unasked("barred", 1, 3, 5, 7, 9, 11),))
    assert sweeping.why_unasked(ranges) == " (1, 3, 5, 7 and 2 more ranges: barred)"
    reasons = AddressSweep(address=MAIL, answers=tuple(unasked(f"reason {number}", number) for number in range(1, 7)))
    assert sweeping.why_unasked(reasons) == " (1: reason 1, 2: reason 2, 3: reason 3, 4: reason 4 and 2 more)"
    assert sweeping.why_unasked(AddressSweep(address=MAIL, answers=(unasked("", 1),))) == ""
