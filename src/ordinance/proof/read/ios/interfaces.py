"""What is bound to the interfaces of a configuration, and what else there decides over packets without being followed."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordinance.proof.read.cisco.config import Command, refuse_no
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.ios.known import INTERFACE, INTERFACE_IP
from ordinance.proof.read.text import LineError, Problems, shown


@dataclass(frozen=True, slots=True)
class Binding:
    """A list bound to an interface. `inward`: it is of packets that come in."""

    list_name: str
    inward: bool
    six: bool
    line: int
    text: str


@dataclass(slots=True)
class Interface:
    """One interface. `unread`: commands beneath it that may decide over packets, by their line."""

    name: str
    line: int
    bindings: list[Binding] = field(default_factory=list)
    unread: list[Command] = field(default_factory=list)


def interface_of(command: Command, problems: Problems) -> Interface:
    """Read the commands beneath an interface. Raises LineError for one without a name."""
    if not command.words[1:]:
        raise LineError("an interface without a name", "write interface GigabitEthernet0/1")
    found = Interface("".join(command.words[1:]), command.line)
    for line in command.below:
        with problems.at(line.line):
            _take(line, found)
    return found


def _take(line: Command, found: Interface) -> None:
    first, second = [*line.words, ""][:2]
    if line.words[:2] == ("ip", "access-group") and "common" not in line.words:
        _bind(line, found, six=False)
    elif line.words[:2] == ("ipv6", "traffic-filter"):
        _bind(line, found, six=True)
    elif line.words[:3] in (("no", "ip", "access-group"), ("no", "ipv6", "traffic-filter")):
        refuse_no(line)
    elif line.words[:2] == ("ip", "nat"):
        return  # what is translated is said at the left margin
    elif first in ("ip", "ipv6"):
        if second not in INTERFACE_IP:
            found.unread.append(line)
    elif first not in INTERFACE:
        found.unread.append(line)


def _bind(line: Command, found: Interface, six: bool) -> None:
    words = Words(line.words[2:])
    name, way = words.take("the name of a list"), words.take("in or out")
    if way not in ("in", "out"):
        raise LineError(f"{shown(way)} stands where in or out must", "say which way: in or out")
    words.end()
    if any(one.six == six and one.inward == (way == "in") for one in found.bindings):
        raise LineError(f"a second list for packets that go {way}", "an interface takes one list of a family each way; keep one")
    found.bindings.append(Binding(name, way == "in", six, line.line, line.text))
