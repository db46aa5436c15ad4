"""What a packet is to the proof: a point in the space of these fields. Every field is a number from 0 to its `top`.

Where two families or two headers share a field, they share its bits, as they do on the wire:

- `saddr`, `daddr` have 128 bits; an IPv4 address stands in the upper 32 (`ipv4`), and the lower 96 mean nothing then.
- `iif`, `oif` are the 16 bytes of an interface's name, big-endian, padded with zeros as in the kernel (IFNAMSIZ); so `eth*` is
  one interval (`interface`), and a name nowhere mentioned is simply another number. 0, the empty name, is "no interface" (`oif`
  on input).
- `sport`, `dport` are the first four bytes of the transport header: of ICMP and ICMPv6 the upper byte of `sport` is the type,
  the lower one the code (`icmp_type`), and `dport` the checksum.
- `l4ok`: the kernel found a transport protocol (always for IPv4); `thdr`: its header's bytes are there to be read. Both guard a
  port.
- `fragoff`: the IPv4 field of that name with its flags (RFC 791; 0x4000 DF, 0x2000 MF, 0x1fff the offset). In a later fragment
  (offset not 0) ports and flags are whatever bytes stand there, and `tcp dport 25` is compared with those all the same.
- `ext6`: an IPv6 extension header stands before the transport header, so that `ip6 nexthdr` is not the transport protocol.
- `nat`: 0, or the number (from 1) of the rule of destination NAT that rewrote the packet; destination fields are those after it.
- `second`, `day`: of the day (0-86399) and of the week (0 Sunday), in the zone that the ruleset is written in.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

Range = tuple[int, int]  #: first and last, both included


@dataclass(frozen=True, slots=True)
class Field:
    """One dimension of the space."""

    name: str
    top: int  #: greatest value


def _bits(width: int) -> int:
    return (1 << width) - 1


#: In the order of the diagram, which decides its size: addresses first (see docs/decisions/proof.md).
FIELDS = (
    Field("daddr", _bits(128)),
    Field("saddr", _bits(128)),
    Field("iif", _bits(128)),
    Field("oif", _bits(128)),
    Field("dport", _bits(16)),
    Field("sport", _bits(16)),
    Field("family", 1),
    Field("nat", _bits(16)),
    Field("l4ok", 1),
    Field("l4proto", _bits(8)),
    Field("thdr", 1),
    Field("ct", 4),
    Field("flags", _bits(8)),
    Field("ext6", 1),
    Field("fragoff", _bits(16)),
    Field("second", 86_399),
    Field("day", 6),
)
TOP = {field.name: field.top for field in FIELDS}

IPV4, IPV6 = 0, 1  #: of `family`
#: of `ct`: the states of nftables' `ct state` and iptables' `--ctstate`
CT_STATES = {"invalid": 0, "established": 1, "related": 2, "new": 3, "untracked": 4}
#: of `flags`: the bits of the TCP header's flag byte (RFC 9293)
TCP_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_BELOW_IPV4 = 96
_NAME_BYTES = 16


def ipv4(first: IPv4Address | int, last: IPv4Address | int | None = None) -> Range:
    """Return the range of `saddr` or `daddr` that holds the IPv4 addresses from `first` to `last` (or `first` alone)."""
    low, high = int(first), int(first if last is None else last)
    return low << _BELOW_IPV4, (high << _BELOW_IPV4) | _bits(_BELOW_IPV4)


def ipv4_mask(mask: int, value: int) -> tuple[int, int]:
    """Return mask and value of `saddr` or `daddr` (see `ir.Mask`) that test these bits of an IPv4 address."""
    return mask << _BELOW_IPV4, value << _BELOW_IPV4


def ipv6(first: IPv6Address | int, last: IPv6Address | int | None = None) -> Range:
    """Return the range of `saddr` or `daddr` that holds the IPv6 addresses from `first` to `last` (or `first` alone)."""
    return int(first), int(first if last is None else last)


def ip_range(first: IPv4Address | IPv6Address, last: IPv4Address | IPv6Address | None = None) -> Range:
    """Return the range of `saddr` or `daddr` from `first` to `last`, of whichever family; both must be of the same."""
    if isinstance(first, IPv4Address):
        return ipv4(first, None if last is None else IPv4Address(last))
    return ipv6(first, None if last is None else IPv6Address(last))


def interface(name: str, wildcard: bool = False) -> Range:
    """Return the range of `iif` or `oif` that is the interface `name`, or with `wildcard` every name beginning so.

    Raises ValueError for a name that no interface can have: longer than 15 bytes, or empty (a wildcard may be empty: any name).
    """
    raw = name.encode()
    if len(raw) >= _NAME_BYTES or (not raw and not wildcard) or b"\0" in raw:
        raise ValueError(f'"{name}" cannot be the name of an interface')
    low = raw.ljust(_NAME_BYTES, b"\0")
    high = raw.ljust(_NAME_BYTES, b"\xff") if wildcard else low
    return int.from_bytes(low, "big"), int.from_bytes(high, "big")


def icmp_type(first: int, last: int | None = None) -> Range:
    """Return the range of `sport` that holds the ICMP or ICMPv6 types from `first` to `last`, of any code."""
    return first << 8, ((first if last is None else last) << 8) | 0xFF


def address_of(value: int, family: int) -> IPv4Address | IPv6Address:
    """Return the address that a value of `saddr` or `daddr` is in a packet of `family`."""
    return IPv4Address(value >> _BELOW_IPV4) if family == IPV4 else IPv6Address(value)


def interface_name(value: int) -> str:
    """Return the name that a value of `iif` or `oif` is; bytes that are no text are shown as `?`."""
    raw = value.to_bytes(_NAME_BYTES, "big").rstrip(b"\0")
    return "".join(char if char.isprintable() else "?" for char in raw.decode("utf-8", "replace").replace("\ufffd", "?"))
