"""The power goes, or the disk takes nothing any more, at any moment: what is on the disk afterwards is old, or new and whole.

A real ext4 on a loop device: EXT4_IOC_SHUTDOWN without a flush of its log is what a power cut leaves on the disk, and every
access after it is EIO for the run that is still there. Then the file system is mounted again, as after the next start.
Root and /dev/loop-control are needed; the states that an ext4 does not happen to leave are in test_power_model.py.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordinance.record.ending import END
from ordinance.record.journal import read_journal
from selftest.record.crash.onerun import PHASES
from selftest.record.crash.server import Outcome, Server, assert_no_truncated_file, latest_reads, serving

CUTS = int(os.environ.get("ORDINANCE_KILLS", "100")) // 4
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/loop-control").exists(), reason="a disk to cut the power of wants root and a loop device"
)


class Disk:
    """An ext4 of a server's own, mounted at `at`."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.image, self.at = server, folder / "disk", folder / "mounted"
        self.at.mkdir()
        server.do("truncate", "-s", f"{64 + CUTS}M", str(self.image))
        server.do("mkfs.ext4", "-q", str(self.image))
        self.mount()

    def mount(self) -> None:
        self.server.do("mount", "-o", "loop", str(self.image), str(self.at))

    def unmount(self) -> None:
        self.server.do("umount", str(self.at))

    @property
    def reports(self) -> Path:
        return self.at / "reports"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with serving(tmp_path / "city.yml", private=True) as server:
        made = Disk(server, tmp_path)
        yield made
        made.unmount()


def test_a_power_cut_at_any_moment_leaves_old_or_new_whole(disk: Disk):
    chance = random.Random(20261124)
    server, ends = disk.server, Counter[str]()
    reports = server.seen(disk.reports)
    for _ in range(CUTS):
        yesterday = server.run(disk.reports, records=300)
        assert yesterday.exit == 0
        outcome = server.run(disk.reports, records=300, cut=str(disk.at), **some_moment(yesterday, chance))
        with pytest.raises(OSError, match="Input/output error"):
            (reports / "proof").write_bytes(b"the power is off")
        disk.unmount()
        disk.mount()
        assert outcome.exit in (0, 2), outcome.said[-1]
        ends[f"{outcome.phase}, code {outcome.exit}, latest {check_after_the_next_start(reports, yesterday, outcome)}"] += 1
    assert any("incomplete" in end for end in ends), f"no cut hit a run: {ends}"


def check_after_the_next_start(reports: Path, yesterday: Outcome, outcome: Outcome) -> str:
    reads = latest_reads(reports)
    shown = (reports / "latest").readlink().name if reads != "incomplete" else ""
    if outcome.id:
        assert shown in ("", outcome.id), "an older run shows after the newer one had begun"
        assert_no_truncated_file(reports / outcome.id)
    if outcome.published:
        assert (outcome.exit, shown) == (0, outcome.id), "what was published stays published"
    if shown:
        assert reads == "compliant"
        known = outcome if shown == outcome.id else yesterday
        *seen, end = read_journal(reports / shown / "observations.jsonl")
        assert [one.id for one in seen] == known.words("ack")
        assert end.action == END
    return reads if shown in ("", outcome.id) else "of yesterday"


def some_moment(like: Outcome, chance: random.Random) -> dict[str, str | float]:
    """A moment within a phase; every phase is as likely as every other, however short it is."""
    moments = {**like.seconds, "done": like.seconds["end"]}
    phase = chance.choice([word for word in PHASES if word != "published"])
    following = list(moments.values())[list(moments).index(phase) + 1]
    return {"phase": phase, "after": chance.uniform(0, following - moments[phase])}
