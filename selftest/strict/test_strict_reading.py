"""Reading YAML strictly: what is refused, where, why, and what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from ordinance.errors import DataError
from ordinance.strict import Leaf, Rules, WrongError, gather, line_of, load, plain, read


class Inner(Struct, frozen=True, kw_only=True):
    port: Annotated[int, Meta(description="a port number", ge=1, le=65535)]
    kind: Literal["smtp", "nntp"] = "smtp"


def _lower(text: str) -> None:
    if text != text.lower():
        raise WrongError("holds capitals")


class Outer(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(description="small letters"), Leaf(_lower)]
    inner: list[Inner] = []
    named: dict[str, Inner] = {}
    on: bool = False
    share: float | None = None


def _write(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# text, line, what, right
TREES = {
    "empty file": ("", 0, "the file is empty", "write its keys"),
    "only a comment": ("# nothing\n", 0, "the file is empty", "write its keys"),
    "only null": ("null\n", 0, "the file is empty", "write its keys"),
    "not UTF-8": (b"a: 1\nb: \xff\n", 2, "not UTF-8", "save the file as UTF-8"),
    "duplicate key": ("a: 1\nb: 2\na: 3\n", 3, 'the key "a" stands twice in one mapping (first on line 1)', "keep one"),
    "anchor": ("a: &x 1\n", 1, "an anchor", "write the value out"),
    "alias": ("a: 1\nb: *x\n", 2, "an alias", "write the value out"),
    "tag": ("a: 1\nb: !vault abc\n", 2, "a YAML tag", "env:NAME or file:PATH"),
    "merge key": ("a:\n  <<: {b: 1}\n", 2, "a merge key", "write the keys out"),
    "yes": ("a: yes\n", 1, "`yes` is a boolean to some readers", "write true"),
    "Off": ("a: 1\nb: Off\n", 2, "`Off` is a boolean to some readers", "write false"),
    "TRUE": ("a: TRUE\n", 1, "`TRUE` is a boolean to some readers", "write true"),
    "n": ("a: [n]\n", 1, "`n` is a boolean to some readers", "write false"),
    "key that is a boolean": ("a: 1\non: 2\n", 2, "`on` is a boolean to some readers", "in quotes for the word"),
    "key that is a number": ("1: a\n", 1, "a key that is not text", "quotes around it"),
    "key that is a list": ("? [a]\n: b\n", 1, "a key that is not text", "quotes around it"),
    "Null": ("a: Null\n", 1, "`Null` is null to some readers", "write null"),
    "octal": ("a: 010\n", 1, "a number that readers take differently", "plain decimal number"),
    "new octal": ("a: 0o17\n", 1, "a number that readers take differently", "plain decimal number"),
    "hexadecimal": ("a: 0x1F\n", 1, "a number that readers take differently", "plain decimal number"),
    "sexagesimal": ("a: 1\nb: 12:30\n", 2, "a number that readers take differently", "quotes around it"),
    "sexagesimal seconds": ("a: 190:20:30.15\n", 1, "a number that readers take differently", "quotes around it"),
    "digit groups": ("a: 1_000\n", 1, "a number that readers take differently", "plain decimal number"),
    "plus": ("a: +1\n", 1, "a number that readers take differently", "plain decimal number"),
    "bare fraction": ("a: .5\n", 1, "a number that readers take differently", "plain decimal number"),
    "infinity": ("a: .inf\n", 1, "a number that readers take differently", "plain decimal number"),
    "endless number": ("a: " + "1" * 40 + "\n", 1, "a number longer than any", "plain decimal number"),
    "tab": ("a:\tb\n", 1, "a tab", "blanks"),
    "tab in a comment": ("a: 1\n#\tx\n", 2, "a tab", "blanks"),
    "NUL": ("a: 1\nb: x\0y\n", 2, "U+0000", "take it out"),
    "lone carriage return": ("a: x\ry\n", 1, "U+000D", "take it out"),
    "escaped NUL": ('a: "x\\0y"\n', 1, "U+0000", "visible characters"),
    "escaped line feed": ('a: 1\nb: "x\\ny"\n', 2, "U+000A", "on one line"),
    "escaped carriage return": ('a: "x\\r"\n', 1, "U+000D", "on one line"),
    "block with line feeds": ("a: |\n  x\n  y\n", 1, "U+000A", "on one line"),
    "escape sequence": ('a: "\\e[31m"\n', 1, "U+001B", "visible characters"),
    "right-to-left override": ("a: 1\nb: x\u202ey\n", 2, "U+202E", "take it out"),
    "escaped override": ('a: "\\u202e"\n', 1, "U+202E", "visible characters"),
    "zero width": ("a: x\u200by\n", 1, "U+200B", "take it out"),
    "second document": ("a: 1\n---\nb: 2\n", 2, "a second document", "one document"),
    "open bracket": ("a: [1, 2\nb: 3\n", 2, "not YAML", "brackets"),
    "bad indentation": ("a:\n  b: 1\n c: 2\n", 3, "not YAML", "indentation"),
    "too deep": ("a: " + "[" * 80 + "]" * 80 + "\n", 1, "nested more than 64 deep", "flatter"),
}


@pytest.mark.parametrize(("text", "line", "what", "right"), TREES.values(), ids=TREES)
def test_what_has_two_readings_is_refused(tmp_path: Path, text: str | bytes, line: int, what: str, right: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read(path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(path), line)
    assert what in problem.what
    assert right in problem.right


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"file\.yml: cannot be read: No such file"):
        read(tmp_path / "file.yml")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "a: " + "x" * 200 + "\n")
    with pytest.raises(DataError, match="larger than 100 bytes"):
        read(path, Rules(most_bytes=100))


def test_plain_values_mean_what_they_say(tmp_path: Path) -> None:
    path = _write(
        tmp_path, 'a: true\nb: 12\nc: -0.5\nd: 1e-4\ne: "010"\nf:\ng: 2027-01-31\nh: 2001:db8::1\ni: no way\nj: "yes"\nk: ~\n'
    )
    assert plain(read(path)) == {
        "a": True, "b": 12, "c": -0.5, "d": 0.0001, "e": "010", "f": None, "g": "2027-01-31", "h": "2001:db8::1",
        "i": "no way", "j": "yes", "k": None,
    }  # fmt: skip


def test_windows_line_ends_and_a_byte_order_mark_are_no_problem(tmp_path: Path) -> None:
    assert plain(read(_write(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: x\r\n"))) == {"a": 1, "b": "x"}


def test_aliases_are_followed_where_they_are_allowed(tmp_path: Path) -> None:
    path = _write(tmp_path, "a: &x [1, 2]\nb: *x\n")
    assert plain(read(path, Rules(aliases=True))) == {"a": [1, 2], "b": [1, 2]}


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(DataError, match="more than 1000000 values"):
        read(_write(tmp_path, "\n".join(rows)), Rules(aliases=True))


def test_an_alias_to_what_surrounds_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="an alias to something that is not there"):
        read(_write(tmp_path, "a: &x [*x]\n"), Rules(aliases=True))


def test_paragraphs_are_kept_where_they_are_allowed(tmp_path: Path) -> None:
    assert plain(read(_write(tmp_path, "a: >-\n  x\n  y\n\n  z\n"), Rules(paragraphs=True))) == {"a": "x y\nz"}


# text, line, what, right
SHAPES = {
    "unknown key, near": ("name: x\ninnr: []\n", 2, 'unknown key "innr"', 'did you mean "inner"?'),
    "unknown key, far": ("name: x\nzebra: 1\n", 2, 'unknown key "zebra"', "known keys: name, inner"),
    "missing key": ("inner: []\n", 1, 'the key "name" is missing', "write name: small letters"),
    "inner unknown key": ("name: x\ninner:\n  - port: 1\n    pot: 2\n", 4, 'inner[0]: unknown key "pot"', '"port"?'),
    "inner missing key": ("name: x\ninner:\n  - kind: smtp\n", 3, 'inner[0]: the key "port" is missing', "a port number"),
    "too large": ("name: x\ninner:\n  - port: 65536\n", 3, "inner[0].port: expected int <= 65535", "a port number"),
    "text for a number": ('name: x\ninner: [{port: "1"}]\n', 2, "expected a whole number, got text", "a port number"),
    "boolean for a number": ("name: x\ninner: [{port: true}]\n", 2, "expected a whole number, got true or false", "port number"),
    "number for text": ("name: 12\n", 1, "name: expected text, got a whole number", "small letters"),
    "list for text": ("name: [x]\n", 1, "name: expected text, got a list", "small letters"),
    "null for text": ("name:\n", 1, "name: expected text, got nothing", "small letters"),
    "text for a list": ("name: x\ninner: word\n", 2, "inner: expected a list, got text", "write a list"),
    "list for a mapping": ("name: x\nnamed: []\n", 2, "named: expected names and values, got a list", "colon"),
    "word for a struct": ("name: x\nnamed:\n  a: b\n", 3, "named.a: expected keys and values, got text", "keys: port, kind"),
    "wrong word": ("name: x\ninner: [{port: 1, kind: smpt}]\n", 2, "not one of the words", 'did you mean "smtp"?'),
    "leaf": ("name: X\n", 1, "name: holds capitals", "it must be small letters"),
    "list at the top": ("- a\n", 1, "expected keys and values, got a list", "keys: name, inner"),
}


@pytest.mark.parametrize(("text", "line", "what", "right"), SHAPES.values(), ids=SHAPES)
def test_what_has_another_shape_is_refused(tmp_path: Path, text: str, line: int, what: str, right: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        load(path, Outer)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(path), line)
    assert what in problem.what
    assert right in problem.right


def test_all_problems_come_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    path = _write(tmp_path, 'nme: x\ninner:\n  - port: 0\n  - {port: 1, kind: x}\n"on": yes\nshare: 010\n')
    with pytest.raises(DataError) as caught:
        load(path, Outer)
    assert [problem.line for problem in caught.value.problems] == [1, 1, 3, 4, 5, 6]


def test_a_good_file_becomes_its_struct_and_knows_its_lines(tmp_path: Path) -> None:
    loaded = load(_write(tmp_path, "name: x\ninner:\n  - port: 25\n  - port: 119\n    kind: nntp\nshare: 1\n"), Outer)
    assert loaded.value == Outer(name="x", inner=[Inner(port=25), Inner(port=119, kind="nntp")], share=1.0)
    assert isinstance(loaded.value.share, float)
    assert [loaded.line("inner", 1, "kind"), loaded.line("inner", 0), loaded.line("inner", 7), loaded.line("zebra")] == [
        5,
        3,
        2,
        1,
    ]
    assert line_of(loaded.tree, ("inner", 1, "port")) == 4


def test_a_caller_may_add_problems_of_its_own(tmp_path: Path) -> None:
    loaded, problems = gather(_write(tmp_path, "name: X\n"), Outer)
    assert [str(problem) for problem in problems] == [f"{loaded.file}:1: name: holds capitals; it must be small letters"]
