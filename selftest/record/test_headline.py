"""Counts to headline to exit code: only one way leads to 0."""

from __future__ import annotations

from itertools import product

import pytest

from ordinance.judge.verdict import State
from ordinance.record.exitcode import ExitCode, page
from ordinance.record.headline import Headline, count, headline

CASES = [
    # compliant violated unproven n/a waived not-run  complete  headline                exit
    ((0, 0, 0, 0, 0, 0), True, "nothing-to-check", 5),
    ((3, 0, 0, 0, 0, 0), True, "compliant", 0),
    ((1, 0, 0, 1, 1, 0), True, "compliant", 0),
    ((0, 0, 0, 3, 0, 0), True, "nothing-to-check", 5),
    ((0, 0, 0, 0, 2, 0), True, "nothing-to-check", 5),
    ((0, 0, 0, 1, 2, 0), True, "nothing-to-check", 5),
    ((9, 1, 0, 0, 0, 0), True, "violated", 1),
    ((9, 1, 5, 0, 0, 5), True, "violated", 1),
    ((9, 0, 1, 0, 0, 0), True, "unproven", 6),
    ((9, 0, 0, 0, 0, 1), True, "unproven", 6),
    ((0, 0, 1, 0, 0, 0), True, "unproven", 6),
    ((0, 0, 0, 5, 0, 1), True, "unproven", 6),
    ((9, 0, 0, 0, 0, 0), False, "incomplete", 2),
    ((9, 1, 0, 0, 0, 0), False, "incomplete", 2),
    ((0, 0, 0, 0, 0, 0), False, "incomplete", 2),
    ((0, 0, 0, 0, 0, 9), False, "incomplete", 2),
]
ORDER = (State.COMPLIANT, State.VIOLATED, State.UNPROVEN, State.NOT_APPLICABLE, State.WAIVED, State.NOT_RUN)


@pytest.mark.parametrize(("numbers", "complete", "word", "code"), CASES)
def test_each_case_of_the_table(numbers: tuple[int, ...], complete: bool, word: str, code: int):
    counts = dict(zip(ORDER, numbers, strict=True))
    found = headline(counts, sum(numbers), complete=complete)
    assert found == word
    assert found.exit_code == code


def test_zero_means_that_nothing_stands_open():
    for numbers in product((0, 1, 2), repeat=6):
        for complete in (True, False):
            counts = dict(zip(ORDER, numbers, strict=True))
            found = headline(counts, sum(numbers), complete=complete)
            good = complete and counts[State.COMPLIANT] > 0
            good = good and not any(counts[state] for state in (State.VIOLATED, State.UNPROVEN, State.NOT_RUN))
            assert (found.exit_code == ExitCode.COMPLIANT) == good, numbers


@pytest.mark.parametrize("planned", [0, 2, 4])
def test_what_is_planned_is_reported(planned: int):
    with pytest.raises(ValueError, match="planned"):
        headline({"compliant": 3}, planned, complete=True)


def test_every_verdict_is_counted():
    assert count([State.VIOLATED, State.VIOLATED, State.NOT_RUN]) == {
        "compliant": 0, "violated": 2, "unproven": 0, "not-applicable": 0, "waived": 0, "not-run": 1,
    }  # fmt: skip


def test_exit_codes_are_distinct_and_explained():
    assert len({word.exit_code for word in Headline}) == len(Headline)
    assert all(f"| {code.value} | {code.name.lower()} | {code.meaning} |" in page() for code in ExitCode)
