"""`ordinance sweep RANGE --from VANTAGE`: the sweep alone, on the command line."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from ordinance.inventory.load import load
from ordinance.inventory.model import Inventory
from ordinance.labkeeper import LabKeeper, default_inventory
from ordinance.law.load import load_profile, policy_folder
from ordinance.record.exitcode import ExitCode
from ordinance.sight.ports import count
from ordinance.sweepcommand.meaning import Told
from ordinance.sweepcommand.request import Request
from ordinance.sweepcommand.running import Line, Running
from ordinance.sweepcommand.table import lines

INTERRUPTED = "interrupted: the sweep is incomplete, and nothing is known from it"


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `sweep`; `func` and `run` take the parsed arguments and return the exit code."""
    command = subparsers.add_parser(
        "sweep",
        help="ask every TCP port of an address, a network or a public group, from one vantage",
        description="Exit code 0: complete; 6: a port may have been missed; 2: interrupted; 4: not possible, nothing was sent.",
    )
    command.add_argument("range", metavar="RANGE", help="an address, a network (198.51.100.0/28), or the name of a public group")
    command.add_argument("--from", dest="vantage", required=True, metavar="VANTAGE", help="a vantage of the inventory")
    command.add_argument("--ports", default="1-65535", metavar="FIRST-LAST", help="default: 1-65535")
    command.add_argument("--inventory", type=Path, metavar="FILE", help="default: inventory/lab.yml, the embedded city")
    command.add_argument("--profile", default="default", help="whose miss bound is to be kept: a name, or a file")
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")
    command.set_defaults(func=sweep, run=sweep)


def sweep(arguments: argparse.Namespace) -> int:
    """Sweep and tell. 0 complete, 6 unproven, 2 interrupted. Raises OrdinanceError (4) before anything is sent."""
    inventory = load(arguments.inventory or default_inventory(policy_folder().parent))
    profile = load_profile(arguments.profile)
    request = Request.of(arguments.range, arguments.ports, arguments.vantage, inventory)
    running, line = Running(request, inventory, profile), Line()
    with _terminated_like_interrupted():
        try:
            with _city_of(inventory):
                ended = running.wait(line.show)
                line.close()
                return _tell(running, ended=ended, as_json=arguments.json)
        except KeyboardInterrupt:
            line.close()
            return _tell(running, ended=False, as_json=arguments.json)


def _tell(running: Running, *, ended: bool, as_json: bool) -> int:
    """Print what came of it; the exit code."""
    if ended and running.seen is not None:
        told = Told.of(running.request, running.seen, running.inventory, running.profile)
        _say(_json(told) if as_json else "\n".join(lines(told)))
        return ExitCode.COMPLIANT if told.proven else ExitCode.UNPROVEN
    missed = running.missed
    why = f"could not look: {missed}" if missed is not None and ended else INTERRUPTED
    if missed is not None and not ended:
        why = f"{INTERRUPTED} ({missed.detail})"
    if as_json:
        _say(json.dumps({**_asked(running.request), "complete": False, "interrupted": not ended, "why": [why], "addresses": []}))
    else:
        sys.stderr.write(f"ordinance: {why}\n")
    return ExitCode.UNPROVEN if ended else ExitCode.INCOMPLETE


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _asked(request: Request) -> dict[str, Any]:
    return {"range": request.asked, "vantage": request.vantage, "ports": list(request.ports)}


def _json(told: Told) -> str:
    """One object: what was asked, whether it is proven and why not, every address, the certificate as it is recorded."""
    addresses: dict[str, list[dict[str, Any]]] = {}
    for row in told.rows:
        entry = {"answer": row.meaning, "ports": [list(run) for run in row.ports], "count": count(row.ports), "how": row.how}
        addresses.setdefault(row.address, []).append(entry)
    return json.dumps(
        {
            **_asked(told.request),
            "complete": told.proven,
            "interrupted": False,
            "why": list(told.doubts),
            "notes": list(told.notes),
            "addresses": [{"address": address, "answers": answers} for address, answers in addresses.items()],
            "certificate": msgspec.to_builtins(told.seen.certificate),
        },
        indent=2,
    )


@contextlib.contextmanager
def _city_of(inventory: Inventory) -> Iterator[None]:
    """Look from the desk of the embedded city, where it is that city's inventory."""
    if not inventory.lab:
        yield
        return
    keeper = LabKeeper()
    try:
        keeper.open()
        yield
    finally:
        keeper.close()


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
