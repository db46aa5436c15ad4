"""From lists and interfaces to the intermediate representation."""

from __future__ import annotations

from ordinance.proof.fields import ICMPV6, IPV4, IPV6, interface
from ordinance.proof.ir import ALWAYS, Base, Chain, In, Kind, Match, Rule, Ruleset, Statement, Taint, Unknown, Verdict, Where
from ordinance.proof.read.cisco.config import Command
from ordinance.proof.read.cisco.entry import Entry, rule_of
from ordinance.proof.read.cisco.names import ICMPV6 as ICMPV6_NAMES
from ordinance.proof.read.cisco.names import Interfaces
from ordinance.proof.read.ios.interfaces import Binding, Interface
from ordinance.proof.read.ios.lists import AccessList, Lists
from ordinance.proof.read.making import HEADER, every, icmp, protocol

#: "Every IPv6 ACL has implicit permit icmp any any nd-na, permit icmp any any nd-ns, and deny ipv6 any any statements as its
#: last match conditions" (Cisco IOS IPv6 Command Reference, ipv6 access-list)
_NEIGHBOURS = every(protocol(ICMPV6), HEADER, icmp([ICMPV6_NAMES["nd-na"], ICMPV6_NAMES["nd-ns"]]))
#: "ACL statements using object groups will be ignored on packets that are sent to RP for processing" (Cisco IOS Security
#: Configuration Guide, Object Groups for ACLs, Restrictions): of packets to the router itself, whether such an entry counts
#: is an unknown.
_IGNORED = Unknown("an entry with object groups counts for packets to the router itself")
_FAMILIES = {IPV4: "ip", IPV6: "ipv6"}
#: The ways that a list can be bound, the interface that counts, and the hook where its packets are met.
_WAYS = {"in": ("iif", "forward", 0), "in, to the router itself": ("iif", "input", 0), "out": ("oif", "forward", 1)}


def bind(file: str, lists: Lists, interfaces: list[Interface], unread: list[Command]) -> Ruleset:
    """Return the ruleset of one device."""
    binder = _Binder(file, lists)
    for one in interfaces:
        binder.interface(one)
    return binder.ruleset(unread)


class _Binder:
    def __init__(self, file: str, lists: Lists) -> None:
        self._file = file
        self._lists = lists
        self._names = Interfaces()
        self._notes: list[str] = []
        self._chains: dict[str, Chain] = {}
        self._rules: dict[tuple[int, str], list[Rule]] = {(family, way): [] for family in _FAMILIES for way in _WAYS}

    def interface(self, one: Interface) -> None:
        """Put the rules of an interface into the base chains."""
        name = interface(self._names.short(one.name))
        for (family, way), rules in self._rules.items():
            here = In(_WAYS[way][0], (name,))
            for command in one.unread:
                text = f"{one.name}: {command.text}"
                rules.append(self._rule(here, Taint(text), command.line, text))
            for binding in one.bindings:
                if binding.six == (family == IPV6) and binding.inward == (way != "out"):
                    rules.extend(self._bound(binding, one, here, way))

    def _bound(self, binding: Binding, one: Interface, here: Match, way: str) -> list[Rule]:
        found = (self._lists.v6 if binding.six else self._lists.v4).get(binding.list_name)
        if found is None or not found.entries:
            note = f"{one.name}: the list {binding.list_name} is not in the text or is empty, and lets everything pass"
            self._notes.extend([note] if note not in self._notes else [])
            return []
        chain = self._chain(found, itself=_WAYS[way][1] == "input")
        return [self._rule(here, Verdict(Kind.GOTO, chain), binding.line, f"{one.name}: {binding.text}")]

    def _rule(self, match: Match, then: Statement, line: int, text: str) -> Rule:
        return Rule((match, then), Where(self._file, line), text)

    def _chain(self, of: AccessList, itself: bool) -> str:
        name = f"{_FAMILIES[of.family]} access-list {of.name}"
        doubtful = itself and any(isinstance(one, Entry) and one.grouped for one in of.entries.values())
        key = f"{name}, to the router itself" if doubtful else name
        if key not in self._chains:
            rules = [self._entry(one, of, doubtful) for one in of.in_order()]
            self._chains[key] = Chain(key, name, (*rules, *self._implicit(of)))
        return key

    def _entry(self, one: Entry | str, of: AccessList, doubtful: bool) -> Rule:
        if isinstance(one, Entry):
            return rule_of(one, self._file, of.family, *([_IGNORED] if doubtful and one.grouped else []))
        line, _, text = one.partition(" ")  # what a reflexive list lets in is made by the packets that went out
        return self._rule(Unknown(text), Verdict(Kind.ACCEPT), int(line), text)

    def _implicit(self, of: AccessList) -> list[Rule]:
        neighbours = self._rule(_NEIGHBOURS, Verdict(Kind.ACCEPT), of.line, f"{of.text} (implicit permit of nd-na and nd-ns)")
        deny = self._rule(ALWAYS, Verdict(Kind.DROP), of.line, f"{of.text} (implicit deny at its end)")
        return [*([neighbours] if of.family == IPV6 else []), deny]

    def ruleset(self, unread: list[Command]) -> Ruleset:
        """Return everything that was put together."""
        bases = []
        for (family, way), rules in self._rules.items():
            _, hook, priority = _WAYS[way]
            key = f"{_FAMILIES[family]} lists bound {way}"
            self._chains[key] = Chain(key, key, tuple(rules))
            bases.append(Base(key, (family,), hook, priority, Kind.ACCEPT, Where(self._file)))
        return Ruleset(
            source=self._file,
            syntax="ios",
            chains=self._chains,
            bases=tuple(bases),
            taints=tuple(f"{self._file}:{command.line}: {command.text}" for command in unread),
            notes=(*self._notes, *self._names.shortened()),
            stateful=False,
        )
