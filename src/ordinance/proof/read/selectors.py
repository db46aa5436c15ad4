"""What stands on the left of a match in nft's JSON: which field it reads, behind which guards, and how its values read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ordinance.proof.fields import CT_STATES, DAYS, IPV4, IPV6, TOP, Range, icmp_type
from ordinance.proof.ir import All, Either, In, Mask, Match, Unknown
from ordinance.proof.read.names import (
    EXTENSION_HEADERS,
    ICMP_CODES,
    ICMP_TYPES,
    ICMPV6_CODES,
    ICMPV6_TYPES,
    PROTOCOLS,
)
from ordinance.proof.read.values import NotUnderstood, addresses, clock, interfaces, numbers, pair, tcp_flags

V4, V6 = In("family", ((IPV4, IPV4),)), In("family", ((IPV6, IPV6),))
HAS_PROTOCOL, HAS_HEADER = In("l4ok", ((1, 1),)), In("thdr", ((1, 1),))
_ADDRESS_FAMILIES = {"ip": IPV4, "ip6": IPV6}
_WITH_PORTS = ("tcp", "udp", "udplite", "sctp", "dccp", "th")


class Selector(NamedTuple):
    """A left side that is understood.

    Its values are ranges of `field`; or, where they are more than that, a match is made of each by `special`.
    """

    guards: tuple[Match, ...]
    field: str
    read: Callable[[Any], Range]
    special: Callable[[Any], Match] | None = None
    bits: Callable[[Any], int] | None = None  #: how a mask of it reads; None: it has no masks


class Guarded(NotUnderstood):
    """A left side that is not understood, but whose guards are: `ip ttl` is met by IPv4 only."""

    def __init__(self, what: str, guards: tuple[Match, ...]) -> None:
        super().__init__(what)
        self.guards = guards


def protocol_guard(name: str) -> Match:
    """Return the guard that the transport protocol is this one."""
    found = PROTOCOLS[name]
    return In("l4proto", ((found, found),))


def selector(left: Any) -> Selector:
    """Return what a left side reads. Raises NotUnderstood (or Guarded)."""
    if not isinstance(left, dict) or len(left) != 1:
        raise NotUnderstood("a left side that is no selector")
    kind, body = next(iter(left.items()))
    if kind == "payload" and isinstance(body, dict) and isinstance(body.get("protocol"), str):
        return _payload(body["protocol"], body.get("field"))
    if kind == "meta" and isinstance(body, dict):
        return _meta(body.get("key"))
    if kind == "ct" and isinstance(body, dict) and body.keys() == {"key"}:
        return _ct(body["key"])
    raise NotUnderstood(kind)


def _payload(protocol: str, field: Any) -> Selector:
    if not isinstance(field, str):
        raise NotUnderstood(f"{protocol} {field!r}")
    found = _header(protocol, field)
    if isinstance(found, NotUnderstood):
        raise found
    return found


@lru_cache(maxsize=512)
def _header(protocol: str, field: str) -> Selector | NotUnderstood:
    """Remember the few header fields that every rule reads."""
    try:
        return _header_field(protocol, field)
    except NotUnderstood as reason:
        return reason


def _header_field(protocol: str, field: str) -> Selector:
    if protocol in _ADDRESS_FAMILIES:
        return _network(protocol, field)
    header = (
        HAS_PROTOCOL,
        HAS_HEADER,
        *(() if protocol == "th" else (protocol_guard(protocol),) if protocol in PROTOCOLS else ()),
    )
    if protocol in _WITH_PORTS and field in ("sport", "dport"):
        return _numeric(header, field, {})
    if protocol == "tcp" and field == "flags":
        return Selector(header, "flags", lambda value: (tcp_flags(value),) * 2, bits=tcp_flags)
    if protocol in ("icmp", "icmpv6") and field in ("type", "code"):
        return _icmp((V4 if protocol == "icmp" else V6, *header), protocol, field)
    if protocol in PROTOCOLS:
        raise Guarded(f"{protocol} {field}", (HAS_PROTOCOL, protocol_guard(protocol)))
    raise NotUnderstood(f"{protocol} {field}")


def _network(protocol: str, field: Any) -> Selector:
    family = _ADDRESS_FAMILIES[protocol]
    guard: tuple[Match, ...] = (V4 if family == IPV4 else V6,)
    if field in ("saddr", "daddr"):
        return Selector(guard, field, lambda value: addresses(value, family))
    if protocol == "ip" and field == "protocol":
        return _numeric(guard, "l4proto", PROTOCOLS)
    if protocol == "ip" and field == "frag-off":
        return _numeric(guard, "fragoff", {})
    if protocol == "ip6" and field == "nexthdr":
        return Selector(guard, "l4proto", _refuse, special=_next_header)
    raise Guarded(f"{protocol} {field}", guard)


def _meta(key: Any) -> Selector:
    if key in ("iifname", "iif", "oifname", "oif"):
        return Selector((), str(key)[:3], interfaces)
    if key == "l4proto":
        return _numeric((HAS_PROTOCOL,), "l4proto", PROTOCOLS)
    if key == "nfproto":
        return Selector((), "family", lambda value: _family(value, {"ipv4": IPV4, 2: IPV4, "ipv6": IPV6, 10: IPV6}))
    if key == "protocol":
        return Selector((), "family", lambda value: _family(value, {"ip": IPV4, 0x800: IPV4, "ip6": IPV6, 0x86DD: IPV6}))
    if key == "hour":
        return Selector((), "second", _clocks)
    if key == "day":
        names = {name: index for index, name in enumerate(DAYS)}
        return Selector((), "day", lambda value: numbers(value, names, TOP["day"]))
    raise NotUnderstood(f"meta {key}")


def _ct(key: Any) -> Selector:
    if key == "state":
        return Selector((), "ct", _state)
    if key == "status":
        return Selector((), "ct", _refuse, special=_status)
    raise NotUnderstood(f"ct {key}")


def _numeric(guards: tuple[Match, ...], field: str, names: Mapping[str, int]) -> Selector:
    top = TOP[field]

    def read(value: Any) -> Range:
        return numbers(value, names, top)

    return Selector(guards, field, read, bits=lambda value: read(value)[0])


def _icmp(guards: tuple[Match, ...], protocol: str, field: str) -> Selector:
    if field == "type":
        names = ICMP_TYPES if protocol == "icmp" else ICMPV6_TYPES
        return Selector(guards, "sport", lambda value: icmp_type(*numbers(value, names, 255)))
    codes = ICMP_CODES if protocol == "icmp" else ICMPV6_CODES

    def code(value: Any) -> Match:
        first, last = numbers(value, codes, 255)
        return Either(tuple(Mask("sport", 0xFF, one) for one in range(first, last + 1)))

    return Selector(guards, "sport", _refuse, special=code)


def _next_header(value: Any) -> Match:
    """`ip6 nexthdr` is the transport protocol only where no extension header stands between."""
    first, last = numbers(value, PROTOCOLS, 255)
    plain = All((In("ext6", ((0, 0),)), In("l4proto", ((first, last),))))
    if any(header in EXTENSION_HEADERS for header in range(first, last + 1)):
        return Either((plain, All((In("ext6", ((1, 1),)), Unknown(f"ip6 nexthdr {first}-{last}")))))
    return plain


def _status(value: Any) -> Match:
    """`ct status dnat`: of the first packet of a flow it says whether destination NAT has rewritten it."""
    if value != "dnat":
        raise NotUnderstood("ct status")
    first = In("ct", ((CT_STATES["new"],) * 2,))
    later = In("ct", ((CT_STATES["established"], CT_STATES["related"]),))
    return Either((All((first, In("nat", ((1, TOP["nat"]),)))), All((later, Unknown("ct status dnat")))))


def _state(value: Any) -> Range:
    if not isinstance(value, str) or value not in CT_STATES:
        raise NotUnderstood(f"ct state {value!r}")
    return CT_STATES[value], CT_STATES[value]


def _family(value: Any, names: Mapping[Any, int]) -> Range:
    if isinstance(value, bool) or not isinstance(value, int | str) or value not in names:
        raise NotUnderstood(f"family {value!r}")
    return names[value], names[value]


def _clocks(value: Any) -> Range:
    if isinstance(value, dict) and "range" in value:
        first, last = pair(value["range"])
        return clock(first), clock(last)
    found = clock(value)
    return found, found


def _refuse(value: Any) -> Range:
    raise NotUnderstood(f"{value!r}")
