"""Judge the city while packets are lost, a thousand times: `python bench/loss.py [RUNS [CITIES]]` (default 1000 in 6 cities).

Every run loses another share of the packets, 0 to 50 of 100, towards the city or back; in every second one, telnet, FTP or
another port is open on some public address (`selftest/lab/at_a_loss.py`). Runs are numbered, and the number says what is made:
`loss.py 1000` makes 0 to 999. Prints verdicts by loss and truth. Exit 1 when a verdict was false, or a fault was not active.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ordinance.lab import run

ROOT = Path(__file__).resolve().parent.parent
WORKER = ROOT / "selftest" / "lab" / "at_a_loss.py"
#: Percent of loss from which a run without a single lost packet was not the run it claims to be.
SHOWS = 5
BANDS = ((0, 9), (10, 19), (20, 29), (30, 39), (40, 50))


def judged(city: str, seeds: range) -> Iterator[dict[str, Any]]:
    """What was said of each numbered run, made one after the other in a city that is up."""
    argv = [sys.executable, str(WORKER), city, *map(str, seeds)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as process:
        for line in process.stdout or ():
            yield json.loads(line)


def in_a_city(number: int, seeds: range) -> list[dict[str, Any]]:
    """Start a city of its own, judge there, and forget it."""
    name = f"loss-{os.getpid()}-{number}"
    run.up(name)
    try:
        told = []
        for one in judged(name, seeds):
            told.append(one)
            sys.stderr.write(json.dumps(one) + "\n" if faults(one) else "")
        return told
    finally:
        run.forget(name)


def faults(one: dict[str, Any]) -> list[str]:
    """What must not be: a false verdict, or a fault that was not there."""
    found = [f"false {said}" for said, _, truth in one["said"].values() if said not in {truth, "unproven"}]
    if one["lost"] >= SHOWS and not one["dropped"]:
        found.append("nothing was lost")
    if one["open"] and not one["led"]:
        found.append("what was planted was never met")
    return found


def table(told: list[dict[str, Any]]) -> str:
    """Return verdicts by share of loss: right and unproven, where the truth is compliant and where it is violated."""
    lines = [f"{'lost':10}{'runs':>6}{'compliant, said so':>22}{'violated, said so':>21}{'unproven':>10}{'false':>7}"]
    for first, last in BANDS:
        runs = [one for one in told if first <= one["lost"] <= last]
        pairs = Counter((said, truth) for one in runs for said, _, truth in one["said"].values())
        of = {truth: sum(count for (_, true), count in pairs.items() if true == truth) for truth in ("compliant", "violated")}
        right = {truth: f"{pairs[truth, truth]} of {count}" for truth, count in of.items()}
        unproven = sum(count for (said, _), count in pairs.items() if said == "unproven")
        false = sum(count for (said, truth), count in pairs.items() if said not in {truth, "unproven"})
        row = f"{right['compliant']:>22}{right['violated']:>21}{unproven:10}{false:7}"
        lines.append(f"{f'{first}-{last} %':10}{len(runs):6}{row}")
    return "\n".join(lines) + "\n"


def main(runs: int, cities: int) -> int:
    """Judge them all and print."""
    begin = time.monotonic()
    with ThreadPoolExecutor(cities) as pool:
        told = [
            one for made in pool.map(in_a_city, range(cities), (range(k, runs, cities) for k in range(cities))) for one in made
        ]
    wrong = Counter(fault for one in told for fault in faults(one))
    sys.stdout.write(table(told))
    missing = runs - len(told)
    took, load = time.monotonic() - begin, os.getloadavg()[0]
    sys.stdout.write(
        f"{len(told)} runs, {missing} not made, in {took:.0f} s under load {load:.1f}; wrong: {dict(wrong) or 'nothing'}\n"
    )
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(words + [1000, 6][len(words) :])))
