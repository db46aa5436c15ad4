"""Why a run is incomplete, or has nothing to check, in words."""

from __future__ import annotations

import pytest

from ordinance.replay.sitting import Replay
from ordinance.underway import Sitting


def nothing_checked(audit: Sitting) -> str:
    """Why there is nothing to check, and where to look."""
    wanted, inventory = str(audit.brief.selection), audit.brief.inventory
    if audit.fault:
        return f"Nothing was checked: {audit.fault}."
    if audit.brief.plan():
        return f"Nothing to check: no test was selected by {audit.selected}."
    if wanted and inventory.hosts:
        return f"Nothing to check: no control that is built matches {wanted}; docs/controls.md lists them."
    return f"Nothing to check: {inventory.source} declares neither a host nor a public address."


def why_stopped(session: pytest.Session, audit: Sitting, exitstatus: int) -> str:
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
