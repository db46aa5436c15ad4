"""The sweep engines and their yardsticks, each as an argv and a reader of what it found open.

masscan and nmap are yardsticks only: programs of Debian's, run beside, never a part of this project.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.sweep.measure import Taken, run
from ordinance.observe.shipping import argv, request
from selftest.observe.sweep.field import Field, opened

Found = set[tuple[str, int]]
NMAP_PORT = re.compile(r"(\d+)/open/tcp")


@dataclass(frozen=True, slots=True)
class Seen:
    """A run and the open ports it found; `last` is an engine's last line."""

    taken: Taken
    found: Found
    last: dict[str, Any]


Tool = Callable[[Field], Seen]


def missing() -> list[str]:
    """Yardsticks that are not installed."""
    return [name for name in ("masscan", "nmap") if shutil.which(name) is None]


def raw(job: dict[str, Any], timeout: float = 300.0) -> Tool:
    """Give the raw engine, as it runs on a vantage."""
    return _agent({"seconds": timeout, "engine": "raw", **job}, timeout)


def connect(job: dict[str, Any], timeout: float = 300.0) -> Tool:
    """Give the connect engine, as it runs on a vantage."""
    return _agent({"seconds": timeout, "engine": "connect", **job}, timeout)


def _agent(job: dict[str, Any], timeout: float) -> Tool:
    command, text = argv(sys.executable), request(job)
    return lambda field: _ours(run(field, command, stdin=text, timeout=timeout + 30))


def _ours(taken: Taken) -> Seen:
    last = json.loads(taken.text.splitlines()[-1])
    return Seen(taken, opened(last), last)


def masscan(network: str, timeout: float = 300.0, rate: int = 10_000_000, *more: str) -> Tool:
    """Give masscan, which does not wait for late answers."""
    command = ["masscan", network, "-p1-65535", "--rate", str(rate), "--wait", "0", "-e", "o0", *more]

    def tool(field: Field) -> Seen:
        taken = run(field, command, timeout=timeout)
        found = {(address, int(port)) for port, address in re.findall(r"open port (\d+)/tcp on (\S+)", taken.text)}
        return Seen(taken, found, {})

    return tool


def nmap(network: str, *options: str, timeout: float = 300.0) -> Tool:
    """Give nmap with some options."""
    command = ["nmap", *options, "-Pn", "-n", "-p1-65535", "-oG", "-", network]

    def tool(field: Field) -> Seen:
        taken = run(field, command, timeout=timeout)
        lines = re.findall(r"Host: (\S+) .*Ports: (.*)", taken.text)
        return Seen(taken, {(address, int(port)) for address, text in lines for port in NMAP_PORT.findall(text)}, {})

    return tool
