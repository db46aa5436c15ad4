"""A replay opens no socket, whatever it runs: the interpreter itself refuses, and the refusal ends in no verdict that is good."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

#: Audit events of CPython (PEP 578) that come before anything is asked of a network or of a name service.
_EVENTS = ("socket.__new__", "socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg", "socket.get")
_forbidden: list[bool] = []


class Offline(RuntimeError):
    """Something wanted the network during a replay."""


def forbid_network() -> Callable[[], None]:
    """Refuse every socket and every look-up of a name in this process, until what is returned is called."""
    if not _forbidden:
        _forbidden.append(True)
        sys.addaudithook(_refuse)
    _forbidden[0] = True

    def allow() -> None:
        _forbidden[0] = False

    return allow


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:  # noqa: ARG001 - an audit hook's shape
    if event.startswith("socket.") and event.startswith(_EVENTS) and _forbidden[0]:
        raise Offline(f"a replay looks at nothing, and {event} was asked for")
