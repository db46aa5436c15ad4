"""Text from a peer: what could deceive a reader shows as an escape."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordinance.observe.safetext import safe, safe_line

CASES = [
    ("plain text stays", b"220 mail ESMTP", "220 mail ESMTP"),
    ("other scripts stay", "Zürich 東京 🙂".encode(), "Zürich 東京 🙂"),
    ("NUL", b"a\x00b", r"a\x00b"),
    ("escape sequences", b"\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
    ("DEL", b"\x7f", r"\x7f"),
    ("C1 as UTF-8", "\x9b31m".encode(), r"\x9b31m"),
    ("a lone byte that is not UTF-8", b"\xff\xfe", r"\xff\xfe"),
    ("overlong UTF-8", b"\xc0\xaf", r"\xc0\xaf"),
    ("right-to-left override", "a\u202eb".encode(), r"a\u202eb"),
    ("isolates", "\u2066x\u2069".encode(), r"\u2066x\u2069"),
    ("zero width space and joiner", "a\u200bb\u200dc".encode(), r"a\u200bb\u200dc"),
    ("byte order mark", "\ufeffx".encode(), r"\ufeffx"),
    ("soft hyphen", "\u00ad".encode(), r"\xad"),
    ("line separators", "a\u2028b\u2029c\x85".encode(), r"a\u2028b\u2029c\x85"),
    ("tags", "\U000e0041".encode(), r"\U000e0041"),
    ("private use", "\ue000".encode(), r"\ue000"),
    ("variation selectors", "a\ufe0f".encode(), r"a\ufe0f"),
    ("fillers that print as nothing", "\u3164\u2800\u115f".encode(), r"\u3164\u2800\u115f"),
    ("a surrogate in text", "a\ud800b", r"a\ud800b"),
    ("a surrogate as bytes", b"\xed\xa0\x80", r"\xed\xa0\x80"),
    ("line ends", b"a\r\nb", r"a\x0d\x0ab"),
    ("tab", b"a\tb", r"a\x09b"),
]


@pytest.mark.parametrize(("raw", "shown"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_shown(raw, shown):
    assert safe(raw) == shown


def test_lines_are_kept_when_asked_for_and_a_lone_return_is_not():
    assert safe(b"a\r\nb\rc\n", lines=True) == "a\nb\\x0dc\n"


@pytest.mark.parametrize(
    ("raw", "cap", "shown"),
    [
        (b"abcdef", 4, "abcd… (2 more bytes)"),
        (b"abcd", 4, "abcd"),
        ("aäb".encode(), 2, "a… (3 more bytes)"),
        ("🙂🙂".encode(), 7, "🙂… (4 more bytes)"),
        ("aäb", 2, "a… (3 more bytes)"),
        (b"\x80" * 10, 4, r"\x80… (9 more bytes)"),
        (b"abc", 0, "… (3 more bytes)"),
    ],
)
def test_the_cap_counts_bytes_and_cuts_no_character(raw, cap, shown):
    assert safe(raw, cap=cap) == shown


def test_a_line_loses_its_end_only():
    assert safe_line(b"220 x\r\n") == "220 x"


@given(st.binary(max_size=200) | st.text(max_size=100))
def test_nothing_hidden_is_left_and_making_safe_twice_changes_nothing(raw):
    shown = safe(raw)
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for char in shown)
    assert safe(shown) == shown
