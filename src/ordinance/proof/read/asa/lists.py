"""The access lists of an ASA, and where they are bound."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordinance.proof.read.asa.entries import EntryReader
from ordinance.proof.read.cisco.config import Command
from ordinance.proof.read.cisco.entry import Entry
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.text import LineError, decimal, shown

_MOST_LINE = 2_147_483_647
_SETTINGS = ("alert-interval", "deny-flow-max", "cached")
_OTHER_KINDS = ("standard", "webtype", "ethertype")


@dataclass(slots=True)
class AccessList:
    """One extended list, in the order of its lines."""

    name: str
    line: int
    text: str
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Binding:
    """One `access-group`. `way`: in, out or global; `interface` is "" for global."""

    list_name: str
    way: str
    interface: str
    override: bool
    line: int
    text: str


class Lists:
    """Reads `access-list` and `access-group`."""

    def __init__(self, reader: EntryReader) -> None:
        self.lists: dict[str, AccessList] = {}
        self.bindings: list[Binding] = []
        self._reader = reader

    def entry(self, command: Command) -> None:
        """Read one `access-list` command. Raises LineError."""
        words = Words(command.words[1:])
        name = words.take("the name of a list")
        if name in _SETTINGS or words.peek() in _OTHER_KINDS:
            return
        if words.has("line"):
            number = words.take("the number of the line")
            if decimal(number, _MOST_LINE) is None:
                raise LineError(f"{shown(number)} is no number of a line", "write line 1, or leave both out")
        found = self.lists.setdefault(name, AccessList(name, command.line, command.text))
        if words.has("remark"):
            return
        if words.peek() not in ("extended", "permit", "deny"):
            raise LineError(
                f"{shown(words.peek())} is no kind of access list that is read", "write extended permit, or extended deny"
            )
        words.has("extended")
        entry = self._reader.read(command.line, command.text, words)
        found.entries.extend([] if entry is None else [entry])

    def group(self, command: Command) -> None:
        """Read one `access-group` command. Raises LineError."""
        words = Words(command.words[1:])
        name, way = words.take("the name of a list"), words.take("in, out or global")
        if way not in ("in", "out", "global"):
            raise LineError(f"{shown(way)} stands where in, out or global must", "write access-group NAME in interface outside")
        interface = ""
        if way != "global":
            if not words.has("interface"):
                raise LineError("an access-group without its interface", "write access-group NAME in interface outside")
            interface = words.take("the name of an interface")
        options = words.rest()
        if "control-plane" in options:
            return  # of packets to the ASA itself
        if any((one.way, one.interface) == (way, interface) for one in self.bindings):
            raise LineError(f"a second list {way} {interface}".rstrip(), "an interface takes one each way; keep one")
        self.bindings.append(Binding(name, way, interface, "per-user-override" in options, command.line, command.text))
