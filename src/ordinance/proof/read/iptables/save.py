"""The text of iptables-save as a syntax tree: tables, chains, rules, each rule's options. What they mean is said in bind.py.

Grammar: iptables-restore(8) and what iptables-save prints. `*TABLE`, then `:CHAIN POLICY [packets:bytes]`, then `-A CHAIN
...` (with `-c`, `[packets:bytes] -A ...`), then `COMMIT`. A table that is not closed by COMMIT is a text that was cut off.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ordinance.proof.read.iptables.options import Parsed, parse
from ordinance.proof.read.text import Line, LineError, Problems, lines_of, shown
from ordinance.proof.read.words import words_of

HOOKS = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
_DECLARED = 3  # name, policy, counters
_COUNTERS = re.compile(r"\[\d+:\d+\]")
_WRITE = "write what iptables-save prints: *TABLE, :CHAIN POLICY [0:0], -A CHAIN ..., COMMIT"


@dataclass(slots=True)
class SavedRule:
    """One `-A` line, taken apart."""

    line: int
    text: str
    parsed: Parsed


@dataclass(slots=True)
class SavedChain:
    """One chain. `policy` is "" for a chain of the user's."""

    name: str
    policy: str
    line: int
    rules: list[SavedRule] = field(default_factory=list)


@dataclass(slots=True)
class SavedTable:
    """One table."""

    name: str
    line: int
    chains: dict[str, SavedChain] = field(default_factory=dict)


@dataclass(slots=True)
class Saved:
    """The whole text. `comments` are the `#` lines, in which iptables-save says what it did not print."""

    file: str
    tables: dict[str, SavedTable] = field(default_factory=dict)
    comments: list[Line] = field(default_factory=list)


def read_save(text: str, file: str) -> Saved:
    """Take a text of iptables-save or ip6tables-save apart. Raises DataError with every line that is none of it."""
    problems = Problems(file)
    reading = _Reading(Saved(file))
    for line in lines_of(text, file):
        with problems.at(line.number):
            reading.take(line)
    if reading.table is not None:
        what = f"the table {shown(reading.table.name)} is not closed by COMMIT"
        problems.add(reading.table.line, what, "give the whole text; was it cut off?")
    if not reading.saved.tables:
        problems.add(0, "no table is in it", _WRITE)
    problems.throw()
    return reading.saved


class _Reading:
    """What is being read, line by line."""

    def __init__(self, saved: Saved) -> None:
        self.saved = saved
        self.table: SavedTable | None = None

    def take(self, line: Line) -> None:
        text = line.text.strip(" \t\x0c")
        if not text:
            return
        if text.startswith("#"):
            self.saved.comments.append(Line(line.number, text))
        elif text.startswith("*"):
            self._open(text[1:].strip(), line.number)
        elif self.table is None:
            raise LineError(f"{shown(text)} stands in no table", _WRITE)
        elif text == "COMMIT":
            self.table = None
        elif text.startswith(":"):
            self._declare(self.table, words_of(text[1:]), line.number)
        else:
            self._append(self.table, text, line.number)

    def _open(self, name: str, line: int) -> None:
        unclosed, self.table = self.table, None
        if name not in HOOKS:
            raise LineError(f"no table is called {shown(name)}", f"one of {', '.join(HOOKS)}")
        if name in self.saved.tables:
            first = self.saved.tables[name].line
            raise LineError(
                f"the table {shown(name)} begins a second time (first on line {first})",
                "give IPv4 (iptables-save) and IPv6 (ip6tables-save) as two texts, each once",
            )
        self.table = self.saved.tables[name] = SavedTable(name, line)
        if unclosed is not None:
            what = f"a table begins, but {shown(unclosed.name)} (line {unclosed.line}) is not closed"
            raise LineError(what, "put COMMIT before it")

    def _declare(self, table: SavedTable, words: list[str], line: int) -> None:
        name, policy, *rest = [*words, "", ""] if len(words) < _DECLARED else words
        if not policy or not all(not word or _COUNTERS.fullmatch(word) for word in rest) or len(words) > _DECLARED:
            raise LineError("a chain is not declared so", "write :CHAIN POLICY [packets:bytes]")
        built_in = name in HOOKS[table.name]
        if name in table.chains:
            raise LineError(f"the chain {shown(name)} is declared twice", f"keep one (first on line {table.chains[name].line})")
        if built_in and policy not in ("ACCEPT", "DROP"):
            raise LineError(f"{shown(policy)} is no policy of a built-in chain", "write ACCEPT or DROP")
        if not built_in and policy != "-":
            raise LineError(f"the chain {shown(name)} is not built in, and has no policy", 'write "-" in its place')
        table.chains[name] = SavedChain(name, policy if built_in else "", line)

    def _append(self, table: SavedTable, text: str, line: int) -> None:
        words = words_of(text)
        if _COUNTERS.fullmatch(words[0]):
            del words[0]
        if words[:1] not in (["-A"], ["--append"]) or not words[1:]:
            raise LineError(f"{shown(text)} is no line of iptables-save", _WRITE)
        chain = table.chains.get(words[1])
        if chain is None:
            raise LineError(
                f"no chain of this table is called {shown(words[1])}", f"declare it before its rules: :{words[1]} - [0:0]"
            )
        chain.rules.append(SavedRule(line, text, parse(words[2:])))
