"""The way of some packets through a base chain, rule by rule: what accepts them, and what they meet that is not known."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordinance.proof.ir import Base, Chain, Havoc, Kind, Nat, Rule, Ruleset, Statement, Taint, Verdict, VerdictMap
from ordinance.proof.matching import MATCHES, unknowns
from ordinance.proof.segment import translated
from ordinance.proof.space import NONE, Set

if TYPE_CHECKING:
    from ordinance.proof.walk import Walk


#: Rules that packets are taken through together: so many that they are few in number, so few that the packets are
BLOCK = 128


@dataclass(frozen=True, slots=True)
class Hit:
    """Packets that some rule may accept (`rule` None: the policy of the base chain), translate, or leave in doubt."""

    chain: Chain
    rule: Rule | None
    packets: Set
    nat: Nat | None = None
    doubt: str = ""  #: an unknown that they met and that may change their fate here
    sure: bool = True  #: once here, they are accepted for certain (variables apart)


class Tracer:
    """Follows packets through the chains of one ruleset."""

    def __init__(self, walk: Walk, ruleset: Ruleset) -> None:
        self._walk = walk
        self._space = walk.space
        self._ruleset = ruleset
        self._summary = walk.summary(ruleset)

    def base(self, base: Base, packets: Set) -> Iterator[Hit]:
        """Yield what may accept `packets` in a base chain; packets of another family are not its business."""
        chain = self._ruleset.chains[base.chain]
        mine = self._space.ranges("family", [(family, family) for family in base.families])
        packets = self._space.both(packets, mine)
        yield from self._chain(chain, packets)
        if base.policy is Kind.ACCEPT and (ended := self._summary.ended(chain.key, packets)) != NONE:
            yield Hit(chain, None, ended)

    def _chain(self, chain: Chain, packets: Set, sure: bool = True) -> Iterator[Hit]:
        """Follow packets block by block, and of each only those that some of its rules concern."""
        parts = self._summary.parts[chain.key]
        for at in range(0, len(parts), BLOCK):
            rules = zip(chain.rules[at : at + BLOCK], parts[at : at + BLOCK], strict=True)
            met = [rule for rule, part in rules if self._summary.concerns(part, packets)]
            if met:
                packets = yield from self._row(chain, met, packets, sure)
            if packets == NONE:
                return

    def _row(self, chain: Chain, rules: list[Rule], packets: Set, sure: bool) -> Generator[Hit, None, Set]:
        """Follow packets through some rules, each of which concerns some of them; return those that go on behind."""
        space = self._space
        segments = [self._summary.rule(rule.statements) for rule in rules]
        touched = [self._summary.touched(segment) for segment in segments]
        left = space.both(packets, space.any_of(touched))
        for rule, segment, mine in zip(rules, segments, touched, strict=True):
            if (reached := space.both(left, mine)) != NONE:
                yield from self._rule(chain, rule, reached, sure)
                left = space.both(left, segment.on)
        return space.minus(packets, space.any_of([space.complement(segment.on) for segment in segments]))

    def _rule(self, chain: Chain, rule: Rule, reach: Set, sure: bool) -> Iterator[Hit]:
        for statement in rule.statements:
            if reach == NONE:
                return
            yield from self._statement(chain, rule, statement, reach, sure)
            if isinstance(statement, MATCHES):
                doubtful = list(unknowns((statement,)))
                may, must = self._summary.matcher.extent(statement)
                reach, sure = self._space.both(reach, may), sure and may == must
                if reach != NONE:
                    yield from (Hit(chain, rule, reach, doubt=found.selector) for found in doubtful)

    def _statement(self, chain: Chain, rule: Rule, statement: Statement, reach: Set, sure: bool) -> Iterator[Hit]:
        if isinstance(statement, Verdict):
            yield from self._verdict(chain, rule, statement, reach, sure)
        elif isinstance(statement, VerdictMap):
            for match, verdict in statement.entries:
                may, must = self._summary.matcher.extent(match)
                yield from self._verdict(chain, rule, verdict, self._space.both(reach, may), sure and may == must)
                reach = self._space.minus(reach, must)
        elif isinstance(statement, Nat):
            mine = translated(self._space, statement, reach)
            if mine != NONE:
                yield Hit(chain, rule, mine, nat=statement)
        elif isinstance(statement, Havoc):
            yield Hit(chain, rule, reach, doubt=statement.what)
            yield Hit(chain, rule, reach, sure=False)
        elif isinstance(statement, Taint):
            yield Hit(chain, rule, reach, doubt=statement.what)

    def _verdict(self, chain: Chain, rule: Rule, verdict: Verdict, reach: Set, sure: bool) -> Iterator[Hit]:
        if reach == NONE:
            return
        if verdict.kind is Kind.ACCEPT:
            yield Hit(chain, rule, reach, sure=sure)
        elif verdict.kind in (Kind.JUMP, Kind.GOTO):
            yield from self._chain(self._ruleset.chains[verdict.target], reach, sure)
