"""The suite as a user's process, to be interrupted at moments that a test can name."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from census import Census, family, wait_for

from ordinance.lab import state
from ordinance.lab.process import Stamp

ROOT = Path(__file__).resolve().parents[2]
#: Part of the command line of the agent at a vantage.
AGENT = b"packet-agent"
MOMENT_SECONDS = 120.0


@dataclass
class SuiteRun:
    """One `pytest` of ours. `wanted` is the lab it was told to use."""

    process: subprocess.Popen
    reports: Path
    wanted: str
    said_in: Path

    @property
    def lab(self):
        """The lab it looks at: the one it was told to use, else the one it started; None while there is none."""
        return state.find(self.wanted) or state.find(f"audit-{self.process.pid}")

    @property
    def said(self):
        return self.said_in.read_text()

    def until(self, what):
        """Wait for a moment of the run."""

        def seen():
            value = what()
            assert value or self.process.poll() is None, self.said
            return value

        return wait_for(seen, MOMENT_SECONDS)

    def until_looking(self):
        return self.until(lambda: self.lab and list(self.reports.glob("*/plan.json")) and self.lab)

    def until_sweeping(self):
        """The lab, once the agent that sweeps is at work on the host `outside`, whichever engine it took."""
        lab = self.until_looking()
        self.until(lambda: agents(lab, "outside"))
        return lab

    def ended(self, seconds):
        """Wait for its end; the exit code and how long that took."""
        begin = time.monotonic()
        try:
            return self.process.wait(timeout=seconds), time.monotonic() - begin
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds} s\n{self.said}")

    def results(self):
        return json.loads((self.reports / "latest" / "results.json").read_text())

    def report(self):
        return (self.reports / "latest" / "report.html").read_text()

    def census(self):
        """Of the lab, and of the suite's own processes."""
        found = Census.of(self.lab)
        found.members += [Stamp.of(pid) for pid in family(self.process.pid) if pid != self.process.pid]
        return found


def agents(lab, host):
    """Packet agents and their lanes on one host."""
    found = []
    for pid in family(lab.pid_of(host)):
        try:
            if AGENT in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found
