"""The last act of a run: close what was opened, build the results from the verdicts, publish results, report and JUnit."""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from ordinance import __version__
from ordinance.audit import Audit, now
from ordinance.final import final
from ordinance.record.exitcode import ExitCode
from ordinance.record.folder import JUNIT, REPORT, RESULTS
from ordinance.record.journal import JournalError, read_journal
from ordinance.record.model import Observation, Results
from ordinance.record.results import build_results, encode
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


def publish(audit: Audit, *, stopped: str) -> Ending:
    """Publish a run. `stopped` says why it is incomplete; empty when it came to its end."""
    stopped = _close(audit) or stopped
    observations = read_journal(audit.folder.journal)
    stopped = _journal_fault(audit, observations) or stopped
    recorded = {observation.id for observation in observations}
    facts = replace(
        audit.facts,
        finished=now(),
        stopped=stopped,
        versions=versions(),
        observations=audit.journal.count,
        observations_sha256=audit.journal.sha256,
    )
    results = build_results(
        facts,
        law=audit.brief.law,
        profile=audit.brief.profile,
        inventory=audit.brief.inventory,
        plan=audit.plan,
        verdicts={key: final(verdict, recorded, audit.redact) for key, verdict in audit.verdicts.items()},
        seconds=audit.seconds,
        left_out=audit.left_out,
    )
    # The results come last: where they are, everything is.
    audit.folder.publish(
        {REPORT: render_html(results, observations).encode(), JUNIT: render_junit(results), RESULTS: encode(results)}
    )
    return Ending(results, audit.folder.report, ExitCode(results.run.exit_code))


def versions() -> dict[str, str]:
    """What the run was made with."""
    found = {name: version(name) for name in _TOLD_PACKAGES}
    return {"ordinance": __version__, "python": platform.python_version(), "system": platform.platform(), **found}


def _journal_fault(audit: Audit, observations: list[Observation]) -> str:
    """Say when the journal on disk is not what was written."""
    if len(observations) == audit.journal.count:
        return ""
    return f"the journal {audit.folder.journal} holds {len(observations)} of {audit.journal.count} observations: it was changed"


def _close(audit: Audit) -> str:
    """Close everything; says what makes the run incomplete, if the journal could not be kept whole."""
    try:
        audit.close()
    except JournalError as error:
        return str(error)
    return audit.journal.broken
