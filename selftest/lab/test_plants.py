"""Every control is seen red on each planted violation and unproven when the looking is broken; each fault shows it is active.

The audit is the whole suite, run as a user runs it, on a city with a few public addresses instead of all (every port of each).
"""

import json
import os
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from ordinance.lab.city import city_folder
from ordinance.lab.plants import Plant, plant, read_plants
from ordinance.law.load import load_law

ROOT = Path(__file__).resolve().parents[2]
PLANTS = read_plants(ROOT / "lab")


def audit(lab_name: str, inventory: Path, reports: Path, controls: list[str]) -> tuple[int, dict[str, set[str]], str]:
    """Run the suite; its exit code, the controls by verdict, and what it printed."""
    chosen = [word for glob in controls for word in ("--control", glob)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--inventory", str(inventory), "--reports", str(reports), *chosen],
        cwd=ROOT,
        env={**os.environ, "ORDINANCE_LAB": lab_name},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,  # a guard, and no measure: on a loaded machine a sweep takes minutes
    )
    said = done.stdout + done.stderr
    results = reports / "latest" / "results.json"
    assert results.is_file(), said
    verdicts: dict[str, set[str]] = {}
    for check in json.loads(results.read_text())["checks"]:
        verdicts.setdefault(check["verdict"], set()).add(check["control"])
    return done.returncode, verdicts, said


#: Scenarios that ask many ports take long; of these the named ones are always run, the others by `./run matrix`.
ALWAYS = (
    "udp-let-through-to-a-silent-service",
    "udp-firewall-cannot-be-watched",
    "tunnel-to-an-unused-address",
    "protocols-dropped-on-the-way-out",
    "telnet-by-ipv6-only",
    "telnet-on-one-unused-address",
    "ftp-990-open",
    "connection-outlives-its-rule",
    "listeners-untold",
    "vantage-egress-blocked",
    "vantage-host-key-changed",
)
LONG_LOOKS = {"perimeter-sweep", "conversations", "inbound-udp", "inbound-protocols"}
SWEPT = {control.id for control in load_law().controls.values() if LONG_LOOKS & set(control.looks)}


def scenario(fault: Plant):
    """One scenario, marked `long` when it sweeps and is not among those always run."""
    named = [name for name in SWEPT if any(fnmatchcase(name, glob) for glob in fault.controls)]
    marks = [pytest.mark.long] if named and fault.name not in ALWAYS else []
    return pytest.param(fault, id=fault.name, marks=marks)


@pytest.mark.parametrize("fault", [scenario(fault) for fault in PLANTS.values()])
def test_the_audit_names_exactly_what_was_planted(fault: Plant, hold_city, small_inventory: Path, tmp_path: Path) -> None:
    lab = hold_city("plant").lab
    plant(lab, fault)
    code, verdicts, said = audit(lab.name, small_inventory, tmp_path, fault.controls)
    assert verdicts.get("violated", set()) == set(fault.violated), said
    assert verdicts.get("unproven", set()) == set(fault.unproven), said
    assert code == (1 if fault.violated else 6), said


def test_the_city_without_a_plant_is_compliant(hold_city, small_inventory: Path, tmp_path: Path) -> None:
    code, verdicts, said = audit(hold_city("plain").lab.name, small_inventory, tmp_path, ["*"])
    assert (code, set(verdicts)) == (0, {"compliant"}), said


def test_every_control_that_is_built_has_a_plant_of_each_kind() -> None:
    covered = {control.id for control in load_law().controls.values() if control.covered}
    assert {name for fault in PLANTS.values() for name in fault.violated} == covered
    assert {name for fault in PLANTS.values() for name in fault.unproven} == covered


def test_the_city_is_found_beside_the_tests() -> None:
    assert city_folder() == ROOT / "lab"
