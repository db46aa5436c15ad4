"""Join the agent's parts into the one text that is sent to a vantage."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

#: In the order in which they build on each other.
PARTS = (
    "wire", "listener", "ears", "throttle", "window", "lane", "lanes", "canaries", "sweep", "probe", "careful", "exchange",
    "datagrams", "watch", "fence", "main",
)  # fmt: skip
_TIES = ("ordinance.", "__future__")
_FUTURE = "from __future__ import annotations\n"
#: Reads the agent's text from standard input and runs it. `-I`: nothing of the vantage's environment or directory is imported.
ARGV = ("python3", "-I", "-c", "import sys; i=sys.stdin.buffer; exec(compile(i.read(int(i.readline())), 'packet-agent', 'exec'))")


@cache
def agent_source() -> str:
    """Return the whole agent as one Python program (3.7 or later, standard library only)."""
    return _FUTURE + "\n".join(_without_ties((files(__package__) / f"{part}.py").read_text("utf-8")) for part in PARTS)


def _without_ties(text: str) -> str:
    """Leave out a part's imports of other parts, and of the future, which stands at the top of the whole."""
    lines: list[str | None] = list(text.splitlines())
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_TIES):
            lines[node.lineno - 1 : node.end_lineno] = [None] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(line for line in lines if line is not None) + "\n"


def request(job: Mapping[str, Any]) -> bytes:
    """Return what is written to the standard input of `ARGV`: length, agent, job. It stays open: its end ends the agent."""
    source = agent_source().encode()
    return b"%d\n" % len(source) + source + json.dumps(job).encode() + b"\n"
