"""The server that makes runs to be killed, as a test sees it; and what a reader sees of what they leave."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ordinance.record.journal import read_journal
from ordinance.record.signers import own
from ordinance.record.verify import verify_run
from selftest.record.crash.onerun import PHASES

ROOT = Path(__file__).resolve().parents[3]
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


@dataclass(frozen=True)
class Outcome:
    """One run: what it said before it ended, and how it ended."""

    said: list[str]
    exit: int
    seconds: dict[str, float]  #: when it came to which phase, and when it ended

    def words(self, kind: str) -> list[str]:
        """What follows this word in what was said; a line cut short by the death of its writer is none."""
        return [line.partition(" ")[2] for line in self.said if line.partition(" ")[0] == kind]

    @property
    def id(self) -> str:
        """The run's name; "" when it did not get through its first act."""
        return next(iter(self.words("begun")), "")

    @property
    def published(self) -> bool:
        return bool(self.words("published"))

    @property
    def phase(self) -> str:
        """How far it came before it ended."""
        return next((word for word in reversed(PHASES) if any(line.startswith(word) for line in self.said)), "")


class Server:
    """A running server. `private` gives it a mount namespace of its own."""

    def __init__(self, inventory: Path, *, private: bool = False) -> None:
        inventory.write_text(INVENTORY)
        apart = ["unshare", "--mount", "--propagation", "private"] if private else []
        self.process = subprocess.Popen(
            [*apart, sys.executable, "-m", "selftest.record.crash.onerun", str(inventory)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "ORDINANCE_POLICY": str(ROOT / "policy"), "PYTHONPATH": str(ROOT)},
        )
        self._hear("ready")

    def run(self, reports: Path, **order: Any) -> Outcome:
        """Make one run. `after` seconds into `phase` it is struck: by `signal`, or by cutting the power of the folder `cut`."""
        return Outcome(**self._ask({"reports": str(reports), **order}))

    def do(self, *argv: str) -> None:
        """Run a command where the server is; it must work."""
        code, said = self.ask_of(*argv)
        assert code == 0, (argv, said)

    def ask_of(self, *argv: str) -> tuple[int, str]:
        """Run a command where the server is: exit status, and what it printed."""
        done = self._ask({"do": argv})
        return done["exit"], "\n".join(done["said"])

    def seen(self, path: Path) -> Path:
        """Where this process finds a path of the server's mount namespace."""
        return Path(f"/proc/{self.process.pid}/root{path}")

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self._hear("{"))

    def _hear(self, first: str) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(first), f"the server said {line!r}"
        return line


@contextlib.contextmanager
def serving(inventory: Path, *, private: bool = False) -> Iterator[Server]:
    """A server for as long as it is needed."""
    server = Server(inventory, private=private)
    try:
        yield server
    finally:
        server.end()


def latest_reads(reports: Path) -> str:
    """What somebody reads who opens `latest`: the headline of a whole run, "incomplete", or "" where there is none."""
    latest = reports / "latest"
    if not latest.is_symlink():
        assert not latest.is_dir(), "latest is a folder of its own"
        assert not latest.exists() or latest.read_text().startswith("INCOMPLETE\n"), "latest is neither a marker nor a link"
        return "incomplete" if latest.exists() else ""
    run = reports / latest.readlink()
    sound = verify_run(run, own())
    assert sound.head.records == sound.results.run.observations > 0
    assert [row["target"] for row in json.loads((run / "plan.json").read_bytes())["checks"]] == ["dept", "ws1"]
    assert_no_truncated_file(run)
    return sound.results.run.headline


def assert_no_truncated_file(run: Path) -> None:
    """Whatever has its final name is there to its last byte; the journal may end within a line nobody acknowledged."""
    for path in run.iterdir():
        if path.name.startswith("."):
            continue
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.suffix == ".html":
            assert path.read_text().rstrip().endswith("</html>"), f"{path} is cut short"
        elif path.suffix == ".xml":
            ElementTree.fromstring(path.read_bytes())
        elif path.suffix == ".sig":
            assert path.read_text().endswith("-----END SSH SIGNATURE-----\n"), f"{path} is cut short"


def assert_nothing_lost(run: Path, outcome: Outcome) -> None:
    """Every observation that was acknowledged is in the journal."""
    journal = run / "observations.jsonl"
    read = [observation.id for observation in read_journal(journal)] if journal.exists() else []
    assert read[: len(outcome.words("ack"))] == outcome.words("ack")
