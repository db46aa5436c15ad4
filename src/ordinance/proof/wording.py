"""Sets and packets in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from itertools import pairwise

from ordinance.proof.fields import CT_STATES, DAYS, ICMP, ICMPV6, IPV4, TCP, TOP, UDP, Range, address_of, interface_name
from ordinance.proof.read.names import ICMP_TYPES, ICMPV6_TYPES

_SHORT = {TCP: "TCP", UDP: "UDP", ICMP: "ICMP", ICMPV6: "ICMPv6", 41: "IPv6-in-IPv4", 47: "GRE", 50: "ESP", 51: "AH", 132: "SCTP"}
WITH_PORTS = (TCP, UDP, 33, 132, 136)
_STATES = {number: name for name, number in CT_STATES.items()}
#: Prefixes of one range that are still written out; a range of more is written as first-last.
MOST_PREFIXES = 3


def plain(text: str, most: int = 400) -> str:
    """Return a ruleset's words as one line that can be shown anywhere: what does not print shows as an escape."""
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text[:most])
    return shown + (" ..." if len(text) > most else "")


def protocol(number: int) -> str:
    """Return a protocol by name, else by number."""
    return _SHORT.get(number, f"IP protocol {number}")


def article(word: str) -> str:
    """Return the word behind `a` or `an`."""
    return f"{'an' if word[:1] in 'AEIOU' and word[:3] != 'UDP' else 'a'} {word}"


def addresses(ranges: Iterable[Range], family: int) -> list[str]:
    """Return ranges of `saddr` or `daddr` as prefixes, or first-last where that is shorter."""
    found: list[str] = []
    for low, high in ranges:
        first, last = address_of(low, family), address_of(high, family)
        if (int(first), int(last)) == (0, 2**first.max_prefixlen - 1):
            return ["any address"]
        if low == high or first == last:
            found.append(str(first))
            continue
        nets = _networks(first, last)
        found += [str(net).removesuffix(f"/{first.max_prefixlen}") for net in nets] if nets else [f"{first}-{last}"]
    return list(dict.fromkeys(found))


def _networks(first: IPv4Address | IPv6Address, last: IPv4Address | IPv6Address) -> list[object]:
    found: list[object] = []
    for net in summarize_address_range(first, last):
        found.append(net)
        if len(found) > MOST_PREFIXES:
            return []
    return found


def numbers(ranges: Iterable[Range]) -> str:
    """Return ranges of numbers."""
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def interfaces(ranges: Sequence[Range]) -> str:
    """Return ranges of names: those named, `x*` of those beginning so, and else all but the gaps between them."""
    names = [_interface(span) for span in ranges]
    if all(names):
        return ", ".join(str(name) for name in names)
    gaps = [(high + 1, low - 1) for (_, high), (low, _) in pairwise(ranges) if low - high > 1]
    gaps += [(1, ranges[0][0] - 1)] if ranges[0][0] > 1 else []
    gaps += [(ranges[-1][1] + 1, TOP["iif"])] if ranges[-1][1] < TOP["iif"] else []
    missing = [_interface(gap) or "some" for gap in gaps]
    return f"any interface but {', '.join(missing)}" if missing else "any interface"


def _interface(span: Range) -> str | None:
    low, high = span
    if low == high:
        return interface_name(low) if low else "none"
    if low and low ^ high == (1 << (low ^ high).bit_length()) - 1 and (low ^ high).bit_length() % 8 == 0:
        return f"{interface_name(low)}*"
    return None


def clock(second: int) -> str:
    """Return a second of the day as `hh:mm`, with seconds where there are any."""
    hours, minutes, seconds = second // 3600, second // 60 % 60, second % 60
    return f"{hours:02d}:{minutes:02d}{f':{seconds:02d}' if seconds else ''}"


def times(ranges: Iterable[Range]) -> str:
    """Return ranges of seconds of the day."""
    return " and ".join(f"between {clock(low)} and {clock(high)}" for low, high in ranges)


def days(ranges: Iterable[Range]) -> str:
    """Return ranges of days of the week."""
    return ", ".join(DAYS[day] for low, high in ranges for day in range(low, high + 1))


def icmp(value: int, number: int) -> str:
    """Return type and code that the first bytes of ICMP or ICMPv6 stand for."""
    names = {kind: name for name, kind in (ICMP_TYPES if number == ICMP else ICMPV6_TYPES).items()}
    return f"{names.get(value >> 8, f'type {value >> 8}')} (code {value & 0xFF})"


def state(point: Mapping[str, int]) -> str:
    """Return the state of the packet's connection."""
    return _STATES.get(point.get("ct", 0), "?")


def packet(point: Mapping[str, int], free: Iterable[str] = (), when: Mapping[str, Sequence[Range]] | None = None) -> str:
    """Return a packet as the subject of a sentence.

    `free`: fields whose value does not matter to what is said of it; `when`: the seconds and days for which it holds.
    """
    free = frozenset(free)
    number = point.get("l4proto", 0)
    ported = number in WITH_PORTS and point.get("thdr", 1) and not point.get("fragoff", 0) & 0x1FFF
    parts = [
        _kind(point),
        _end("from", point, free, ("saddr", "sport"), bool(ported)),
        _end("to", point, free, ("daddr", "dport"), bool(ported)),
    ]
    ways = [(field, said) for field, said in (("iif", "in by"), ("oif", "out by")) if point.get(field) and field not in free]
    if ways:
        parts.append(f"({', '.join(f'{said} {_device(point[field])}' for field, said in ways)})")
    if when and when.get("second"):
        parts.append(times(when["second"]))
    if when and when.get("day"):
        parts.append(f"on {days(when['day'])}")
    return " ".join(parts)


def _device(value: int) -> str:
    name = interface_name(value)
    return name if name.strip("?") else "a device of any other name"


def target(point: Mapping[str, int]) -> str:
    """Return where a packet goes."""
    ported = point.get("l4proto", 0) in WITH_PORTS
    return _end("", point, frozenset(), ("daddr", "dport"), ported).strip()


def _kind(point: Mapping[str, int]) -> str:
    number = point.get("l4proto", 0)
    name = protocol(number) if point.get("l4ok", 1) else "IPv6 (no transport protocol found)"
    offset = point.get("fragoff", 0) & 0x1FFF
    if offset:
        return f"a later fragment (offset {offset * 8} bytes) of {article(name)} packet"
    if number in (ICMP, ICMPV6) and point.get("thdr", 1):
        return f"{article(name)} {icmp(point.get('sport', 0), number)} packet"
    broken = " without a transport header" if number in WITH_PORTS and not point.get("thdr", 1) else ""
    return f"{article(name)} packet{broken}"


def _end(word: str, point: Mapping[str, int], free: frozenset[str], names: tuple[str, str], ported: bool) -> str:
    address, port = names
    shown = str(address_of(point.get(address, 0), point.get("family", IPV4)))
    if not ported:
        return f"{word} {shown}"
    return f"{word} {shown} port {'any' if port in free else point.get(port, 0)}"
