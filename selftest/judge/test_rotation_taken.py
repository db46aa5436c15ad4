"""What is taken from an earlier night: which answers, in whose terms of distance, and what was asked with care."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from ordinance.inventory.model import Inventory
from ordinance.judge import rotation
from ordinance.sight.perimeter import (
    AddressSweep,
    Answer,
    CarefulAddress,
    EarlierSweep,
    PortAnswer,
    Reply,
    Rotation,
    SweepSighting,
)
from ordinance.sight.ports import Range, without
from selftest.judge.perimeter_city import ALL, MAIL, NEWS, PROFILE, UNUSED, WWW, canary, careful, certificate, inventory, port

FIRST, REST = (1, 1023), (1024, 65_535)
SILENT, UNASKED = Reply(answer=Answer.SILENT), Reply(answer=Answer.UNASKED)
KNOWN = {MAIL: 25, NEWS: 119, WWW: 80}
#: One in which the web server is a host of the Intranet, of no public group.
WITHIN = inventory(tuple(address for address in ALL if address != WWW))


def opened(hops: int | None = 1) -> Reply:
    return Reply(answer=Answer.OPEN, hops=hops)


def reset(hops: int | None) -> Reply:
    return Reply(answer=Answer.RST, hops=hops)


def asked(address: str, within: Range, *answers: tuple[Reply, int], last: bool = False) -> AddressSweep:
    """Silent on all other ports; `last`: the answers that are named stand behind the silence."""
    named = tuple(PortAnswer(ports=((number, number),), reply=reply) for reply, number in answers)
    silent = without((within,), tuple(sorted(group.ports[0] for group in named)))
    rest = (PortAnswer(ports=silent, reply=SILENT),)
    return AddressSweep(address=address, answers=(*rest, *named) if last else (*named, *rest))


def near(*hops: int | None) -> dict[str, Any]:
    """Canaries that far away."""
    return {"canaries": tuple(canary(a, hops=number) for a, number in zip((MAIL, NEWS, WWW), hops, strict=True))}


def night(*changed: AddressSweep, linked: bool = True, again: tuple[CarefulAddress, ...] = (), **more: Any) -> EarlierSweep:
    given = {seen.address: seen for seen in changed}
    started = (datetime.fromisoformat("2026-11-23T20:00:00+00:00") - timedelta(days=1)).isoformat()
    return EarlierSweep(
        run="night-1", linked=linked, why="" if linked else "a night is missing",
        certificate=certificate(started=started, **more), careful=again, observation="o-1",
        addresses=tuple(given.get(address) or asked(address, REST) for address in ALL),
    )  # fmt: skip


def whole(*earlier: EarlierSweep, of: Inventory | None = None, wanted: tuple[str, ...] = ALL, **more: Any) -> SweepSighting:
    """Tonight asks the first ports; of the known ones, each is as far as its canary."""
    tonight = certificate(**more)
    far = {seen.address: seen.hops for seen in tonight.canaries}
    first = tuple(asked(a, FIRST, *([(opened(far.get(a)), KNOWN[a])] if a in KNOWN else [])) for a in ALL)
    seen = SweepSighting(
        vantage="outside", addresses=first, certificate=tonight, observations=("o-4",),
        rotation=Rotation(wanted=wanted, earlier=earlier),
    )  # fmt: skip
    return rotation.whole(seen, of or inventory(), PROFILE)


def reply(seen: SweepSighting, address: str, number: int) -> Reply:
    groups = (group for group in (seen.of(address) or AddressSweep(address=address, answers=())).answers)
    return next(g.reply for g in groups if any(first <= number <= last for first, last in g.ports))


# -- which answers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [False, True], ids=["before the silence", "behind it"])
@pytest.mark.parametrize("linked", [True, False])
def test_an_open_port_is_taken_wherever_it_stands_among_the_answers(last: bool, linked: bool) -> None:
    found = asked(WWW, REST, (UNASKED, 5000), (Reply(answer=Answer.LOCAL), 5001), (opened(), 8080), last=last)
    seen = whole(night(found, linked=linked))
    assert reply(seen, WWW, 8080).answer is Answer.OPEN
    assert reply(seen, WWW, 5000).answer is Answer.UNASKED
    assert reply(seen, WWW, 6000).answer is Answer.UNASKED, "of an address that was not asked whole no silence counts"


@pytest.mark.parametrize("wanted", [ALL, ALL[::-1]])
def test_a_group_and_the_intranet_are_sound_each_by_itself(wanted: tuple[str, ...]) -> None:
    hole = asked(WWW, REST, (UNASKED, 5000))
    seen = whole(night(hole), of=WITHIN, wanted=wanted)
    assert reply(seen, MAIL, 6000).answer is Answer.SILENT
    assert reply(seen, WWW, 6000).answer is Answer.UNASKED
    other = whole(night(asked(MAIL, REST, (UNASKED, 5000))), of=WITHIN, wanted=wanted)
    assert reply(other, MAIL, 6000).answer is Answer.UNASKED
    assert reply(other, WWW, 6000).answer is Answer.SILENT


def test_silence_of_nobody_is_taken_only_beside_declared_rulesets() -> None:
    assert reply(whole(night()), UNUSED, 6000).answer is Answer.SILENT
    bare = whole(night(), of=inventory(declared=False))
    assert reply(bare, UNUSED, 6000).answer is Answer.UNASKED
    assert reply(bare, MAIL, 6000).answer is Answer.SILENT


def test_where_nothing_is_wanted_nothing_is_known() -> None:
    seen = whole(night(), wanted=())
    assert seen.rotation is not None
    assert seen.rotation.told == ("0 of 0 ports (0 %) are known about, tonight's part and earlier nights together",)


# -- in whose terms of distance -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [inventory(), WITHIN], ids=["public", "Intranet"])
@pytest.mark.parametrize(
    ("then", "now", "hops", "told"),
    [
        ((1, 1, 1), (2, 2, 2), 1, 2),
        ((1, 1, 1), (2, 2, 2), 0, 1),
        ((3, 3, 3), (1, 1, 1), 4, 2),
        ((3, 3, 3), (1, 1, 1), 1, None),
        ((None, None, None), (2, 2, 2), 1, None),
        ((1, 1, 1), (None, None, None), 1, None),
    ],
)
def test_hops_of_a_refusal_are_said_in_tonights_terms(of: Inventory, then: Any, now: Any, hops: int, told: int | None) -> None:
    seen = whole(night(asked(WWW, REST, (reset(hops), 9999), (opened(then[2]), 8080)), **near(*then)), of=of, **near(*now))
    assert reply(seen, WWW, 8080).hops is None, "who is open needs none"
    if told is not None:
        assert reply(seen, WWW, 9999) == reset(told)
    else:
        assert reply(seen, WWW, 9999).hops is None


@pytest.mark.parametrize("of", [inventory(), WITHIN], ids=["public", "Intranet"])
@pytest.mark.parametrize(("hops", "accused"), [(1, True), (0, False)])
def test_a_night_that_is_not_linked_accuses_by_hops(of: Inventory, hops: int, accused: bool) -> None:
    """The way is a hop longer tonight."""
    seen = whole(night(asked(WWW, REST, (reset(hops), 9999)), linked=False), of=of, **near(2, 2, 2))
    assert (reply(seen, WWW, 9999).answer is Answer.RST) is accused


def test_a_public_host_is_as_far_as_itself_and_not_as_the_nearest() -> None:
    """A reset from 2 hops away came from the way to the host, which is 3 away, though others are nearer."""
    far = night(asked(WWW, REST, (reset(2), 9999)), linked=False, **near(1, 1, 3))
    assert reply(whole(far, **near(1, 1, 3)), WWW, 9999).answer is Answer.UNASKED
    assert reply(whole(far, of=WITHIN, **near(1, 1, 3)), WWW, 9999).answer is Answer.RST


def test_without_canaries_tonight_nobody_knows_how_far_the_intranet_is() -> None:
    seen = whole(night(asked(WWW, REST, (reset(1), 9999))), of=WITHIN, canaries=())
    assert reply(seen, WWW, 9999).hops is None


# -- what was asked with care ---------------------------------------------------------------------------------------------------


def test_what_was_asked_with_care_then_is_taken_with_its_ports_in_tonights_terms() -> None:
    ports = tuple(replace(port(number, address=WWW), replies=(reset(1),), silent=0) for number in (444, 5000, 5001))
    again = replace(careful(WWW), ports=ports)
    other = replace(careful(MAIL), ports=(port(5000, address=MAIL),))
    seen = whole(night(asked(WWW, REST, (reset(1), 5000), (reset(1), 5001)), again=(other, again)), **near(2, 2, 2))
    taken = [
        (asked.address, [(port.port, [r.hops for r in port.replies]) for port in asked.ports])
        for asked in seen.careful
        if asked.ports
    ]
    assert taken == [(MAIL, [(5000, [])]), (WWW, [(5000, [2]), (5001, [2])])]
