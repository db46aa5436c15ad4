"""The chain of a journal: a line that was changed, dropped, moved or added is named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ordinance.errors import OrdinanceError
from ordinance.record.chain import START
from ordinance.record.journal import Journal, read_journal
from selftest.record.nights_made import record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Journal(tmp_path / "j") as journal:
        assert journal.head == START == "0" * 64
        for number in range(6):
            record(journal, number)
    return tmp_path / "j"


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_every_line_carries_the_hash_of_the_whole_line_before_it(path: Path) -> None:
    previous = "0" * 64
    for line in lines_of(path):
        assert json.loads(line)["previous"] == previous
        previous = hashlib.sha256(line).hexdigest()


def test_the_head_is_the_hash_of_the_last_line(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        for number in range(3):
            record(journal, number)
            assert journal.head == hashlib.sha256(lines_of(tmp_path / "j")[-1]).hexdigest()


def test_number_and_link_stand_first_so_that_sed_can_read_them(path: Path) -> None:
    assert all(line.startswith(b'{"id":"o-00000%d","previous":"' % number) for number, line in enumerate(lines_of(path), 1))


def renamed(line: bytes, number: int) -> bytes:
    return line[:14] + b"%d" % number + line[15:]


@pytest.mark.parametrize(
    ("change", "place", "told"),
    [
        (lambda a, b, c, *rest: [a.replace(b"dana", b"dane"), b, c, *rest], 2, "does not follow line 1"),
        (lambda a, b, c, *rest: [a, b.replace(b'"seconds":0.1', b'"seconds":0.10'), c, *rest], 3, "does not follow line 2"),
        (lambda a, b, c, *rest: [a, c, *rest], 2, "missing, added or moved"),
        (lambda a, b, c, *rest: [b, a, c, *rest], 1, "missing, added or moved"),
        (lambda a, b, c, *rest: [a, a, b, c, *rest], 2, "missing, added or moved"),
        (lambda a, b, c, *rest: [a, renamed(c, 2), *rest], 2, "does not follow line 1"),
        (lambda a, b, c, *rest: [renamed(b, 1), c, *rest], 1, "not a first one"),
        (lambda a, b, c, *rest: [a, b"\n", b, c, *rest], 2, "not an observation"),
        (lambda a, b, c, *rest: [a, b"\xff" + b, c, *rest], 2, "not an observation"),
        (lambda a, b, c, *rest: [a, b.replace(b"\n", b"\r\n"), c, *rest], 3, "does not follow line 2"),
        (lambda a, b, c, *rest: [a, b.replace(b"{", b"{ ", 1), c, *rest], 2, "not written as"),
        (lambda a, b, c, *rest: [a, b.replace(b'{"id"', b'{"id":"o-000009","id"', 1), c, *rest], 2, "not written as"),
        (lambda a, b, c, *rest: [a.replace(b'"previous":"' + b"0" * 64 + b'",', b""), b, c, *rest], 1, "not a first one"),
    ],
    ids=[
        "first line", "same value otherwise written", "dropped", "swapped", "twice", "dropped, renumbered",
        "first one dropped, renumbered",
        "empty line", "not UTF-8", "CR", "blank", "key twice", "no link",
    ],
)  # fmt: skip
def test_a_change_is_named_by_its_line(path: Path, change, place: int, told: str) -> None:
    before = lines_of(path)
    path.write_bytes(b"".join(change(*before)))
    assert lines_of(path) != before, "the change is there"
    with pytest.raises(OrdinanceError, match=rf"/j:{place}: .*{told}"):
        read_journal(path)


def test_a_line_cut_short_is_left_out_and_the_head_is_that_of_what_was_acknowledged(path: Path) -> None:
    lines = lines_of(path)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:-1])
    assert [seen.id for seen in read_journal(path)] == [f"o-00000{number}" for number in range(1, 6)]
