"""A simulated city for the tests: started by a program of its own, because pytest must not fork a lab (it has threads)."""

import os
import select
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from census import wait_for
from suite_run import ROOT, SuiteRun

from ordinance.lab import state
from ordinance.lab.place import base_directory

#: Seconds to wait for a city; the image may have to be built first.
UP_SECONDS = 600.0
ORDINANCE = (sys.executable, "-m", "ordinance")
#: Addresses that stay public: every kind of host, and one that no host uses.
FEW = {
    "public-ipv4": ["198.51.100.1", "198.51.100.3", "198.51.100.5", "198.51.100.6", "198.51.100.7", "198.51.100.8"],
    "public-ipv6": ["2001:db8:100:1::3", "2001:db8:100:1::5", "2001:db8:100:1::6", "2001:db8:100:1::8"],
}


@dataclass
class Held:
    """A city that ends with `process`, or when its stdin is closed."""

    name: str
    process: subprocess.Popen
    lab: state.RunningLab

    def end(self):
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()


class CityNotUpError(Exception):
    """Says why; the tests that wanted the city are errors then, never skipped."""


def hold(name, complaints, prefix=(), **environment):
    """Start a city of that name which ends with us. What the starter complains of is written to `complaints`."""
    with complaints.open("wb") as stderr:
        process = subprocess.Popen(
            [*prefix, *ORDINANCE, "lab", "up", "--hold", "--name", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **environment},
        )
    deadline = time.monotonic() + UP_SECONDS
    ready = select.select([process.stdout], [], [], deadline - time.monotonic())[0]
    line = process.stdout.readline() if ready else b""
    lab = state.find(name)
    if not line or lab is None:
        process.kill()
        process.wait()
        raise CityNotUpError(f"the simulated city did not come up: {complaints.read_text().strip() or 'it said nothing'}")
    return Held(name, process, lab)


@pytest.fixture(scope="session")
def city(tmp_path_factory):
    """A fresh city of this test run's own, up until the run ends."""
    held = hold(f"selftest-{os.getpid()}", tmp_path_factory.mktemp("city") / "complaints")
    yield held.lab
    held.end()


@pytest.fixture
def hold_city(tmp_path, request):
    """Start further cities, each under a private name; all are gone when the test ends."""
    started = []

    def start(suffix="a", prefix=(), **environment):
        held = hold(f"selftest-{os.getpid()}-{suffix}", tmp_path / f"complaints-{suffix}", prefix, **environment)
        started.append(held)
        return held

    yield start
    for held in started:
        held.end()
        shutil.rmtree(held.lab.directory, ignore_errors=True)


@pytest.fixture
def ordinance(tmp_path):
    """Run the console script to its end: `ordinance("lab", "status", ...)`; its labs have a private default name."""
    name = f"selftest-{os.getpid()}-cli"

    def run(*words, **environment):
        return subprocess.run(
            [*ORDINANCE, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
            check=False,
            env={**os.environ, "ORDINANCE_LAB": name, **environment},
        )

    run.lab = name
    yield run
    run("lab", "down")
    for left in base_directory().glob(f"{name}*"):
        shutil.rmtree(left)


@pytest.fixture
def city_copy(tmp_path):
    """A copy of the city's folder that a test may damage; to be named by ORDINANCE_CITY."""
    copy = tmp_path / "lab"
    subprocess.run(["cp", "-a", str(Path(__file__).parents[2] / "lab"), str(copy)], check=True)
    return copy


@pytest.fixture(scope="session")
def small_inventory(tmp_path_factory) -> Path:
    """The embedded city's inventory with fewer public addresses."""
    data = yaml.safe_load((ROOT / "inventory" / "lab.yml").read_text())
    data["public"] = [{"name": name, "addresses": addresses} for name, addresses in FEW.items()]
    kept = {address for addresses in FEW.values() for address in addresses}
    data["services"] = [s for s in data["services"] if s["address"] in kept or "outside" not in s["seen_from"]]
    path = tmp_path_factory.mktemp("inventory") / "small.yml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


@pytest.fixture
def suite(small_inventory, tmp_path):
    """Start the suite as a user does: `suite("--control", "10.D/*", lab=NAME)`; without a lab that is up it starts its own."""
    runs = []
    nobody = f"selftest-{os.getpid()}-nobody"

    def start(*words, lab=nobody, reports=tmp_path / "reports"):
        said_in = tmp_path / f"said-{len(runs)}"
        with said_in.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "--inventory", str(small_inventory), "--reports", str(reports), *words],
                cwd=ROOT,
                env={**os.environ, "ORDINANCE_LAB": lab},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,  # as a shell does: a Ctrl-C reaches the whole group
            )
        runs.append(SuiteRun(process, reports, lab, said_in))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
        run.process.wait()
        wait_for(lambda run=run: not state.find(f"audit-{run.process.pid}"))
