"""The members of IP sets, from the text of `ipset save`: what `-m set --match-set NAME src,dst` asks of a packet (ipset(8)).

Members that expire, sets of MAC addresses or marks, and what is not known here are opaque: whoever asks gets an unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ordinance.proof.fields import IPV4, IPV6, Range
from ordinance.proof.ir import NEVER, Match
from ordinance.proof.read.ipset_elements import Element, addresses, bare_ports, interface_of, ports_of, shared
from ordinance.proof.read.making import every, some
from ordinance.proof.read.text import Line, LineError, OpaqueError, Problems, lines_of, shown
from ordinance.proof.read.words import words_of

_KINDS = {"ip", "net", "port", "iface"}
_METHODS = {"hash", "bitmap", "list"}
#: words of `create` that change nothing in which packets match, and how many words follow
_PLAIN = {
    "family": 1, "hashsize": 1, "maxelem": 1, "bucketsize": 1, "initval": 1, "counters": 0, "comment": 0, "skbinfo": 0,
    "forceadd": 0, "size": 1, "range": 1, "netmask": 1,
}  # fmt: skip
#: words of `add`, and how many words follow
_OF_MEMBER = {"timeout": 1, "packets": 1, "bytes": 1, "comment": 1, "skbmark": 1, "skbprio": 1, "skbqueue": 1, "nomatch": 0}
_WRITE = "write what `ipset save` prints: create NAME TYPE ..., add NAME ELEMENT"


@dataclass(slots=True)
class IpSet:
    """One set. `opaque` says why its members mean nothing here, or is ""."""

    name: str
    method: str
    kinds: tuple[str, ...]
    family: int | None
    netmask: int | None = None
    opaque: str = ""
    members: list[tuple[str, bool]] = field(default_factory=list)  #: as written; and whether it is an exception (nomatch)


class IpSets:
    """All sets of one `ipset save`."""

    def __init__(self, sets: dict[str, IpSet]) -> None:
        self._sets = sets
        self._made: dict[tuple[str, tuple[str, ...], int], Match] = {}

    def match(self, name: str, directions: Sequence[str], version: int) -> Match:
        """Return the match of a set in a packet of one family. Raises OpaqueError when that cannot be said."""
        key = (name, tuple(directions), version)
        if key not in self._made:
            self._made[key] = self._match(*key)
        return self._made[key]

    def _match(self, name: str, directions: tuple[str, ...], version: int) -> Match:
        found = self._sets.get(name)
        if found is None or found.opaque or not set(directions) <= {"src", "dst"}:
            raise OpaqueError
        if found.method == "list":
            return some(self.match(member, directions, version) for member, _ in found.members)
        if found.family not in (None, version):
            return NEVER
        if len(directions) < len(found.kinds):
            raise OpaqueError
        return some(self._elements(found, directions, version))

    def _elements(self, found: IpSet, directions: tuple[str, ...], version: int) -> list[Match]:
        parsed = [(_parts(found, text, version), exception) for text, exception in found.members]
        if len(found.kinds) == 1 and found.kinds[0] in ("ip", "net"):
            return [addresses(_way(directions[0]), nested([(part[0], flag) for part, flag in parsed]))]
        if any(exception for _, exception in parsed):
            raise OpaqueError
        if found.kinds == ("port",):
            return [bare_ports("sport" if directions[0] == "src" else "dport", tuple(part[0].spans[0] for part, _ in parsed))]
        return [
            every(*(_one(kind, part, way) for kind, part, way in zip(found.kinds, parts, directions, strict=False)))
            for parts, _ in parsed
        ]


def nested(members: list[tuple[Element, bool]]) -> tuple[Range, ...]:
    """Return what the members leave: the narrowest network that holds an address decides, and an exception takes it out again."""
    spans = [(element.spans[0], exception) for element, exception in members]
    if not any(exception for _, exception in spans):
        return tuple(span for span, _ in spans)
    left: list[Range] = []
    for (first, last), exception in sorted(spans, key=lambda item: item[0][0] - item[0][1]):
        left = [
            part for low, high in left for part in ((low, min(high, first - 1)), (max(low, last + 1), high)) if part[0] <= part[1]
        ]
        if not exception:
            left.append((first, last))
    return tuple(left)


def _parts(found: IpSet, text: str, version: int) -> list[Element]:
    words = text.split(",")
    if len(words) != len(found.kinds):
        raise OpaqueError
    return [shared(kind, word, version, found.netmask) for kind, word in zip(found.kinds, words, strict=True)]


def _way(direction: str) -> str:
    return "saddr" if direction == "src" else "daddr"


def _one(kind: str, element: Element, direction: str) -> Match:
    if kind == "port":
        return ports_of(element, "sport" if direction == "src" else "dport")
    if kind == "iface":
        return interface_of(element, "iif" if direction == "src" else "oif")
    return addresses(_way(direction), element.spans)


def read_ipsets(text: str, file: str) -> IpSets:
    """Read the text of `ipset save`. Raises DataError with every line that is none of it."""
    problems, sets = Problems(file), dict[str, IpSet]()
    for line in lines_of(text, file):
        with problems.at(line.number):
            _take(line, sets)
    problems.throw()
    for found in sets.values():
        _check_members(found)
    return IpSets(sets)


def _take(line: Line, sets: dict[str, IpSet]) -> None:
    words = words_of(line.text)
    if not words or words[0].startswith("#") or words == ["COMMIT"]:
        return
    if words[0] in ("create", "-N") and len(words) >= 3:  # noqa: PLR2004 - create NAME TYPE
        if words[1] in sets:
            raise LineError(f"the set {shown(words[1])} is created twice", "keep one")
        sets[words[1]] = _created(words[1], words[2], words[3:])
    elif words[0] in ("add", "-A") and len(words) >= 3:  # noqa: PLR2004 - add NAME ELEMENT
        if words[1] not in sets:
            raise LineError(f"no set is called {shown(words[1])}", f"create it first: create {words[1]} hash:net")
        _added(sets[words[1]], words[2], words[3:])
    else:
        raise LineError(f"{shown(line.text)} is no line of `ipset save`", _WRITE)


def _created(name: str, kind: str, words: list[str]) -> IpSet:
    method, colon, kinds = kind.partition(":")
    if not colon or method not in _METHODS:
        raise LineError(f"no set is of the type {shown(kind)}", _WRITE)
    made = IpSet(name, method, tuple(kinds.split(",")), None)
    if method != "list":
        made.family = None if made.kinds == ("port",) else IPV4
        if not set(made.kinds) <= _KINDS:
            made.opaque = f"it is of the type {kind}"
    at = 0
    while at < len(words):
        word, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        if word not in _PLAIN:
            made.opaque = f"it has the option {word}"
            break
        if word == "family":
            made.family = {"inet": IPV4, "inet6": IPV6}.get(value)
        elif word == "netmask":
            made.netmask = int(value) if value.isascii() and value.isdigit() and len(value) <= 3 else None  # noqa: PLR2004
        at += 1 + _PLAIN[word]
    return made


def _added(found: IpSet, element: str, words: list[str]) -> None:
    exception, at = False, 0
    while at < len(words):
        if words[at] not in _OF_MEMBER:
            found.opaque = f"a member has the option {words[at]}"
            break
        if words[at] == "timeout" and words[at + 1 : at + 2] != ["0"]:
            found.opaque = "its members expire"
        exception = exception or words[at] == "nomatch"
        at += 1 + _OF_MEMBER[words[at]]
    found.members.append((element, exception))


def _check_members(found: IpSet) -> None:
    """An element that cannot be read makes the whole set opaque, once and for all."""
    if found.opaque or found.method == "list":
        return
    try:
        for text, _ in found.members:
            _parts(found, text, IPV4 if found.family is None else found.family)
    except OpaqueError:
        found.opaque = f"its member {shown(text)} is not understood"
