"""The way of some packets through a base chain, rule by rule: what accepts them, and what they meet that is not known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordinance.proof.ir import Base, Chain, Havoc, Kind, Nat, Rule, Ruleset, Statement, Taint, Verdict, VerdictMap
from ordinance.proof.matching import MATCHES, unknowns
from ordinance.proof.segments import BLOCK, Block, translated
from ordinance.proof.space import NONE, Set

if TYPE_CHECKING:
    from ordinance.proof.walk import Walk


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
        segment = self._summary.chains[chain.key]
        ended = self._space.both(packets, self._space.either(segment.on, segment.back))
        if base.policy is Kind.ACCEPT and ended != NONE:
            yield Hit(chain, None, ended)

    def _chain(self, chain: Chain, packets: Set, sure: bool = True) -> Iterator[Hit]:
        """Follow packets block by block, so that what no rule of a block matches is not asked of each of them."""
        for block in self._blocks(chain):
            if packets == NONE:
                return
            mine = self._space.both(packets, block.touched)
            if mine == NONE:
                continue
            yield from self._row(chain, block, mine, sure)
            packets = self._space.minus(packets, block.stopped)

    def _row(self, chain: Chain, block: Block, packets: Set, sure: bool) -> Iterator[Hit]:
        for rule in block.rules:
            segment = self._summary.rule(rule.statements)
            mine = self._space.both(packets, self._summary.touched(segment))
            if mine != NONE:
                yield from self._rule(chain, rule, mine, sure)
                packets = self._space.both(packets, segment.on)

    def _blocks(self, chain: Chain) -> list[Block]:
        """Cut a chain into runs of rules; remembered for the next question."""
        found = self._summary.blocks.get(chain.key)
        if found is None:
            starts = range(0, len(chain.rules), BLOCK)
            found = self._summary.blocks[chain.key] = [self._block(chain.rules[at : at + BLOCK]) for at in starts]
        return found

    def _block(self, rules: tuple[Rule, ...]) -> Block:
        segments = [self._summary.rule(rule.statements) for rule in rules]
        touched = self._space.any_of([self._summary.touched(segment) for segment in segments])
        return Block(rules, touched, self._space.any_of([self._space.complement(segment.on) for segment in segments]))

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
