"""Real run folders, published and sealed as an audit does it; only the looks are left out."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import ordinance.publish
from ordinance.audit import Audit, Brief
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Witness
from ordinance.plan import Selection
from ordinance.publish import Ending, publish
from ordinance.record.folder import RunFolder
from ordinance.record.journal import Journal
from ordinance.record.stamp import moment

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = """
city: {name: Testville, timezone: UTC}
all:
  hosts:
    dept: {accounts: [dana]}
    ws1: {accounts: [dana, eve]}
vantages:
  here: {zone: management}
scope: {allow: [192.0.2.0/24]}
pace: {per_host: 5, total: 20}
"""
FIRST = moment("2026-11-23T20:15:00.000Z")


def read_brief(folder: Path) -> Brief:
    """The inventory above, read once."""
    os.environ["ORDINANCE_POLICY"] = str(ROOT / "policy")
    (folder / "city.yml").write_text(INVENTORY)
    return Brief.read(folder / "city.yml", "default", Selection(controls=("10.D/*",)))


def begin(brief: Brief, reports: Path, started: datetime, records: int = 11) -> Audit:
    """A run with everything seen and settled, about to be published."""
    folder = RunFolder.begin(reports, started)
    audit = Audit(brief=brief, folder=folder, plan=brief.plan(), started=started, journal=Journal(folder.journal))
    audit.write_plan()
    names = [record(audit.journal, number) for number in range(records)]
    for check in audit.plan:
        audit.settle(check, verdict(names))
    return audit


def verdict(names: list[str]) -> Verdict:
    """Compliant, resting on some of what was recorded."""
    if not names:
        return Unproven("nothing was seen")
    return Compliant("fine", (Evidence("seen", tuple(names[:2])),), (Witness("witnessed", tuple(names[-1:])),))


def record(journal: Journal, number: int) -> str:
    """One observation, of a size that differs from line to line."""
    return journal.record(
        look="accounts", vantage="here", target=f"dept-{number}", action="ssh-exec", started="2026-11-23T00:00:00.000Z",
        monotonic=float(number), seconds=0.1, outcome="ok", seen=f"dana {'x' * (number % 40)}", raw=b"\x00\xff" * (number % 50),
    )  # fmt: skip


def end(audit: Audit, stopped: str = "", seconds: float = 60.0) -> Ending:
    """Publish it, some time after it began."""
    ordinance.publish.now = lambda: audit.started + timedelta(seconds=seconds)
    return publish(audit, stopped=stopped)


def make_night(brief: Brief, reports: Path, number: int = 0, records: int = 11) -> Path:
    """The run of one night; its folder. The journal has one line more, the end."""
    audit = begin(brief, reports, FIRST + timedelta(days=number), records)
    end(audit)
    return audit.folder.path
