"""The pytest plugin (entry point `pytest11`): options, plan, verdicts as pytest outcomes, exit codes.

It is asleep unless the compliance suites (`ordinance_suites`, by default `tests`) are among what pytest was asked to run.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ordinance import __version__, rooting
from ordinance.audit import Audit, Brief, now
from ordinance.errors import DataError, OrdinanceError
from ordinance.judge.verdict import NotApplicable, State, Unproven, Verdict
from ordinance.labkeeper import default_inventory
from ordinance.observatory import Observatory
from ordinance.observe.api import CouldNotLook
from ordinance.plan import PlannedCheck, Selection
from ordinance.planview import plan_lines
from ordinance.publish import Ending, publish
from ordinance.record.exitcode import ExitCode
from ordinance.record.folder import RunFolder
from ordinance.record.journal import Journal
from ordinance.report.terminal import summary_lines
from ordinance.suite import Check, NotProven, PolicyBroken
from ordinance.waiting import Waiting

BRIEF = pytest.StashKey[Brief]()
AUDIT = pytest.StashKey[Audit]()
ENDING = pytest.StashKey[Ending]()
PLANNED = pytest.StashKey[PlannedCheck]()
STATE = "ordinance_state"
#: how a settled check is shown: pytest's category, its letter, its word
_SHOWN = {
    State.COMPLIANT: ("passed", ".", ("COMPLIANT", {"green": True})),
    State.VIOLATED: ("failed", "V", ("VIOLATED", {"red": True})),
    State.UNPROVEN: ("error", "U", ("UNPROVEN", {"yellow": True})),
    State.WAIVED: ("passed", "w", ("WAIVED", {"yellow": True})),
    State.NOT_APPLICABLE: ("skipped", "n", ("NOT APPLICABLE", {"cyan": True})),
}


pytest_load_initial_conftests = rooting.pytest_load_initial_conftests


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of an audit."""
    group = parser.getgroup("ordinance", "compliance audit")
    group.addoption("--inventory", type=Path, help="who is audited (default: inventory/lab.yml, the embedded city)")
    group.addoption("--clause", action="append", default=[], metavar="ID", help="only this clause and those beneath it; repeatable")
    group.addoption("--control", action="append", default=[], metavar="GLOB", help="only controls that match; repeatable")
    group.addoption("--profile", default="default", help="parameters and readings: a name in policy/profiles, or a file")
    group.addoption("--plan", action="store_true", help="print what would be checked and contacted; send nothing")
    group.addoption("--reports", type=Path, help="where runs are kept (default: reports/)")
    parser.addini("ordinance_suites", "folders that hold compliance suites", type="paths", default=["tests"])


def pytest_configure(config: pytest.Config) -> None:
    """Name our marker; in an audit, leave the telling of failures to our own summary."""
    config.addinivalue_line("markers", "control(name): the control of policy/controls.yml that this test verifies")
    if _auditing(config) and config.option.tbstyle == "auto":
        config.option.tbstyle = "no"
        config.option.reportchars = ""


def pytest_report_header(config: pytest.Config) -> list[str]:
    """One line on what is audited."""
    if not _auditing(config):
        return []
    return [f"ordinance: {__version__}, inventory {_inventory_path(config)}, profile {config.option.profile}"]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """First act of a run: `latest` becomes incomplete. Then everything is read, before a test is collected."""
    config = session.config
    if not _auditing(config):
        return
    started = now()
    looking = not (config.option.plan or config.option.collectonly)
    try:
        folder = RunFolder.begin(_reports(config), started) if looking else None
        selection = Selection(tuple(config.option.clause), tuple(config.option.control))
        brief = Brief.read(_inventory_path(config), config.option.profile, selection)
    except DataError as error:
        raise pytest.UsageError("\n".join(str(problem) for problem in error.problems)) from error
    except OrdinanceError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[BRIEF] = brief
    if folder is not None:
        config.stash[AUDIT] = Audit(brief, folder, brief.plan(), started, Journal(folder.journal), selected=_selection_words(config, brief))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A control's test runs once for each planned target."""
    marker = metafunc.definition.get_closest_marker("control")
    brief = metafunc.config.stash.get(BRIEF, None)
    if marker is None or brief is None:
        return
    checks = [check for check in brief.plan() if check.control == marker.args[0]]
    metafunc.parametrize("check", checks, ids=[check.target for check in checks], indirect=True, scope="function")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Drop what was not selected; make sure that what is planned has a test."""
    brief = config.stash.get(BRIEF, None)
    if brief is None:
        return
    empty = [item for item in items if _is_empty(item)]
    items[:] = [item for item in items if item not in empty]
    for item in items:
        if (check := _planned(item)) is not None:
            item.stash[PLANNED] = check
    _narrow(config, items)


def _narrow(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The plan is what was collected; a full run must have collected all of it."""
    audit = config.stash.get(AUDIT, None)
    if audit is None:
        return
    collected = {item.stash[PLANNED].key for item in items if PLANNED in item.stash}
    everything = config.args_source is not pytest.Config.ArgsSource.ARGS and not config.option.keyword and not config.option.markexpr
    missing = [check for check in audit.plan if check.key not in collected]
    if everything and missing:
        names = ", ".join(sorted({check.control for check in missing}))
        raise pytest.UsageError(f"planned, but no test under {_suites(config)[0]} verifies it: {names}")
    audit.narrow(collected)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Print the plan and stop, or bring up what is needed and start every look."""
    config = session.config
    brief = config.stash.get(BRIEF, None)
    if brief is None or session.testsfailed or config.option.collectonly:
        return None
    if config.option.plan:
        checks = [item.stash[PLANNED] for item in session.items if PLANNED in item.stash]
        for line in plan_lines(brief, checks):
            _say(config, line)
        return True
    audit = config.stash[AUDIT]
    audit.write_plan()
    if not audit.plan:
        return None
    signal.signal(signal.SIGTERM, _terminate)
    waiting = Waiting(config)
    waiting.say(f"{len(audit.plan)} checks planned; the run is kept in {audit.folder.path}")
    try:
        waiting.say(f"looking at {audit.open()}")
    except OrdinanceError as error:
        audit.fault = str(error)
        raise session.Interrupted(str(error)) from error
    audit.observatory.on_wait = waiting.tick
    audit.look()
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A check that needs no looking is settled before any fixture looks for it."""
    audit, check = item.config.stash.get(AUDIT, None), item.stash.get(PLANNED, None)
    if audit is None or check is None:
        return
    verdict = audit.foregone(check)
    if verdict is None:
        return
    audit.settle(check, verdict)
    if isinstance(verdict, NotApplicable):
        pytest.skip(verdict.reason)
    raise NotProven(verdict.reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Make a verdict of whatever ended the check: nothing that goes wrong may leave it compliant."""
    report: pytest.TestReport = yield
    audit, check = item.config.stash.get(AUDIT, None), item.stash.get(PLANNED, None)
    if audit is None or check is None:
        return report
    audit.spent(check, report.duration)
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, (KeyboardInterrupt, pytest.exit.Exception)):
        return report
    if error is not None and not _expected(error, audit.verdicts[check.key]):
        audit.could_not_settle(check, _why(error))
        if not isinstance(error, (CouldNotLook, pytest.skip.Exception, pytest.xfail.Exception)):
            audit.tracebacks.append(f"{item.nodeid}\n{call.excinfo.getrepr(style='short')}")  # type: ignore[union-attr]
    if call.when == "call" and error is None and audit.is_unsettled(check):
        audit.settle(check, Unproven("the test ended without handing in a verdict"))
        report.outcome = "failed"
    setattr(report, STATE, audit.verdicts[check.key].state)
    if call.when == "teardown" and error is None:
        delattr(report, STATE)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show the verdict instead of passed and failed."""
    state = getattr(report, STATE, None)
    if state not in _SHOWN:
        return None
    if report.when == "call" or (report.when == "setup" and not report.passed):
        return _SHOWN[state]
    return None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Publish, and say how it ended by the exit code."""
    audit = session.config.stash.get(AUDIT, None)
    if audit is None or exitstatus in (ExitCode.USAGE, ExitCode.DEFECT):
        if audit is not None:
            audit.close()
        return
    try:
        ending = publish(audit, stopped=_why_stopped(session, audit, exitstatus))
    except OrdinanceError as error:
        audit.tracebacks.append(f"The results could not be published, and {audit.folder.reports / 'latest'} says INCOMPLETE: {error}")
        session.exitstatus = ExitCode.INCOMPLETE
    except Exception:  # noqa: BLE001 - a defect must not end as pytest's 1, which means violated
        audit.tracebacks.append(traceback.format_exc())
        session.exitstatus = ExitCode.DEFECT
    else:
        session.config.stash[ENDING] = ending
        session.exitstatus = ending.exit_code


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Clause by clause, then what is wrong, then where the report is."""
    audit = config.stash.get(AUDIT, None)
    if audit is None:
        return
    if not audit.plan:
        terminalreporter.line(_nothing(audit))
    for text in audit.tracebacks:
        terminalreporter.section("the suite failed in itself")
        terminalreporter.line(text)
    ending = config.stash.get(ENDING, None)
    if ending is None:
        return
    for line in summary_lines(ending.results, ending.report, terminalreporter._tw.fullwidth):
        terminalreporter.line(line)


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Check:
    """The planned check that this run of the test settles."""
    audit = request.config.stash[AUDIT]
    return Check(request.param, audit.brief.inventory, audit.brief.profile, audit.settle)


@pytest.fixture(scope="session")
def observatory(request: pytest.FixtureRequest) -> Iterator[Observatory]:
    """Where the looks of this run are made."""
    yield request.config.stash[AUDIT].observatory


def _terminate(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
    raise KeyboardInterrupt("SIGTERM")


def _auditing(config: pytest.Config) -> bool:
    """Whether one of the compliance suites is among what pytest was asked to run."""
    asked = [Path(os.path.abspath(str(argument).split("::")[0])) for argument in config.args]  # noqa: PTH100 - no symlinks followed
    suites = _suites(config)
    return any(path == suite or suite in path.parents or path in suite.parents for path in asked for suite in suites if suite.is_dir())


def _suites(config: pytest.Config) -> list[Path]:
    return [config.rootpath / path for path in config.getini("ordinance_suites")]  # a default comes relative


def _inventory_path(config: pytest.Config) -> Path:
    given: Path | None = config.option.inventory
    return given if given is not None else default_inventory(config.rootpath)


def _reports(config: pytest.Config) -> Path:
    given: Path | None = config.option.reports
    return given if given is not None else config.rootpath / "reports"


def _planned(item: pytest.Item) -> PlannedCheck | None:
    callspec = getattr(item, "callspec", None)
    value = callspec.params.get("check") if callspec is not None else None
    return value if isinstance(value, PlannedCheck) else None


def _is_empty(item: pytest.Item) -> bool:
    """A control that was not selected: pytest made one item without a check of it."""
    return item.get_closest_marker("control") is not None and _planned(item) is None


def _expected(error: BaseException, verdict: Verdict) -> bool:
    """Whether this is how a settled check ends; a skip is only for what was decided not to apply."""
    if isinstance(error, pytest.skip.Exception):
        return isinstance(verdict, NotApplicable)
    return isinstance(error, (PolicyBroken, NotProven))


def _why(error: BaseException) -> str:
    if isinstance(error, CouldNotLook):
        return f"could not look: {error.detail} ({error.reason.value})"
    if isinstance(error, (pytest.skip.Exception, pytest.xfail.Exception)):
        return f"the test skipped itself ({error.msg}); only a decision in the inventory takes a check out"
    return f"the suite failed in itself: {type(error).__name__}: {error}"


def _nothing(audit: Audit) -> str:
    """Why there is nothing to check, and where to look."""
    if not audit.brief.plan():
        asked = str(audit.brief.selection)
        if asked and audit.brief.inventory.hosts:
            return f"Nothing to check: no control that is built matches {asked}; policy/controls.yml lists them."
        return f"Nothing to check: {audit.brief.inventory.source} declares neither a host nor a public address."
    return f"Nothing to check: no test was selected by {audit.selected}."


def _why_stopped(session: pytest.Session, audit: Audit, exitstatus: int) -> str:
    """Why the run is incomplete; empty when every planned check had its turn."""
    if audit.fault:
        return audit.fault
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        return "the run was interrupted"
    if any(audit.is_unsettled(check) for check in audit.plan):
        reason = session.shouldfail or session.shouldstop or "the run ended early"
        return str(reason)
    return ""


def _selection_words(config: pytest.Config, brief: Brief) -> str:
    words = [str(brief.selection)]
    if config.option.keyword:
        words.append(f"-k {config.option.keyword}")
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        words.extend(str(argument) for argument in config.args)
    return " ".join(word for word in words if word)


def _say(config: pytest.Config, line: str) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.line(line)
