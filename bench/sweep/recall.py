"""Every open port, in every run: `python bench/sweep/recall.py [--runs N] [--beds N] [FAULT ...]` (default 20 runs, one bed).

16 addresses, all ports, as an audit sweeps, through each fault of the tests. A run counts when every open port was found and none
besides, the certificate was whole, and the fault's own counter had moved. Exit 1 when one did not.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from queue import SimpleQueue
from statistics import median

from bench.sweep.cases import PRODUCTION
from selftest.observe.sweep.faults import FAULTS, dropped, right
from selftest.observe.sweep.field import Field, field, job, opened, truth

ADDRESSES, TIMEOUT = 16, 900.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to."""

    fine: bool
    found: int
    rounds: int
    seconds: float
    dropped: int


def once(beds: SimpleQueue[Field], fault: str, number: int) -> Run:
    """Sweep once through a fault."""
    load, least = FAULTS[fault]
    made = beds.get()
    try:
        load(made)
        began = time.monotonic()
        seen = made.raw(job(ADDRESSES, **PRODUCTION, seed=number), timeout=TIMEOUT)
        seconds = time.monotonic() - began
        lost = dropped(made) if least else 0
    finally:
        beds.put(made)
    expected, found = truth(ADDRESSES), opened(seen)
    fine = found == expected and right(seen) and lost >= least
    made_of = Run(fine, len(found & expected), seen["bounds"][0]["rounds"], seconds, lost)
    sys.stdout.write(
        f"  {fault:20} {made_of.found}/{len(expected)} open, {len(found - expected)} false, {made_of.rounds} rounds, "
        f"bound {seen['bounds'][0]['miss_bound']:.1e}, {seen['voided']} void, {seconds:.1f} s, fault dropped {lost}, "
        f"load {os.getloadavg()[0]:.1f}{'' if fine else '  WRONG: ' + str(seen['why_incomplete'])}\n"
    )
    sys.stdout.flush()
    return made_of


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="recall of the raw sweep")
    parser.add_argument("faults", nargs="*", help="; ".join(FAULTS))
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--beds", type=int, default=1)
    options = parser.parse_args()
    if strange := set(options.faults) - FAULTS.keys():
        parser.error(f"no such fault: {'; '.join(sorted(strange))}; there are {'; '.join(FAULTS)}")
    beds: SimpleQueue[Field] = SimpleQueue()
    bad = 0
    with ExitStack() as stack, ThreadPoolExecutor(options.beds) as side_by_side:
        for _ in range(options.beds):
            beds.put(stack.enter_context(field()))
        for fault in options.faults or FAULTS:
            runs = list(side_by_side.map(lambda number, name=fault: once(beds, name, number), range(options.runs)))
            fine = sum(run.fine for run in runs)
            bad += len(runs) - fine
            sys.stdout.write(
                f"= {fault}: {fine} of {len(runs)} right; median {median(run.seconds for run in runs):.1f} s, "
                f"{median(run.rounds for run in runs):.0f} rounds, {median(run.dropped for run in runs):.0f} dropped\n"
            )
            sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
