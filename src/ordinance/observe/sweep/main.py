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


def main() -> int:
    """Do one job."""
    job = json.loads(sys.stdin.readline())
    tell(dict(RawSweep(job, tell).run(), done=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
