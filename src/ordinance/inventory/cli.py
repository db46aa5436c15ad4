"""`ordinance inventory check FILE` and `ordinance inventory schema`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from ordinance.errors import DataError, UsageError
from ordinance.inventory.load import load
from ordinance.inventory.model import ROLES, Inventory
from ordinance.inventory.schema import schema_text

FINE = 0
BAD_DATA = 4


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `inventory` and its commands; `func` and `run` take the parsed arguments and return the exit code."""
    commands = subparsers.add_parser("inventory", help="check an inventory, or print its JSON Schema").add_subparsers(
        dest="inventory_command", metavar="COMMAND", required=True
    )
    checker = commands.add_parser("check", help="read an inventory and say what it holds; nothing is contacted")
    checker.add_argument("file", type=Path, metavar="FILE")
    checker.set_defaults(func=check, run=check)
    schema = commands.add_parser("schema", help="print the JSON Schema of inventories, for editors")
    schema.add_argument("--output", type=Path, metavar="PATH", help="write it there instead")
    schema.set_defaults(func=write_schema, run=write_schema)


def check(arguments: argparse.Namespace) -> int:
    """Print what the inventory holds (exit code 0), or every problem of it (exit code 4)."""
    try:
        inventory = load(arguments.file)
    except DataError as error:
        sys.stderr.write(f"{error}\n{_counted(len(error.problems), 'problem')}\n")
        return BAD_DATA
    sys.stdout.write("".join(f"{line}\n" for line in summary(inventory)))
    return FINE


def write_schema(arguments: argparse.Namespace) -> int:
    """Print the schema, or write it to `--output`."""
    if arguments.output is None:
        sys.stdout.write(schema_text())
        return FINE
    try:
        arguments.output.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{arguments.output}: cannot be written: {error.strerror}") from None
    return FINE


def summary(inventory: Inventory) -> Iterator[str]:
    """Yield what an inventory holds, in lines."""
    yield f"{inventory.source}: {inventory.city}{', the embedded city' if inventory.lab else ''}"
    reached = sum(host.ssh is not None for host in inventory.hosts.values())
    yield f"  {_counted(len(inventory.hosts), 'host')}, {reached} reached by SSH"
    for role in ROLES:
        names = ", ".join(host.name for host in inventory.with_role(role))
        yield f"    {role}: {names or 'none'}"
    for group in inventory.public:
        found = _counted(len(group.addresses), "address", "addresses")
        yield f"  public group {group.name}: {found}"
    total = sum(len(group.addresses) for group in inventory.public)
    yield f"  {_counted(total, 'public address', 'public addresses')} in all"
    yield f"  {_counted(len(inventory.services), 'service')}, vantages: {', '.join(inventory.vantages) or 'none'}"
    registers = inventory.registers
    attested, authorised = len(registers.attestations), len(registers.authorisations)
    yield f"  {_counted(attested, 'attestation')}, {_counted(authorised, 'authorisation')}"
    if not inventory.hosts and not inventory.public:
        yield "  nothing to check: neither a host nor a public address is declared"


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
