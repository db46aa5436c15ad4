"""`nft -j list ruleset`: tables ip, ip6 and inet; base chains of prerouting, input, forward and postrouting.

Rules are read as they come. Where something comes up later that they are to be read by (a set behind them, a rule that changes a
set or a mark), all of them are read again.
Hooks that can let a packet in past those (bridge, netdev, inet ingress) are taints: of such a device nothing is proved.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ordinance.proof.collector import held_off
from ordinance.proof.fields import IPV4, IPV6
from ordinance.proof.ir import Base, Chain, Kind, Rule, Ruleset, Where
from ordinance.proof.read.matches import Matches
from ordinance.proof.read.objects import Found, Listing
from ordinance.proof.read.sets import Sets
from ordinance.proof.read.shown import rule_text, shown
from ordinance.proof.read.statements import Statements

FAMILIES = {"ip": (IPV4,), "ip6": (IPV6,), "inet": (IPV4, IPV6)}
HOOKS = ("prerouting", "input", "forward", "postrouting")
#: Families of tables whose packets are not what is judged here.
OTHER = ("arp",)
_IGNORED = ("metainfo", "counter", "quota", "limit", "ct helper", "ct timeout", "ct expectation", "secmark", "synproxy")
#: Statements and expressions that switch connection tracking on for their family (nf_ct_netns_get of the kernel). In JSON only a
#: key is followed by a colon; inside a string its quotes would be escaped.
_TRACKING = re.compile(r'"(?:ct|masquerade|redirect|flow)"\s*:')
#: These do so for the family of their addresses alone, in a table inet too (nft_nat_init).
_TRANSLATING = ("dnat", "snat")
#: Statements that tell something of other rules, or of the whole ruleset.
_TELLING = frozenset({"set", "map", "mangle", *_TRANSLATING})
_POLICIES = {"accept": Kind.ACCEPT, "drop": Kind.DROP}


def read_nft(text: str, source: str) -> Ruleset:
    """Return the ruleset that a listing holds. Raises DataError, with the line, for what is no listing."""
    with held_off():
        return _Reader(Listing(text, source)).read()


class _Reader:
    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._sets = Sets()
        self._dormant: set[tuple[str, str]] = set()
        self._rules: dict[str, list[Rule]] = {}
        self._bases: list[Base] = []
        self._tracked: set[int] = set()
        self._taints: dict[str, None] = {}
        self._changed: set[str] = set()
        self._readers: dict[tuple[str, str], Statements] = {}
        self._late = False  #: something came up that rules which were already read have to be read by again

    def read(self) -> Ruleset:
        for found in self._listing.objects():
            self._declare(found)
        if self._late:
            self._readers = {}
            self._rules = {key: [] for key in self._rules}
            for found in self._listing.objects():
                if found.kind == "rule" and self._table(found)[0] not in OTHER:
                    self._rule(found)
        chains = {key: Chain(key, key, tuple(rules)) for key, rules in self._rules.items()}
        return Ruleset(self._listing.source, "nft", chains, tuple(self._bases), tuple(sorted(self._tracked)), tuple(self._taints))

    def _declare(self, found: Found) -> None:
        kind = found.kind
        if kind in _IGNORED:
            return
        if kind == "rule":
            self._first_look(found)
        elif kind == "table":
            self._flags(found)
        elif kind == "chain":
            self._chain(found)
        elif kind in ("set", "map"):
            self._late = self._late or self._table(found) in self._readers
            self._sets.add(self._table(found), self._text(found, "name"), found.body)
        elif kind == "element":
            self._late = True
            self._sets.extend(self._table(found), self._text(found, "name"), found.body.get("elem"))
        elif kind == "flowtable":
            return  # offloads flows that the rules have accepted; established flows are not judged
        else:
            self._taints[f"{kind} (not known)"] = None

    def _flags(self, found: Found) -> None:
        """A dormant table decides nothing. nft 1.0.6 lists the word as other bytes: then nobody knows."""
        name = self._text(found, "family"), self._text(found, "name")
        flags = found.body.get("flags", [])
        words = set(map(str, flags)) if isinstance(flags, list) else {str(flags)}
        if "dormant" in words:
            self._dormant.add(name)
        elif words - {"owner", "persist"}:
            self._taints[f"table {' '.join(name)} has a flag that the listing does not name: it may be dormant"] = None

    def _text(self, found: Found, key: str) -> str:
        value = found.body.get(key)
        if not isinstance(value, str) or not value:
            self._listing.refuse(found.line, f'a {found.kind} has no "{key}"')
        return value

    def _table(self, found: Found) -> tuple[str, str]:
        return self._text(found, "family"), self._text(found, "table")

    def _chain(self, found: Found) -> None:
        family, table = self._table(found)
        name = self._text(found, "name")
        if family in OTHER:
            return
        key = _key(family, table, name)
        self._rules.setdefault(key, [])
        if "hook" in found.body and (family, table) not in self._dormant:
            self._base(found, key, family)

    def _base(self, found: Found, key: str, family: str) -> None:
        hook, body = self._text(found, "hook"), found.body
        if family not in FAMILIES or hook == "ingress":
            self._taints[f"chain {key} (hook {hook}) is not followed"] = None
            return
        policy = _POLICIES.get(str(body.get("policy", "accept")))
        priority = body.get("prio", 0)
        if policy is None:
            self._listing.refuse(found.line, f"chain {key} has the policy {shown(body.get('policy'))}", "accept or drop")
        if isinstance(priority, bool) or not isinstance(priority, int):
            self._listing.refuse(found.line, f"chain {key} has the priority {shown(priority)}", "a number")
        where = Where(self._listing.source, found.line, _handle(body))
        if hook in HOOKS:
            self._bases.append(Base(key, FAMILIES[family], hook, priority, policy, where, body.get("type") == "nat"))

    def _first_look(self, found: Found) -> None:
        """Keep where a rule stands, and learn what it changes."""
        table = self._table(found)
        if table[0] in OTHER:
            return
        self._rules.setdefault(_key(*table, self._text(found, "chain")), [])
        if table not in self._dormant and _TRACKING.search(self._listing.text, found.start, found.end):
            self._tracked.update(FAMILIES.get(table[0], ()))
        expressions = found.body.get("expr")
        for expression in expressions if isinstance(expressions, list) else []:
            if isinstance(expression, dict) and not _TELLING.isdisjoint(expression):
                self._changes(expression, table)
                self._translates(expression, table)
        if not self._late:
            self._rule(found)

    def _translates(self, expression: dict[str, Any], table: tuple[str, str]) -> None:
        for kind in _TRANSLATING:
            body = expression.get(kind)
            if isinstance(body, dict) and table not in self._dormant:
                family = table[0] if table[0] != "inet" else str(body.get("family"))
                self._tracked.update(FAMILIES.get(family, ()))

    def _changes(self, expression: dict[str, Any], table: tuple[str, str]) -> None:
        for kind in ("set", "map"):
            body = expression.get(kind)
            if isinstance(body, dict):
                self._late = True
                self._sets.updated(table, str(body.get(kind, "")).removeprefix("@"))
        body = expression.get("mangle")
        if isinstance(body, dict):
            self._late = True
            self._changed.add(shown(body.get("key")))

    def _rule(self, found: Found) -> None:
        table = self._table(found)
        if table[0] not in FAMILIES:
            return
        reader = self._readers.get(table) or self._reader(table)
        expressions = found.body.get("expr", [])
        where = Where(self._listing.source, found.line, _handle(found.body))
        words = _Words(self._listing, found.start, found.line)
        rules = self._rules[_key(*table, found.body["chain"])]
        rules.extend(Rule(statements, where, words) for statements in reader.rule(expressions))

    def _reader(self, table: tuple[str, str]) -> Statements:
        matches = Matches(self._sets, table, frozenset(self._changed))
        found = self._readers[table] = Statements(self._sets, table, matches, lambda name: _key(*table, name))
        return found


class _Words(msgspec.Struct, frozen=True, gc=False):
    """A rule in words; made when somebody asks for them, for most rules are never shown."""

    listing: Listing
    start: int
    line: int

    def __call__(self) -> str:
        body, _ = self.listing.decode(self.start, self.line)
        return rule_text(body["rule"].get("expr"))


def _key(family: str, table: str, name: str) -> str:
    return f"{family} {table} {name}"


def _handle(body: dict[str, Any]) -> int | None:
    found = body.get("handle")
    return found if isinstance(found, int) and not isinstance(found, bool) else None
