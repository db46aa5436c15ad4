"""The console script `ordinance`: what is around the audit. The audit itself is `pytest`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ordinance import verifying
from ordinance.errors import OrdinanceError
from ordinance.inventory import cli as inventory_cli
from ordinance.lab import cli as lab_cli
from ordinance.proving import cli as proving_cli
from ordinance.replay import cli as replay_cli
from ordinance.sweepcommand import cli as sweep_cli

#: Exit code of every error that the person at the keyboard can act on.
CANNOT = 4
#: As a shell says it: 128 + SIGINT.
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="ordinance", description="Compliance as code; the audit itself is run by `pytest`.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    lab_cli.register(commands)
    inventory_cli.register(commands)
    verifying.register(commands)
    replay_cli.register(commands)
    proving_cli.register(commands)
    sweep_cli.register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 2 not a command (or `sweep` was interrupted), 3 not up (`lab status`), 4 cannot be done, 6 unproven (`sweep`),
    7 not sound (`verify`).
    """
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except OrdinanceError as error:
        sys.stderr.write(f"ordinance: {error}\n")
        return CANNOT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough; Python must not try to flush it once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CANNOT
    return code
