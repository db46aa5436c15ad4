"""One element of an IP set: `10.0.0.0/8`, `tcp:80-90`, `icmp:8/0`, `eth0`."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from ordinance.proof.fields import ICMP, ICMPV6, IPV4, TCP, UDP, Range, interface, ip_range
from ordinance.proof.ir import NEVER, Either, In, Match
from ordinance.proof.read.making import FIRST, HEADER, every, protocol
from ordinance.proof.read.numbers import ICMP_NAMES, ICMPV6_NAMES, MOST_PORT, PROTOCOLS
from ordinance.proof.read.text import OpaqueError

_SCTP, _UDPLITE = 132, 136
_WITH_PORTS = (TCP, UDP, _SCTP, _UDPLITE)
_BITS = {4: 32, 6: 128}


@dataclass(frozen=True, slots=True)
class Element:
    """One part of an element. `protocols` are those of a port; () for an address or an interface."""

    spans: tuple[Range, ...]
    protocols: tuple[int, ...] = ()


def shared(kind: str, word: str, version: int, netmask: int | None) -> Element:
    """Read one part of an element. Raises OpaqueError."""
    try:
        if kind == "port":
            return _port(word, version)
        if kind == "iface":
            return Element((interface(word.removesuffix("+"), word.endswith("+")),))
        return Element((_addresses(word, version, netmask),))
    except ValueError as error:
        raise OpaqueError from error


def _addresses(word: str, version: int, netmask: int | None) -> Range:
    low, dash, high = word.partition("-")
    if dash:
        first, last = ip_address(low), ip_address(high)
    else:
        net = ip_network(f"{word}/{netmask}" if netmask is not None and "/" not in word else word, strict=False)
        first, last = net.network_address, net.broadcast_address
    if first.version != last.version or (first.version == 4) != (version == IPV4) or int(first) > int(last):  # noqa: PLR2004
        raise OpaqueError
    return ip_range(first, last)


def _port(word: str, version: int) -> Element:
    """Without a protocol, TCP is meant in a set of addresses and ports (ipset(8)); bitmap:port is of TCP and UDP."""
    name, colon, value = word.rpartition(":")
    number = TCP if not colon else int(name) if name.isdigit() else PROTOCOLS.get(name)
    if number is None:
        raise OpaqueError
    if number in (ICMP, ICMPV6):
        return Element((_icmp(value, version),), (number,))
    low, dash, high = value.partition("-")
    first = int(low)
    last = int(high) if dash else first
    if not 0 <= first <= last <= MOST_PORT or (number not in _WITH_PORTS and (first or last)):
        raise OpaqueError
    return Element(((first, last),), (number,))


def _icmp(text: str, version: int) -> Range:
    known = (ICMP_NAMES if version == IPV4 else ICMPV6_NAMES).get(text)
    if known is not None:
        kind, code = known[0], known[1] or 0  # an element is one type and one code
    else:
        first, slash, second = text.partition("/")
        kind, code = int(first), int(second) if slash else 0
    if not (0 <= kind <= 255 and 0 <= code <= 255):  # noqa: PLR2004 - bytes
        raise OpaqueError
    return (kind << 8 | code,) * 2


def addresses(field: str, spans: tuple[Range, ...]) -> Match:
    """Return the match of addresses."""
    return In(field, spans) if spans else NEVER


def interface_of(element: Element, field: str) -> Match:
    """Return the match of an interface."""
    return In(field, element.spans)


def ports_of(element: Element, field: str) -> Match:
    """Return the match of a port; of ICMP, of type and code, whichever way is asked (net/netfilter/ipset/ip_set_getport.c)."""
    number = element.protocols[0]
    if number in (ICMP, ICMPV6):
        return every(protocol(number), HEADER, FIRST, In("sport", element.spans))
    if number not in _WITH_PORTS:
        return protocol(number)
    return every(protocol(number), HEADER, FIRST, In(field, element.spans))


def bare_ports(field: str, spans: tuple[Range, ...]) -> Match:
    """Return the match of a set that holds ports alone (bitmap:port): of TCP or UDP."""
    return every(Either((protocol(TCP), protocol(UDP))), HEADER, FIRST, In(field, spans) if spans else NEVER)
