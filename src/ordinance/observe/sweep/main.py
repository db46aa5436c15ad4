"""A raw sweep as a program: one job as a line of JSON in, progress and the result as lines of JSON out."""

from __future__ import annotations

import json
import sys
from typing import Any

from ordinance.observe.sweep.engine import RawSweep


def tell(line: dict[str, Any]) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


#: Seconds after which a thread that waits for the interpreter gets it: sending must not wait while a table is filled.
SWITCH = 0.0005


def main() -> int:
    """Do one job."""
    sys.setswitchinterval(SWITCH)
    job = json.loads(sys.stdin.readline())
    tell(dict(RawSweep(job, tell).run(), done=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
