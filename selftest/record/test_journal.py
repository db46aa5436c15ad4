"""The journal: acknowledged means written; broken means the run cannot be complete."""

from __future__ import annotations

import base64
import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ordinance.errors import OrdinanceError
from ordinance.record.journal import RAW_CAP, SYNC_RECORDS, Journal, JournalError, read_journal

FIELDS = {
    "look": "guarded-ports", "vantage": "outside", "target": "198.51.100.5:23/tcp", "action": "connect",
    "started": datetime(2026, 11, 23, 20, 15, 0, 123_456, tzinfo=UTC), "monotonic": 12.5, "seconds": 0.25, "outcome": "ok",
    "seen": "220 hello",
}  # fmt: skip


def test_what_is_recorded_is_read_back(tmp_path: Path):
    with Journal(tmp_path / "j") as journal:
        assert journal.record(**FIELDS, raw=b"\x00\xff", details={"ttl": 63}) == "o-000001"
        assert journal.record(**FIELDS) == "o-000002"
    first, second = read_journal(tmp_path / "j")
    assert (first.id, first.started, first.seen, first.details) == (
        "o-000001",
        "2026-11-23T20:15:00.123Z",
        "220 hello",
        {"ttl": 63},
    )
    assert base64.b64decode(first.raw) == b"\x00\xff"
    assert first.raw_sha256 == hashlib.sha256(b"\x00\xff").hexdigest()
    assert (second.raw, second.raw_sha256) == ("", "")


def test_raw_bytes_are_capped_and_hashed_whole(tmp_path: Path):
    raw = os.urandom(RAW_CAP + 10)
    with Journal(tmp_path / "j") as journal:
        journal.record(**FIELDS, raw=raw)
    seen = read_journal(tmp_path / "j")[0]
    assert base64.b64decode(seen.raw) == raw[:RAW_CAP]
    assert seen.raw_sha256 == hashlib.sha256(raw).hexdigest()


def test_the_hash_is_that_of_the_file(tmp_path: Path):
    with Journal(tmp_path / "j") as journal:
        for _ in range(5):
            journal.record(**FIELDS)
    assert journal.sha256 == hashlib.sha256((tmp_path / "j").read_bytes()).hexdigest()
    assert journal.count == 5


def test_an_acknowledged_observation_is_in_the_file_at_once(tmp_path: Path):
    journal = Journal(tmp_path / "j")
    journal.record(**FIELDS)
    assert [seen.id for seen in read_journal(tmp_path / "j")] == ["o-000001"]
    journal.close()


def test_threads_share_one_order(tmp_path: Path):
    names: list[str] = []
    with Journal(tmp_path / "j") as journal:

        def many() -> None:
            names.extend(journal.record(**FIELDS) for _ in range(50))

        threads = [threading.Thread(target=many) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [seen.id for seen in read_journal(tmp_path / "j")] == [f"o-{number:06d}" for number in range(1, 401)]
    assert sorted(names) == [f"o-{number:06d}" for number in range(1, 401)]


def test_it_syncs_after_so_many_records_and_after_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    now = [0.0]
    journal = Journal(tmp_path / "j", clock=lambda: now[0])
    for _ in range(SYNC_RECORDS - 1):
        journal.record(**FIELDS)
    assert synced == []
    journal.record(**FIELDS)
    assert len(synced) == 1
    now[0] = 1.5
    journal.record(**FIELDS)
    assert len(synced) == 2
    journal.close()
    assert len(synced) == 3


def test_a_full_disk_breaks_the_journal_for_good(tmp_path: Path):
    code = f"""
import resource, signal
from ordinance.record.journal import Journal, JournalError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
from pathlib import Path
journal = Journal(Path({str(tmp_path / "j")!r}))
fields = {FIELDS | {"started": "2026-11-23T20:15:00.000Z"}!r}
told = []
for _ in range(100):
    try:
        told.append(journal.record(**fields))
    except JournalError as error:
        print(len(told), error)
        break
try:
    journal.record(**(fields | {{"seen": ""}}))
except JournalError as error:
    print("again", bool(journal.broken))
"""
    assert resource.RLIMIT_FSIZE is not None and signal.SIGXFSZ is not None
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    first, again = done.stdout.splitlines()
    count, _, sentence = first.partition(" ")
    assert 0 < int(count) < 100
    assert "could not be written: File too large; the run cannot be complete" in sentence
    assert again == "again True"
    assert len(read_journal(tmp_path / "j")) == int(count), "only what was acknowledged is read back"


@pytest.mark.parametrize("wrong", [{"details": {"x": object()}}, {"seen": "\ud800"}], ids=["not JSON", "lone surrogate"])
def test_what_cannot_be_written_down_breaks_the_journal(tmp_path: Path, wrong: dict[str, object]):
    journal = Journal(tmp_path / "j")
    with pytest.raises(JournalError, match="cannot be complete"):
        journal.record(**(FIELDS | wrong))
    assert journal.broken
    journal.close()


def test_a_closed_journal_takes_nothing(tmp_path: Path):
    journal = Journal(tmp_path / "j")
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.record(**FIELDS)


def test_a_journal_is_never_written_over(tmp_path: Path):
    (tmp_path / "j").write_text("old")
    with pytest.raises(JournalError, match="cannot be created"):
        Journal(tmp_path / "j")
    assert (tmp_path / "j").read_text() == "old"


def test_others_cannot_read_it(tmp_path: Path):
    Journal(tmp_path / "j").close()
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def _lines(tmp_path: Path) -> list[bytes]:
    with Journal(tmp_path / "j") as journal:
        for _ in range(3):
            journal.record(**FIELDS)
    return (tmp_path / "j").read_bytes().splitlines(keepends=True)


def test_a_last_line_cut_short_was_never_acknowledged(tmp_path: Path):
    lines = _lines(tmp_path)
    (tmp_path / "j").write_bytes(b"".join(lines[:2]) + lines[2][:40])
    assert [seen.id for seen in read_journal(tmp_path / "j")] == ["o-000001", "o-000002"]


@pytest.mark.parametrize("change", ["drop", "swap", "spoil"])
def test_a_changed_journal_is_refused(tmp_path: Path, change: str):
    first, second, third = _lines(tmp_path)
    spoilt = {"drop": [first, third], "swap": [second, first, third], "spoil": [first, b"{}\n", third]}[change]
    (tmp_path / "j").write_bytes(b"".join(spoilt))
    with pytest.raises(OrdinanceError, match=r"j:[12]: "):
        read_journal(tmp_path / "j")


def test_a_journal_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(OrdinanceError, match="cannot be read"):
        read_journal(tmp_path / "none")
