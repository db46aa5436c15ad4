"""CSV: one line for each planned check; no text of a record becomes a line, a cell or a formula, and incomplete reads as such."""

from __future__ import annotations

import csv
import io
import re

import pytest

from ordinance.record.model import Results
from ordinance.report.checks_csv import HEADER, render
from selftest.report import sample
from selftest.report.poison import PAYLOADS, everywhere

FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
STARTS = [f"{start}cmd|'/c calc'!A0" for start in "=+-@\t\r\uff1d\uff0b\uff0d\uff20"]


def rows(results: Results) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(results).decode(), newline=""), strict=True))


def test_every_planned_check_is_one_line_with_its_verdict():
    results = sample.make().results
    assert [(row["control"], row["target"], row["verdict"]) for row in rows(results)] == [
        (check.control, check.target, check.verdict) for check in results.checks
    ]
    assert {row["run"] for row in rows(results)} == {results.run.id}
    assert all(row["required"] for row in rows(results))


def test_an_incomplete_run_says_so_in_every_line_and_has_one_more():
    made = rows(sample.make(stopped="the power went").results)
    assert all("INCOMPLETE" in row["headline"] for row in made)
    assert (made[-1]["control"], made[-1]["verdict"]) == ("run[complete]", "unproven")
    assert "the power went" in made[-1]["reason"]


@pytest.mark.parametrize("payload", [*PAYLOADS.values(), *STARTS])
def test_hostile_text_in_every_field_makes_no_line_no_cell_and_no_formula(payload):
    results = sample.make().results
    poisoned = everywhere(results, lambda text: payload)
    found = list(csv.reader(io.StringIO(render(poisoned).decode(), newline=""), strict=True))
    assert len(found) >= 1 + len(results.checks)
    assert {len(row) for row in found} == {len(HEADER)}
    assert {row[6] for row in found[1:]} == {"unproven"}, "a verdict that is none of ours proves nothing"
    assert not [cell for row in found for cell in row if FORMULA.match(cell)]


def test_a_formula_would_be_found():
    assert all(FORMULA.match(start) for start in STARTS)
