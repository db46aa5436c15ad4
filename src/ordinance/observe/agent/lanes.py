"""Lanes as processes side by side, on two cores where there are two."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from ordinance.observe.agent.ears import Ears
from ordinance.observe.agent.lane import Lane

CHILDREN: set[int] = set()
NAP = 0.002  # seconds between two hearings: waking for every packet would take a core from the lanes
PR_SET_PDEATHSIG = 1


def fork_lane(lane: Lane, others: Iterable[int]) -> int:
    """Start a lane in a child; the pipe on which it tells its progress and, last, its result.

    `others` are pipes of other lanes, which it must not hold.
    """
    mine, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        # However the agent ends, the kernel ends its lanes (prctl(2)).
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        gc.disable()  # thousands of connects in flight, and no cycle among them
        for pipe in [*others, mine]:
            os.close(pipe)
        with os.fdopen(theirs, "w") as out:
            out.write(json.dumps({"result": lane.run(lambda line: say(out, line))}) + "\n")
        os._exit(0)
    os.close(theirs)
    CHILDREN.add(pid)
    PIDS[mine] = pid
    return mine


PIDS: dict[int, int] = {}


def say(out: Any, line: dict[str, Any]) -> None:
    """Write one line of progress."""
    out.write(json.dumps(line) + "\n")
    out.flush()


class Attendance:
    """Listens to lanes and raw sockets until every lane has ended."""

    def __init__(self, pipes: list[int], ears: Ears, progress: Callable[[int, int], None]) -> None:
        self.texts = dict.fromkeys(pipes, b"")
        self.said: dict[int, dict[str, Any]] = {}
        self.results: list[dict[str, Any]] = []
        self.ears = ears
        self.progress = progress
        self.died = ""

    def run(self) -> None:
        """Fill `results`; `died` says when a lane ended without one."""
        with selectors.DefaultSelector() as selector:
            self.ears.register(selector)
            for pipe in self.texts:
                selector.register(pipe, selectors.EVENT_READ)
            while self.texts:
                for key, _ in selector.select(0.5):
                    if isinstance(key.fileobj, socket.socket):
                        self.ears.listener.drain(key.fileobj)
                    elif not self.read(key.fd):
                        selector.unregister(key.fd)
                        self.bury(key.fd)
                time.sleep(NAP)
                self.progress(
                    sum(line["done"] for line in self.said.values()), round(sum(line["rate"] for line in self.said.values()))
                )

    def read(self, pipe: int) -> bool:
        """Take what a lane says; False at its end."""
        block = os.read(pipe, 1 << 20)
        lines = (self.texts[pipe] + block).split(b"\n")
        self.texts[pipe] = lines.pop()
        for line in map(json.loads, lines):
            if "result" in line:
                self.results.append(line["result"])
                self.said[pipe] = {"done": self.said.get(pipe, {"done": 0})["done"], "rate": 0.0}
            else:
                self.said[pipe] = line
        return bool(block)

    def bury(self, pipe: int) -> None:
        """Reap a lane that has ended."""
        del self.texts[pipe]
        os.close(pipe)
        pid = PIDS.pop(pipe)
        CHILDREN.discard(pid)
        _, status = os.waitpid(pid, 0)
        if status:
            self.died = f"a lane of the sweep died (status {status})"
