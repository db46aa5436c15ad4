"""Matches of the intermediate representation, made the way every reader needs them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ordinance.proof.fields import ICMP, ICMPV6, IPV4, IPV6, Range, icmp_type, ip_range, ipv4_mask
from ordinance.proof.ir import ALWAYS, NEVER, All, Either, In, Mask, Match, Not

#: of `fragoff`: the offset's 13 bits (RFC 791)
OFFSET = 0x1FFF
#: Of a later fragment: the header of its transport protocol is in the first one.
FIRST = Mask("fragoff", OFFSET, 0)
#: The transport header's bytes are there to be read.
HEADER = All((In("l4ok", ((1, 1),)), In("thdr", ((1, 1),))))


def family(number: int) -> Match:
    """Return the match of one family."""
    return In("family", ((number, number),))


V4, V6 = family(IPV4), family(IPV6)


def every(*parts: Match) -> Match:
    """Return the match of all parts, as flat as it can be."""
    flat: list[Match] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, All) else [part])
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def some(parts: Iterable[Match]) -> Match:
    """Return the match of at least one part. Ranges of one field become one."""
    found = list(parts)
    if not found:
        return NEVER
    if len(found) == 1:
        return found[0]
    ranges: list[In] = [part for part in found if isinstance(part, In)]
    if len(ranges) == len(found) and len({part.field for part in ranges}) == 1:
        return In(ranges[0].field, tuple(span for part in ranges for span in part.ranges))
    return Either(tuple(found))


def unless(part: Match, negated: bool) -> Match:
    """Return the part, or its opposite."""
    return Not(part) if negated else part


def protocol(number: int) -> Match:
    """Return the match of a transport protocol."""
    return every(In("l4ok", ((1, 1),)), In("l4proto", ((number, number),)))


def ports(field: str, ranges: Iterable[Range]) -> Match:
    """Return the match of ports (`sport`, `dport`); the guards stand elsewhere."""
    return In(field, tuple(ranges))


def icmp(types: Iterable[tuple[int, int | None]]) -> Match:
    """Return the match of ICMP types, each with its code or any; the guards stand elsewhere."""
    return In("sport", tuple(icmp_type(kind) if code is None else (kind << 8 | code,) * 2 for kind, code in types))


def icmp_of(version: int) -> Match:
    """Return the match of ICMP in one family."""
    return every(family(version), protocol(ICMP if version == IPV4 else ICMPV6))


def network(field: str, net: IPv4Network | IPv6Network) -> Match:
    """Return the match of the addresses of a network."""
    return ALWAYS if not net.prefixlen else In(field, (ip_range(net.network_address, net.broadcast_address),))


def span(field: str, first: IPv4Address | IPv6Address, last: IPv4Address | IPv6Address) -> Match:
    """Return the match of the addresses from first to last."""
    return In(field, (ip_range(first, last),) if first <= last else ())  # type: ignore[operator]


def masked(field: str, address: IPv4Address | IPv6Address, mask: IPv4Address | IPv6Address) -> Match:
    """Return the match of `address & mask`, with whatever bits the mask tests; bits of the address outside it mean nothing."""
    tested, value = int(mask), int(address) & int(mask)
    if not tested:
        return ALWAYS
    free = tested ^ ((1 << address.max_prefixlen) - 1)
    if not free & (free + 1):  # the bits left free are the last ones: a network
        return In(field, (ip_range(type(address)(value), type(address)(value | free)),))
    if isinstance(address, IPv4Address):
        return Mask(field, *ipv4_mask(tested, value))
    return Mask(field, tested, value)
