"""`ordinance verify RUN|REPORTS`: whether the evidence is what was recorded, sealed and signed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path

from ordinance.errors import UsageError
from ordinance.record.chain import NotSound
from ordinance.record.exitcode import ExitCode
from ordinance.record.folder import JOURNAL, RESULTS
from ordinance.record.head import RUN_NAME
from ordinance.record.nights import Told, describe, link_of, verify_reports
from ordinance.record.seal import SEAL
from ordinance.record.signers import allowed, own
from ordinance.record.verify import verify_run
from ordinance.report.text import clean

SOUND = 0


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `verify`; `func` and `run` take the parsed arguments and return the exit code."""
    command = subparsers.add_parser("verify", help="check the signature, the chain and the completeness of a run, or of all")
    command.add_argument(
        "folder", type=Path, metavar="RUN|REPORTS", help="the folder of a run, or the folder that holds the runs"
    )
    command.add_argument("--signers", type=Path, metavar="FILE", help="an allowed_signers file (default: this machine's own key)")
    command.set_defaults(func=verify, run=verify)


def verify(arguments: argparse.Namespace) -> int:
    """Say what was found, a line a run: 0 all of it sound, 7 (`ExitCode.NOT_SOUND`) something not. Raises OrdinanceError."""
    folder: Path = arguments.folder
    if not folder.is_dir():
        raise UsageError(f"{folder} is not the folder of a run, nor one that holds runs")
    signers = allowed(arguments.signers) if arguments.signers is not None else own()
    told = _one(folder, signers) if _is_run(folder) else verify_reports(folder, signers)
    if not told:
        raise UsageError(f"{folder} holds no run")
    for line in told:
        (sys.stderr if line.fault else sys.stdout).write(clean(f"{'not sound: ' if line.fault else ''}{line.text}") + "\n")
    return ExitCode.NOT_SOUND if any(line.fault for line in told) else SOUND


def _is_run(folder: Path) -> bool:
    return bool(RUN_NAME.match(folder.resolve().name)) or any((folder / name).exists() for name in (JOURNAL, RESULTS, *SEAL))


def _one(folder: Path, signers: Collection[bytes]) -> list[Told]:
    try:
        sound = verify_run(folder, signers)
        return [Told(f"{describe(sound)}; {link_of(sound)}")]
    except NotSound as error:
        return [Told(str(error), fault=True)]
