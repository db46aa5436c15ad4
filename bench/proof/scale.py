"""Time and memory of the ruleset proof: `python -m bench.proof.scale`; each case in a process of its own.

A case is what `ordinance prove` does with a JSON listing, without the gate: read it, walk it, judge it by a policy that lets
nothing in, so that every accepting rule is told. Processor time is measured: it is what other work on the machine changes least.
Exit 1 when a goal is missed: 10,000 rules 1 s and 100 MB, 100,000 rules 10 s and 400 MB, 1,600 unknowns in 10,000 rules 2 s.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.proof.synthetic import listing
from ordinance.proof.policy import Policy
from ordinance.proof.read.nft import read_nft
from ordinance.proof.verdict import prove
from ordinance.proof.walk import Walk

#: rules, kind, unknowns, seconds, MB
CASES = (
    (10_000, "perimeter", 0, 1.0, 100),
    (10_000, "hard", 0, 1.0, 100),
    (10_000, "perimeter", 1_600, 2.0, 150),
    (100_000, "perimeter", 0, 10.0, 400),
    (100_000, "hard", 0, 10.0, 400),
)
RUNS = 3


def one(path: Path) -> dict[str, float]:
    """Read, walk and judge one listing; return seconds of the processor and the peak of memory in MB."""
    text = path.read_text()
    times = [time.process_time()]
    found = read_nft(text, path.name)
    times.append(time.process_time())
    walk = Walk([found])
    outcome = walk.path(found, "forward")
    times.append(time.process_time())
    prove([outcome], Policy((), ("out0",)))
    times.append(time.process_time())
    read, walked, judged = (after - before for before, after in pairwise(times))
    return {"read": read, "walk": walked, "judge": judged, "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measured(path: Path) -> dict[str, float]:
    """Return the median of some runs by their time, each in a process of its own."""
    runs = []
    for _ in range(RUNS):
        done = subprocess.run([sys.executable, "-m", "bench.proof.scale", str(path)], capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    return sorted(runs, key=lambda run: run["read"] + run["walk"] + run["judge"])[RUNS // 2]


def main() -> int:
    """Run every case."""
    missed = 0
    with TemporaryDirectory() as folder:
        for rules, kind, unknowns, seconds, most in CASES:
            path = Path(folder, "listing.json")
            path.write_text(listing(rules, kind=kind, macs=unknowns))
            got = measured(path)
            total = got["read"] + got["walk"] + got["judge"]
            fine = total <= seconds and got["MB"] <= most
            missed += not fine
            parts = ", ".join(f"{name} {got[name]:.2f}" for name in ("read", "walk", "judge"))
            goal = f"goal {seconds:.0f} s, {most} MB: {'met' if fine else 'MISSED'}"
            told = f"{rules:>7} {kind:<9} {unknowns:>5} unknowns: {total:6.2f} s ({parts}), {got['MB']:4.0f} MB; {goal}"
            sys.stdout.write(told + "\n")
            sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    if len(sys.argv) == 2:  # noqa: PLR2004
        sys.stdout.write(json.dumps(one(Path(sys.argv[1]))))
    else:
        sys.exit(main())
