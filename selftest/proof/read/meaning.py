"""One packet at a time through a ruleset: slow, plain, and nothing shared with the proof's own walk.

A match is True, False, or None (it hangs on an unknown). What becomes of a packet is the set of what may become of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from ordinance.proof.fields import CT_STATES, IPV4, IPV6, TCP_FLAGS, interface, ip_range
from ordinance.proof.ir import (
    All,
    Base,
    Either,
    Havoc,
    In,
    Kind,
    Mask,
    Nat,
    Not,
    Notrack,
    Rule,
    Ruleset,
    Taint,
    Unknown,
    Verdict,
    VerdictMap,
)  # fmt: skip

NO_MATCH = (Verdict, VerdictMap, Havoc, Taint, Nat, Notrack)
PASS, BLOCK, EITHER = "pass", "block", "cannot tell"
_ENDS = {Kind.ACCEPT: "accept", Kind.DROP: "drop", Kind.REJECT: "drop", Kind.RETURN: "return"}


def packet(
    source: str = "192.0.2.7", destination: str = "198.51.100.9", protocol: int = 6, **fields: int | str
) -> dict[str, int]:
    """A packet as a point of the proof's space; names of interfaces, states and flags are translated."""
    first = ip_address(source)
    made = {
        "saddr": ip_range(first)[0], "daddr": ip_range(ip_address(destination))[0], "l4proto": protocol, "l4ok": 1, "thdr": 1,
        "family": IPV4 if first.version == 4 else IPV6, "sport": 40000, "dport": 80,
        "flags": TCP_FLAGS["syn"], "iif": 0, "oif": 0,
        "ct": CT_STATES["new"], "nat": 0, "ext6": 0, "fragoff": 0, "second": 43_200, "day": 3,
    }  # fmt: skip
    for name, value in fields.items():
        made[name] = _number(name, value)
    return made


def _number(name: str, value: int | str) -> int:
    if isinstance(value, int):
        return value
    if name in ("iif", "oif"):
        return interface(value)[0]
    if name == "flags":
        return sum(TCP_FLAGS[flag] for flag in value.split())
    return CT_STATES[value]


def icmp(kind: int, code: int = 0) -> int:
    """The first two bytes of an ICMP header, which are `sport`."""
    return kind << 8 | code


def holds(match: object, of: dict[str, int]) -> bool | None:
    match match:
        case In(field, ranges):
            return any(low <= of[field] <= high for low, high in ranges)
        case Mask(field, mask, value):
            return of[field] & mask == value
        case Unknown():
            return None
        case Not(part):
            found = holds(part, of)
            return None if found is None else not found
        case All(parts):
            return _join([holds(part, of) for part in parts], False)
        case Either(parts):
            return _join([holds(part, of) for part in parts], True)
    raise AssertionError(match)


def _join(found: list[bool | None], decides: bool) -> bool | None:
    if decides in found:
        return decides
    return None if None in found else not decides


@dataclass
class Meaning:
    """What a ruleset does."""

    ruleset: Ruleset

    def fate(self, hook: str, of: dict[str, int]) -> str:
        """PASS, BLOCK or EITHER, of the hook's own base chains."""
        fates = {"accept"}
        for base in sorted(self.ruleset.bases, key=lambda one: one.priority):
            if base.hook == hook and of["family"] in base.families:
                fates = (fates - {"accept"}) | (self._base(base, of) if "accept" in fates else set())
        return EITHER if len(fates) > 1 else {"accept": PASS, "drop": BLOCK}[fates.pop()]

    def met(self, key: str, of: dict[str, int]) -> list[Rule]:
        """The rules of a chain whose matches all hold."""
        rules = self.ruleset.chains[key].rules
        return [rule for rule in rules if all(isinstance(one, NO_MATCH) or holds(one, of) for one in rule.statements)]

    def _base(self, base: Base, of: dict[str, int]) -> set[str]:
        ends = self.chain(base.chain, of)
        policy = _ENDS[base.policy]
        return {policy if end in ("return", "on") else end for end in ends}

    def chain(self, key: str, of: dict[str, int]) -> set[str]:
        """What may become of a packet in a chain: accept, drop, return, or on (its end)."""
        ends: set[str] = set()
        for rule in self.ruleset.chains[key].rules:
            found = self._rule(rule, of)
            ends |= found - {"on"}
            if "on" not in found:
                return ends
        return ends | {"on"}

    def _rule(self, rule: Rule, of: dict[str, int]) -> set[str]:
        ends: set[str] = set()
        for statement in rule.statements:
            found = self._statement(statement, of)
            ends |= found - {"next"}
            if "next" not in found:
                return ends
        return ends | {"on"}

    def _statement(self, statement: object, of: dict[str, int]) -> set[str]:
        match statement:
            case Verdict():
                return self._verdict(statement, of)
            case Havoc():
                return {"accept", "drop", "return", "on"}
            case Nat():
                return {"accept"}
            case Taint() | Notrack():
                return {"next"}
            case VerdictMap():
                raise NotImplementedError
        return {True: {"next"}, False: {"on"}, None: {"next", "on"}}[holds(statement, of)]

    def _verdict(self, verdict: Verdict, of: dict[str, int]) -> set[str]:
        if verdict.kind in _ENDS:
            return {_ENDS[verdict.kind]}
        if verdict.kind is Kind.CONTINUE:
            return {"next"}
        found = self.chain(verdict.target, of)
        back = "next" if verdict.kind is Kind.JUMP else "return"
        return {back if end in ("return", "on") else end for end in found}
