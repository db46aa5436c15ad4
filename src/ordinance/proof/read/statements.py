"""Rules of nft's JSON as statements. What is not understood may do anything (`Havoc`), or leaves all in doubt (`Taint`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ordinance.proof.fields import IPV4, IPV6, TOP, Range
from ordinance.proof.ir import (
    All,
    Havoc,
    Kind,
    Nat,
    NatKind,
    Notrack,
    Statement,
    Taint,
    Unknown,
    Verdict,
    VerdictMap,
)
from ordinance.proof.read.matches import Matches
from ordinance.proof.read.selectors import HAS_PROTOCOL, V4, V6, protocol_guard
from ordinance.proof.read.sets import Sets
from ordinance.proof.read.shown import shown
from ordinance.proof.read.values import NotUnderstood, addresses, numbers

#: Statements without effect on a packet's fate.
_IDLE = frozenset({"counter", "log", "comment", "last", "secmark", "ct helper", "ct timeout", "ct expectation", "ct zone"})
#: Statements that hold or not as packets come and time goes: each meeting is a new one.
_PASSING = frozenset({"limit", "quota", "ct count", "connlimit", "set", "map", "flow", "meter", "reset"})
#: Header fields whose rewriting changes no field of the proof.
_HARMLESS = frozenset({"dscp", "ecn", "ttl", "hoplimit", "tos", "flowlabel", "id", "window", "urgptr", "checksum", "length"})
_FAMILIES = {"ip": (IPV4,), "ip6": (IPV6,), "inet": (IPV4, IPV6)}
_PLAIN = {kind: Verdict(Kind(kind)) for kind in ("accept", "drop", "return", "continue")}


class Statements:
    """Reads the rules of one table. One rule can become several: a translation by a map is one rule an entry."""

    def __init__(self, sets: Sets, table: tuple[str, str], matches: Matches, chain_key: Callable[[str], str]) -> None:
        self._sets = sets
        self._table = table
        self._matches = matches
        self._chain_key = chain_key

    def rule(self, expressions: Any) -> list[tuple[Statement, ...]]:
        """Return the statements of a rule, once for each rule that it stands for."""
        if not isinstance(expressions, list):
            return [(Havoc(shown(expressions)),)]
        found: list[Statement] = []
        for expression in expressions:
            if isinstance(expression, dict) and "dnat" in expression and (mapped := self._nat_by_map(expression)) is not None:
                return [(*found, *ways) for ways in mapped]
            found.extend(self._expression(expression))
        return [tuple(found)]

    def verdict(self, body: Any) -> Statement:
        """Return a verdict: of a statement, or of a map's element."""
        if isinstance(body, dict) and len(body) == 1:
            kind, value = next(iter(body.items()))
            if kind in _PLAIN:
                return _PLAIN[kind]
            if kind in ("jump", "goto") and isinstance(value, dict) and isinstance(value.get("target"), str):
                return Verdict(Kind(kind), self._chain_key(value["target"]))
        return Havoc(shown(body))

    def _expression(self, expression: Any) -> Iterator[Statement]:
        if not isinstance(expression, dict) or len(expression) != 1:
            yield Havoc(shown(expression))  # an anonymous chain is listed as bare text
            return
        kind, body = next(iter(expression.items()))
        if kind == "match":
            yield self._matches.match(body)
        elif kind in ("accept", "drop", "return", "continue", "jump", "goto"):
            yield self.verdict(expression)
        elif kind in _IDLE:
            return
        elif kind in _PASSING:
            yield Unknown(shown(expression), fresh=True)
        else:
            yield from self._other(kind, body, expression)

    def _other(self, kind: str, body: Any, expression: dict[str, Any]) -> Iterator[Statement]:
        if kind == "vmap":
            yield from self._vmap(body)
        elif kind == "reject":
            yield from _reject(body)
        elif kind == "notrack":
            yield Notrack()
        elif kind in ("dnat", "redirect"):
            yield self._nat(kind, body)
        elif kind in ("snat", "masquerade"):
            yield Nat(NatKind(kind))
        elif kind == "mangle":
            yield from _mangle(body)
        elif kind == "tproxy":
            yield Unknown(shown(expression), fresh=True)
            yield Taint(shown(expression))
        elif kind in ("dup", "synproxy"):  # a SYN proxy's own SYN leaves by the hook output, past every chain that is followed
            yield Taint(shown(expression))
        else:
            yield Havoc(shown(expression))

    def _vmap(self, body: Any) -> Iterator[Statement]:
        """A verdict map. What it misses leaves the rule (NFT_BREAK)."""
        try:
            guards, read = self._matches.key(body["key"])
            entries = self._sets.entries(self._table, body["data"])
            found = [(self._sets.elements(key, read)[0], self.verdict(value)) for key, value in entries]
        except (NotUnderstood, KeyError, TypeError, IndexError):
            yield Havoc(shown({"vmap": body}))
            return
        if any(isinstance(verdict, Havoc) for _, verdict in found):
            yield Havoc(shown({"vmap": body}))
            return
        yield from guards
        # the element for all others comes last, wherever it is listed
        found.sort(key=lambda entry: entry[0] == All(()))
        yield VerdictMap(tuple((match, verdict) for match, verdict in found if isinstance(verdict, Verdict)))

    def _nat(self, kind: str, body: Any) -> Statement:
        try:
            return self._translation(kind, body if isinstance(body, dict) else {})
        except NotUnderstood:
            return Havoc(shown({kind: body}))

    def _translation(self, kind: str, body: dict[str, Any]) -> Nat:
        family = self._family(body)
        spans: tuple[Range, ...] = ()
        if "addr" in body:
            if family is None:
                raise NotUnderstood("an address of either family")
            spans = (addresses(body["addr"], family),)
        ports = (numbers(body["port"], {}, TOP["dport"]),) if "port" in body else ()
        if kind == "dnat" and not spans and not ports:
            raise NotUnderstood("a translation to nothing")
        return Nat(NatKind(kind), spans, ports, family)

    def _family(self, body: dict[str, Any]) -> int | None:
        families = _FAMILIES.get(str(body.get("family", self._table[0])), ())
        return families[0] if len(families) == 1 else None

    def _nat_by_map(self, expression: dict[str, Any]) -> list[tuple[Statement, ...]] | None:
        """`dnat to ... map {...}`: one way an entry; what the map misses leaves the rule untranslated."""
        try:
            body = expression["dnat"]
            guards, read = self._matches.key(body["addr"]["map"]["key"])
            entries = self._sets.entries(self._table, body["addr"]["map"]["data"])
            return [(*guards, *self._sets.elements(key, read), self._mapped(body, value)) for key, value in entries]
        except (NotUnderstood, KeyError, TypeError, IndexError):
            return None

    def _mapped(self, body: dict[str, Any], value: Any) -> Nat:
        if isinstance(value, dict) and isinstance(value.get("concat"), list) and len(value["concat"]) == 2:  # noqa: PLR2004
            address, port = value["concat"]
            return self._translation("dnat", {**body, "addr": address, "port": port})
        return self._translation("dnat", {**body, "addr": value})


def _reject(body: Any) -> Iterator[Statement]:
    """A typed reject carries a guard that nft does not list: an ICMPv6 error answers IPv6 only, a reset TCP only."""
    kind = body.get("type") if isinstance(body, dict) else None
    if kind == "icmp":
        yield V4
    elif kind == "icmpv6":
        yield V6
    elif kind == "tcp reset":
        yield All((HAS_PROTOCOL, protocol_guard("tcp")))
    elif kind not in (None, "icmpx"):
        yield Unknown(shown({"reject": body}))
    yield Verdict(Kind.REJECT)


def _mangle(body: Any) -> Iterator[Statement]:
    """Rewriting. A mark changes nothing here; a header's field does, unless the proof does not know it."""
    text = shown({"mangle": body})
    key = body.get("key") if isinstance(body, dict) else None
    kind, part = next(iter(key.items())) if isinstance(key, dict) and len(key) == 1 else ("", {})
    if "map" in text or kind not in ("meta", "ct"):
        yield Unknown(text, fresh=True)  # a miss, or a header that is not there, leaves the rule
    if kind in ("meta", "ct", "tcp option", "ip option", "exthdr"):
        return
    if (
        kind == "payload"
        and isinstance(part, dict)
        and (part.get("field") in _HARMLESS or part.get("protocol") in ("ether", "vlan"))
    ):
        return
    yield Taint(text)
