"""From whatever ended a test to the verdict of its check: nothing that goes wrong may leave it compliant."""

from __future__ import annotations

import pytest

from ordinance.docket import Docket
from ordinance.judge.verdict import NotApplicable, State, Unproven, Verdict, Violated
from ordinance.observe.api import CouldNotLook
from ordinance.plan import PlannedCheck
from ordinance.sightings import LookDefect
from ordinance.suite import NotProven, PolicyBroken

#: The attribute of a test report that carries the verdict's state.
STATE = "ordinance_state"
Shown = tuple[str, str, tuple[str, dict[str, bool]]]
#: How a settled check is shown: pytest's category, its letter, its word.
SHOWN: dict[State, Shown] = {
    State.COMPLIANT: ("passed", ".", ("COMPLIANT", {"green": True})),
    State.VIOLATED: ("failed", "V", ("VIOLATED", {"red": True})),
    State.UNPROVEN: ("error", "U", ("UNPROVEN", {"yellow": True})),
    State.WAIVED: ("passed", "w", ("WAIVED", {"yellow": True})),
    State.NOT_APPLICABLE: ("skipped", "n", ("NOT APPLICABLE", {"cyan": True})),
}
_OWN_WAY_OUT = (pytest.skip.Exception, pytest.xfail.Exception)


def settle_report(audit: Docket, check: PlannedCheck, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Settle a check by how one phase of its test ended, and mark the report with the state."""
    audit.spent(check, report.duration)
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, (KeyboardInterrupt, pytest.exit.Exception)):
        return
    if error is not None and call.excinfo is not None and not _expected(error, audit.verdicts[check.key]):
        audit.could_not_settle(check, _why(error))
        if not isinstance(error, (CouldNotLook, *_OWN_WAY_OUT)):
            audit.tracebacks.append(audit.redact(f"{report.nodeid}\n{call.excinfo.getrepr(style='short')}"))
    if call.when == "call" and error is None and audit.is_unsettled(check):
        audit.settle(check, Unproven("the test ended without handing in a verdict"))
        report.outcome = "failed"
    if call.when != "teardown" or error is not None:
        setattr(report, STATE, audit.verdicts[check.key].state)


def censor(audit: Docket, report: pytest.TestReport) -> None:
    """Take every secret out of what pytest itself would tell of a test: its traceback with local variables, what was captured."""
    text = report.longreprtext
    if isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        report.longrepr = (path, line, audit.redact(reason))
    elif (told := audit.redact(text)) != text:
        report.longrepr = told
    report.sections = [(title, audit.redact(content)) for title, content in report.sections]


def shown(report: pytest.TestReport) -> Shown | None:
    """How a report is shown; None leaves it to pytest."""
    state = getattr(report, STATE, None)
    told = report.when == "call" or not report.passed
    return SHOWN.get(state) if told and state is not None else None


def _expected(error: BaseException, verdict: Verdict) -> bool:
    """Whether this is how a settled check ends; a skip is only for what was decided not to apply."""
    if isinstance(error, pytest.skip.Exception):
        return isinstance(verdict, NotApplicable)
    if isinstance(error, PolicyBroken):
        return isinstance(verdict, Violated)
    return isinstance(error, NotProven) and isinstance(verdict, Unproven)


def _why(error: BaseException) -> str:
    if isinstance(error, CouldNotLook):
        return f"could not look: {error.detail} ({error.reason.value})"
    if isinstance(error, LookDefect):
        return f"the suite failed in itself: {error}"
    if isinstance(error, _OWN_WAY_OUT):
        return f"the test skipped itself ({error.msg}); only a decision in the inventory takes a check out"
    return f"the suite failed in itself: {type(error).__name__}: {error}"
