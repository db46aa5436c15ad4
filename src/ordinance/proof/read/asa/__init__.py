"""The reader of Cisco ASA (8.3 and newer): what its access rules and security levels let through.

    ruleset = read_asa(text, "asa.cfg")

Addresses are real ones, as the ASA's own access lists mean them; static translation comes before. Packets to the ASA itself
are not judged. Commands that are not known here are taints.
"""

from __future__ import annotations

from ordinance.errors import DataError, Problem
from ordinance.proof.ir import Ruleset
from ordinance.proof.read.asa.bind import bind
from ordinance.proof.read.asa.configuration import ConfigurationReader
from ordinance.proof.read.cisco.config import commands_of
from ordinance.proof.read.text import Problems, shown

__all__ = ["read_asa"]


def read_asa(text: str, file: str) -> Ruleset:
    """Read a configuration of an ASA, or the part of one that holds interfaces, lists and groups. Raises DataError."""
    commands, problems = commands_of(text, file, asa=True), Problems(file)
    reader = ConfigurationReader(commands, file, problems)
    made = reader.run()
    problems.throw()
    if made.interfaces and len(reader.unread) * 2 <= len(commands):
        return bind(made)
    strange = reader.unread[0] if reader.unread else None
    what = (
        "no interface with a nameif is in it"
        if strange is None
        else f"{shown(strange.text)} is no command of the ASA that is known here"
    )
    right = "give the configuration of an ASA, with its interfaces"
    raise DataError([Problem(file, strange.line if strange else 0, what, right)])
