"""The last act of a run: close what was opened, build the results from the verdicts, publish results, report and JUnit."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ordinance import __version__
from ordinance.audit import Audit
from ordinance.docket import Docket, now
from ordinance.errors import OrdinanceError
from ordinance.final import final
from ordinance.record.ending import END, CheckEnd, EndRecord, end_details
from ordinance.record.exitcode import ExitCode
from ordinance.record.folder import CSV, JUNIT, REPORT, RESULTS
from ordinance.record.journal import JournalError, read_journal
from ordinance.record.model import Observation, Results
from ordinance.record.results import RunFacts, build_results, encode
from ordinance.record.seal import Seal, SealError
from ordinance.record.signer import Signer, find_signer
from ordinance.record.stamp import stamp
from ordinance.record.sums import sha256_of
from ordinance.report.checks_csv import render as render_csv
from ordinance.report.html import render as render_html
from ordinance.report.junit import render as render_junit

#: Packages whose version decides what was seen.
_TOLD_PACKAGES = ("pytest", "pytest-testinfra", "paramiko", "pysnmp", "cryptography", "dnspython")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    results: Results
    report: Path
    exit_code: ExitCode
    notes: tuple[str, ...] = ()  #: lines for the terminal, after the summary


def publish(audit: Audit, *, stopped: str) -> Ending:
    """Publish a run. `stopped` says why it is incomplete; empty when it came to its end."""
    signer, unsigned = _signer()
    fault, finished = _close(audit, "; ".join(filter(None, (stopped, unsigned))))
    stopped = "; ".join(filter(None, (fault or stopped, unsigned)))
    observations = read_journal(audit.folder.journal)
    stopped = _journal_fault(audit, observations) or stopped
    recorded = {observation.id for observation in observations}
    facts = replace(
        audit.facts,
        finished=finished,
        stopped=stopped,
        versions=versions(),
        observations=audit.journal.count,
        observations_sha256=audit.journal.sha256,
    )
    results = results_of(audit, facts, recorded)
    try:
        audit.folder.publish(files_of(results, observations), Seal(audit.folder, results.run, audit.journal.head, signer))
    except SealError as error:  # nothing was written: what was found is published all the same, as evidence that nobody sealed
        results = results_of(audit, replace(facts, stopped="; ".join(filter(None, (stopped, str(error))))), recorded)
        audit.folder.publish(files_of(results, observations))
    return Ending(results, audit.folder.report, ExitCode(results.run.exit_code))


def results_of(docket: Docket, facts: RunFacts, recorded: Collection[str]) -> Results:
    """Make the results of tonight's run or of a replay. `recorded` are the ids of the journal."""
    return build_results(
        facts,
        law=docket.brief.law,
        profile=docket.brief.profile,
        inventory=docket.brief.inventory,
        plan=docket.plan,
        verdicts={key: final(verdict, recorded, docket.redact) for key, verdict in docket.verdicts.items()},
        seconds=docket.seconds,
        left_out=docket.left_out,
    )


def files_of(results: Results, observations: Sequence[Observation]) -> dict[str, bytes]:
    """What is published, the results last but for the seal: where they are, everything is."""
    return {
        REPORT: render_html(results, observations).encode(),
        JUNIT: render_junit(results),
        CSV: render_csv(results),
        RESULTS: encode(results),
    }


def _signer() -> tuple[Signer | None, str]:
    """Who signs; or why nobody does, which makes the run incomplete."""
    try:
        return find_signer(), ""
    except OrdinanceError as error:
        return None, f"the evidence is not signed: {error}"


def versions() -> dict[str, str]:
    """What the run was made with."""
    found = {name: _version(name) for name in _TOLD_PACKAGES}
    return {"ordinance": __version__, "python": platform.python_version(), "system": _system(), **found}


def _system() -> str:
    """Name the system without `platform.platform`: that runs uname(1), and a child is given what is secret in the environment."""
    mine = os.uname()
    return f"{mine.sysname}-{mine.release}-{mine.machine}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"  # one of an extra


def _journal_fault(audit: Audit, observations: list[Observation]) -> str:
    """Say when the journal on disk is not what was written."""
    if len(observations) != audit.journal.count:
        return (
            f"the journal {audit.folder.journal} holds {len(observations)} of {audit.journal.count} observations: it was changed"
        )
    if audit.journal.broken:
        return ""
    try:
        changed = sha256_of(audit.folder.journal) != audit.journal.sha256
    except OSError as error:
        return f"the journal {audit.folder.journal} cannot be read back: {error.strerror}"
    return f"the journal {audit.folder.journal} is not what was written: it was changed" if changed else ""


def _close(audit: Audit, stopped: str) -> tuple[str, datetime]:
    """Close everything, the journal with its last line; what made the run incomplete at that, and when it ended."""
    moments: list[datetime] = []

    def end() -> None:
        moments.append(now())
        _record_end(audit, moments[-1], stopped)

    try:
        audit.close(end)
    except JournalError as error:
        return str(error), moments[-1] if moments else now()
    return audit.journal.broken, moments[-1]


def _record_end(audit: Audit, finished: datetime, stopped: str) -> None:
    checks = [
        CheckEnd(
            control=check.control,
            target=check.target,
            seconds=audit.seconds.get(check.key, 0.0),
            made=not audit.is_unsettled(check),
        )
        for check in audit.plan
    ]
    end = EndRecord(finished=stamp(finished), stopped=stopped, versions=versions(), checks=checks)
    audit.journal.record(
        look="", vantage="", target="", action=END, started=finished, monotonic=time.monotonic(), seconds=0.0, outcome="ok",
        seen=stopped, details=end_details(end),
    )  # fmt: skip
