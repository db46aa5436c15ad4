"""No character may act: it is shown, or shown as its escape."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordinance.report.text import CAPTURE, LAW, SENTENCE, SUBJECT, capped, capture, clean, law, sentence, subject

ANY_TEXT = st.text(st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("City of San José, 漢字", "City of San José, 漢字"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\x00b\x7f\x9b", "a\\x00b\\x7f\\x9b"),
        ("\u202egnp\u2069", "\\u202egnp\\u2069"),
        ("\ufeff\u200d\u00ad", "\\ufeff\\u200d\\xad"),
        ("\ud800", "\\ud800"),
        ("\U000e0041\uffff", "\\U000e0041\\uffff"),
        ("e\u0301", "e\u0301"),
        ("e" + "\u0301" * 5, "e" + "\u0301" * 3 + "\\u0301\\u0301"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
    ],
)
def test_each_character_is_shown(text: str, shown: str):
    assert clean(text) == shown


@given(ANY_TEXT, st.booleans())
def test_whatever_comes_nothing_invisible_is_left(text: str, breaks: bool):
    left = clean(text, breaks=breaks)
    allowed = "\n\t" if breaks else ""
    assert all(char in allowed or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for char in left)
    left.encode("utf-8")


@given(ANY_TEXT, st.integers(1, 20))
def test_what_is_cut_says_how_much_is_missing(text: str, limit: int):
    shown = capped(text, limit)
    assert shown == text if len(text) <= limit else shown.endswith(f"({len(text) - limit} more characters)")


@pytest.mark.parametrize(("show", "limit"), [(subject, SUBJECT), (sentence, SENTENCE), (capture, CAPTURE), (law, LAW)])
def test_each_kind_of_text_has_its_limit(show, limit: int):
    assert show("x" * limit) == "x" * limit
    assert show("x" * (limit + 5)) == "x" * limit + " … (5 more characters)"


def test_lines_of_a_capture_stay_lines():
    assert capture("220 a\r\n250 b\r") == "220 a\n250 b\\x0d"
