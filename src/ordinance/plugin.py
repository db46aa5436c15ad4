"""The pytest plugin (entry point `pytest11`): options, plan, verdicts as pytest outcomes, exit codes.

It is asleep unless the compliance suites (`ordinance_suites`, by default `tests`) are among what pytest was asked to run.
"""

from __future__ import annotations

import gc
import signal
import traceback
from collections.abc import Generator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

from ordinance import __version__, asked, outcome, rooting
from ordinance.audit import Audit, Brief, now
from ordinance.errors import OrdinanceError
from ordinance.judge.verdict import NotApplicable
from ordinance.observatory import Observatory, Progress
from ordinance.plan import PlannedCheck
from ordinance.planview import plan_lines
from ordinance.publish import Ending, publish
from ordinance.record.chain import NotSound
from ordinance.record.exitcode import ExitCode
from ordinance.record.folder import RunFolder
from ordinance.record.journal import Journal
from ordinance.record.signer import find_signer
from ordinance.replay.conclude import conclude
from ordinance.replay.offline import forbid_network
from ordinance.replay.records import Recorded
from ordinance.replay.sitting import Replay, Terms, free_place
from ordinance.report.terminal import summary_lines
from ordinance.suite import Check, NotProven
from ordinance.waiting import Waiting

#: What is under way: a run that looks, or one that judges what was seen.
Sitting = Audit | Replay
BRIEF = pytest.StashKey[Brief]()
AUDIT = pytest.StashKey[Sitting]()
ENDING = pytest.StashKey[Ending]()
PLANNED = pytest.StashKey[PlannedCheck]()

pytest_load_initial_conftests = rooting.pytest_load_initial_conftests


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of an audit."""
    group = parser.getgroup("ordinance", "compliance audit")
    group.addoption("--inventory", type=Path, help="who is audited (default: inventory/lab.yml, the embedded city)")
    group.addoption("--clause", action="append", default=[], metavar="ID", help="only this clause and those beneath; repeatable")
    group.addoption("--control", action="append", default=[], metavar="GLOB", help="only controls that match; repeatable")
    group.addoption("--profile", help="parameters and readings: a name in policy/profiles (default: default), or a file")
    group.addoption("--plan", action="store_true", help="print what would be checked and contacted; send nothing")
    group.addoption("--reports", type=Path, help="where runs are kept (default: reports/)")
    group.addoption("--replay", type=Path, metavar="RUN", help="judge a recorded run again from its folder; send nothing")
    group.addoption("--policy", type=Path, metavar="DIR", help="with --replay: judge by this policy folder, not by the run's")
    group.addoption("--out", type=Path, metavar="DIR", help="with --replay: where the results go (default: RUN-replayed)")
    parser.addini("ordinance_suites", "folders that hold compliance suites", type="paths", default=["tests"])


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
        config.stash[BRIEF] = _begin_audit(config) if run is None else _begin_replay(config, run)
    except NotSound as error:
        raise pytest.exit.Exception(str(error), returncode=ExitCode.NOT_SOUND) from error
    except OrdinanceError as error:
        raise pytest.UsageError(str(error)) from error


def _begin_audit(config: pytest.Config) -> Brief:
    started = now()
    folder = RunFolder.begin(asked.reports(config), started) if asked.looks(config) else None
    brief = Brief.read(asked.inventory(config), asked.profile(config), asked.selection(config))
    if folder is not None:
        find_signer()  # to be told now, not after the last look; the key is not kept in memory while peers are heard
        config.stash[AUDIT] = Audit(
            brief=brief, folder=folder, plan=brief.plan(), started=started, journal=Journal(folder.journal)
        )
    return brief


def _begin_replay(config: pytest.Config, run: Path) -> Brief:
    config.add_cleanup(forbid_network())
    terms = Terms(config.option.policy, config.option.profile)
    replay = Replay.of(Recorded.read(run.resolve()), terms, free_place(run.resolve(), config.option.out))
    if asked.looks(config):
        config.stash[AUDIT] = replay
    return replay.brief


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
    items[:] = [item for item in items if _planned(item) is not None or item.get_closest_marker("control") is None]
    for item in items:
        if (check := _planned(item)) is not None:
            item.stash[PLANNED] = check


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Keep why a test file could not be read: nobody knows what it would have verified."""
    report = yield
    audit = collector.config.stash.get(AUDIT, None)
    if audit is not None and report.failed:
        audit.tracebacks.append(f"{report.nodeid}\n{report.longreprtext}")
    return report


def _narrow(session: pytest.Session, audit: Sitting) -> None:
    """The plan is what was collected; where nothing narrows it, all of it must have been collected."""
    config = session.config
    collected = {item.stash[PLANNED].key for item in session.items if PLANNED in item.stash}
    if isinstance(audit, Replay):
        if missing := audit.untested(collected):
            raise pytest.UsageError(f"planned then, but no test verifies it now: {', '.join(missing)}")
        session.items[:] = [item for item in session.items if PLANNED not in item.stash or audit.is_due(item.stash[PLANNED])]
        return
    missing = sorted({check.control for check in audit.plan if check.key not in collected})
    if missing and not asked.narrowed(config):
        raise pytest.UsageError(f"planned, but no test under {asked.suites(config)[0]} verifies it: {', '.join(missing)}")
    audit.selected = asked.words(config) if missing else str(asked.selection(config))
    audit.narrow(collected)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Print the plan and stop, or bring up what is needed and start every look."""
    config = session.config
    brief, audit = config.stash.get(BRIEF, None), config.stash.get(AUDIT, None)
    if brief is None or config.option.collectonly:
        return None
    if session.testsfailed:
        _stop(session, audit, f"not every test file could be read ({session.testsfailed} errors)")
    if config.option.plan:
        _print_plan(config, brief, [item.stash[PLANNED] for item in session.items if PLANNED in item.stash])
        return True
    if audit is None:
        return None
    _narrow(session, audit)  # only now has every plugin of pytest left out what it was asked to leave out
    try:
        audit.write_plan()
    except OrdinanceError as error:
        _stop(session, audit, str(error))
    if audit.plan:
        _begin(session, audit)
    return None


def _stop(session: pytest.Session, audit: Sitting | None, why: str) -> NoReturn:
    """End the run before its first look."""
    if audit is not None:
        audit.fault = why
    raise session.Interrupted(why)


def _begin(session: pytest.Session, audit: Sitting) -> None:
    signal.signal(signal.SIGTERM, _terminate)
    waiting = Waiting(session.config)
    waiting.say(f"{len(audit.plan)} checks planned; {audit.kept}")
    try:
        waiting.say(f"looking at {audit.open()}")
    except OrdinanceError as error:
        _stop(session, audit, str(error))

    def wait(progress: Mapping[str, Progress]) -> None:
        if lost := audit.lost():
            _stop(session, audit, lost)
        waiting.tick(progress)

    audit.observatory.on_wait = wait
    audit.look()


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
        why = _why_stopped(session, audit, exitstatus)
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
        terminalreporter.line(_nothing(audit))
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


def _terminate(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
    raise KeyboardInterrupt("SIGTERM")


def _planned(item: pytest.Item) -> PlannedCheck | None:
    callspec = getattr(item, "callspec", None)
    value = callspec.params.get("check") if callspec is not None else None
    return value if isinstance(value, PlannedCheck) else None


def _print_plan(config: pytest.Config, brief: Brief, checks: list[PlannedCheck]) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    for line in plan_lines(brief, checks):
        if reporter is not None:
            reporter.line(line)


def _nothing(audit: Sitting) -> str:
    """Why there is nothing to check, and where to look."""
    wanted, inventory = str(audit.brief.selection), audit.brief.inventory
    if audit.fault:
        return f"Nothing was checked: {audit.fault}."
    if audit.brief.plan():
        return f"Nothing to check: no test was selected by {audit.selected}."
    if wanted and inventory.hosts:
        return f"Nothing to check: no control that is built matches {wanted}; docs/controls.md lists them."
    return f"Nothing to check: {inventory.source} declares neither a host nor a public address."


def _why_stopped(session: pytest.Session, audit: Sitting, exitstatus: int) -> str:
    """Why the run is incomplete; empty when every planned check had its turn."""
    if fault := audit.fault or audit.lost():
        return fault
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        return "the run was interrupted"
    if audit.unsettled():
        return str(session.shouldfail or session.shouldstop or "the run ended early")
    if audit.strays and not (isinstance(audit, Replay) and audit.recorded.stopped):
        return f"{', '.join(audit.strays[:3])} failed: a test that verifies no control stands among the suites"
    return ""
