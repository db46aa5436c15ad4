"""Join the agent's parts into the one text that is sent to a vantage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

PARTS = ("wire", "lane", "sweep", "careful", "exchange", "main")
_SIBLING = "from ordinance.observe.agent."
_FUTURE = "from __future__ import annotations\n"
#: Reads the agent's text from standard input and runs it. `-I`: nothing of the vantage's environment or directory is imported.
ARGV = ("python3", "-I", "-c", "import sys; i=sys.stdin.buffer; exec(compile(i.read(int(i.readline())), 'packet-agent', 'exec'))")


@cache
def agent_source() -> str:
    """Return the whole agent as one Python program (3.7 or later, standard library only)."""
    parts = [(files(__package__) / f"{part}.py").read_text("utf-8") for part in PARTS]
    body = "".join(line for part in parts for line in part.splitlines(keepends=True) if not line.startswith(_SIBLING))
    return _FUTURE + body.replace(_FUTURE, "")


def request(job: Mapping[str, Any]) -> bytes:
    """Return what is written to the standard input of `ARGV`: length, agent, job. It stays open: its end ends the agent."""
    source = agent_source().encode()
    return b"%d\n" % len(source) + source + json.dumps(job).encode() + b"\n"
