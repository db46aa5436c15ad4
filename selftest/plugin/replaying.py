"""A small audit whose only look is a stand-in, and its replay: both as processes of their own, with a folder each."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ordinance.record.chain import START

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = "    dept: {accounts: [dana]}\n    ws1: {accounts: [dana, eve]}\n"
INVENTORY = f"""
city: {{name: Testville, timezone: UTC}}
all:
  hosts:
{ACCOUNTS}vantages:
  here: {{zone: management}}
scope: {{allow: [192.0.2.0/24]}}
pace: {{per_host: 5, total: 20}}
"""
#: Stands in for the look at the accounts; what it sees is set by SEES. It is not there to be called in a replay.
CONFTEST = """
import os
from ordinance import plugin  # registers the looks
from ordinance.inventory.model import SecretRef
from ordinance.observe.api import LOOKS, CouldNotLook, LookContext, Unseen
from ordinance.sight.accounts import Account, AccountsSighting, HostAccounts, Password
from ordinance.suite import sighting

def a_look(context: LookContext) -> AccountsSighting:
    assert "REPLAYING" not in os.environ
    sees = os.environ["SEES"]
    hush = context.door.secret(SecretRef("env", "HUSH")) if sees == "secret" else ""
    name = context.door.note(vantage="here", target="dept", action="ssh-exec", outcome="ok", seen="dana")
    if sees == "nothing":
        raise CouldNotLook(Unseen.NO_ANSWER, "nobody is at home", name)
    if sees == "defect":
        raise KeyError("bug")
    if sees == "list":
        return AccountsSighting(hosts=[])
    age = 20 if sees != "old" else 200
    def person(name): return Account(
        name=name, uid=1000, shell="/bin/sh", password=Password.SET, last_change=20000 - age, max_days=60)
    def host(name, *people): return HostAccounts(
        host=name, today=20000, people=people, root_seen=True, pass_max_days=60, observations=(context_name,), clock_skew=0.5,
        unseen=f"it said {str(hush)}" if hush and name == "dept" else "")
    context_name = name
    return AccountsSighting(hosts=(host("dept", person("dana")), host("ws1", person("dana"), person("eve"))))

LOOKS["accounts"] = a_look
accounts = sighting("accounts")
"""
SUITE = (ROOT / "tests" / "hosts" / "test_accounts.py").read_text()
FILES = ("results.json", "report.html", "junit.xml", "checks.csv")


@dataclass
class Ended:
    """A process that ended, and the folder it wrote."""

    code: int
    said: str
    folder: Path

    @property
    def results(self):
        return json.loads((self.folder / "results.json").read_text())

    @property
    def verdicts(self):
        return {check["target"]: check["verdict"] for check in self.results["checks"]}

    def files(self):
        return {name: (self.folder / name).read_bytes() for name in FILES}

    def journal(self):
        return [json.loads(line) for line in (self.folder / "observations.jsonl").read_text().splitlines()]


def project(folder: Path, *, suite: str = SUITE, conftest: str = CONFTEST, inventory: str = INVENTORY) -> Path:
    """A folder with a suite and an inventory."""
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "conftest.py").write_text(conftest)
    (folder / "tests" / "test_accounts.py").write_text(suite)
    (folder / "city.yml").write_text(inventory)
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    return folder


def run(folder: Path, *words: str, prefix: tuple[str, ...] = (), **environment: str) -> tuple[int, str]:
    """Pytest in `folder` to its end: exit code and everything it said."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "pytest.ini", "--rootdir", ".", *words],
        cwd=folder, env={**os.environ, "ORDINANCE_POLICY": str(ROOT / "policy"), "COLUMNS": "400", **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def audit(folder: Path, *words: str, sees: str = "young", **environment: str) -> Ended:
    """An audit of 10.D alone; the run must have left a folder."""
    options = ("--inventory", "city.yml", "--control", "10.D/*", *words)
    code, said = run(folder, *options, SEES=sees, HUSH="tr0ub4dor-and-3", **environment)
    runs = [path for path in sorted((folder / "reports").iterdir()) if path.is_dir() and not path.is_symlink()]
    assert runs, said
    return Ended(code, said, runs[-1])


def replay(folder: Path, recorded: Path, *words: str, prefix: tuple[str, ...] = (), **environment: str) -> Ended:
    """A replay of a recorded run, in the project `folder`."""
    out = folder / f"out-{len(list(folder.glob('out-*')))}"
    options = ("--replay", str(recorded), "--out", str(out), *words)
    return Ended(*run(folder, *options, prefix=prefix, REPLAYING="1", **environment), out)


def copied(recorded: Path, to: Path) -> Path:
    """The run on another machine."""
    shutil.copytree(recorded, to / recorded.name)
    return to / recorded.name


def rechained(folder: Path, change) -> None:
    """Change the lines of a journal and chain them anew, as a forger without the key would; takes the seal off."""
    path = folder / "observations.jsonl"
    lines = change([json.loads(line) for line in path.read_text().splitlines()])
    previous, out = START, b""
    for number, line in enumerate(lines, 1):
        line |= {"id": f"o-{number:06d}", "previous": previous}
        data = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        previous, out = hashlib.sha256(data).hexdigest(), out + data
    path.write_bytes(out)
    for name in ("SHA256SUMS", "SHA256SUMS.sig", "head.json"):
        (folder / name).unlink(missing_ok=True)
