"""A disk that fills at any moment, or takes nothing any more: exit code 2, nothing cut short, nothing partial reads compliant.

Real file systems in a private mount namespace, so these tests want root: tmpfs of every size until a run fits, with few inodes,
and an ext4 that answers EIO from a moment on (EXT4_IOC_SHUTDOWN). A limit on the size of files (RLIMIT_FSIZE) stands for a quota.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from selftest.record.crash.server import (
    INVENTORY,
    ROOT,
    Outcome,
    Server,
    assert_no_truncated_file,
    assert_nothing_lost,
    latest_reads,
    serving,
)

PAGE = 4096
RECORDS = 60
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system of a size of its own")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("full") / "city.yml", private=os.geteuid() == 0) as made:
        yield made


def check_what_is_left(reports: Path, outcome: Outcome) -> bool:
    """True when the run fitted; else it must have said so with the code of an incomplete run and shown nothing."""
    if outcome.exit == 0:
        assert outcome.published
        assert (latest_reads(reports), (reports / "latest").readlink()) == ("compliant", Path(outcome.id))
        return True
    assert outcome.exit == 2, outcome.said[-1]
    assert not outcome.words("published") or outcome.words("published") == ["incomplete"]
    assert latest_reads(reports) in ("", "incomplete")
    if outcome.id:
        assert_nothing_lost(reports / outcome.id, outcome)
        assert_no_truncated_file(reports / outcome.id)
        assert_shows_no_good_news(reports / outcome.id)
    return False


def assert_shows_no_good_news(run: Path) -> None:
    """Not even the page for people says compliant where the results could not be kept."""
    for name in ("report.html", "junit.xml", "results.json"):
        if (run / name).exists():
            assert "INCOMPLETE" in (run / "report.html").read_text(), f"{name} of a run that could not be kept"


@root
def test_a_disk_of_every_size_until_a_run_fits(server: Server, tmp_path: Path):
    seen = server.seen(tmp_path)
    fitted, phases = [], set()
    for pages in range(1, 200):
        server.do("mount", "-t", "tmpfs", "-o", f"size={pages * PAGE}", "none", str(tmp_path))
        outcome = server.run(tmp_path, records=RECORDS)
        phases.add(outcome.phase)
        fitted.append(check_what_is_left(seen, outcome))
        server.do("umount", str(tmp_path))
        if fitted[-3:] == [True] * 3:
            break
    assert fitted[0] is False, "a page is not enough: the disk was never full"
    assert fitted[-1] is True
    assert sorted(fitted) == fitted, "where a run fits, it fits in more"
    assert {"begun", "writing", "published"} <= phases, "the disk was full at every stage of a run"


@root
def test_yesterdays_result_does_not_show_through_a_full_disk(server: Server, tmp_path: Path):
    seen = server.seen(tmp_path)
    for free in (*range(0, 12), *range(12, 64, 4)):
        server.do("mount", "-t", "tmpfs", "-o", "size=16m", "none", str(tmp_path))
        assert server.run(tmp_path, records=5).exit == 0
        used = os.statvfs(seen)
        pages = used.f_blocks - used.f_bfree + free
        server.do("mount", "-o", f"remount,size={pages * PAGE}", str(tmp_path))
        outcome = server.run(tmp_path, records=RECORDS)
        if free < 12:
            assert not outcome.published
        check_what_is_left(seen, outcome)
        server.do("umount", str(tmp_path))


@root
def test_a_disk_with_no_room_for_another_file(server: Server, tmp_path: Path):
    seen = server.seen(tmp_path)
    fitted = []
    for inodes in range(1, 40):
        server.do("mount", "-t", "tmpfs", "-o", f"size=16m,nr_inodes={inodes}", "none", str(tmp_path))
        fitted.append(check_what_is_left(seen, server.run(tmp_path, records=5)))
        server.do("umount", str(tmp_path))
    assert (fitted[0], fitted[-1]) == (False, True)


def test_a_limit_on_the_size_of_files(server: Server, tmp_path: Path):
    fitted = []
    for size in (0, 1, 100, 300, 1000, 5000, 20_000, 50_000, 60_000, 90_000, 100_000, 200_000):
        reports = tmp_path / str(size)
        fitted.append(check_what_is_left(server.seen(reports), server.run(reports, records=RECORDS, file_size=size)))
    assert (fitted[0], fitted[-1]) == (False, True)


@pytest.mark.parametrize("forever", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
def test_a_call_that_fails(server: Server, tmp_path: Path, number: int, forever: bool):
    """A stand-in: the error is raised inside the process, at every single call in turn."""
    order = {"records": 4, "hook": "selftest.record.crash.fault", "errno": number, "forever": forever}
    whole = server.run(tmp_path / "whole", **order, fail=1000)
    calls = int(whole.words("calls")[0])
    assert whole.exit == 0
    assert calls > 30, whole.said
    for call in range(1, calls + 1):
        reports = tmp_path / str(call)
        outcome = server.run(reports, **order, fail=call)
        assert outcome.words("failed"), f"call {call} did not fail"
        assert check_what_is_left(server.seen(reports), outcome) is False, f"code 0 although {outcome.words('failed')} failed"


SUITE = """
from ordinance.judge.verdict import Compliant, Evidence, Witness
from ordinance.underway import AUDIT
from ordinance.suite import Check, control

@control("10.D/password-age")
def test_age(check: Check, request) -> None:
    '"Passwords are changed."'
    seen = [request.config.stash[AUDIT].journal.record(
        look="accounts", vantage="here", target="dept", action="ssh-exec", started="2026-11-23T00:00:00.000Z",
        monotonic=0.0, seconds=0.1, outcome="ok", seen="dana " * 100) for _ in range(100)]
    check.settle(Compliant("fine", (Evidence("seen", tuple(seen)),), (Witness("witnessed", tuple(seen)),)))
"""


@root
@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ("size=16m,nr_inodes=1", 4, "cannot be used: No space left on device; give another folder, or room"),
        ("size=4k", 2, "No space left on device"),
        ("size=64k", 2, "latest says INCOMPLETE"),
        ("size=256k", 2, "latest says INCOMPLETE"),
        ("size=16m", 0, "Compliant: 2 of 2"),
    ],
)
def test_what_pytest_ends_with(server: Server, tmp_path: Path, options: str, code: int, told: str):
    reports, suite = tmp_path / "reports", tmp_path / "tests"
    suite.mkdir()
    reports.mkdir()
    (suite / "test_it.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "city.yml").write_text(INVENTORY)
    server.do("mount", "-t", "tmpfs", "-o", options, "none", str(reports))
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--inventory", "city.yml", "--reports", str(reports)]
    got, said = server.ask_of("env", f"--chdir={tmp_path}", f"PYTHONPATH={ROOT}", *argv, "--control", "10.D/*", "tests")
    reads = latest_reads(server.seen(reports))
    server.do("umount", str(reports))
    assert (got, told in " ".join(said.split())) == (code, True), said
    assert (reads == "compliant") == (code == 0)
