"""From the syntax tree of iptables-save to the intermediate representation."""

from __future__ import annotations

from ordinance.proof.fields import IPV4
from ordinance.proof.ir import Base, Chain, Kind, Rule, Unknown, Verdict, Where
from ordinance.proof.read.ipset import IpSets
from ordinance.proof.read.iptables.context import Context
from ordinance.proof.read.iptables.matches import matches
from ordinance.proof.read.iptables.reach import check_loops, roots_of
from ordinance.proof.read.iptables.save import HOOKS, Saved, SavedChain, SavedRule, SavedTable
from ordinance.proof.read.iptables.targets import statements
from ordinance.proof.read.iptables.transport import HEADLESS, HOTDROP, READS_HEADER, later_fragments
from ordinance.proof.read.text import Problems

#: Hook and priority of the built-in chains that are walked (include/uapi/linux/netfilter_ipv4.h). What mangle drops after
#: routing, it drops of what was forwarded. nat's other chains translate sources and drop nothing; OUTPUT sees what the
#: machine itself sends.
PLACES = {
    ("raw", "PREROUTING"): ("prerouting", -300),
    ("mangle", "PREROUTING"): ("prerouting", -150),
    ("nat", "PREROUTING"): ("prerouting", -100),
    ("mangle", "INPUT"): ("input", -150),
    ("filter", "INPUT"): ("input", 0),
    ("security", "INPUT"): ("input", 50),
    ("mangle", "FORWARD"): ("forward", -150),
    ("filter", "FORWARD"): ("forward", 0),
    ("security", "FORWARD"): ("forward", 50),
    ("mangle", "POSTROUTING"): ("forward", 150),
}
_TRANSLATE = {"DNAT", "REDIRECT", "NETMAP", "SNAT", "MASQUERADE"}
#: What iptables-nft-save says, in a comment, of rules that it did not print.
_LEFT_OUT = ("is incompatible, use", "tables present, use")


class Bound:
    """One family's share of the ruleset."""

    def __init__(self, saved: Saved, version: int, sets: IpSets | None, changing: frozenset[str]) -> None:
        self.chains: dict[str, Chain] = {}
        self.bases: list[Base] = []
        self.tracked = _tracks(saved)
        self._saved = saved
        self._version = version
        self._sets = sets
        self._changing = changing
        self._problems = Problems(saved.file)
        for table in saved.tables.values():
            self._table(table)
        self._problems.throw()
        self.taints = tuple(
            f"{saved.file}:{line.number}: {line.text[1:].strip()}" for line in saved.comments if _left_out(line.text)
        )

    def _table(self, table: SavedTable) -> None:
        keys = {name: self._key(table, name) for name in table.chains}
        check_loops(table, self._problems)
        roots, later = roots_of(table), later_fragments(self._version, self.tracked, self._legacy())
        for chain in table.chains.values():
            context = Context(self._version, table.name, roots[chain.name], later, self._sets, self._changing)
            rules = tuple(made for rule in chain.rules if (made := self._rule(rule, context, keys)) is not None)
            if chain.name in HOOKS[table.name] and table.name != "nat" and _asks_for_header(table):
                rules = (self._headless(chain), *rules)
            self.chains[keys[chain.name]] = Chain(keys[chain.name], f"{table.name} {chain.name}", rules)
            self._base(table, chain, keys[chain.name])

    def _key(self, table: SavedTable, name: str) -> str:
        return f"{'ip' if self._version == IPV4 else 'ip6'} {table.name} {name}"

    def _legacy(self) -> bool:
        """Only a text that says so surely comes from the legacy interface. Versions before 1.8 knew no other."""
        head = next((line.text for line in self._saved.comments if "tables-save v" in line.text), "")
        return "(legacy)" in head or ("tables-save v" in head and "nf_tables" not in head)

    def _rule(self, rule: SavedRule, context: Context, keys: dict[str, str]) -> Rule | None:
        with self._problems.at(rule.line):
            effect = statements(rule.parsed, keys)
            return Rule((*matches(rule.parsed, context), *effect), Where(self._saved.file, rule.line), rule.text)
        return None

    def _headless(self, chain: SavedChain) -> Rule:
        """A packet without a header of layer 4 does not merely fail a match that reads it (see transport.py)."""
        statements = (HEADLESS, Unknown(HOTDROP, fresh=True), Verdict(Kind.DROP))
        return Rule(statements, Where(self._saved.file, chain.line), HOTDROP)

    def _base(self, table: SavedTable, chain: SavedChain, key: str) -> None:
        if chain.name not in HOOKS[table.name] or (table.name, chain.name) not in PLACES:
            return
        hook, priority = PLACES[table.name, chain.name]
        where = Where(self._saved.file, chain.line)
        self.bases.append(Base(key, (self._version,), hook, priority, Kind(chain.policy.lower()), where, nat=table.name == "nat"))


def _asks_for_header(table: SavedTable) -> bool:
    return any(not READS_HEADER.isdisjoint(rule.parsed.used) for chain in table.chains.values() for rule in chain.rules)


def _tracks(saved: Saved) -> bool:
    """Whether connection tracking is at work: a rule that asks for a connection's state, or translates, brings it."""
    return any(
        rule.parsed.target in _TRANSLATE
        or any(option.module == "state" or option.name == "ctstate" for option in rule.parsed.options)
        for table in saved.tables.values()
        for chain in table.chains.values()
        for rule in chain.rules
    )


def _left_out(comment: str) -> bool:
    return any(words in comment for words in _LEFT_OUT)


def changed_sets(saved: Saved) -> frozenset[str]:
    """Return the IP sets that some rule changes while packets pass (-j SET)."""
    rules = [rule for table in saved.tables.values() for chain in table.chains.values() for rule in chain.rules]
    return frozenset(
        option.values[0]
        for rule in rules
        if rule.parsed.target == "SET"
        for option in rule.parsed.target_options
        if option.values
    )
