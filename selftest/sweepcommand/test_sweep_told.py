"""What the answers of a sweep mean, as a table and as JSON, and when it is complete."""

import json

import pytest

from ordinance.sight.perimeter import Answer, FamilyBound, Reply, SweepSighting
from ordinance.sweepcommand.cli import _json
from ordinance.sweepcommand.meaning import OPEN, PASSED, REFUSED, REJECTED, SILENT, UNKNOWN, Told
from ordinance.sweepcommand.request import Request
from ordinance.sweepcommand.table import lines
from selftest.judge.perimeter_city import (
    FW,
    MAIL,
    OUTER,
    PROFILE,
    RST_FW,
    RST_HOST,
    RST_UNKNOWN,
    UNUSED,
    WWW,
    answered,
    canary,
    icmp,
    inventory,
    sweep,
    swept,
)


def told(seen: SweepSighting | None = None) -> Told:
    city = inventory()
    request = Request("public", city.public[0].addresses, (1, 65_535), "outside")
    return Told.of(request, seen if seen is not None else sweep(), city, PROFILE)


def meanings(seen: SweepSighting, address: str) -> dict[str, tuple[tuple[int, int], ...]]:
    return {row.meaning: row.ports for row in told(seen).rows if row.address == address}


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        (Reply(answer=Answer.OPEN, hops=1), OPEN),
        (RST_HOST, PASSED),
        (RST_FW, REJECTED),
        (RST_UNKNOWN, REFUSED),
        (icmp((3, 13)), REJECTED),
        (icmp((3, 1)), PASSED),
        (Reply(answer=Answer.ICMP), REFUSED),
        (Reply(answer=Answer.LOCAL, by="EPERM"), UNKNOWN),
        (Reply(answer=Answer.UNASKED), UNKNOWN),
        (Reply(answer=Answer.SILENT), SILENT),
    ],
)
def test_what_an_answer_means(reply: Reply, meaning: str) -> None:
    assert meanings(sweep(swept(WWW, answered(reply, 4444))), WWW)[meaning][0][0] <= 4444


def test_a_good_sweep_is_complete_and_says_so() -> None:
    good = told()
    assert good.proven
    text = "\n".join(lines(good))
    assert "complete: what is not shown above was not open" in text
    assert "UNPROVEN" not in text
    assert "IPv4 9.0e-05 a port after 1 rounds" in text
    silent = " silent                         65,535 ports"
    assert f"{FW}\n {silent}\n{UNUSED}\n {silent}\n" in text


def test_addresses_at_which_nobody_is_seen_are_named_once() -> None:
    """A firewall's own address and a host's are somebody's; a reset on the way shows nobody."""
    (note,) = [note for note in told().notes if "nobody is seen" in note]
    assert note.startswith(f"nobody is seen to be at {UNUSED}: ")
    assert f"note: {note}" in list(lines(told()))
    refused = sweep(swept(UNUSED, answered(RST_FW, 113)))
    assert note in told(refused).notes


def test_an_address_without_silence_hides_nobody() -> None:
    everything = sweep(swept(UNUSED, answered(RST_FW, (1, 65_535))))
    taken = sweep(swept(UNUSED, answered(Reply(answer=Answer.OPEN, hops=1), 8080)))
    assert not [note for seen in (everything, taken) for note in told(seen).notes if "nobody is seen" in note]


BAD = [
    {"complete": False, "why_incomplete": "the time allowed was over"},
    {"bounds": (FamilyBound(family=4, rounds=1, miss_bound=2e-4),)},
    {"bounds": ()},
    {"local_errors": 1},
    {"echo_families": ()},
    {"canaries": ()},
    {"canaries": (canary(MAIL, late_answered=0), canary(WWW))},
]


@pytest.mark.parametrize("changed", BAD, ids=range(len(BAD)))
def test_whatever_leaves_a_doubt_is_unproven(changed) -> None:
    bad = told(sweep(**changed))
    assert not bad.proven
    assert "UNPROVEN: ports may have been missed" in list(lines(bad))
    assert json.loads(_json(bad))["complete"] is False
    assert json.loads(_json(bad))["why"]


def test_a_port_that_was_not_asked_is_unproven() -> None:
    assert not told(sweep(swept(MAIL, answered(Reply(answer=Answer.UNASKED), 7)))).proven
    assert not told(sweep(leave_out=(UNUSED,))).proven


def test_json_has_every_port_once() -> None:
    seen = sweep(swept(WWW, answered(icmp((3, 13), OUTER), (20, 30)), answered(RST_HOST, 8080)))
    found = json.loads(_json(told(seen)))
    assert (found["complete"], found["interrupted"], found["ports"]) == (True, False, [1, 65_535])
    for address in found["addresses"]:
        assert sum(answer["count"] for answer in address["answers"]) == 65_535
    www = next(address for address in found["addresses"] if address["address"] == WWW)
    assert [(a["answer"], a["ports"]) for a in www["answers"]][:3] == [
        ("open", [[80, 80]]), ("let-through", [[8080, 8080]]), ("rejected", [[20, 30]]),
    ]  # fmt: skip
    assert found["certificate"]["canaries"]


def test_words_of_a_peer_cannot_act_on_the_terminal() -> None:
    seen = sweep(swept(WWW, answered(Reply(answer=Answer.LOCAL, by="\x1b[2Jgone"), 99)))
    assert "\x1b" not in "\n".join(lines(told(seen)))
