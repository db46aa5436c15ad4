"""Audit the embedded city several times: `python bench/audit.py [RUNS]` (default 3). Exit 1 unless every verdict is compliant.

Prints wall seconds of the whole audit (start of the lab included), the memory of the pytest process at its peak, and the pace of
the sweep as its own record tells it. What it should show on a quiet machine with two cores: 120 s or less.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """One whole audit."""

    code: int
    seconds: float
    peak_mib: float  #: of pytest alone, from wait4(2); the lab and the agent are processes of their own
    ports: int  #: connects the sweep made, canaries included
    sweep_seconds: float  #: from calibration to the last echo
    verdicts: frozenset[tuple[str, str, str]]  #: control, target, verdict

    @property
    def pace(self) -> float:
        """Connects a second of the sweep."""
        return self.ports / self.sweep_seconds if self.sweep_seconds else 0.0


def audit(reports: Path) -> Run:
    """Run the suite as a user does, with a lab of its own."""
    argv = [sys.executable, "-m", "pytest", "--reports", str(reports)]
    begin = time.monotonic()
    with (reports / "said").open("wb") as said:
        process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    ports, sweep_seconds = sweep_of(reports / "latest" / "observations.jsonl")
    verdicts = verdicts_of(reports / "latest" / "results.json")
    return Run(process.returncode, seconds, usage.ru_maxrss / _KIB, ports, sweep_seconds, verdicts)


def verdicts_of(results: Path) -> frozenset[tuple[str, str, str]]:
    """Read every verdict of a run; none when it has no results."""
    if not results.is_file():
        return frozenset()
    checks = json.loads(results.read_text(encoding="utf-8"))["checks"]
    return frozenset((check["control"], check["target"], check["verdict"]) for check in checks)


def sweep_of(journal: Path) -> tuple[int, float]:
    """Read connects and seconds of the sweep from the record of its agent; zeros when it did not get that far."""
    if not journal.is_file():
        return 0, 0.0
    for line in journal.read_text(encoding="utf-8").splitlines():
        observation = json.loads(line)
        if observation["action"] == "agent" and observation["details"].get("job") == "sweep":
            return _probes(observation["seen"]), observation["seconds"]
    return 0, 0.0


def _probes(told: str) -> int:
    """Read the number from the agent's last line, whose recorded text may be cut short."""
    _, found, rest = told.partition('"probes":')
    return int(rest.lstrip().split(",")[0].rstrip("}")) if found else 0


def spread(name: str, values: Sequence[float], unit: str) -> str:
    """Return one line: least, median, most."""
    return f"{name:8} min {min(values):.1f}, median {statistics.median(values):.1f}, max {max(values):.1f} {unit}\n"


def main(runs: int) -> int:
    """Run them one after the other and print what they took."""
    made = []
    for number in range(runs):
        with tempfile.TemporaryDirectory(prefix="ordinance-bench-") as folder:
            made.append(audit(Path(folder)))
            if made[-1].code:
                sys.stderr.write(f"run {number + 1} ended with {made[-1].code}:\n{(Path(folder) / 'said').read_text()}\n")
    failures = sum(1 for run in made if run.code)
    changed = len({run.verdicts for run in made}) - 1
    sys.stdout.write(
        f"{runs} audits, {failures} not compliant, {changed} whose verdicts changed; load {os.getloadavg()[0]:.1f} at the end\n"
    )
    sys.stdout.write(spread("wall", [run.seconds for run in made], "s"))
    sys.stdout.write(spread("memory", [run.peak_mib for run in made], "MiB at the peak (pytest)"))
    sys.stdout.write(spread("sweep", [run.sweep_seconds for run in made], f"s for {made[-1].ports} connects"))
    sys.stdout.write(spread("pace", [run.pace for run in made], "connects a second"))
    return 1 if failures or changed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
