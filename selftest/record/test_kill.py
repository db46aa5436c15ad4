"""Killed at any moment: nothing acknowledged is lost, nothing is cut short under its final name, nothing partial reads compliant.

100 kills; ORDINANCE_KILLS=1000 for more.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from selftest.record.crash.onerun import PHASES
from selftest.record.crash.server import Outcome, assert_no_truncated_file, assert_nothing_lost, latest_reads, serving

KILLS = int(os.environ.get("ORDINANCE_KILLS", "100"))


def check_what_is_left(reports: Path, outcome: Outcome) -> str:
    """After one run over an older compliant one, which must not show once the new one has begun; what `latest` says."""
    run = reports / outcome.id
    reads = latest_reads(reports)
    if outcome.published:
        assert (reads, (reports / "latest").readlink()) == ("compliant", Path(outcome.id))
    elif outcome.id and reads != "incomplete":
        # its last act was done, only nobody was told any more
        assert (reports / "latest").readlink() == Path(outcome.id), "an older run shows while a newer one was under way"
        assert "writing" in outcome.said
    if outcome.id:
        assert_nothing_lost(run, outcome)
        assert_no_truncated_file(run)
    return reads


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_at_any_moment_loses_nothing_and_leaves_nothing_that_reads_as_compliant(tmp_path: Path, number: int):
    chance = random.Random(20261123)
    ends: Counter[str] = Counter()
    kills = KILLS if number == signal.SIGKILL else KILLS // 5
    reports = tmp_path / "reports"
    with serving(tmp_path / "city.yml") as server:
        assert [server.run(reports, records=100).exit for _ in range(3)] == [0, 0, 0]
        yesterday = server.run(reports, records=100)
        for _ in range(kills):
            (reports / "latest").unlink()
            (reports / "latest").symlink_to(yesterday.id)
            outcome = server.run(reports, records=100, signal=int(number), **some_moment(yesterday, chance))
            assert outcome.exit in (-number, 0), outcome.said[-1]
            reads = check_what_is_left(reports, outcome)
            ends[f"{outcome.phase}, latest {reads}"] += 1
        after = server.run(reports, records=5)
    assert (after.exit, latest_reads(reports)) == (0, "compliant"), "the next run works"
    hit = {phase: sum(times for end, times in ends.items() if end.startswith(f"{phase},")) for phase in PHASES}
    assert min(hit.values()) > 0, f"not every phase was hit: {ends}"


def some_moment(like: Outcome, chance: random.Random) -> dict[str, str | float]:
    """A moment within a phase; every phase is as likely as every other, however short it is."""
    moments = {**like.seconds, "done": like.seconds["end"] + 0.002}
    phase = chance.choice(PHASES)
    following = list(moments.values())[list(moments).index(phase) + 1]
    return {"phase": phase, "after": chance.uniform(0, following - moments[phase])}
