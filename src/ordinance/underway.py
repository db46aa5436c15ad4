"""A run from what pytest was asked for to its looks: what is read first, what is planned of it, what is begun."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest

from ordinance import asked
from ordinance.audit import Audit, Brief, now
from ordinance.errors import OrdinanceError
from ordinance.observatory import Progress
from ordinance.plan import PlannedCheck
from ordinance.record.folder import RunFolder
from ordinance.record.journal import Journal
from ordinance.record.signer import find_signer
from ordinance.replay.offline import forbid_network
from ordinance.replay.records import Recorded
from ordinance.replay.sitting import Replay, Terms, free_place
from ordinance.waiting import Waiting

#: What is under way: a run that looks, or one that judges what was seen.
Sitting = Audit | Replay
BRIEF = pytest.StashKey[Brief]()
AUDIT = pytest.StashKey[Sitting]()
PLANNED = pytest.StashKey[PlannedCheck]()


def begin_audit(config: pytest.Config) -> Brief:
    """Read who is audited by what, and open the run's folder, if anything is to be looked at. Raises OrdinanceError."""
    started = now()
    folder = RunFolder.begin(asked.reports(config), started) if asked.looks(config) else None
    brief = Brief.read(asked.inventory(config), asked.profile(config), asked.selection(config))
    if folder is not None:
        find_signer()  # to be told now, not after the last look; the key is not kept in memory while peers are heard
        config.stash[AUDIT] = Audit(
            brief=brief, folder=folder, plan=brief.plan(), started=started, journal=Journal(folder.journal)
        )
    return brief


def begin_replay(config: pytest.Config, run: Path) -> Brief:
    """Read a recorded run, which is to be judged again without the network. Raises OrdinanceError."""
    config.add_cleanup(forbid_network())
    terms = Terms(config.option.policy, config.option.profile)
    replay = Replay.of(Recorded.read(run.resolve()), terms, free_place(run.resolve(), config.option.out))
    if asked.looks(config):
        config.stash[AUDIT] = replay
    return replay.brief


def planned(item: pytest.Item) -> PlannedCheck | None:
    """Return the check that an item is; None when it is none."""
    callspec = getattr(item, "callspec", None)
    value = callspec.params.get("check") if callspec is not None else None
    return value if isinstance(value, PlannedCheck) else None


def narrow(session: pytest.Session, audit: Sitting) -> None:
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


def stop(session: pytest.Session, audit: Sitting | None, why: str) -> NoReturn:
    """End the run before its first look."""
    if audit is not None:
        audit.fault = why
    raise session.Interrupted(why)


def begin_looks(session: pytest.Session, audit: Sitting) -> None:
    """Bring up what is needed and start every look; from now on SIGTERM ends the run as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _terminate)
    waiting = Waiting(session.config)
    waiting.say(f"{len(audit.plan)} checks planned; {audit.kept}")
    try:
        waiting.say(f"looking at {audit.open()}")
    except OrdinanceError as error:
        stop(session, audit, str(error))

    def wait(progress: Mapping[str, Progress]) -> None:
        if lost := audit.lost():
            stop(session, audit, lost)
        waiting.tick(progress)

    audit.observatory.on_wait = wait
    audit.look()


def _terminate(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
    raise KeyboardInterrupt("SIGTERM")
