"""The second engine: binary decision diagrams of CUDD (through `dd`) with the interface of `ordinance.proof.space.Space`.

A set is the number of a diagram; equal sets have equal numbers, as there. A value above a field's greatest counts as
the greatest, so that complements agree although bits can say more than 0 to `top`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from dd import cudd

from ordinance.proof.fields import FIELDS, Field, Range
from ordinance.proof.masks import mask_ranges
from ordinance.proof.space import EVERY, LAST_LEAF, NONE, Set, Space


class CuddSpace:
    """Sets of packets as diagrams over the bits of all fields, in the same order of fields."""

    def __init__(self, fields: Sequence[Field] = FIELDS) -> None:
        self.fields: list[Field] = []
        self.manager = cudd.BDD(memory_estimate=256 << 20)
        self.manager.configure(reordering=False)
        self._bits: dict[str, list[str]] = {}
        self._top: dict[str, int] = {}
        # the numbers up to LAST_LEAF are verdicts: of decisions, which are negative numbers
        self._sets: list[Any] = [self.manager.false, self.manager.true, *[None] * (LAST_LEAF - EVERY)]
        self._decisions: list[dict[int, Set]] = []
        self._numbers: dict[Any, Set] = {self.manager.false: NONE, self.manager.true: EVERY}
        self._made: dict[tuple[str, tuple[Range, ...]], Set] = {}
        for field in fields:
            self._add(field)

    def _add(self, field: Field) -> None:
        self.fields.append(field)
        self._top[field.name] = field.top
        bits = [f"b{len(self.fields)}_{bit}" for bit in range(field.top.bit_length())]
        self._bits[field.name] = bits[::-1]  # the highest first
        self.manager.declare(*self._bits[field.name])

    def set_of(self, diagram: Any) -> Set:
        found = self._numbers.get(diagram)
        if found is None:
            found = self._numbers[diagram] = len(self._sets)
            self._sets.append(diagram)
        return found

    def diagram(self, of: Set) -> Any:
        return self._sets[of]

    # -- making sets

    def ranges(self, field: str, ranges: Iterable[Range], then: Set = EVERY) -> Set:
        return self.both(self._ranges(field, tuple(ranges)), then)

    def _ranges(self, field: str, spans: tuple[Range, ...]) -> Set:
        found = self._made.get((field, spans))
        if found is None:
            found = self._made[field, spans] = self.set_of(self._union(self._span(field, first, last) for first, last in spans))
        return found

    def _union(self, diagrams: Iterable[Any]) -> Any:
        return reduce(lambda left, right: left | right, diagrams, self.manager.false)

    def _span(self, field: str, first: int, last: int) -> Any:
        bits = self._bits[field]
        if not first >= 0 or last > self._top[field]:
            raise ValueError(f"{field}: {first}-{last} does not fit")
        if first > last:
            return self.manager.false
        last = (1 << len(bits)) - 1 if last == self._top[field] else last
        return self._bound(bits, first, at_least=True) & self._bound(bits, last, at_least=False)

    def _bound(self, bits: list[str], value: int, at_least: bool) -> Any:
        """The values of these bits that are at least, or at most, this one; from the lowest bit up."""
        found = self.manager.true
        for place, bit in enumerate(reversed(bits)):
            variable = self.manager.var(bit)
            if at_least:
                found = variable & found if value >> place & 1 else variable | found
            else:
                found = ~variable | found if value >> place & 1 else ~variable & found
        return found

    def box(self, tests: Mapping[str, tuple[Range, ...]], then: Set = EVERY) -> int:
        found = self.all_of(self.ranges(field, ranges) for field, ranges in tests.items())
        return self.decision(found, then) if EVERY < then <= LAST_LEAF else self.both(found, then)

    def plain(self, region: Mapping[str, tuple[Range, ...]], leaf: int) -> int:
        return self.box(region, leaf)

    # -- decisions: which verdict, if any, befalls a packet

    def decision(self, of: Set, leaf: int) -> int:
        return of if leaf == EVERY else self._decide({leaf: of})

    def _decide(self, sets: dict[int, Set]) -> int:
        self._decisions.append(sets)
        return -len(self._decisions)

    def _parts(self, of: int) -> dict[int, Set]:
        if of < 0:
            return self._decisions[-of - 1]
        return {of: EVERY} if EVERY < of <= LAST_LEAF else {EVERY: of}

    def first_of(self, decisions: Sequence[int]) -> int:
        left, found = EVERY, dict[int, Set]()
        for each in decisions:
            for leaf, of in self._parts(each).items():
                found[leaf] = self.either(found.get(leaf, NONE), self.both(left, of))
            left = self.minus(left, self.any_of(self._parts(each).values()))
        return self._decide(found)

    def decided(self, of: int, leaf: int) -> Set:
        if leaf == NONE:
            return self.complement(self.any_of(self._parts(of).values()))
        return self._parts(of).get(leaf, NONE)

    def over(self, first: int, then: int) -> int:
        return self.first_of([first, then])

    def renamed(self, of: int, leaf: int, to: int) -> int:
        parts = dict(self._parts(of))
        moved = parts.pop(leaf, NONE)
        return self._decide({**parts, to: self.either(parts.get(to, NONE), moved)})

    def meets(self, left: Set, right: int) -> bool:
        return any(self.both(left, of) != NONE for of in self._parts(right).values())

    def masked(self, field: str, mask: int, value: int) -> Set | None:
        """None where the other engine has none, so that both know the same."""
        if mask_ranges(mask, value, self._top[field]) is None:
            return None
        bits = list(enumerate(reversed(self._bits[field])))
        if value & ~mask or value > self._top[field]:
            return NONE
        found = self.manager.true
        for place, bit in bits:
            if mask >> place & 1:
                variable = self.manager.var(bit)
                found &= variable if value >> place & 1 else ~variable
        return self.set_of(found)

    def variable(self, name: str) -> Set:
        if name not in self._bits:
            self._add(Field(name, 1))
        return self.set_of(self.manager.var(self._bits[name][0]))

    # -- combining

    def both(self, left: Set, right: Set) -> Set:
        return self.set_of(self._sets[left] & self._sets[right])

    def either(self, left: Set, right: Set) -> Set:
        return self.set_of(self._sets[left] | self._sets[right])

    def complement(self, of: Set) -> Set:
        return self.set_of(~self._sets[of])

    def minus(self, left: Set, right: Set) -> Set:
        return self.set_of(self._sets[left] & ~self._sets[right])

    def all_of(self, sets: Iterable[Set]) -> Set:
        return reduce(self.both, sets, EVERY)

    def any_of(self, sets: Iterable[Set]) -> Set:
        return reduce(self.either, sets, NONE)

    def exists(self, of: Set, fields: Iterable[str]) -> Set:
        return self.set_of(self.manager.exist(self._bits_of(fields), self._sets[of]))

    def forall(self, of: Set, fields: Iterable[str]) -> Set:
        return self.set_of(self.manager.forall(self._bits_of(fields), self._sets[of]))

    def only(self, of: Set, fields: Iterable[str]) -> Set:
        kept = set(fields)
        return self.exists(of, [field.name for field in self.fields if field.name not in kept])

    def _bits_of(self, fields: Iterable[str]) -> list[str]:
        return [bit for field in fields for bit in self._bits.get(field, ())]

    def support(self, of: Set) -> tuple[str, ...]:
        bits = self._sets[of].support
        return tuple(name for name, own in self._bits.items() if not bits.isdisjoint(own))

    def forget(self) -> None:
        """Nothing: CUDD sees to its own memory."""

    def mark(self) -> int:
        return len(self._sets)

    def release(self, mark: int, kept: Iterable[Set]) -> None:
        """Nothing, too."""

    # -- comparing

    def taken_over(self, space: Space, of: Set) -> Set:
        """The set `of` of the other engine, built here from its regions' intervals, node by node."""
        memory = {NONE: NONE, EVERY: EVERY}

        def walk(node: Set) -> Set:
            if node not in memory:
                level, bounds, kids = space._nodes[node]  # the regions of a whole set can be far too many
                name, lows = space.fields[level].name, (0, *(bound + 1 for bound in bounds))
                memory[node] = self.any_of(
                    self.both(self.ranges(name, ((low, high),)), walk(kid))
                    for low, high, kid in zip(lows, bounds, kids, strict=False)
                )
            return memory[node]

        return walk(of)

    def count(self, of: Set) -> float:
        """How many packets a set has, all fields but unknowns counted, each from 0 to its greatest value; as exact as a float."""
        domain = self.all_of(self._domain(field) for field in FIELDS)
        bits = sum(len(self._bits[field.name]) for field in FIELDS)
        return float(self._sets[self.both(of, domain)].count(nvars=bits))

    def _domain(self, field: Field) -> Set:
        return self.set_of(self._bound(self._bits[field.name], field.top, at_least=False))
