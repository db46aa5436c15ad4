"""The agent's mouth and ears: one job in, JSON lines out, and an end as soon as nobody listens."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from typing import Any

from ordinance.observe.agent.careful import Careful
from ordinance.observe.agent.crafted import Crafted
from ordinance.observe.agent.datagrams import Datagrams
from ordinance.observe.agent.engines import sweep
from ordinance.observe.agent.exchange import echoes, exchanges
from ordinance.observe.agent.fence import fenced
from ordinance.observe.agent.lanes import CHILDREN
from ordinance.observe.agent.watch import Watch, own_addresses

JOBS = {
    "sweep": sweep,
    "careful": lambda job, tell: Careful(job, tell).run(),
    "udp": exchanges,
    "echo": echoes,
    "datagrams": lambda job, tell: Datagrams(job, tell).run(),
    "crafted": lambda job, tell: Crafted(job, tell).run(),
    "watch": lambda job, tell: Watch(job, tell).run(),
    "own": own_addresses,
}
WATCH = 0.25  # seconds between looks at standard input


def tell(line: dict[str, Any]) -> None:
    """Write one JSON line; nobody listening ends the agent."""
    try:
        write_all(json.dumps(line).encode() + b"\n")
    except OSError:
        leave()


def write_all(data: bytes) -> None:
    """Write all of it to standard output."""
    while data:
        data = data[os.write(1, data) :]


def leave(*_: object) -> None:
    """End at once, lanes included."""
    for child in CHILDREN:
        os.kill(child, signal.SIGKILL)
    os._exit(3)


def watch(*_: object) -> None:
    """End when the other side has closed standard input."""
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP | select.POLLERR)
    if poll.poll(0) and not os.read(0, 4096):
        leave()


def main() -> int:
    """Read one job (a line of JSON with its kind in "job"), do it, tell the result with "done": true."""
    job = json.loads(sys.stdin.buffer.readline())
    signal.signal(signal.SIGALRM, watch)
    signal.setitimer(signal.ITIMER_REAL, WATCH, WATCH)
    try:
        result = fenced(job, JOBS[job["job"]], (tell,))
    except Exception as problem:  # noqa: BLE001 - told to the other side, which does not take it for a result
        result = {"error": f"{type(problem).__name__}: {problem}"}
    # While it shuts down, Python gives signals back to the kernel: a late alarm would kill a job that is done.
    signal.setitimer(signal.ITIMER_REAL, 0)
    tell(dict(result, done=True))
    return 1 if "error" in result else 0


if __name__ == "__main__":
    sys.exit(main())
