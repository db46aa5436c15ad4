"""Which engine sweeps: the raw one where this vantage has what it needs, else the one that connects; and why that one."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.fence import hold_frames
from ordinance.observe.agent.sweep import Sweep

OLDEST = (3, 9)  # Python of the raw engine
RAW, CONNECT = "raw", "connect"
WHY_PROXIED = "a SYN proxy shakes hands for the hosts, so only what follows a handshake tells"
WHY_RAW = "the vantage has numpy and CAP_NET_RAW"
Tell = Callable[[dict[str, Any]], None]


class NotRaw(Exception):
    """Why there is no raw sweep from here."""


def sweep(job: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Do a sweep job. "engine" in the job asks for one of the two; in the result it names the one that did it, and "why"."""
    try:
        engine = raw_engine(job, tell)
    except NotRaw as why:
        if job.get("engine") == RAW:
            return {"error": f"no raw sweep can be made from here: {why}"}
        tell({"engine": CONNECT, "why": str(why)})
        return dict(Sweep(job, tell).run(), engine=CONNECT, why=str(why))
    hold_frames(engine.devices)
    tell({"engine": RAW, "why": WHY_RAW})
    last = dict(engine.run(), engine=RAW, why=WHY_RAW, devices=engine.devices)
    if not engine.proxied or job.get("engine") == RAW:
        return last
    tell({"engine": CONNECT, "why": WHY_PROXIED})
    return dict(Sweep(job, tell).run(), engine=CONNECT, why=WHY_PROXIED)


def raw_engine(job: dict[str, Any], tell: Tell) -> Any:
    """Make the raw engine ready; NotRaw with the reason why it cannot be. OutOfScope, as every other fault of a job, is none."""
    if job.get("engine") == CONNECT:
        raise NotRaw("it was asked for")
    if sys.version_info < OLDEST:
        raise NotRaw("python3 there is older than 3.9")
    try:
        from ordinance.observe.sweep.arrays import np  # noqa: PLC0415 - as the two below
        from ordinance.observe.sweep.engine import RawSweep  # noqa: PLC0415 - not to be had on every vantage
        from ordinance.observe.sweep.ways import NoRaw  # noqa: PLC0415
    except Exception as missing:
        absent = isinstance(missing, ImportError) and missing.name == "numpy"
        raise NotRaw("no numpy there" if absent else f"numpy cannot be used there: {missing}") from missing
    if not hasattr(np, "ndarray"):  # Python takes an empty directory of that name for a package (PEP 420)
        raise NotRaw("no numpy there, but a directory of its name")
    may_send_frames()
    try:
        return RawSweep(job, tell)
    except NoRaw as why:
        raise NotRaw(str(why)) from why
    except OSError as why:
        raise NotRaw(f"the kernel there does not let it: {why.strerror or why}") from why


def may_send_frames() -> None:
    """NotRaw where a packet socket is not to be had."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError as why:
        raise NotRaw("no CAP_NET_RAW there" if os.geteuid() == 0 else "no CAP_NET_RAW there: the agent is not root") from why
    except OSError as why:
        raise NotRaw(f"no packet sockets there: {why.strerror}") from why
