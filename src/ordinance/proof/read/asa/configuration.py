"""What a configuration of an ASA says, before it is bound: read command by command."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ordinance.errors import DataError, Problem
from ordinance.proof.read.asa.entries import EntryReader
from ordinance.proof.read.asa.groups import GroupReader
from ordinance.proof.read.asa.interfaces import Interface, interface_of
from ordinance.proof.read.asa.known import TOP
from ordinance.proof.read.asa.lists import Lists
from ordinance.proof.read.asa.nat import NatReader, Static
from ordinance.proof.read.asa.objects import Objects, read_object
from ordinance.proof.read.cisco.clock import time_range
from ordinance.proof.read.cisco.config import Command, refuse_no
from ordinance.proof.read.text import LineError, Problems, shown

_VERSION = re.compile(r"(ASA|PIX) Version (\d+)\.(\d+)")
_REAL_ADDRESSES = (8, 3)
_UNIFIED = (9, 0)
_TUNNELS = (("crypto", "map"), ("crypto", "ikev1"), ("crypto", "ikev2"), ("crypto", "isakmp"))


@dataclass(slots=True)
class Configuration:
    """Everything that decides which packets pass."""

    file: str
    objects: Objects = field(default_factory=Objects)
    interfaces: dict[str, Interface] = field(default_factory=dict)
    lists: Lists = field(init=False)
    statics: list[Static] = field(default_factory=list)
    tunnels: list[str] = field(default_factory=list)
    same_level: bool = False
    same_interface: bool = False
    v4_only: bool = False
    taints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ConfigurationReader:
    """Reads a configuration in the order in which its parts refer to one another."""

    def __init__(self, commands: list[Command], file: str, problems: Problems) -> None:
        self._commands = commands
        self._problems = problems
        self._made = Configuration(file)
        self._unread: list[Command] = []

    def run(self) -> Configuration:
        """Return what was read; what is wrong is kept as problems."""
        made, objects = self._made, self._made.objects
        self._version()
        self._each("name", lambda one: objects.names.update({one.words[2]: one.words[1]} if one.words[2:] else {}))
        self._each("time-range", lambda one: objects.times.update({one.words[-1]: time_range(one, self._problems)}))
        self._each("object", lambda one: read_object(one, objects, self._problems))
        self._each("object-group", GroupReader(self._commands, objects, self._problems).read)
        self._each("interface", self._interface)
        made.lists = Lists(EntryReader(objects, {name: one.hosts for name, one in made.interfaces.items()}))
        self._each("access-list", made.lists.entry)
        self._each("access-group", self._group)
        nat = NatReader(objects, made.interfaces)
        self._each("nat", nat.twice)
        self._each("object", nat.of_object)
        made.statics = nat.statics
        self._others()
        self._unread.extend(nat.unread)
        made.taints = tuple(f"{made.file}:{command.line}: {command.text}" for command in self._unread)
        return made

    def _each(self, word: str, read: Callable[[Command], None]) -> None:
        for command in self._commands:
            if command.words[0] == word:
                with self._problems.at(command.line):
                    read(command)

    def _version(self) -> None:
        found = next((match for command in self._commands if (match := _VERSION.match(command.text))), None)
        if found is None:
            return
        version = int(found[2]), int(found[3])
        if version < _REAL_ADDRESSES:
            what = f"version {version[0]}.{version[1]}, whose access lists are of translated addresses"
            raise DataError([Problem(self._made.file, 0, what, "version 8.3 or newer is read")])
        self._made.v4_only = version < _UNIFIED

    def _interface(self, command: Command) -> None:
        found = interface_of(command, self._made.objects, self._problems)
        if found is None:
            return
        if found.name in self._made.interfaces:
            raise LineError(f"a second interface is called {shown(found.name)}", "give it another nameif")
        self._made.interfaces[found.name] = found

    def _group(self, command: Command) -> None:
        lists = self._made.lists
        lists.group(command)
        if not lists.bindings or lists.bindings[-1].line != command.line:
            return
        bound = lists.bindings[-1]
        if bound.list_name not in lists.lists:
            raise LineError(f"no access list is called {shown(bound.list_name)}", "give the whole configuration; is it cut off?")
        if bound.interface and bound.interface not in self._made.interfaces:
            raise LineError(f"no interface is called {shown(bound.interface)}", "give the interfaces too: nameif says its name")

    def _others(self) -> None:
        permit_vpn, tunnels = True, dict[str, None]()
        for command in self._commands:
            first, second, *rest = [*command.words, "", ""]
            with self._problems.at(command.line):
                if first == "no" and second in _ELSEWHERE - {"sysopt", "names", "name"}:
                    refuse_no(command)
            if command.words[:4] == ("no", "sysopt", "connection", "permit-vpn"):
                permit_vpn = False
            elif first == "same-security-traffic":
                self._made.same_level |= rest[:1] == ["inter-interface"]
                self._made.same_interface |= rest[:1] == ["intra-interface"]
            elif (first, second) in _TUNNELS:
                tunnels.update(dict.fromkeys(word for word in command.words if word in self._made.interfaces))
            elif first == "webvpn":
                tunnels.update({one.words[1]: None for one in command.below if one.words[0] == "enable" and one.words[1:]})
            elif (first, second) == ("ipv6", "access-list") or (first not in _ELSEWHERE and first not in TOP):
                self._unread.append(command)
        self._made.tunnels = [name for name in tunnels if permit_vpn and name in self._made.interfaces]

    @property
    def unread(self) -> list[Command]:
        """Return the commands that are not understood."""
        return self._unread


_ELSEWHERE = {
    "access-group",
    "access-list",
    "interface",
    "name",
    "names",
    "nat",
    "object",
    "object-group",
    "sysopt",
    "time-range",
}
