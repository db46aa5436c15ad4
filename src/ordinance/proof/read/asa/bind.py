"""From lists, interfaces and translations of an ASA to the intermediate representation.

Packets of connections that exist pass. Others meet, on their way in, the rules of their interface, then the global ones, then
a deny; an interface that has neither lets pass what goes to a lower security level. On their way out they meet the list bound
outward there.
"""

from __future__ import annotations

from ordinance.proof.fields import CT_STATES, IPV4, IPV6, TOP, interface
from ordinance.proof.ir import (
    ALWAYS,
    NEVER,
    Base,
    Chain,
    Havoc,
    In,
    Kind,
    Match,
    Nat,
    NatKind,
    Not,
    Rule,
    Ruleset,
    Statement,
    Taint,
    Unknown,
    Verdict,
    Where,
)  # fmt: skip
from ordinance.proof.read.asa.configuration import Configuration
from ordinance.proof.read.asa.interfaces import Interface
from ordinance.proof.read.asa.lists import Binding
from ordinance.proof.read.asa.nat import Static
from ordinance.proof.read.cisco.entry import rule_of
from ordinance.proof.read.cisco.names import Interfaces
from ordinance.proof.read.making import HEADER, V4, V6, every, ports, protocol, some, span

_ESTABLISHED = In("ct", ((CT_STATES["established"],) * 2,))
_RELATED = In("ct", ((CT_STATES["related"],) * 2,))
_UNTRANSLATED = In("nat", ((0, 0),))
_IN, _OUT, _NAT, _SELF = "access rules, in", "access rules, out", "translations", "packets to the ASA itself"
_GLOBAL = "access-group global"


def bind(of: Configuration) -> Ruleset:
    """Return the ruleset of one device."""
    return _Binder(of).ruleset()


class _Binder:
    def __init__(self, of: Configuration) -> None:
        self._of = of
        self._names = Interfaces()
        self._chains: dict[str, Chain] = {}
        self._in = {one.interface: one for one in of.lists.bindings if one.way == "in"}
        self._out = {one.interface: one for one in of.lists.bindings if one.way == "out"}
        self._global = next((one for one in of.lists.bindings if one.way == "global"), None)

    def ruleset(self) -> Ruleset:
        """Return everything, put together."""
        self._put(_NAT, [rule for static in self._of.statics for rule in self._translate(static)])
        self._put(_IN, [*self._connections(), *self._everywhere(), *self._inward(), self._deny("no interface of this name", 0)])
        self._put(_OUT, [*self._connections(), *self._outward()])
        self._put(_SELF, [self._rule([Havoc("access to the ASA itself is not read")], 0, "access to the ASA itself")])
        both = (IPV4,) if self._of.v4_only else (IPV4, IPV6)
        where = Where(self._of.file)
        bases = [
            Base(_NAT, both, "prerouting", -100, Kind.ACCEPT, where, nat=True),
            Base(_IN, both, "forward", 0, Kind.ACCEPT, where),
            Base(_OUT, both, "forward", 1, Kind.ACCEPT, where),
            Base(_SELF, (IPV4, IPV6), "input", 0, Kind.ACCEPT, where),
            *([Base(_SELF, (IPV6,), "forward", 0, Kind.ACCEPT, where)] if self._of.v4_only else []),
        ]
        notes = (*self._of.notes, *self._names.shortened())
        return Ruleset(self._of.file, "asa", self._chains, tuple(bases), (IPV4, IPV6), self._of.taints, notes)

    def _put(self, key: str, rules: list[Rule]) -> None:
        self._chains[key] = Chain(key, key, tuple(rules))

    def _rule(self, statements: list[Statement], line: int, text: str) -> Rule:
        return Rule(tuple(statements), Where(self._of.file, line), text)

    def _deny(self, why: str, line: int, *match: Match) -> Rule:
        return self._rule([*match, Verdict(Kind.DROP)], line, f"(implicit deny: {why})")

    def _at(self, field: str, name: str) -> In:
        return In(field, (interface(self._names.short(name)),))

    def _connections(self) -> list[Rule]:
        """Access rules are for the first packet of a connection ("Access Rules for Returning Traffic")."""
        expected = Unknown("a connection that an inspection expects")
        accept = Verdict(Kind.ACCEPT)
        return [
            self._rule([_ESTABLISHED, accept], 0, "(connections that exist pass)"),
            self._rule([every(_RELATED, expected), accept], 0, "(connections that an inspection expects pass)"),
        ]

    def _everywhere(self) -> list[Rule]:
        """What holds whatever the access rules say."""
        rules: list[Rule] = []
        for one in self._of.interfaces.values():
            here, there = self._at("iif", one.name), self._at("oif", one.name)
            either = some([here, there])
            rules.extend(self._rule([either, Taint(f"{one.name}: {line.text}")], line.line, line.text) for line in one.unread)
            if one.management:
                rules.append(self._deny(f"{one.name} is for management only", one.line, either))
            if not self._of.same_interface:
                rules.append(self._deny("back out of the interface it came in by", one.line, every(here, there)))
            same = [other.name for other in self._of.interfaces.values() if other.level == one.level and other is not one]
            if same and not self._of.same_level:
                to = some([self._at("oif", name) for name in same])
                rules.append(self._deny("between interfaces of the same security level", one.line, every(here, to)))
        known = some([self._at("oif", name) for name in self._of.interfaces]) if self._of.interfaces else NEVER
        return [*rules, self._deny("no interface of this name", 0, In("oif", ((1, TOP["oif"]),)), Not(known))]

    def _inward(self) -> list[Rule]:
        rules = []
        for one in self._of.interfaces.values():
            here = self._at("iif", one.name)
            rules.extend(self._direct(one, here))
            if one.name in self._of.tunnels:
                rules.append(self._tunnel(one, here))
            bound = self._in.get(one.name)
            if bound is not None:
                rules.extend(self._bound(bound, here, self._chain(bound, then_global=True)))
            elif self._global is not None:
                rules.extend(self._bound(self._global, here, self._chain(self._global, then_global=False)))
            else:
                rules.extend(self._levels(one, here))
        return rules

    def _outward(self) -> list[Rule]:
        rules = [self._tunnel(self._of.interfaces[name], self._at("iif", name)) for name in self._of.tunnels]
        for name, bound in self._out.items():
            rules.extend(self._bound(bound, self._at("oif", name), self._chain(bound, then_global=False)))
        return rules

    def _bound(self, bound: Binding, here: Match, chain: str) -> list[Rule]:
        own = [self._rule([here, Havoc(f"a user's own list: {bound.text}")], bound.line, bound.text)] if bound.override else []
        return [*own, self._rule([here, Verdict(Kind.GOTO, chain)], bound.line, bound.text)]

    def _tunnel(self, one: Interface, here: Match) -> Rule:
        """`sysopt connection permit-vpn`, which is the default, lets what comes out of a tunnel past the access rules."""
        out_of = Unknown(f"it came out of a VPN tunnel at {one.name}")
        return self._rule([every(here, out_of), Verdict(Kind.ACCEPT)], one.line, "sysopt connection permit-vpn")

    def _levels(self, one: Interface, here: Match) -> list[Rule]:
        lower = [other for other in self._of.interfaces.values() if other is not one and other.level <= one.level]
        rules = []
        if lower:
            to = some([self._at("oif", other.name) for other in lower])
            text = f"(implicit permit: from {one.name}, security level {one.level}, to no higher one)"
            rules.append(self._rule([every(here, to), Verdict(Kind.ACCEPT)], one.line, text))
        if self._of.same_interface:
            rules.append(
                self._rule([every(here, self._at("oif", one.name)), Verdict(Kind.ACCEPT)], one.line, "(implicit permit)")
            )
        return [*rules, self._deny(f"from {one.name} to a higher security level", one.line, here)]

    def _chain(self, bound: Binding, then_global: bool) -> str:
        follows = self._global if then_global else None
        key = f"access-list {bound.list_name}" + (", then global" if follows else "")
        if key not in self._chains:
            found = self._of.lists.lists[bound.list_name]
            rules = [rule_of(entry, self._of.file, None) for entry in found.entries]
            if follows is not None:
                end = self._rule([Verdict(Kind.GOTO, self._chain(follows, then_global=False))], follows.line, follows.text)
            else:
                end = self._deny(f"at the end of access-list {found.name}", found.line, ALWAYS)
            self._chains[key] = Chain(key, f"access-list {found.name}", (*rules, end))
        return key

    def _translate(self, static: Static) -> list[Rule]:
        match = [*self._came(static.outside), self._span(static.mapped)]
        nat = Nat(NatKind.DNAT, (static.real_range,), (), IPV4 if static.real[0].version == 4 else IPV6)  # noqa: PLR2004
        if static.ports is not None:
            number, mapped, real = static.ports
            match.append(every(protocol(number), HEADER, ports("dport", [(mapped, mapped)])))
            nat = Nat(nat.kind, nat.addresses, ((real, real),), nat.family)
        return [self._rule([every(*match), nat], static.line, static.text)]

    def _came(self, name: str) -> list[Match]:
        return [] if name == "any" else [self._at("iif", name)]

    def _span(self, of: tuple[object, object]) -> Match:
        first, last = of
        return every(V4 if first.version == 4 else V6, span("daddr", first, last))  # type: ignore[attr-defined,arg-type]  # noqa: PLR2004

    def _direct(self, one: Interface, here: Match) -> list[Rule]:
        """What comes for a real address where the mapped one is meant may fail the check of the way back."""
        rules = []
        for static in self._of.statics:
            if static.outside in (one.name, "any"):
                doubt = Unknown(f"a packet for the real address passes the reverse check of: {static.text}")
                match = every(here, _UNTRANSLATED, self._span(static.real), Not(doubt))
                rules.append(self._deny("the way back would be translated", static.line, match))
        return rules
