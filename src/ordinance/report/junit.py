"""JUnit XML (the xunit1 shape of pytest): one test case for each planned check, whatever became of it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ordinance.record.model import CheckRecord, Results
from ordinance.report import text, words

_TAG = {"violated": "failure", "unproven": "error", "not-run": "error", "not-applicable": "skipped"}


def render(results: Results) -> bytes:
    """Write `junit.xml`. violated: failure; unproven and not-run: error; not-applicable: skipped; waived: passed, with why.

    An incomplete run has one more case, `run[complete]`, with an error, so that a reader that only counts sees it as well.
    So has a run with nothing to check.
    """
    run = results.run
    kinds = [words.kind(check.verdict) for check in results.checks]
    sound = run.status == "complete" and run.headline != "nothing-to-check"
    suite = ET.Element(
        "testsuite",
        name="ordinance",
        tests=str(len(kinds) + (not sound)),
        failures=str(kinds.count("violated")),
        errors=str(kinds.count("unproven") + kinds.count("not-run") + (not sound)),
        skipped=str(kinds.count("not-applicable")),
        time=f"{run.seconds:.3f}",
        timestamp=text.subject(run.started),
    )
    _properties(suite, {"run": run.id, "city": run.city, "profile": run.profile, "headline": words.headline(run)})
    for check in results.checks:
        suite.append(_case(check))
    if not sound:
        suite.append(_unsound(results))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root, " ")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _case(check: CheckRecord) -> ET.Element:
    kind = words.kind(check.verdict)
    name = f"{text.subject(check.control)}[{text.subject(check.target)}]"
    case = ET.Element("testcase", classname=text.subject(check.clause), name=name, time=f"{check.seconds:.3f}")
    _properties(
        case,
        {"control": check.control, "clause": check.clause, "target": check.target, "verdict": kind, "vantage": check.vantage}
        | ({"decided_by": check.decided_by} if check.decided_by else {})
        | ({"until": check.until} if check.until else {}),
    )
    if kind in _TAG:
        outcome = ET.SubElement(case, _TAG[kind], message=_one_line(check.reason))
        if kind != "not-applicable":
            outcome.set("type", kind)
        outcome.text = _story(check)
    else:
        ET.SubElement(case, "system-out").text = _story(check)
    return case


def _unsound(results: Results) -> ET.Element:
    case = ET.Element("testcase", classname="run", name="run[complete]", time="0.000")
    outcome = ET.SubElement(
        case, "error", message=_one_line(words.headline(results.run)), type=text.subject(results.run.headline)
    )
    outcome.text = _lines(words.explanation(results.run))
    return case


def _properties(parent: ET.Element, values: dict[str, str]) -> None:
    group = ET.SubElement(parent, "properties")
    for key, value in values.items():
        ET.SubElement(group, "property", name=key, value=text.subject(value))


def _story(check: CheckRecord) -> str:
    lines = [check.reason, f"required: {check.compliant_world} (clause {check.clause})"]
    lines += [
        f"{'witness' if piece.witness else 'seen'}: {piece.text} [{', '.join(piece.observations[:12])}]"
        for piece in check.evidence
    ]
    return "\n".join(_lines(line) for line in lines)


def _lines(content: str) -> str:
    return text.clean(text.capped(content, text.SENTENCE), breaks=True)


def _one_line(content: str) -> str:
    return text.clean(" ".join(text.capped(content, text.SENTENCE).split()))
