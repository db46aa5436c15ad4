"""Pace of the connect sweep against the embedded city's firewall, which drops: `python bench/sweep/city.py [RUNS]` (default 3).

Each run is the look "perimeter-sweep" as an audit makes it: the agent on `outside`, every public address, canaries and echo.
After each run `nmap -sT -T4` asks all ports of one public address from the same place, if nmap is installed: it is a yardstick
and no part of the project. Exit 1 when a sweep was not complete.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from ordinance.inventory.load import load
from ordinance.inventory.model import Inventory
from ordinance.lab.needs import tool
from ordinance.lab.state import RunningLab
from ordinance.labkeeper import LabKeeper, default_inventory
from ordinance.law.load import load_profile
from ordinance.observe.api import LookContext
from ordinance.observe.door import NetworkDoor
from ordinance.observe.looks.perimeter_sweep import perimeter_sweep
from ordinance.observe.memory import MemoryJournal
from ordinance.sight.perimeter import Certificate, SweepSighting

ROOT = Path(__file__).resolve().parents[2]
VANTAGE = "outside"
PORTS = 65_535
NMAP_SECONDS = 600.0


def sweep(inventory: Inventory) -> Certificate:
    """Sweep once, on a connection of its own."""
    door = NetworkDoor(inventory, MemoryJournal())
    try:
        context = LookContext(
            door=door.for_look("perimeter-sweep"), inventory=inventory, profile=load_profile("default"), sight=lambda _: None
        )
        seen: SweepSighting = perimeter_sweep(context)
        return seen.certificate
    finally:
        door.close()


def told(certificate: Certificate) -> str:
    """Return one line on a sweep."""
    rounds = ", ".join(f"IPv{bound.family} {bound.rounds} (missed {bound.miss_bound:.1e})" for bound in certificate.bounds)
    pace = certificate.probes / certificate.seconds
    state = "complete" if certificate.complete else f"NOT COMPLETE: {certificate.why_incomplete}"
    return (
        f"sweep   {certificate.ports_planned} ports, {certificate.probes} connects in {certificate.seconds:.1f} s: "
        f"{pace:.0f} a second; rounds {rounds}; {certificate.voided_windows} windows void; {state}\n"
    )


def nmap(lab: RunningLab, address: str) -> float | None:
    """Ports a second of `nmap -sT -T4` on one address; None when nmap is not installed or does not end in time."""
    program = shutil.which("nmap")
    if program is None:
        return None
    argv = [program, "-sT", "-T4", "-Pn", "-n", f"-p1-{PORTS}", address]
    enter = [tool("nsenter"), "-t", str(lab.pid_of(VANTAGE)), "-n", "--", *argv]
    begin = time.monotonic()
    try:
        subprocess.run(enter, stdout=subprocess.DEVNULL, check=True, timeout=NMAP_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return PORTS / (time.monotonic() - begin)


def main(runs: int) -> int:
    """Run them one after the other and print medians."""
    inventory = load(default_inventory(ROOT))
    address = str(inventory.public[0].addresses[-1])
    keeper = LabKeeper()
    try:
        lab = keeper.open()
        made, beside = [], []
        for _ in range(runs):
            made.append(sweep(inventory))
            sys.stdout.write(told(made[-1]))
            if (pace := nmap(lab, address)) is not None:
                beside.append(pace)
                sys.stdout.write(f"nmap    {PORTS} ports of {address}: {pace:.0f} a second\n")
    finally:
        keeper.close()
    ours = statistics.median(certificate.probes / certificate.seconds for certificate in made)
    sys.stdout.write(f"median  {ours:.0f} connects a second over {runs} runs; load {os.getloadavg()[0]:.1f} at the end\n")
    if beside:
        sys.stdout.write(f"nmap    median {statistics.median(beside):.0f} ports a second over {len(beside)} runs\n")
    else:
        sys.stdout.write("nmap    not installed, or not done in time: nothing to compare with\n")
    return 0 if all(certificate.complete for certificate in made) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
