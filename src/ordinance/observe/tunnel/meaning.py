"""What an SSH server's answer to a channel says of the target behind it (RFC 4254 section 5.1; the words are OpenSSH's).

Only "connect failed" (2) in the words of the far kernel speaks of the target. Policy (1) means that the target was not probed;
2 with "open failed" that the server could not even begin to connect: it has no descriptors left, no route, or a filter of its
own.
"""

from __future__ import annotations

from ordinance.observe.agent.wire import RESET, SILENT, UNNAMED, Outcome
from ordinance.observe.safetext import safe_line

PROHIBITED, CONNECT_FAILED, UNKNOWN_TYPE, SHORTAGE = 1, 2, 3, 4
_TEXT_CAP = 120

_OF_THE_TARGET = {
    "connection refused": RESET,
    "no route to host": UNNAMED,
    "host is unreachable": UNNAMED,
    "network is unreachable": UNNAMED,
    "connection timed out": SILENT,
    "operation timed out": SILENT,
}


def outcome_of_refusal(code: int, text: str) -> Outcome | None:
    """Name the outcome of a channel that did not open; None when the server was short of something.

    A port that policy forbids is "unasked", words nobody knows are "local": neither is ever taken for closed.
    """
    told = f"({code}: {safe_line(text, cap=_TEXT_CAP)})"
    if code == CONNECT_FAILED:
        known = _OF_THE_TARGET.get(text.strip().lower())
        if known is not None:
            return known
        if text.strip().lower() == "open failed":
            return None
        return Outcome("local", f"the SSH server of the vantage said {told}")
    if code == SHORTAGE:
        return None
    return Outcome("unasked", f"the SSH server of the vantage forbids it {told}")
