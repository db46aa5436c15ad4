"""Start and stop the simulated city many times: `python bench/lab.py [CYCLES]` (default 50). Prints medians; exit 1 on a failure.

What it should show on a machine with two cores: up within 2 s, down within 0.2 s, at most 300 MB (PSS), no failure in 50.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

from ordinance.errors import OrdinanceError
from ordinance.lab import run, state

_KIB = 1024


def memory(lab: state.RunningLab) -> tuple[int, float]:
    """Count the processes of the lab, and add up their proportional set sizes in MiB (/proc/PID/smaps_rollup)."""
    parent: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parent[int(path.name)] = int((path / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            except OSError:
                continue
    inside = [pid for pid in parent if _descends(pid, lab.init.pid, parent)]
    return len(inside), sum(_pss(pid) for pid in inside) / _KIB


def _descends(pid: int, from_pid: int, parent: dict[int, int]) -> bool:
    while pid not in (0, from_pid):
        pid = parent.get(pid, 0)
    return pid == from_pid


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def cycle(name: str) -> tuple[float, float, tuple[int, float]]:
    """Start and stop once: seconds up, seconds down, (processes, MiB)."""
    begin = time.monotonic()
    lab = run.up(name)
    is_up = time.monotonic()
    used = memory(lab)
    end = time.monotonic()
    run.forget(name)
    return is_up - begin, time.monotonic() - end, used


def main(cycles: int) -> int:
    """Run the cycles and print what they took."""
    name = f"bench-{os.getpid()}"
    ups, downs, sizes, failures = [], [], [], 0
    for number in range(cycles):
        try:
            up, down, used = cycle(name)
        except OrdinanceError as error:
            failures += 1
            sys.stderr.write(f"cycle {number + 1}: {error}\n")
            continue
        ups.append(up)
        downs.append(down)
        sizes.append(used)
    sys.stdout.write(f"{cycles} cycles, {failures} failures\n")
    if ups:
        sys.stdout.write(f"up    median {statistics.median(ups):.2f} s, longest {max(ups):.2f} s\n")
        sys.stdout.write(f"down  median {statistics.median(downs):.3f} s, longest {max(downs):.3f} s\n")
        processes, mebibytes = (statistics.median(values) for values in zip(*sizes, strict=True))
        sys.stdout.write(f"size  median {processes:.0f} processes, {mebibytes:.0f} MiB PSS\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
