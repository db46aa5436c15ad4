"""The summary in the terminal: by clause, worst first, at any width, and nothing that moves a cursor."""

from __future__ import annotations

import unicodedata

import pytest

from ordinance.report.terminal import REASONS_MOST, summary_lines
from selftest.report import sample
from selftest.report.poison import PAYLOADS, everywhere


def lines(made: sample.Sample, width: int = 100) -> list[str]:
    return summary_lines(made.results, "reports/latest/report.html", width)


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line if unicodedata.category(char) != "Mn")


def test_it_reads_by_clause_then_by_what_needs_attention():
    told = lines(sample.make())
    assert [line.split()[0] for line in told[:6]] == ["3.H", "3.I", "9.A.1", "9.A.2", "9.A.3", "10.D"]
    assert [line.split()[-1] for line in told[:3]] == ["Unproven", "Unproven", "Violated"]
    heads = [line for line in told if line.endswith(("checks", "check")) and line[0] not in " N"]
    assert heads == ["Violated: 2 checks", "Unproven: 2 checks", "Waived: 1 check"]
    assert "Not run: 1 check" in told
    assert told[-3:] == [
        "Not compliant: 2 violated, 2 unproven, 1 not run of 9 checks",
        "8 of the policy's 12 controls are built; the others are neither compliant nor in the plan.",
        "Report: reports/latest/report.html",
    ]


def test_a_violation_is_told_with_subject_seen_required_and_clause():
    text = " ".join(line.strip() for line in lines(sample.make()))
    assert "9.A.1/telnet-blocked on public-ipv4 198.51.100.5 answers on TCP 23" in text
    assert "seen from outside: connected to 198.51.100.5:23" in text
    assert "required: No public address lets telnet through, over IPv4 or IPv6. (clause 9.A.1)" in text


def test_a_compliant_run_is_short():
    told = lines(sample.compliant())
    assert told[-3] == "Compliant: 9 of 9 checks"
    assert not [line for line in told if line.startswith(("Violated", "Unproven", "Waived"))]


def test_an_incomplete_run_says_so_and_why():
    told = lines(sample.make(stopped="interrupted by the keyboard"))
    assert told[-4].startswith("INCOMPLETE: 8 of 9 checks")
    assert told[-2] == "The run is incomplete: interrupted by the keyboard"


def test_many_violations_are_counted_not_poured_out():
    made = sample.compliant()
    worst = [everywhere(made.results.checks[0], lambda text: "violated" if text == "compliant" else text)] * (REASONS_MOST + 7)
    results = type(made.results)(run=made.results.run, clauses=made.results.clauses, checks=worst)
    assert "  and 7 more, in the report" in summary_lines(results, "r", 80)


@pytest.mark.parametrize("width", [1, 40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int):
    def long(text: str) -> str:
        return text if len(text) < 20 and "." not in text else text + " 漢字" * 30

    made = sample.make(long)
    for line in lines(made, width)[:-1]:
        assert columns(line) <= max(width, 40), line


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_hostile_text_leaves_nothing_that_acts(payload: str):
    made = sample.make(stopped="why")
    spoilt = everywhere(made.results, lambda text: text + payload)
    for line in summary_lines(spoilt, "r" + payload, 80):
        assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
