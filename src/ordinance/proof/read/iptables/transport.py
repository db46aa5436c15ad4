"""Matches of the transport header: tcp, udp, sctp, dccp, multiport, icmp (iptables-extensions(8)).

A later fragment has no transport header. The matches of x_tables say so (`par->fragoff`) and never hold for one; but
iptables-nft turns those of tcp and udp into nftables' own, which compare whatever bytes stand there. Which of the two a rule
became is not in the text of iptables-save v1.8 (nf_tables), so it is an unknown there: `FRAGMENT_BYTES`. Where connections
are tracked, fragments are put together first, and nothing is asked. Of IPv6 `fragoff` is no field of the proof: there any packet
with an extension header may be a later fragment.

Where the header is not there to be read, or (tcp) a fragment begins inside it, x_tables drops the packet (`par->hotdrop`),
while nftables' own comparison merely does not hold. So such a packet may be dropped wherever a rule asks for a header.
"""

from __future__ import annotations

from ordinance.proof.fields import IPV4, TCP_FLAGS, Range
from ordinance.proof.ir import ALWAYS, NEVER, In, Mask, Match, Unknown
from ordinance.proof.read.iptables.options import Option
from ordinance.proof.read.making import FIRST, HEADER, OFFSET, every, icmp, ports, some, unless
from ordinance.proof.read.numbers import ICMP_NAMES, ICMPV6_NAMES, MOST_PORT, SERVICES, Icmp
from ordinance.proof.read.text import LineError, OpaqueError, decimal, shown

#: Fresh: of two rules one may be nftables' own (-m tcp), the other of x_tables (-m multiport).
FRAGMENT_BYTES = Unknown("the rule compares the bytes of a later fragment (as iptables-nft makes it)", fresh=True)
HOTDROP = "a rule that reads the header of layer 4 drops what has none (as x_tables does)"
HEADLESS = some([In("thdr", ((0, 0),)), Mask("fragoff", OFFSET, 1)])
READS_HEADER = frozenset({"tcp", "udp", "udplite", "sctp", "dccp", "multiport", "icmp", "icmp6"})
_PLAIN6 = In("ext6", ((0, 0),))
_ALL_FLAGS = 0x3F  # iptables' ALL: the six flags of RFC 793
_SYN_ONLY = (0x17, 0x02)  # --syn: of FIN, SYN, RST, ACK only SYN
_ANY_ICMP = 255  # net/ipv4/netfilter/ip_tables.c, icmp_type_code_match: type 255 is any
_MOST_BYTE = 255


def later_fragments(version: int, tracked: bool, legacy: bool) -> Match:
    """Return what a match of the transport header asks of a packet that may be a later fragment."""
    if tracked:
        return ALWAYS
    if version != IPV4:
        return some([_PLAIN6, FRAGMENT_BYTES])
    return FIRST if legacy else some([FIRST, FRAGMENT_BYTES])


def guarded(match: Match, later: Match) -> Match:
    """Put before a match what every match of the transport header asks first."""
    return every(HEADER, later, match)


def port_option(option: Option, later: Match) -> Match:
    """Return what --sport, --dport and their longer names ask."""
    field = "sport" if option.name.startswith("s") else "dport"
    return guarded(unless(ports(field, [_port_range(option.values[0])]), option.negated), later)


def multiport(option: Option, later: Match) -> Match:
    """Return what an option of multiport asks: up to fifteen ports or ranges; --ports of either direction."""
    ranges = [_port_range(text) for text in option.values[0].split(",")]
    either = option.name == "ports"
    fields = ["sport", "dport"] if either else ["sport" if option.name.startswith("s") else "dport"]
    return guarded(unless(some([ports(field, ranges) for field in fields]), option.negated), later)


def tcp_flags(option: Option, later: Match) -> Match:
    """Return what --tcp-flags and --syn ask."""
    if option.name == "syn":
        mask, value = _SYN_ONLY
    else:
        mask, value = (_flags(text) for text in option.values)
    wanted: Match = NEVER if value & ~mask else Mask("flags", mask, value)
    return guarded(unless(wanted, option.negated), later)


def icmp_option(option: Option, version: int, later: Match) -> Match:
    """Return what --icmp-type and --icmpv6-type ask."""
    kind = _icmp_type(option.values[0], version)
    wanted = ALWAYS if kind is None else icmp([kind])
    return guarded(unless(wanted, option.negated), later)


def _icmp_type(text: str, version: int) -> Icmp | None:
    names = ICMP_NAMES if version == IPV4 else ICMPV6_NAMES
    lowered = text.lower()
    if lowered in names:
        return names[lowered]
    if lowered == "any":
        return None
    kind, slash, code = text.partition("/")
    number, of_code = decimal(kind, _MOST_BYTE), decimal(code, _MOST_BYTE)
    if number is None or (slash and of_code is None):
        raise LineError(f"{shown(text)} is no type of ICMP", "write its number, as 8 or 3/4")
    return None if version == IPV4 and number == _ANY_ICMP else (number, of_code)


def _flags(text: str) -> int:
    if text.upper() in ("NONE", "ALL"):
        return _ALL_FLAGS if text.upper() == "ALL" else 0
    bits = 0
    for name in text.lower().split(","):
        if name not in TCP_FLAGS or TCP_FLAGS[name] > _ALL_FLAGS:
            raise LineError(f"{shown(name)} is no flag of TCP", "SYN, ACK, FIN, RST, URG, PSH, ALL or NONE")
        bits |= TCP_FLAGS[name]
    return bits


def _port_range(text: str) -> Range:
    low, colon, high = text.partition(":")
    first = port(low) if low or not colon else 0
    last = port(high) if high else MOST_PORT if colon else first
    if first > last:
        raise LineError(f"the range {shown(text)} goes backwards", "write the lower port first")
    return first, last


def port(text: str) -> int:
    """Return a port by number or name. Raises LineError; OpaqueError for a name that is not known here."""
    number = decimal(text, MOST_PORT)
    if number is not None:
        return number
    if text.lower() in SERVICES:
        return SERVICES[text.lower()]
    if text[:1].isalpha() and all(char.isalnum() or char in "-_+." for char in text):
        raise OpaqueError
    raise LineError(f"{shown(text)} is no port", f"0 to {MOST_PORT}, or a range as 1024:65535")
