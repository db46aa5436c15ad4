"""Verify a run with many records: `python bench/verify.py [RECORDS]` (default 10,000), median of 3. Exit 1 when it is not sound.

Records are of 2.3 KiB (one of the embedded city has 2.0 on average). What it should show: at most 1 s for 10,000 of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from ordinance.record.folder import RunFolder
from ordinance.record.journal import Journal
from ordinance.record.model import CheckRecord, EvidenceRecord, Observation, PlanRecord, Results, RunRecord
from ordinance.record.results import encode
from ordinance.record.seal import Seal
from ordinance.record.signer import find_signer

RUNS = 3
STARTED = "2026-11-23T20:15:00.000Z"
MADE_UP = Observation(
    id="", look="conversations", vantage="outside", target="198.51.100.5:25/tcp", action="dialogue", started=STARTED,
    monotonic=1.0, seconds=0.1, outcome="ok", seen="220 mail.city.example ESMTP " * 24, raw="QUJD" * 240, raw_sha256="0" * 64,
)  # fmt: skip


def write_journal(folder: RunFolder, records: int) -> Journal:
    """Record as an audit does, `records` lines with the end."""
    seen = MADE_UP
    with Journal(folder.journal) as journal:
        for _ in range(records - 1):
            journal.record(
                look=seen.look, vantage=seen.vantage, target=seen.target, action="seen", started=seen.started,
                monotonic=seen.monotonic, seconds=seen.seconds, outcome=seen.outcome, seen=seen.seen,
                raw=seen.raw.encode(), details=seen.details,
            )  # fmt: skip
        journal.record(
            look="", vantage="", target="", action="end", started=STARTED, monotonic=2.0, seconds=0.0, outcome="ok", seen=""
        )
    return journal


def results_of(folder: RunFolder, journal: Journal, inventory: bytes) -> Results:
    """As small as results can be: what is measured grows with the records."""
    evidence = [EvidenceRecord(text="seen", witness=witness, observations=["o-000001"]) for witness in (False, True)]
    check = CheckRecord(
        control="9.A.1/telnet-blocked", clause="9.A.1", target="public-ipv4", vantage="outside", verdict="compliant",
        reason="blocked", evidence=evidence,
    )  # fmt: skip
    counts = dict.fromkeys(("compliant", "violated", "unproven", "not-applicable", "waived", "not-run"), 0) | {"compliant": 1}
    run = RunRecord(
        id=folder.id, city="City", inventory="city.yml", inventory_sha256=hashlib.sha256(inventory).hexdigest(),
        profile="default", policy="Policy", status="complete", headline="compliant", exit_code=0,
        started=STARTED, finished=STARTED, seconds=0.0, valid_until="", selection="",
        planned=1, counts=counts, controls_covered=1, controls_in_policy=1, versions={}, scope=[],
        vantages=[], readings=[], parameters={}, observations=journal.count, observations_sha256=journal.sha256,
    )  # fmt: skip
    return Results(run=run, clauses=[], checks=[check])


def make_run(reports: Path, records: int) -> Path:
    """A sealed run of so many records."""
    folder, inventory = RunFolder.begin(reports, datetime(2026, 11, 23, 20, 15, tzinfo=UTC)), b"city: {}\n"
    journal = write_journal(folder, records)
    results = results_of(folder, journal, inventory)
    check = {name: getattr(results.checks[0], name) for name in ("control", "clause", "target", "vantage")}
    plan = PlanRecord(
        run=folder.id, started=STARTED, inventory="city.yml", inventory_sha256=results.run.inventory_sha256, profile="default",
        selection="", checks=[check],
    )  # fmt: skip
    folder.write("inputs/inventory.yml", inventory)
    folder.write("plan.json", encode(plan))
    files = {"report.html": b"", "junit.xml": b"", "results.json": encode(results)}
    folder.publish(files, Seal(folder, results.run, journal.head, find_signer()))
    return folder.path


def measure(run: Path) -> float:
    """Seconds of the whole command, the start of Python included."""
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "ordinance", "verify", run], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    if done.returncode:
        sys.exit(done.stderr)
    return seconds


def main(records: int) -> None:
    """Make one run, verify it a few times, print what it took."""
    with tempfile.TemporaryDirectory(prefix="ordinance-bench-") as folder:
        os.environ["XDG_STATE_HOME"] = folder
        run = make_run(Path(folder) / "reports", records)
        few = make_run(Path(folder) / "few", 1)
        size = (run / "observations.jsonl").stat().st_size
        taken, start = [measure(run) for _ in range(RUNS)], [measure(few) for _ in range(RUNS)]
    median, idle = statistics.median(taken), statistics.median(start)
    figures = {
        "records": records, "journal_mib": round(size / 2**20, 1), "seconds": round(median, 2), "of_which_start": round(idle, 2),
        "seconds_per_10_000": round((median - idle) * 10_000 / records, 2), "all": [round(one, 2) for one in taken],
        "load": os.getloadavg()[0],
    }  # fmt: skip
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
