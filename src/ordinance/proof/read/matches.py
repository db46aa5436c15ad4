"""Matches of nft's JSON as match trees. What is not understood is an unknown, behind whatever guards are known: never nothing."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any

from ordinance.proof.fields import IPV4, TOP, ipv4_mask
from ordinance.proof.ir import ALWAYS, NEVER, All, Either, In, Mask, Match, Not, Unknown
from ordinance.proof.read.selectors import Guarded, Selector, selector
from ordinance.proof.read.sets import Sets
from ordinance.proof.read.shown import shown
from ordinance.proof.read.values import NotUnderstood, address

_NEGATED = ("!=", "!")
#: What is another thing each time it is asked.
_FRESH = ("numgen",)
#: Matches that are remembered: rules say the same of the same hosts and ports again and again.
_MOST_KNOWN = 1 << 16


class Matches:
    """Reads the matches of one table."""

    def __init__(self, sets: Sets, table: tuple[str, str], changed: frozenset[str]) -> None:
        self._sets = sets
        self._table = table
        self._changed = changed  #: left sides that some rule changes, as text: no two readings of them are the same
        self._known: dict[bytes, Match] = {}

    def match(self, body: Any) -> Match:
        """Return a `match` statement as a tree; the same one for the same statement."""
        if not isinstance(body, dict):
            return Unknown(shown(body), True)
        if isinstance(right := body.get("right"), list) or (isinstance(right, dict) and "set" in right):
            return self._new(body)  # long, and seldom said twice
        try:
            key = marshal.dumps(body, 2)  # tells 1 from true, and is the quickest that does
        except ValueError:  # nested too deep
            return self._new(body)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._known[key] = self._new(body)
        return found

    def _new(self, body: dict[str, Any]) -> Match:
        try:
            return self._match(body.get("left"), body.get("op"), body.get("right"))
        except NotUnderstood as reason:
            guards = reason.guards if isinstance(reason, Guarded) else ()
            return All((*guards, self.unknown(body)))

    def unknown(self, body: dict[str, Any]) -> Match:
        """Return the unknown that stands for a match; `!=` is the contrary of the same one with `==`."""
        left = shown(body.get("left"))
        fresh = left in self._changed or any(word in left for word in _FRESH)
        if body.get("op") == "!=":
            return Not(Unknown(shown({"match": {**body, "op": "=="}}), fresh))
        return Unknown(shown({"match": body}) if "op" in body else shown(body), fresh)

    def key(self, left: Any) -> tuple[tuple[Match, ...], Callable[[Any], Match]]:
        """Return the guards of a left side (perhaps a concatenation), and how one value of it reads. Raises NotUnderstood."""
        if isinstance(left, dict) and isinstance(left.get("concat"), list):
            parts = [selector(part) for part in left["concat"]]
            guards = tuple(guard for part in parts for guard in part.guards)
            return guards, lambda value: _concatenated(parts, value)
        found = selector(left)
        return found.guards, lambda value: _single(found, value)

    def _match(self, left: Any, sign: Any, right: Any) -> Match:
        if isinstance(left, dict) and "&" in left:
            return self._masked(left["&"], sign, right)
        if sign in ("<", ">", "<=", ">="):
            return _compared(selector(left), sign, right)
        if sign not in ("==", "in", *_NEGATED):
            raise NotUnderstood(f"operator {sign!r}")
        guards, read = self.key(left)
        held = self._held(left, sign, right, read)
        return All((*guards, Not(held) if sign in _NEGATED else held))

    def _held(self, left: Any, sign: str, right: Any, read: Callable[[Any], Match]) -> Match:
        """Return the test without guards and negation: value, set, `@set`, or for `in` and `!` any of the bits."""
        if isinstance(right, str) and right.startswith("@"):
            return self._sets.members(self._table, right[1:], read, repr(left))
        if isinstance(right, dict) and "set" in right:
            return _any(self._sets.elements(right["set"], read))
        if sign in ("in", "!") and (found := selector(left)).field == "flags" and found.bits is not None:
            return Not(Mask("flags", found.bits(right), 0))
        several = sign in ("in", "!") and isinstance(right, list)
        return _any([read(part) for part in right] if several else [read(right)])

    @staticmethod
    def _masked(body: Any, sign: Any, right: Any) -> Match:
        if not isinstance(body, list) or len(body) != 2:  # noqa: PLR2004
            raise NotUnderstood("a mask of several parts")
        found = selector(body[0])
        try:
            mask, value = _mask(found, body[1], right)
        except NotUnderstood as reason:
            raise Guarded(str(reason), found.guards) from None
        if sign not in ("==", "!="):
            raise Guarded("a mask that is compared", found.guards)
        held = Mask(found.field, mask, value)
        return All((*found.guards, Not(held) if sign == "!=" else held))


def _mask(found: Selector, mask: Any, value: Any) -> tuple[int, int]:
    if found.bits is not None:
        return found.bits(mask), found.bits(value)
    if found.field not in ("saddr", "daddr"):
        raise NotUnderstood(f"a mask of {found.field}")
    family = IPV4 if found.guards[0] == In("family", ((IPV4, IPV4),)) else 1
    bits = address(mask, family), address(value, family)
    return ipv4_mask(*bits) if family == IPV4 else bits


def _compared(found: Selector, sign: str, right: Any) -> Match:
    if found.special is not None or found.field in ("iif", "oif", "ct", "flags", "family", "day"):
        raise Guarded(f"{found.field} {sign}", found.guards)
    try:
        first, last = found.read(right)
    except NotUnderstood as reason:
        raise Guarded(str(reason), found.guards) from None
    low, high = {"<": (0, first - 1), "<=": (0, last), ">": (last + 1, TOP[found.field]), ">=": (first, TOP[found.field])}[sign]
    return All((*found.guards, In(found.field, ((low, high),)) if low <= high else NEVER))


def _single(found: Selector, value: Any) -> Match:
    if value == "*":  # the element of a set or map that stands for all others
        return ALWAYS
    try:
        if found.special is not None:
            return found.special(value)
        return In(found.field, (found.read(value),))
    except NotUnderstood as reason:
        raise Guarded(str(reason), found.guards) from None


def _concatenated(parts: list[Selector], value: Any) -> Match:
    if value == "*":
        return ALWAYS
    values = value.get("concat") if isinstance(value, dict) else None
    if not isinstance(values, list) or len(values) != len(parts):
        raise NotUnderstood(f"{shown(value)} is no concatenation of {len(parts)}")
    return All(tuple(_single(part, one) for part, one in zip(parts, values, strict=True)))


def _any(parts: list[Match]) -> Match:
    """Join alternatives; those of one field are one test."""
    if len(parts) == 1:
        return parts[0]
    tests = [part for part in parts if isinstance(part, In)]
    if tests and len(tests) == len(parts) and all(test.field == tests[0].field for test in tests):
        return In(tests[0].field, tuple(span for test in tests for span in test.ranges))
    return Either(tuple(parts))
