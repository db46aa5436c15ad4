"""The gate: whether the listing that is read is the program that the kernel runs.

`nft list ruleset` is no faithful picture: it merges tests that are two, loses names, crashes (docs/decisions/proof.md). So the
listing is loaded again in an empty network namespace, and the two kernel programs are compared, rule by rule. Where they differ,
or the listing cannot be loaded, nothing is proved. A guard that nft hides in both directions passes the gate: that is the
reader's business.
"""

from __future__ import annotations

import re
from itertools import zip_longest

from ordinance.proof import netns
from ordinance.proof.wording import plain

_RULE = re.compile(r"(\S+) (\S+) (\S+) (\d+)(?: \d+)? *")
_SET = re.compile(r"(\S+) (\S+) @(\S+) *")
_BASE = re.compile(r"\s*type \S+ hook .*")
_HEAD = re.compile(r"(table|\tchain) (.*) \{")
_ANONYMOUS = re.compile(r"__(?:set|map)\d+")
#: What moves by itself while a ruleset runs.
_MOVING = re.compile(r"(pkts|bytes|packets|consumed|expires|used) [0-9a-z]+")
MOST = 5


class _Program:
    """What `nft --debug=netlink list ruleset` prints: elements of sets, instructions of rules, then the listing in text."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, list[tuple[int, tuple[str, ...]]]] = {}  #: of a chain: handle and instructions
        self.sets: dict[str, list[str]] = {}  #: named ones: elements, sorted
        self.bases: list[str] = []
        self._anonymous: dict[str, list[str]] = {}
        self._pending: list[tuple[str, int, list[str]]] = []
        self._held: list[str] = []  #: elements or instructions that the lines now read belong to
        self._head = ""
        for line in text.splitlines():
            self._line(line)
        for chain, handle, body in self._pending:
            self.rules.setdefault(chain, []).append((handle, self._named(chain.rsplit(" ", 1)[0], body)))
        for elements in self.sets.values():
            elements.sort()

    def _line(self, line: str) -> None:
        if line.startswith(("\telement", "  [")):
            self._held.append(_MOVING.sub(r"\1", line.strip()))
        elif (match := _SET.fullmatch(line)) is not None:
            self._held = []
            place = self._anonymous if _ANONYMOUS.fullmatch(match[3]) else self.sets
            place[f"{match[1]} {match[2]} @{match[3]}"] = self._held
        elif (match := _RULE.fullmatch(line)) is not None:
            self._held = []
            self._pending.append((f"{match[1]} {match[2]} {match[3]}", int(match[4]), self._held))
        elif (match := _HEAD.fullmatch(line)) is not None:
            self._head = match[2] if match[1] == "table" else f"{self._head.split(' chain ')[0]} chain {match[2]}"
        elif _BASE.fullmatch(line) or line.startswith("\tflags "):
            self.bases.append(f"{self._head}: {line.strip()}")

    def _named(self, table: str, body: list[str]) -> tuple[str, ...]:
        """Put the elements of anonymous sets in the place of their numbers, which differ from loading to loading."""

        def elements(match: re.Match[str]) -> str:
            return "{" + "; ".join(sorted(self._anonymous.get(f"{table} @{match[0]}", ["?"]))) + "}"

        return tuple(_ANONYMOUS.sub(elements, instruction) for instruction in body)


def differences(program: str, reloaded: str) -> tuple[str, ...]:
    """Return where two kernel programs differ, by rule of the first; () when they are the same.

    `program` and `reloaded`: what `nft --debug=netlink list ruleset` prints of the running ruleset, and of the reloaded listing.
    """
    ours, theirs = _Program(program), _Program(reloaded)
    found = [*_rules(ours, theirs)]
    names = sorted(ours.sets.keys() | theirs.sets.keys())
    changed = [name for name in names if ours.sets.get(name) != theirs.sets.get(name)]
    found += [f"the elements of {plain(name)} are others in the kernel than in the listing" for name in changed]
    if ours.bases != theirs.bases:
        found.append("hooks, priorities or policies of the chains are others in the kernel than in the listing")
    more = [f"and {len(found) - MOST} more differences"] if len(found) > MOST else []
    return (*found[:MOST], *more)


def gate(listing: str, program: str) -> tuple[str, ...]:
    """Return why a listing is not to be trusted; () when loading it gives `program` again.

    Loads it in an empty network namespace of this machine. Never raises: not to be able to check is a reason.
    """
    try:
        return differences(program, netns.load_json(listing).program)
    except netns.NotLoaded as error:
        return (f"the listing cannot be loaded again: {plain(str(error))}",)
    except netns.NotListed as error:
        return (f"nft cannot list what the listing loads: {plain(str(error))}",)
    except netns.NoNamespace as error:
        return (f"the listing was not compared with the kernel's program: {plain(str(error))}",)


def _rules(ours: _Program, theirs: _Program) -> list[str]:
    found = []
    for chain in [*ours.rules, *(chain for chain in theirs.rules if chain not in ours.rules)]:
        pairs = zip_longest(ours.rules.get(chain, []), theirs.rules.get(chain, []), fillvalue=None)
        for mine, other in pairs:
            if mine is None or other is None:
                found.append(f"chain {plain(chain)} has another number of rules in the kernel than in the listing")
                break
            if mine[1] != other[1]:
                found.append(
                    f"chain {plain(chain)}, rule handle {mine[0]}: the kernel runs another program than the listing says"
                )
    return found
