"""The words a reader sees, the same in HTML, in the terminal and in JUnit."""

from __future__ import annotations

import re
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ordinance.record.model import RunRecord
from ordinance.record.stamp import moment

#: Verdicts and standings by how much they need a reader, and the word for each.
WORDS = {
    "violated": "Violated",
    "unproven": "Unproven",
    "not-run": "Not run",
    "unattested": "Not attested",
    "waived": "Waived",
    "compliant": "Compliant",
    "compliant-in-part": "Compliant in part",
    "attested": "Attested",
    "not-applicable": "Not applicable",
    "not-selected": "Not selected",
    "not-covered-yet": "Not covered yet",
    "not-testable": "Not testable",
}
VERDICTS = ("violated", "unproven", "not-run", "waived", "compliant", "not-applicable")
#: What somebody must look at; the rest may be hidden by the reader.
NEEDS_ATTENTION = frozenset({"violated", "unproven", "unattested", "not-run", "waived"})


def kind(word: str) -> str:
    """Return a verdict or standing that is one of ours. Anything else in a record proves nothing: unproven."""
    return word if word in WORDS else "unproven"


def plural(number: int, one: str, many: str = "") -> str:
    """Write `1 check`, `2 checks`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def tally(counts: dict[str, int], *, without: tuple[str, ...] = ()) -> str:
    """Write `2 violated, 1 unproven`, worst first, without what is zero."""
    parts = [f"{counts[word]:,} {WORDS[word].lower()}" for word in VERDICTS if counts.get(word) and word not in without]
    return ", ".join(parts)


def headline(run: RunRecord) -> str:
    """Write the one sentence a run is known by. Only a headline of `compliant` begins with that word."""
    checks = plural(run.planned, "selected check" if run.selection else "check")
    match run.headline:
        case "compliant":
            rest = tally(run.counts, without=("compliant",))
            return f"Compliant: {run.counts['compliant']:,} of {checks}" + (f"; {rest}" if rest else "")
        case "violated":
            return f"Not compliant: {_bad(run)} of {checks}"
        case "unproven":
            return f"Not proven: {_bad(run)} of {checks}"
        case "nothing-to-check" if run.planned == 0:
            return "Nothing to check: no check is planned"
        case "nothing-to-check":
            return f"Nothing to check: none of {checks} could show compliance"
    settled = run.planned - run.counts.get("not-run", 0)
    found = _bad(run, without=("not-run",))
    return f"INCOMPLETE: {settled:,} of {checks} settled before the run ended" + (f"; {found}" if found else "")


def explanation(run: RunRecord) -> str:
    """Say in a sentence what the headline means for the reader; in a second, whether the night itself was judged so."""
    return f"{_explanation(run)} {run.judged_again}".rstrip()


def _explanation(run: RunRecord) -> str:
    match run.headline:
        case "compliant":
            return "Every planned check is settled. What is compliant rests on sightings and a witness that the looking worked."
        case "violated":
            return "At least one promise of the policy is broken. The violations come first."
        case "unproven":
            return "No violation was seen, but something could not be looked at. What is unproven is not compliant."
        case "nothing-to-check":
            return "This run says nothing about the city."
    return f"Nothing follows from what was not looked at. Why it ended: {run.incomplete_because or 'not recorded'}"


def zone(run: RunRecord) -> tzinfo | None:
    """Find the city's timezone; None when this machine does not know it."""
    try:
        return ZoneInfo(run.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local_time(text: str, where: tzinfo) -> str:
    """Write `Monday 23 November 2026, 12:15:00 PST`; text that is not a moment is left as it is."""
    try:
        return f"{moment(text).astimezone(where):%A %-d %B %Y, %H:%M:%S %Z}"
    except ValueError:
        return text


def utc_time(text: str) -> str:
    """Write `2026-11-23 20:15:00 UTC`; text that is not a moment is left as it is."""
    try:
        return f"{moment(text):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text


def duration(seconds: float) -> str:
    """Write `47 s`, `2 min 03 s`, `1 h 04 min`."""
    whole = max(0, round(seconds))
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def tied(sentence: str) -> str:
    """Keep a number and the word after it on one line."""
    return re.sub(r"(?<=\d) ", "\u00a0", sentence)


def parameter(value: object) -> str:
    """Write a parameter of the profile: `23, 992`, `10,485,760`, `allowed`."""
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _bad(run: RunRecord, without: tuple[str, ...] = ()) -> str:
    return tally(run.counts, without=("compliant", "not-applicable", "waived", *without))
