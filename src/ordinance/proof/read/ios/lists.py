"""The access lists of a configuration: numbered and named, standard and extended, of IPv4 and IPv6."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordinance.proof.fields import IPV4, IPV6
from ordinance.proof.read.cisco.config import Command
from ordinance.proof.read.cisco.entry import Entry
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.ios.entries import EntryReader
from ordinance.proof.read.ios.known import ACCESS_LIST_SETTINGS
from ordinance.proof.read.text import LineError, Problems, decimal, shown

STANDARD, EXTENDED, IPV6_LIST = "standard", "extended", "IPv6"
_MOST_SEQUENCE = 2_147_483_647
_STEP = 10
_STANDARD = (range(1, 100), range(1300, 2000))
_EXTENDED = (range(100, 200), range(2000, 2700))


@dataclass(slots=True)
class AccessList:
    """One list. `evaluates`: reflexive lists that it refers to, by their sequence numbers."""

    name: str
    kind: str
    line: int
    text: str
    entries: dict[int, Entry | str] = field(default_factory=dict)  #: by sequence number; a str is an `evaluate` line

    @property
    def family(self) -> int:
        """Return the family of the packets it is for."""
        return IPV6 if self.kind == IPV6_LIST else IPV4

    def in_order(self) -> list[Entry | str]:
        """Return the entries as packets meet them."""
        return [self.entries[number] for number in sorted(self.entries)]


class Lists:
    """Reads every access list of a configuration."""

    def __init__(self, reader: EntryReader, problems: Problems) -> None:
        self.v4: dict[str, AccessList] = {}
        self.v6: dict[str, AccessList] = {}
        self._reader = reader
        self._problems = problems

    def take(self, command: Command) -> bool:
        """Read a command if it is of an access list. Raises LineError."""
        words = Words(command.words)
        if words.has("access-list"):
            self._numbered(command, words)
        elif command.words[:2] == ("ip", "access-list"):
            self._named(command, Words(command.words[2:]))
        elif command.words[:2] == ("ipv6", "access-list"):
            if command.words[2:3] != ("log-update",):
                self._entries(
                    command, self._list(self.v6, Words(command.words[2:]).take("the name of a list"), IPV6_LIST, command)
                )
        else:
            return False
        return True

    def _numbered(self, command: Command, words: Words) -> None:
        number = decimal(words.take("the number of a list"), 2699)
        if number is None:
            if command.words[1] in ("compiled", "rate-limit", "dynamic-extended"):
                return
            raise LineError(
                f"{shown(command.words[1])} is no number of a list", "1-99, 1300-1999 standard; 100-199, 2000-2699 extended"
            )
        kind = STANDARD if any(number in span for span in _STANDARD) else EXTENDED
        if kind == EXTENDED and not any(number in span for span in _EXTENDED):
            return  # lists of other protocols than IP
        self._entry(command.line, command.text, words, self._list(self.v4, str(number), kind, command))

    def _named(self, command: Command, words: Words) -> None:
        if words.peek() in ACCESS_LIST_SETTINGS:
            return
        kind = words.take("standard or extended")
        if kind not in (STANDARD, EXTENDED):
            raise LineError(
                f"{shown(kind)} stands where standard or extended must", "IOS writes it; NX-OS and IOS XR are not read"
            )
        self._entries(command, self._list(self.v4, words.take("the name of a list"), kind, command))
        words.end()

    def _list(self, lists: dict[str, AccessList], name: str, kind: str, command: Command) -> AccessList:
        found = lists.setdefault(name, AccessList(name, kind, command.line, command.text))
        if found.kind != kind:
            raise LineError(
                f"the list {shown(name)} is {kind} here and {found.kind} on line {found.line}", "give one of them another name"
            )
        return found

    def _entries(self, command: Command, into: AccessList) -> None:
        for line in command.below:
            with self._problems.at(line.line):
                self._entry(line.line, line.text, Words(line.words), into)

    def _entry(self, line: int, text: str, words: Words, into: AccessList) -> None:
        number = _sequence(words, into)
        if words.has("remark", "description"):
            return
        entry: Entry | str
        if words.peek() == "evaluate":
            entry = f"{line} {text}"
        elif into.kind == STANDARD:
            entry = self._reader.standard(line, text, words)
        else:
            entry = self._reader.extended(line, text, words, into.family)
        if number in into.entries:
            raise LineError(f"a second entry {number} of the list {shown(into.name)}", "give it a number of its own")
        into.entries[number] = entry


def _sequence(words: Words, into: AccessList) -> int:
    words.has("sequence")
    number = decimal(words.peek(), _MOST_SEQUENCE)
    if number is not None:
        words.take("a number")
        return number
    return max(into.entries, default=0) + _STEP
