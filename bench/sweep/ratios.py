"""The sweep engines beside masscan and nmap: `python bench/sweep/ratios.py [--runs N] [CASE ...]` (default 3 runs of every case).

Each case makes its runs in turn, engine and yardsticks one after the other, in namespaces of its own; the table tells medians,
and the ratio of the medians against what is to be reached. The load of the machine goes with every line: compare inside a case.
Exit 1 when a ratio was not reached or an engine missed an open port; 4 when a yardstick is not installed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from bench.sweep.cases import CASES, Case
from bench.sweep.tools import Seen, Tool, missing
from selftest.observe.sweep.field import Field, field, truth

#: masscan 1.3.2 hangs at its end on a link where nothing comes any more: something always does.
TRICKLE = """
import socket, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    while True:
        s.sendto(b"", ("203.0.113.20", 9))
        time.sleep(0.02)
"""


@contextlib.contextmanager
def trickled(made: Field) -> Iterator[None]:
    """Let a datagram come to the vantage every now and then."""
    process = subprocess.Popen(made.enter("fw", sys.executable, "-c", TRICKLE))
    try:
        yield
    finally:
        process.kill()
        process.wait()


def compare(made: Field, case: Case, runs: int) -> bool:
    """Run one case; whether it reached what is to be reached."""
    case.prepare(made)
    tools: dict[str, Tool] = {"ordinance": case.engine, **{name: tool for name, (tool, _) in case.yardsticks.items()}}
    seen: dict[str, list[Seen]] = {name: [] for name in tools}
    for _ in range(runs):
        for name, tool in tools.items():
            seen[name].append(tool(made))
            line(case, name, seen[name][-1])
    fine = True
    ours = median(each.taken.wall for each in seen["ordinance"])
    cpu = median(each.taken.cpu for each in seen["ordinance"])
    for name, (_, most) in case.yardsticks.items():
        theirs = median(each.taken.wall for each in seen[name])
        theirs_cpu = median(each.taken.cpu for each in seen[name])
        reached = ours / theirs <= most
        fine &= reached
        word = "reached" if reached else "NOT REACHED"
        sys.stdout.write(
            f"= {case.name} / {name}: wall {ours:.2f} / {theirs:.2f} = {ours / theirs:.2f} (at most {most}) {word}; "
            f"CPU {cpu:.2f} / {theirs_cpu:.2f} = {cpu / theirs_cpu:.2f}; medians of {runs}\n"
        )
    return fine and all(each.last.get("complete") and each.found == truth(case.addresses) for each in seen["ordinance"])


def line(case: Case, name: str, seen: Seen) -> None:
    """Tell one run."""
    expected = truth(case.addresses)
    taken = seen.taken
    note = "" if taken.ended else " KILLED AFTER ITS TIME"
    false = f", {len(seen.found - expected)} FALSE" if seen.found - expected else ""
    sys.stdout.write(
        f"  {case.name:14} {name:32} {taken.wall:7.2f} s wall {taken.cpu:7.2f} s CPU {taken.memory:6.0f} MB "
        f"{len(seen.found & expected)}/{len(expected)} open{false}  load {os.getloadavg()[0]:.1f}{note}\n"
    )
    sys.stdout.flush()


def main() -> int:
    """Compare what was asked for."""
    parser = argparse.ArgumentParser(description="sweep engines beside their yardsticks")
    parser.add_argument("cases", nargs="*", help=", ".join(case.name for case in CASES))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if absent := missing():
        sys.stderr.write(f"not installed: {', '.join(absent)}; they are the yardsticks (apt-get install {' '.join(absent)})\n")
        return 4
    if strange := set(options.cases) - {case.name for case in CASES}:
        sys.stderr.write(f"no such case: {', '.join(sorted(strange))}; there are {', '.join(case.name for case in CASES)}\n")
        return 4
    chosen = [case for case in CASES if not options.cases or case.name in options.cases]
    with field() as made, trickled(made):
        reached = [compare(made, case, options.runs) for case in chosen]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
