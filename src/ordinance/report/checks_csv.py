"""`checks.csv` (RFC 4180, UTF-8): one line for each planned check, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from ordinance.record.model import CheckRecord, Results
from ordinance.report import text, words

HEADER = ("run", "headline", "clause", "control", "target", "vantage", "verdict", "reason", "required", "decided_by", "until")
#: What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render(results: Results) -> bytes:
    """Write the file. Every line carries the run's headline, so that no part of an incomplete run reads as compliant.

    An incomplete run, and one with nothing to check, has one more line, `run[complete]`, which is unproven.
    """
    run, file = results.run, io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(HEADER)
    start = (run.id, words.headline(run))
    for check in results.checks:
        writer.writerow(_cells((*start, *_check(check))))
    if run.status != "complete" or run.headline == "nothing-to-check":
        why = words.explanation(run)
        writer.writerow(_cells((*start, "run", "run[complete]", "", "", "unproven", why, "", "", "")))
    return file.getvalue().encode()


def _check(check: CheckRecord) -> tuple[str, ...]:
    return (
        check.clause, check.control, check.target, check.vantage, words.kind(check.verdict), check.reason,
        check.compliant_world, check.decided_by, check.until,
    )  # fmt: skip


def _cells(values: Iterable[str]) -> list[str]:
    return [_cell(value) for value in values]


def _cell(value: str) -> str:
    """One line of text that nothing takes for a formula."""
    shown = text.clean(" ".join(text.capped(value, text.SENTENCE).split()))
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
