"""What a raw sweep may take: `python bench/sweep/limits.py [--runs N] [limiter | memory | processor]` (default 3 runs of each).

limiter: wall time against ports / limit, one round of 16 addresses through 20,000 SYNs a second. memory: resident at its peak,
256 addresses, all ports. processor: its share of a core at a pace of 1,000 probes a second, start included. Exit 1 when one is
above its limit.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from statistics import median

from bench.sweep.cases import ONE_ROUND
from bench.sweep.tools import raw
from selftest.observe.sweep.faults import LIMIT, dropped, limiting
from selftest.observe.sweep.field import Field, field, job

PORTS = 65_535
PACE = 1000


def limiter(made: Field) -> float:
    """Wall time over the least that a round can take."""
    limiting(made)
    seen = raw(job(16, **{**ONE_ROUND, "canaries_per_round": {"4": 2000}}), timeout=600)(made)
    if not dropped(made):
        raise SystemExit("the limiter dropped nothing: the sweep was slower than it")
    return seen.taken.wall / (16 * PORTS / LIMIT)


def memory(made: Field) -> float:
    """Megabytes."""
    made.guard()
    return raw(job(256, **ONE_ROUND), timeout=600)(made).taken.memory


def processor(made: Field) -> float:
    """Percent of a core."""
    made.guard()
    seen = raw(job(16, rate=PACE, last_port=3000, least_rounds=1, most_rounds=1))(made)
    return 100 * seen.taken.cpu / seen.taken.wall


FIGURES: Mapping[str, tuple[Callable[[Field], float], float, str]] = {
    "limiter": (limiter, 1.3, "times ports / limit"),
    "memory": (memory, 200, "MB"),
    "processor": (processor, 5, "% of a core"),
}


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description="what a raw sweep may take")
    parser.add_argument("figures", nargs="*", help=", ".join(FIGURES))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if strange := set(options.figures) - FIGURES.keys():
        parser.error(f"no such figure: {', '.join(sorted(strange))}; there are {', '.join(FIGURES)}")
    fine = True
    with field() as made:
        for name in options.figures or FIGURES:
            measure, most, unit = FIGURES[name]
            values = [measure(made) for _ in range(options.runs)]
            reached = median(values) <= most
            fine &= reached
            told = ", ".join(f"{value:.2f}" for value in values)
            sys.stdout.write(
                f"= {name}: {median(values):.2f} {unit} (at most {most}) {'reached' if reached else 'NOT REACHED'}; "
                f"runs {told}; load {os.getloadavg()[0]:.1f}\n"
            )
            sys.stdout.flush()
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
