"""The summary at the end of a run, as lines of plain text. Pure; every line is at most `width` wide and holds no control."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from ordinance.record.model import CheckRecord, ClauseRecord, Results
from ordinance.report import text, words

NARROWEST = 40  #: columns; a narrower terminal gets lines of this width
REASONS_MOST = 40  #: checks told one by one for each verdict; the report has them all
_ID = 7
_WORD = max(len(words.WORDS[word]) for word in (*words.VERDICTS, "compliant-in-part"))


def summary_lines(results: Results, report: Path | str, width: int) -> list[str]:
    """Write the table by clause, then what is violated, unproven and not run with its reason, the headline, the report."""
    width = max(NARROWEST, width)
    lines = [*_table(results, width)]
    for kind in ("violated", "unproven", "not-run", "waived"):
        lines += _told(kind, [check for check in results.checks if words.kind(check.verdict) == kind], width)
    lines += ["", *_wrapped(words.headline(results.run), width)]
    lines += _wrapped(_coverage(results), width)
    if results.run.incomplete_because:
        lines += _wrapped(f"The run is incomplete: {results.run.incomplete_because}", width)
    return [*lines, f"Report: {text.clean(str(report))}"]


def _table(results: Results, width: int) -> Iterator[str]:
    """One line for each clause that has checks."""
    for clause in results.clauses:
        own = [check for check in results.checks if check.clause == clause.id]
        if own:
            yield _row(clause, own, width)


def _row(clause: ClauseRecord, checks: list[CheckRecord], width: int) -> str:
    good = sum(check.verdict == "compliant" for check in checks)
    count = f"{good}/{len(checks)}"
    word = words.WORDS[words.kind(clause.standing)]
    fixed = _ID + len(count) + _WORD + 4
    title = _fitted(text.subject(clause.title), max(8, width - fixed))
    return f"{_fitted(text.subject(clause.id), _ID)} {title}  {count} {word:<{_WORD}}"[:width].rstrip()


def _told(kind: str, checks: list[CheckRecord], width: int) -> Iterator[str]:
    if not checks:
        return
    yield ""
    yield f"{words.WORDS[kind]}: {words.plural(len(checks), 'check')}"
    for check in checks[:REASONS_MOST]:
        yield from _wrapped(f"{check.control} on {check.target}", width, "  ")
        yield from _wrapped(text.sentence(check.reason), width, "    ")
        yield from _wrapped(_seen(kind, check), width, "    ")
    if len(checks) > REASONS_MOST:
        yield f"  and {len(checks) - REASONS_MOST:,} more, in the report"


def _seen(kind: str, check: CheckRecord) -> str:
    if kind == "not-run":
        return ""
    seen = "; ".join(text.sentence(piece.text) for piece in check.evidence if not piece.witness)
    parts = [f"seen from {check.vantage}: {text.capped(seen, 300)}" if seen else "", f"required: {check.compliant_world}"]
    return "; ".join(part for part in parts if part) + f" (clause {check.clause})"


def _coverage(results: Results) -> str:
    run = results.run
    return (
        f"{run.controls_covered} of the policy's {words.plural(run.controls_in_policy, 'control')} are built; "
        "the others are neither compliant nor in the plan."
    )


def _wrapped(content: str, width: int, indent: str = "") -> list[str]:
    """Wrap to `width`, counting wide characters as two."""
    room = width - len(indent)
    words_shown = text.clean(" ".join(content.split()))
    if _columns(words_shown) != len(words_shown):
        room //= 2
    lines = textwrap.wrap(words_shown, max(8, room), break_long_words=True, break_on_hyphens=False)
    return [indent + line for line in lines]


def _fitted(content: str, columns: int) -> str:
    """Pad or cut to exactly `columns` columns."""
    if _columns(content) > columns:
        while _columns(content) > columns - 1:
            content = content[:-1]
        content += "…"
    return content + " " * (columns - _columns(content))


def _columns(content: str) -> int:
    """Columns a terminal needs: wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.category(char) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in content
    )
