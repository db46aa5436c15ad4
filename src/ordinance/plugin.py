"""The pytest plugin (entry point `pytest11`): options, plan, verdicts as pytest outcomes, exit codes.

It is asleep unless the compliance suites (`ordinance_suites`, by default `tests`) are among what pytest was asked to run.
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Generator
from typing import Any

import pytest

from ordinance import __version__, asked, outcome, rooting
from ordinance.audit import Brief
from ordinance.errors import OrdinanceError
from ordinance.judge.verdict import NotApplicable
from ordinance.observatory import Observatory
from ordinance.plan import PlannedCheck
from ordinance.planview import plan_lines
from ordinance.publish import Ending, publish
from ordinance.record.chain import NotSound
from ordinance.record.exitcode import ExitCode
from ordinance.replay.conclude import conclude
from ordinance.replay.sitting import Replay
from ordinance.report.terminal import summary_lines
from ordinance.stopped import nothing_checked, why_stopped
from ordinance.suite import Check, NotProven
from ordinance.underway import AUDIT, BRIEF, PLANNED, begin_audit, begin_looks, begin_replay, narrow, planned, stop

ENDING = pytest.StashKey[Ending]()

pytest_load_initial_conftests = rooting.pytest_load_initial_conftests
pytest_addoption = asked.pytest_addoption


def pytest_configure(config: pytest.Config) -> None:
    """Name our marker; in an audit, leave the telling of failures to our own summary."""
    config.addinivalue_line("markers", "control(name): the control of policy/controls.yml that this test verifies")
    if asked.is_audit(config) and asked.looks(config) and config.option.tbstyle == "auto":
        config.option.tbstyle = "no"
        config.option.reportchars = ""
    if asked.is_audit(config):
        config.option.fulltrace = False  # pytest would show what every function was given, passwords too, without asking us


def pytest_report_header(config: pytest.Config) -> list[str]:
    """One line on what is audited."""
    if not asked.is_audit(config):
        return []
    if config.option.replay is not None:
        return [f"ordinance: {__version__}, replay of {config.option.replay}"]
    return [f"ordinance: {__version__}, inventory {asked.inventory(config)}, profile {asked.profile(config)}"]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """First act of a run: `latest` becomes incomplete. Then everything is read, before a test is collected."""
    config = session.config
    if not asked.is_audit(config):
        return
    try:
        asked.one_process(config)
        run = asked.replayed(config)
        config.stash[BRIEF] = begin_audit(config) if run is None else begin_replay(config, run)
    except NotSound as error:
        raise pytest.exit.Exception(str(error), returncode=ExitCode.NOT_SOUND) from error
    except OrdinanceError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A control's test runs once for each planned target."""
    marker = metafunc.definition.get_closest_marker("control")
    brief = metafunc.config.stash.get(BRIEF, None)
    if marker is None or brief is None:
        return
    if marker.args[0] not in brief.law.controls:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: policy/controls.yml has no control {marker.args[0]!r}")
    checks = [check for check in brief.plan() if check.control == marker.args[0]]
    metafunc.parametrize("check", checks, ids=[check.target for check in checks], indirect=True, scope="function")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Drop what was not selected, and note which check each of the others is."""
    if BRIEF not in config.stash:
        return
    # a control that was not selected: pytest made one item without a check of it
    items[:] = [item for item in items if planned(item) is not None or item.get_closest_marker("control") is None]
    for item in items:
        if (check := planned(item)) is not None:
            item.stash[PLANNED] = check


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Keep why a test file could not be read: nobody knows what it would have verified."""
    report = yield
    audit = collector.config.stash.get(AUDIT, None)
    if audit is not None and report.failed:
        audit.tracebacks.append(f"{report.nodeid}\n{report.longreprtext}")
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Print the plan and stop, or bring up what is needed and start every look."""
    config = session.config
    brief, audit = config.stash.get(BRIEF, None), config.stash.get(AUDIT, None)
    if brief is None or config.option.collectonly:
        return None
    if session.testsfailed:
        stop(session, audit, f"not every test file could be read ({session.testsfailed} errors)")
    if config.option.plan:
        _print_plan(config, brief, [item.stash[PLANNED] for item in session.items if PLANNED in item.stash])
        return True
    if audit is None:
        return None
    narrow(session, audit)  # only now has every plugin of pytest left out what it was asked to leave out
    try:
        audit.write_plan()
    except OrdinanceError as error:
        stop(session, audit, str(error))
    if audit.plan:
        begin_looks(session, audit)
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A check that needs no looking is settled before any fixture looks for it."""
    audit, check = item.config.stash.get(AUDIT, None), item.stash.get(PLANNED, None)
    verdict = audit.foregone(check) if audit is not None and check is not None else None
    if audit is None or check is None or verdict is None:
        return
    audit.settle(check, verdict)
    if isinstance(verdict, NotApplicable):
        pytest.skip(verdict.reason)
    raise NotProven(verdict.reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Make a verdict of whatever ended the check."""
    report: pytest.TestReport = yield
    audit, check = item.config.stash.get(AUDIT, None), item.stash.get(PLANNED, None)
    if audit is not None and check is not None:
        outcome.settle_report(audit, check, call, report)
    elif audit is not None and report.failed:
        audit.strays.append(report.nodeid)
    if audit is not None:
        outcome.censor(audit, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """A run that is left is incomplete, whatever code it is left with (`pytest.exit`)."""
    try:
        return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception):
        if (audit := item.config.stash.get(AUDIT, None)) is not None:
            audit.fault = audit.fault or "the run was interrupted"
            audit.observatory.halt()  # at once: what pytest has to say, and publishing, come after it
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Make the end short: the innermost place alone is told, without its source, and nothing more is swept up.

    pytest would look up and parse the source of every frame before anything is published, and collect garbage ten times after it.
    """
    place = next((place for place in reversed(excinfo.traceback) if not place.ishidden(excinfo)), None)
    if place is not None:
        without_source = place.with_repr_style("value")  # type: ignore[arg-type]  # left out of its hints
        excinfo.traceback = type(excinfo.traceback)([without_source])
    gc.freeze()


def pytest_report_teststatus(report: pytest.TestReport) -> outcome.Shown | None:
    """Show the verdict instead of passed and failed."""
    return outcome.shown(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Publish, and say how it ended by the exit code."""
    audit = session.config.stash.get(AUDIT, None)
    if audit is None:
        return
    if exitstatus in (ExitCode.USAGE, ExitCode.DEFECT):
        audit.close()
        return
    try:
        why = why_stopped(session, audit, exitstatus)
        ending = conclude(audit, stopped=why) if isinstance(audit, Replay) else publish(audit, stopped=why)
    except OrdinanceError as error:
        audit.tracebacks.append(f"The results could not be published; {audit.unpublished}. {error}")
        session.exitstatus = ExitCode.INCOMPLETE
    except Exception:  # noqa: BLE001 - a defect must not end as pytest's 1, which means violated
        audit.tracebacks.append(audit.redact(traceback.format_exc()))
        session.exitstatus = ExitCode.DEFECT
    else:
        session.config.stash[ENDING] = ending
        session.exitstatus = ending.exit_code


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Clause by clause, then what is wrong, then where the report is."""
    audit, ending = config.stash.get(AUDIT, None), config.stash.get(ENDING, None)
    if audit is None:
        return
    if not audit.plan:
        terminalreporter.line(nothing_checked(audit))
    for text in audit.tracebacks:
        terminalreporter.section("the suite failed in itself")
        terminalreporter.line(text)
    if ending is not None:
        for line in summary_lines(ending.results, ending.report, config.get_terminal_writer().fullwidth):
            terminalreporter.line(line)
        for line in ending.notes:
            terminalreporter.line(line)


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Check:
    """The planned check that this run of the test settles."""
    audit = request.config.stash[AUDIT]
    return Check(request.param, audit.brief.inventory, audit.brief.profile, audit.settle, audit.today())


@pytest.fixture(scope="session")
def observatory(request: pytest.FixtureRequest) -> Observatory:
    """Where the looks of this run are made."""
    return request.config.stash[AUDIT].observatory


def _print_plan(config: pytest.Config, brief: Brief, checks: list[PlannedCheck]) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    for line in plan_lines(brief, checks):
        if reporter is not None:
            reporter.line(line)
