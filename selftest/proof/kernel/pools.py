"""What rules name and, from both sides of every boundary, what packets carry."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import NamedTuple


class Pool(NamedTuple):
    """Values as rules write them; single addresses inside and just outside them."""

    spans: tuple[str, ...]
    disjoint: tuple[str, ...]  #: spans of which no two meet: keys of maps and of concatenations
    one: str
    mask: tuple[str, str]


SOURCES = {
    4: Pool(
        ("10.9.0.0/24", "10.9.0.7", "10.9.0.4-10.9.0.9", "10.9.0.128/25", "10.9.1.0/24", "10.9.0.0/16", "10.9.0.255", "10.9.1.0"),
        ("10.9.0.7", "10.9.0.128/26", "10.9.1.0/24"),
        "10.9.0.7",
        ("0.0.0.15", "0.0.0.7"),
    ),
    6: Pool(
        ("fd09::/64", "fd09::7", "fd09::4-fd09::9", "fd09:0:0:1::/64", "fd09::/48", "fd09::ffff"),
        ("fd09::7", "fd09::ff00/120", "fd09:0:0:1::/64"),
        "fd09::7",
        ("::f", "::7"),
    ),
}
TARGETS = {
    4: Pool(
        ("10.8.0.0/24", "10.8.0.7", "10.8.0.4-10.8.0.9", "10.8.1.1", "10.7.0.0/29", "10.7.0.7", "10.0.0.0/8", "10.8.0.0/15"),
        ("10.8.0.7", "10.8.1.0/24", "10.7.0.0/29"),
        "10.8.0.7",
        ("0.0.0.15", "0.0.0.7"),
    ),
    6: Pool(
        ("fd08::/64", "fd08::7", "fd08::4-fd08::9", "fd08:0:0:1::1", "fd07::/125", "fd07::7", "fd00::/8", "fd08::/47"),
        ("fd08::7", "fd08:0:0:1::/64", "fd07::/125"),
        "fd08::7",
        ("::f", "::7"),
    ),
}
LOCAL = {4: ip_network("10.7.0.0/28"), 6: ip_network("fd07::/124")}  #: of fw
PORTS = ("25", "119", "23", "20-21", "1024-65535", "0-1023", "22", "80-90", "119-563")
DISJOINT_PORTS = ("25", "119", "22", "80-90", "1024-65535")
PROTOCOLS = {4: (6, 17, 1, 200, 132), 6: (6, 17, 58, 200, 132)}

_MORE = {
    4: ("10.9.0.23", "10.9.2.0", "10.9.255.255", "10.8.0.23", "10.8.3.1"),
    6: ("fd09::17", "fd09:0:0:2::", "fd09:0:1::", "fd08::17", "fd08:0:5::1"),
}


def _ends(span: str) -> tuple[int, int, int]:
    """Version, first and last address of a span."""
    first, _, last = span.partition("-")
    if last:
        return ip_address(first).version, int(ip_address(first)), int(ip_address(last))
    network = ip_network(first)
    return network.version, int(network[0]), int(network[-1])


def _around(spans: tuple[str, ...]) -> set[str]:
    make = {4: lambda n: ip_address(n % 2**32), 6: lambda n: ip_address((n % 2**128).to_bytes(16, "big"))}
    ends = [_ends(span) for span in spans]
    return {str(make[version](at + step)) for version, first, last in ends for at in (first, last) for step in (-1, 0, 1)}


def _begin(addresses: set[str], *heads: str) -> tuple[str, ...]:
    return tuple(sorted(a for a in addresses if a.startswith(heads)))


FROM = {
    version: _begin(_around(SOURCES[version].spans) | set(_MORE[version]), heads)
    for version, heads in ((4, "10.9."), (6, "fd09:"))
}
TO = {
    version: _begin(_around(TARGETS[version].spans) | set(_MORE[version]), heads)
    for version, heads in ((4, "10.8."), (6, "fd08:"))
}
AT = {version: tuple(str(network[n]) for n in (1, 6, 7, 8, 9)) for version, network in LOCAL.items()}
NUMBERS = (0, 1, 19, 20, 21, 22, 23, 24, 25, 26, 79, 80, 90, 91, 118, 119, 120, 563, 564, 1023, 1024, 1025, 2525, 65535)
