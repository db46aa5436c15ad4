"""The reader of Cisco IOS: what its access lists, bound to interfaces, let through.

    ruleset = read_ios(text, "router.cfg")

A packet meets the list bound inward to the interface it comes in by, then, when it is forwarded, the one bound outward to
that by which it leaves. An interface without a list lets everything pass, and so does one whose list is not in the text or
has no entry ("Cisco IOS Security Configuration Guide", IP Access List Overview, access list rules). Commands that are not
known here are taints.
"""

from __future__ import annotations

from ordinance.errors import DataError, Problem
from ordinance.proof.ir import Ruleset
from ordinance.proof.read.cisco.config import Command, commands_of, refuse_no
from ordinance.proof.read.ios.bind import bind
from ordinance.proof.read.ios.entries import EntryReader
from ordinance.proof.read.ios.groups import groups_of
from ordinance.proof.read.ios.interfaces import Interface, interface_of
from ordinance.proof.read.ios.known import IP, TOP
from ordinance.proof.read.ios.lists import Lists
from ordinance.proof.read.text import LineError, Problems, shown

__all__ = ["read_ios"]

_TAKEN_AWAY = {"access-list", "object-group", "time-range", "interface"}
_READ_ELSEWHERE = {"object-group", "time-range"}


def read_ios(text: str, file: str) -> Ruleset:
    """Read a configuration of IOS, or the part of one that holds its lists. Raises DataError."""
    commands, problems = commands_of(text, file, asa=False), Problems(file)
    lists = Lists(EntryReader(groups_of(commands, problems)), problems)
    interfaces: list[Interface] = []
    unread: list[Command] = []
    for command in commands:
        with problems.at(command.line):
            if command.words[0] == "no" and _TAKEN_AWAY & set(command.words[1:3]):
                refuse_no(command)
            elif command.words[0] == "interface":
                interfaces.append(_another(interface_of(command, problems), interfaces))
            elif not lists.take(command) and not _irrelevant(command):
                unread.append(command)
    problems.throw()
    _check_language(commands, unread, bool(lists.v4 or lists.v6 or interfaces), file)
    return bind(file, lists, interfaces, unread)


def _another(one: Interface, known: list[Interface]) -> Interface:
    first = next((other for other in known if other.name == one.name), None)
    if first is not None:
        raise LineError(
            f"a second interface {shown(one.name)} (first on line {first.line})", "put what stands beneath them together"
        )
    return one


def _irrelevant(command: Command) -> bool:
    first, second = [*command.words, ""][:2]
    if first in _READ_ELSEWHERE:
        return True
    if command.words[:3] == ("ip", "nat", "pool") or command.words[:3] == ("ip", "nat", "translation"):
        return True
    if command.words[:4] == ("ip", "nat", "inside", "source") and "list" in command.words[4:5]:
        return True  # translates sources only, which no list looks at again
    return second in IP if first in ("ip", "ipv6") else first in TOP


def _check_language(commands: list[Command], unread: list[Command], anything: bool, file: str) -> None:
    if anything and len(unread) * 2 <= len(commands):
        return
    line = unread[0].line if unread else 0
    what = (
        f"{shown(unread[0].text)} is no command of IOS that is known here"
        if unread
        else "no access list and no interface is in it"
    )
    raise DataError([Problem(file, line, what, "give the configuration of an IOS device, or its access lists and interfaces")])
