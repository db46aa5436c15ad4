"""What the agent's result says of the fence, by what the kernel's rules counted."""

from __future__ import annotations

from typing import Any

import pytest

from ordinance.observe.agent.fence import FRAMES, PACKETS, judged

SENT = {"devices": ["eth0"], "probes": 10}


def counted(packets: int = 5, frames: int | None = None, stopped: int = 0) -> dict[str, Any]:
    tables = {PACKETS: {"passed": packets, "stopped": 0}}
    return tables if frames is None else {**tables, FRAMES: {"passed": frames, "stopped": stopped}}


@pytest.mark.parametrize(
    ("result", "unheld", "counts", "up", "words"),
    [
        ({}, "none announced", counted(), True, ""),
        ({}, "none announced", counted(packets=0), False, "no packet of the agent was seen"),
        (SENT, "", counted(frames=10), True, ""),
        (SENT, "", counted(frames=11), True, ""),
        (SENT, "", counted(frames=9), False, "only 9 of 10 packets"),
        (SENT, "", counted(frames=0), False, "no packet"),
        (SENT, "no egress", counted(), False, "no egress"),
    ],
)
def test_frames_are_held_when_the_rules_for_frames_saw_them_all(
    result: dict[str, Any], unheld: str, counts: dict[str, Any], up: bool, words: str
) -> None:
    fence = judged(result, unheld, counts)["fence"]
    assert (fence["up"], words in fence.get("why", "")) == (up, True)


@pytest.mark.parametrize("counts", [counted(frames=10, stopped=1), {PACKETS: {"passed": 1, "stopped": 2}}])
def test_one_that_was_stopped_is_an_error(counts: dict[str, Any]) -> None:
    assert "outside the scope were stopped" in judged(SENT, "", counts)["error"]


def test_what_nobody_could_read_is_an_error() -> None:
    assert "could not be read" in judged(SENT, "", {PACKETS: {"passed": 1}, FRAMES: None})["error"]
