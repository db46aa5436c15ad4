"""Time and memory of the ruleset proof: `python -m bench.proof.scale`; each run in a process of its own, medians of three.

A case is what `ordinance prove` does with a JSON listing, without the gate: read it, walk it, judge it. "within" is proved, by a
policy that lets mail and news in to its gateways; the policy of the others lets nothing in, so that every accepting rule is told.
Processor time is measured: it is what other work on the machine changes least. Beside each case the yardsticks that are
installed (`./run yardsticks` installs both), with the ratio of their time to that of walking and judging.

Exit 1 when a goal is missed (10,000 rules 1 s and 100 MB, 100,000 rules 10 s and 400 MB, 1,600 unknowns in 10,000 rules 2 s), a
verdict is wrong, or a yardstick says otherwise.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from bench.proof.synthetic import MAIL, Maker, listing
from bench.proof.yardsticks import YARDSTICKS, missing, peak
from ordinance.proof.collector import held_off
from ordinance.proof.policy import Policy, Service
from ordinance.proof.read.nft import read_nft
from ordinance.proof.verdict import prove
from ordinance.proof.walk import Walk

RUNS = 3
#: Rules beyond which Z3 is not asked: minutes
MOST_FOR_Z3 = 10_000


class Case(NamedTuple):
    """One listing, and its goals."""

    rules: int
    kind: str
    unknowns: int
    seconds: float
    most: int  #: MB


CASES = (
    Case(10_000, "perimeter", 0, 1.0, 100),
    Case(10_000, "hard", 0, 1.0, 100),
    Case(10_000, "within", 0, 1.0, 100),
    Case(10_000, "perimeter", 1_600, 2.0, 150),
    Case(100_000, "perimeter", 0, 10.0, 400),
    Case(100_000, "hard", 0, 10.0, 400),
    Case(100_000, "within", 0, 10.0, 400),
)


def policy(case: Case) -> Policy:
    """Return what may come in."""
    if case.kind != "within":
        return Policy((), ("out0",))
    gateways = tuple(IPv4Address(host) for host in Maker(case.rules, 1, case.kind).gateways)
    return Policy((Service(gateways, "tcp", tuple((port, port) for port in MAIL), "mail and news"),), ("out0",))


@held_off()
def one(path: Path, allowed: Policy) -> dict[str, Any]:
    """Read, walk and judge one listing; return seconds of the processor, the peak of memory in MB, and the verdict."""
    text = path.read_text()
    times = [time.process_time()]
    found = read_nft(text, path.name)
    times.append(time.process_time())
    walk = Walk([found])
    outcome = walk.path(found, "forward")
    times.append(time.process_time())
    verdict = type(prove([outcome], allowed)).__name__
    times.append(time.process_time())
    read, walked, judged = (after - before for before, after in pairwise(times))
    return {"read": read, "walk": walked, "judge": judged, "seconds": read + walked + judged, "MB": peak(), "verdict": verdict}


def measured(*command: str) -> dict[str, Any]:
    """Return the median of some runs by their time, each in a process of its own."""
    runs = []
    for _ in range(RUNS):
        done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    return sorted(runs, key=lambda run: float(run["seconds"]))[RUNS // 2]


def ours(case: Case, number: int, folder: str, tell: Callable[[str], None]) -> tuple[bool, float]:
    """Measure the proof; return whether all is well, and the seconds of walking and judging."""
    path = Path(folder, "listing.json")
    path.write_text(listing(case.rules, kind=case.kind, macs=case.unknowns))
    got = measured("bench.proof.scale", str(number), str(path))
    met = got["seconds"] <= case.seconds and got["MB"] <= case.most
    right = got["verdict"] == ("Proved" if case.kind == "within" else "Violation")
    parts = ", ".join(f"{name} {got[name]:.2f}" for name in ("read", "walk", "judge"))
    goal = f"goal {case.seconds:.0f} s, {case.most} MB: {'met' if met else 'MISSED'}"
    verdict = got["verdict"] + ("" if right else ", WRONG")
    tell(
        f"{case.rules:>7} {case.kind:<9} {case.unknowns:>5} unknowns: {got['seconds']:6.2f} s ({parts}), {got['MB']:4.0f} MB; "
        f"{verdict}; {goal}; load {os.getloadavg()[0]:.1f}"
    )
    return met and right, float(got["walk"] + got["judge"])


def beside(case: Case, spent: float, tell: Callable[[str], None]) -> bool:
    """Measure the yardsticks on a case without unknowns; return whether they say the same."""
    agreed = True
    for name in () if case.unknowns else YARDSTICKS:
        if missing(name):
            tell(f"        {name:<5} is not installed here; ./run yardsticks installs it")
        elif name == "z3" and case.rules > MOST_FOR_Z3:
            tell(f"        {name:<5} is not asked of more than {MOST_FOR_Z3} rules")
        else:
            got = measured("bench.proof.yardsticks", name, str(case.rules), case.kind)
            same = got["violated"] == (case.kind != "within")
            agreed = agreed and same
            ratio = f"{got['seconds'] / spent:.1f} times the walk and the judgement"
            tell(
                f"        {name:<5} {got['seconds']:6.2f} s, {got['MB']:4.0f} MB: {ratio}{'' if same else '; it says OTHERWISE'}"
            )
    return agreed


def main() -> int:
    """Run every case."""

    def tell(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    well = True
    with TemporaryDirectory() as folder:
        for number, case in enumerate(CASES):
            fine, spent = ours(case, number, folder, tell)
            well = beside(case, spent, tell) and fine and well
    return 0 if well else 1


if __name__ == "__main__":
    if len(sys.argv) == 3:  # noqa: PLR2004
        sys.stdout.write(json.dumps(one(Path(sys.argv[2]), policy(CASES[int(sys.argv[1])]))))
    else:
        sys.exit(main())
