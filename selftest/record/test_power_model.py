"""A power cut after any single operation, on a disk that keeps no more than it was made to sync: old, or new and whole.

A model, not a disk: the operations are those of a real run, recorded; the states are made up, and worse than ext4's
(test_power_cut.py cuts the power of a real one).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from selftest.record.crash.diskmodel import Disk, File, Op
from selftest.record.crash.server import Outcome, serving

State = dict[str, bytes | str]


def recorded(tmp_path: Path) -> tuple[list[Op], Disk, Outcome]:
    """The operations of one run, the disk before it, and the run."""
    reports = tmp_path / "reports"
    with serving(tmp_path / "city.yml") as server:
        assert server.run(reports, records=5).exit == 0
        before = on_disk(reports)
        outcome = server.run(reports, records=300, hook="selftest.record.crash.ops", ops=str(tmp_path / "ops"))
    assert outcome.exit == 0, outcome.said[-1]
    return json.loads((tmp_path / "ops").read_text()), before, outcome


def on_disk(reports: Path) -> Disk:
    disk = Disk()
    for path in sorted(reports.rglob("*")):
        name = str(path.relative_to(reports))
        if path.is_symlink():
            disk.synced[name] = str(path.readlink())
        elif path.is_dir():
            disk.synced[name] = "a folder"
            disk.folders.add(name)
        else:
            disk.synced[name] = File(path.read_bytes(), path.read_bytes())
    disk.now = dict(disk.synced)
    return disk


def whole_run(reports: Path, run: str) -> dict[str, bytes]:
    """Every file of the run as it was in the end."""
    files = (path for path in (reports / run).rglob("*") if path.is_file())
    return {str(path.relative_to(reports)): path.read_bytes() for path in files}


def look_at(state: State, whole: dict[str, bytes], run: str, *, begun: bool, published: bool) -> str:
    """What a reader finds; raises AssertionError where it must not be."""
    cut_short = [name for name, data in whole.items() if name in state and state[name] != data and "observations" not in name]
    assert not cut_short, f"not whole under its final name: {cut_short}"
    latest = state.get("latest")
    if latest == run:
        assert {name: state.get(name) for name in whole} == whole, "latest shows a run that is not whole"
        return "new"
    assert not published, "what was published is gone"
    if isinstance(latest, bytes):
        assert latest.startswith(b"INCOMPLETE\n")
        assert f"run: {run}\n".encode() in latest
        return "incomplete"
    assert not begun, f"an older run ({latest}) shows after the newer one had begun"
    return "old"


def test_after_every_operation_the_disk_holds_old_or_new_whole(tmp_path: Path):
    ops, disk, outcome = recorded(tmp_path)
    whole = whole_run(tmp_path / "reports", outcome.id)
    kinds = {op[0] for op in ops}
    assert {"create", "write", "sync", "replace", "symlink", "mkdir", "said"} <= kinds, "not everything was recorded"
    reads: dict[str, int] = {}
    said: set[str] = set()
    for op in ops:
        said |= {op[1].split()[0]} if op[0] == "said" else set()
        disk.do(op)
        for state in disk.states():
            read = look_at(state, whole, outcome.id, begun="begun" in said, published="published" in said)
            reads[read] = reads.get(read, 0) + 1
    assert {name: entry.written for name, entry in disk.now.items() if isinstance(entry, File) and name in whole} == whole, (
        "the recorded operations do not make the run that is there"
    )
    assert {"old", "incomplete", "new"} == set(reads), reads


@pytest.mark.parametrize("without", ["file", "folder"])
def test_a_run_that_did_not_sync_would_be_caught(tmp_path: Path, without: str):
    ops, disk, outcome = recorded(tmp_path)
    whole = whole_run(tmp_path / "reports", outcome.id)

    def left_out(op: Op) -> bool:
        return op[0] == "sync" and (op[1] in disk.folders) == (without == "folder")

    with pytest.raises(AssertionError):
        for op in ops:
            if not left_out(op):
                disk.do(op)
            for state in disk.states():
                look_at(
                    state,
                    whole,
                    outcome.id,
                    begun=op == ["said", f"begun {outcome.id}"],
                    published=op[1] == "published compliant",
                )
