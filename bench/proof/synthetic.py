"""Made-up perimeter rulesets of any size, as nft lists them: hosts, networks and ports as in real filters.

Three kinds: "perimeter" has wide boxes that shadow one another, "hard" has pairs of single hosts and little shadowing, "within"
is a perimeter that lets in mail and news to its gateways alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

PORTS = (25, 119, 25, 119, 25, 22, 80, 443, 53, 110, 143, 993, 587, 8080)
INSIDE = int(IPv4Address("10.0.0.0"))
MAIL = (25, 119)
GATEWAYS = 64


class Maker:
    """A source of rules; the same seed gives the same rules."""

    def __init__(self, rules: int, seed: int, kind: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._kind = kind
        pick = self._random.randrange
        self._hosts = [INSIDE + pick(1 << 20) for _ in range(max(8, rules // 6))]
        self._nets = [
            (pick(1, 223) << 24 | pick(1 << 16) << 8, self._random.choice((8, 12, 16, 20, 24, 24, 24)))
            for _ in range(max(4, rules // 40))
        ]
        self.gateways = [str(IPv4Address(host)) for host in self._hosts[:GATEWAYS]]  #: of "within"

    def rule(self) -> tuple[str | None, str, str, tuple[int, int], str]:
        """Return source, destination, protocol, ports and verdict of one rule."""
        chance, choice = self._random.random, self._random.choice
        accept = chance() < 0.7
        source, target = self._pair() if self._kind == "hard" else (self._source(), self._target())
        protocol = "tcp" if chance() < 0.8 else "udp"
        low = choice(PORTS) if chance() < 0.8 else self._random.randrange(1024, 64000)
        ports = (low, low) if low < 1024 or low == 8080 else (low, low + choice((0, 10, 100, 1000)))
        if accept and chance() < 0.97:
            protocol, ports = "tcp", (choice(MAIL),) * 2
        if accept and self._kind == "within":
            target, protocol, ports = choice(self.gateways), "tcp", (choice(MAIL),) * 2
        return source, target, protocol, ports, "accept" if accept else "drop"

    def _source(self) -> str | None:
        chance = self._random.random()
        if chance < 0.35:
            return None
        if chance < 0.85:
            return _prefix(*self._random.choice(self._nets))
        return str(IPv4Address(self._random.randrange(1 << 32)))

    def _target(self) -> str:
        host, chance = self._random.choice(self._hosts), self._random.random()
        if chance < 0.7:
            return str(IPv4Address(host))
        return _prefix(host, self._random.choice((24, 26, 28, 22))) if chance < 0.97 else "10.0.0.0/12"

    def _pair(self) -> tuple[str, str]:
        host, pick = self._random.choice(self._hosts), self._random.randrange
        target = str(IPv4Address(host)) if self._random.random() < 0.8 else _prefix(host, self._random.choice((28, 29, 30)))
        if self._random.random() < 0.5:
            return str(IPv4Address(pick(1 << 24, 223 << 24))), target
        return _prefix(pick(1 << 24, 223 << 24), self._random.choice((16, 20, 22, 24, 26, 28))), target


def _prefix(address: int, length: int) -> str:
    return str(IPv4Network((address, length), strict=False))


def _address(text: str) -> Any:
    if "/" not in text:
        return text
    address, length = text.split("/")
    return {"prefix": {"addr": address, "len": int(length)}}


def _match(protocol: str, field: str, right: Any) -> dict[str, Any]:
    return {"match": {"op": "==", "left": {"payload": {"protocol": protocol, "field": field}}, "right": right}}


def expressions(rules: int, seed: int = 1, kind: str = "perimeter", macs: int = 0) -> Iterator[list[dict[str, Any]]]:
    """Yield the rules as nft's JSON; `macs` of them, spread evenly, test a sender's hardware address as well."""
    maker = Maker(rules, seed, kind)
    every = rules // macs if macs else 0
    for number in range(rules):
        source, target, protocol, (low, high), verdict = maker.rule()
        found = [_match("ip", "saddr", _address(source))] if source else []
        found += [_match("ip", "daddr", _address(target))]
        found += [_match(protocol, "dport", low if low == high else {"range": [low, high]})]
        if every and number % every == 0:
            found += [_match("ether", "saddr", f"02:00:00:00:{number >> 8 & 255:02x}:{number & 255:02x}")]
        yield [*found, {verdict: None}]


def listing(rules: int, seed: int = 1, kind: str = "perimeter", macs: int = 0) -> str:
    """Return a whole listing with one forward chain that drops what no rule accepts, and tracks connections."""
    home = {"family": "inet", "table": "filter"}
    state = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}
    chain = {**home, "name": "forward", "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}
    items: list[dict[str, Any]] = [{"metainfo": {"json_schema_version": 1}}, {"table": {"family": "inet", "name": "filter"}}]
    items.append({"chain": chain})
    for handle, body in enumerate([[state, {"accept": None}], *expressions(rules, seed, kind, macs)], 2):
        items.append({"rule": {**home, "chain": "forward", "handle": handle, "expr": body}})
    return json.dumps({"nftables": items})
