"""A sweep that rotates: earlier nights complete tonight's part, or they do not; every way in which they must not is here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from ordinance.judge.inbound import inbound_tcp
from ordinance.judge.rotation import whole
from ordinance.judge.sweeping import sweep_doubts
from ordinance.judge.verdict import State
from ordinance.sight.packing import pack, unpack
from ordinance.sight.perimeter import (
    AddressSweep,
    Answer,
    EarlierSweep,
    FamilyBound,
    PortAnswer,
    Reply,
    Rotation,
    SweepSighting,
    Unechoed,
)
from ordinance.sight.ports import Range, meet, without
from selftest.judge.perimeter_city import (
    ALL,
    MAIL,
    NEWS,
    PROFILE,
    RST_FW,
    RST_HOST,
    RST_UNKNOWN,
    UNUSED,
    WWW,
    answered,
    canary,
    careful,
    certificate,
    icmp,
    inventory,
    port,
    sweep,
    swept,
    talk,
    talks,
)

TONIGHT = datetime.fromisoformat("2026-11-23T20:00:00.000Z")
FIRST, REST = (1, 1023), (1024, 65_535)
SILENT = Reply(answer=Answer.SILENT)


def part(ports: Range, *changed: AddressSweep, leave_out: tuple[str, ...] = ()) -> tuple[AddressSweep, ...]:
    given = {seen.address: seen for seen in changed}
    return tuple(
        replace(
            seen,
            answers=tuple(
                PortAnswer(ports=kept, reply=group.reply)
                for group in seen.answers
                if (kept := meet(tuple(sorted(group.ports)), (ports,)))
            ),
        )
        for seen in (given.get(address) or swept(address) for address in ALL if address not in leave_out)
    )


def at(days: float) -> str:
    return (TONIGHT - timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def night(
    days: float, ports: Range, *changed: AddressSweep, linked: bool = True, leave_out: tuple[str, ...] = (),
    again: tuple[Any, ...] = (), **more: Any,
) -> EarlierSweep:  # fmt: skip
    return EarlierSweep(
        run=f"night-{days}", linked=linked, why="" if linked else "a night is missing",
        certificate=certificate(started=at(days), **more), addresses=part(ports, *changed, leave_out=leave_out), careful=again,
        observation=f"o-{days}",
    )  # fmt: skip


def rotated(*earlier: EarlierSweep, ports: Range = FIRST, changed: tuple[AddressSweep, ...] = (), **more: Any) -> SweepSighting:
    whole_night = sweep(**more)
    return replace(whole_night, addresses=part(ports, *changed), rotation=Rotation(wanted=ALL, earlier=earlier))


def judged(seen: SweepSighting, *said):
    return inbound_tcp("public", seen, talks(*said), inventory(), PROFILE)


OPEN_8080 = swept(WWW, answered(Reply(answer=Answer.OPEN, hops=1), 8080))
SPOKEN = talk(WWW, 8080, "http")


def test_tonights_part_and_a_sound_night_before_are_the_whole() -> None:
    verdict = judged(rotated(night(1, REST)))
    assert verdict.state is State.COMPLIANT
    told = " ".join(piece.text for piece in verdict.evidence)
    assert "327675 of 327675 ports (100.0 %) are known about" in told
    assert "night-1, within a day: asked ports 1024-65535 of 5 addresses" in told
    assert "o-1" in {name for piece in verdict.evidence for name in piece.observations}


def test_three_nights_in_any_order_are_the_whole() -> None:
    nights = (night(3, (1024, 20_000)), night(1, (20_001, 40_000)), night(2, (40_001, 65_535)))
    assert judged(rotated(*nights)).state is State.COMPLIANT


BAD: list[dict[str, Any]] = [
    {"complete": False},
    {"bounds": (FamilyBound(family=4, rounds=1, miss_bound=2e-4),)},
    {"bounds": ()},
    {"local_errors": 3},
    {"echo_families": ()},
    {"unechoed": (Unechoed(family=4, ports=((5000, 5001),)),)},
    {"canaries": ()},
    {"canaries": (canary(MAIL, late_answered=0), canary(NEWS), canary(WWW))},
    {"canaries": (canary(MAIL), canary(NEWS, answered=0), canary(WWW))},
    {"canaries": (canary(MAIL), canary(NEWS, answered=2500), canary(WWW))},
    {"hears_icmp": False},
]


@pytest.mark.parametrize("changed", BAD, ids=range(len(BAD)))
def test_a_night_whose_own_certificate_does_not_bear_it_covers_nothing(changed: dict[str, Any]) -> None:
    verdict = judged(rotated(night(1, REST, **changed)))
    assert verdict.state is State.UNPROVEN
    assert "64512 ports were not asked" in verdict.reason


@pytest.mark.parametrize("changed", BAD, ids=range(len(BAD)))
def test_tonight_is_held_to_the_same(changed: dict[str, Any]) -> None:
    assert judged(rotated(night(1, REST), **changed)).state is State.UNPROVEN


@pytest.mark.parametrize(
    "earlier",
    [
        (),
        (night(1, REST, linked=False),),
        (night(14.1, REST),),
        (night(-0.1, REST),),
        (night(1, (1025, 65_535)),),
        (night(1, (1024, 65_534)),),
        (night(1, REST, leave_out=(UNUSED,)),),
        (night(1, REST, swept(NEWS, answered(Reply(answer=Answer.UNASKED), 5000))),),
        (night(1, REST, swept(NEWS, answered(Reply(answer=Answer.LOCAL, by="EPERM"), 5000))),),
    ],
    ids=["missing", "not linked", "too old", "from the future", "a gap", "no end", "an address", "unasked", "never sent"],
)
def test_what_no_night_covers_is_unproven(earlier: tuple[EarlierSweep, ...]) -> None:
    assert judged(rotated(*earlier)).state is State.UNPROVEN


def test_the_greatest_age_is_still_allowed() -> None:
    assert judged(rotated(night(14, REST))).state is State.COMPLIANT
    verdict = judged(rotated(night(14.5, REST)))
    assert "last asked 15 days ago, at most 14 are allowed" in verdict.reason


# -- an old finding -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [night(1, REST, OPEN_8080), night(13, REST, OPEN_8080), night(400, REST, OPEN_8080)])
def test_an_old_open_port_stays_a_finding(found: EarlierSweep) -> None:
    verdict = judged(rotated(found), SPOKEN)
    assert verdict.state is State.VIOLATED
    assert f"{WWW} port 8080 is open" in verdict.reason


def test_a_night_that_cannot_vouch_can_still_accuse() -> None:
    for found in (night(1, REST, OPEN_8080, linked=False), night(1, REST, OPEN_8080, complete=False), night(-1, REST, OPEN_8080)):
        assert judged(rotated(found, night(2, REST)), SPOKEN).state is State.VIOLATED


def test_a_finding_is_over_once_sound_silence_has_followed_it() -> None:
    assert judged(rotated(night(1, REST), night(2, REST, OPEN_8080))).state is State.COMPLIANT
    assert judged(rotated(night(2, REST), night(1, REST, OPEN_8080)), SPOKEN).state is State.VIOLATED


@pytest.mark.parametrize("changed", BAD[:-1], ids=range(len(BAD) - 1))  # the last is about addresses that nobody uses
def test_silence_that_means_nothing_does_not_end_a_finding(changed: dict[str, Any]) -> None:
    later = night(1, REST, **changed)
    assert judged(rotated(later, night(2, REST, OPEN_8080)), SPOKEN).state is State.VIOLATED
    tonight = rotated(night(2, REST, OPEN_8080), night(3, FIRST), ports=REST, **changed)
    assert judged(tonight, SPOKEN).state is State.VIOLATED


def test_silence_of_an_unlinked_night_does_not_end_a_finding() -> None:
    assert judged(rotated(night(1, REST, linked=False), night(2, REST, OPEN_8080)), SPOKEN).state is State.VIOLATED


def test_tonights_own_finding_is_one() -> None:
    seen = rotated(night(1, REST), changed=(swept(WWW, answered(Reply(answer=Answer.OPEN, hops=1), 1000)),))
    assert judged(seen, talk(WWW, 1000, "http")).state is State.VIOLATED


def test_a_port_that_was_let_through_to_nobody_stays_a_finding() -> None:
    for linked in (True, False):
        found = night(2, REST, swept(WWW, answered(RST_HOST, 9999)), linked=linked)
        assert judged(rotated(found, night(3, REST))).state is State.VIOLATED


# -- refusals -------------------------------------------------------------------------------------------------------------------


def test_a_refusal_on_the_way_is_known_as_long_as_silence_is() -> None:
    refused = swept(WWW, answered(icmp((3, 13)), (2000, 2009)), answered(RST_FW, 4000))
    assert judged(rotated(night(1, REST, refused))).state is State.COMPLIANT
    assert judged(rotated(night(15, REST, refused), night(1, REST, leave_out=(WWW,)))).state is State.UNPROVEN


@pytest.mark.parametrize("changed", [{"echo_families": ()}, {"canaries": ()}, {"complete": False}])
def test_a_refusal_near_the_vantage_of_an_unsound_night_excuses_nothing(changed: dict[str, Any]) -> None:
    refused = swept(WWW, answered(icmp((3, 13)), REST))
    assert judged(rotated(night(1, REST, refused, **changed))).state is State.UNPROVEN


def test_hops_of_another_night_are_read_by_that_nights_distances() -> None:
    """The way has become a hop longer since: a reset from 1 hop came from the host, which was 1 hop away then."""
    far = tuple(canary(address, hops=2) for address in (MAIL, NEWS, WWW))
    longer = [swept(a, answered(Reply(answer=Answer.OPEN, hops=2), p)) for a, p in ((MAIL, 25), (NEWS, 119), (WWW, 80))]
    seen = rotated(night(1, REST, swept(WWW, answered(RST_HOST, 9999))), changed=tuple(longer), canaries=far)
    assert judged(seen).state is State.VIOLATED


def test_hops_that_cannot_be_compared_excuse_nothing() -> None:
    unknown = night(1, REST, swept(WWW, answered(RST_UNKNOWN, 9999)))
    assert judged(rotated(unknown)).state is State.UNPROVEN
    near = tuple(canary(address, hops=0) for address in (MAIL, NEWS, WWW))
    close = [swept(a, answered(Reply(answer=Answer.OPEN, hops=0), p)) for a, p in ((MAIL, 25), (NEWS, 119), (WWW, 80))]
    seen = rotated(night(1, REST, swept(WWW, answered(RST_FW, 9999))), changed=tuple(close), canaries=near)
    assert judged(seen).state is State.UNPROVEN


def test_what_was_asked_with_care_then_does_not_place_what_was_refused_tonight() -> None:
    refused = swept(WWW, answered(RST_UNKNOWN, 444))
    again = careful(WWW, port(444, RST_FW, address=WWW))
    again = replace(again, ports=(port(444, RST_FW, address=WWW),))
    placed = replace(rotated(night(1, REST), changed=(refused,)), careful=(again,))
    assert judged(placed).state is State.COMPLIANT  # asked with care tonight
    old = night(1, (1, 65_535), refused, again=(again,))
    assert judged(rotated(old, changed=(refused,))).state is State.UNPROVEN  # only then


# -- the form -------------------------------------------------------------------------------------------------------------------


def test_a_sweep_without_rotation_is_left_as_it_is() -> None:
    seen = sweep()
    assert whole(seen, inventory(), PROFILE) is seen
    assert "rotation" not in pack(seen)
    assert pack(seen)["careful"] == []
    assert unpack(pack(seen), SweepSighting) == seen


def test_a_rotated_sweep_is_recorded_without_loss_and_judged_alike() -> None:
    seen = rotated(night(1, REST, OPEN_8080), night(2, REST, linked=False))
    again = unpack(pack(seen), SweepSighting)
    assert again == seen
    assert judged(again, SPOKEN) == judged(seen, SPOKEN)


def test_a_judge_that_knows_nothing_of_rotation_sees_a_part_only() -> None:
    assert any("ports were not asked" in doubt for doubt in sweep_doubts(inventory().public[0], rotated(night(1, REST)), PROFILE))


def test_open_ports_of_earlier_nights_are_talked_to_until_they_are_asked_again() -> None:
    talked = {seen.address: seen for seen in rotated(night(1, REST, OPEN_8080)).to_talk_to()}
    assert [group.ports for group in talked[WWW].of(Answer.OPEN)] == [((80, 80),), ((8080, 8080),)]
    later = {seen.address: seen for seen in rotated(night(1, REST), night(2, REST, OPEN_8080)).to_talk_to()}
    assert [group.ports for group in later[WWW].of(Answer.OPEN)] == [((80, 80),)]


def test_ranges_meet_and_are_taken_away() -> None:
    assert meet(((1, 10), (20, 30)), ((5, 22), (25, 40))) == ((5, 10), (20, 22), (25, 30))
    assert without(((1, 10), (20, 30)), ((5, 22), (25, 40))) == ((1, 4), (23, 24))
    assert without(((1, 3),), ()) == ((1, 3),)
    assert meet((), ((1, 2),)) == ()


# -- a host of the Intranet, which is of no public group -----------------------------------------------------------------------

WITHIN = inventory(tuple(address for address in ALL if address != WWW))


def known(*earlier: EarlierSweep) -> int:
    """How many ports of that host are known about."""
    seen = whole(rotated(*earlier), WITHIN, PROFILE).of(WWW)
    return seen.covered() if seen else 0


def test_a_sound_night_counts_for_a_host_of_the_intranet() -> None:
    assert known() == 1023
    assert known(night(1, REST)) == 65_535


@pytest.mark.parametrize(
    "changed",
    [
        {"complete": False},
        {"bounds": (FamilyBound(family=4, rounds=1, miss_bound=2e-4),)},
        {"canaries": ()},
        {"leave_out": (WWW,)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_night_that_is_not_sound_counts_for_no_host_of_the_intranet(changed: dict[str, Any]) -> None:
    assert known(night(1, REST, **changed)) == 1023
