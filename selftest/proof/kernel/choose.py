"""Random packets from both sides of the boundaries that rules name, each able to pass a firewall without rules."""

from __future__ import annotations

import random
from dataclasses import dataclass

from selftest.proof.kernel.packet import DESTINATION, DONT, HOP_BY_HOP, ICMP, ICMPV6, MORE, ROUTING, TCP, UDP, Packet
from selftest.proof.kernel.pools import AT, FROM, NUMBERS, PROTOCOLS, TO

FLAGS = (2, 2, 2, 16, 18, 1, 4, 20, 0, 3, 17, 24, 0x29, 0xC2, 0x22, 0x30, 0x11)
TYPES4 = (8, 8, 13, 0, 17, 15, 40, 16)
TYPES6 = (128, 128, 129, 135, 200, 127, 136)
CODES = (0, 0, 3, 1)
LOCAL_TYPES6 = (128, 129, 200, 127)  #: neighbour discovery for fw itself is answered, or refused, by fw itself
TRANSLATED, TRANSLATED_SHARE = (2525, 2525, 119, 80, 22), 0.4  #: ports that rules of translation name
FRAGMENTS = (MORE, 1, 100, MORE | 1, MORE | 100)


@dataclass(frozen=True)
class Tracked:
    """Whether connections are tracked, by family. Then fragments are put together before any rule sees them."""

    by_family: dict[int, bool]
    translated: bool = False  #: destinations change: no two packets may then be of one connection

    def __getitem__(self, family: int) -> bool:
        return self.by_family[family]


def packet(dice: random.Random, tracked: Tracked) -> Packet:
    family = 6 if dice.random() < 0.42 else 4
    protocol = dice.choices(PROTOCOLS[family], (6, 2.5, 2, 0.5, 0.4))[0]
    local = dice.random() < 0.35
    source, target = dice.choice(FROM[family]), dice.choice((AT if local else TO)[family])
    sport, dport = _ports(dice, protocol, local, tracked)
    flags = dice.choice(FLAGS) if protocol == TCP else 0
    shape = _shape(dice, family, protocol, local, tracked)
    return Packet(family, source, target, protocol, sport, dport, flags, local, **shape)


def _ports(dice: random.Random, protocol: int, local: bool, tracked: Tracked) -> tuple[int, int]:
    if protocol == ICMP:
        return dice.choice(TYPES4) << 8 | dice.choice(CODES), 0
    if protocol == ICMPV6:
        return dice.choice(LOCAL_TYPES6 if local else TYPES6) << 8 | dice.choice(CODES), 0
    source = dice.randrange(65536) if tracked.translated or dice.random() < 0.3 else dice.choice(NUMBERS)
    translated = tracked.translated and dice.random() < TRANSLATED_SHARE
    return source, dice.choice(TRANSLATED if translated else NUMBERS)


def _shape(dice: random.Random, family: int, protocol: int, local: bool, tracked: Tracked) -> dict[str, object]:
    """What is odd about the packet, if anything."""
    which = dice.random()
    if which < 0.05 and protocol in (TCP, UDP):
        return {"header": False}
    if which < 0.20 and not local:
        return {"pieces": True} if tracked[family] else {"fragment": dice.choice(FRAGMENTS)}
    if which < 0.20 and family == 4:
        return {"pieces": True}  # for fw itself: put together before any rule of input, tracked or not
    if which < 0.30 and family == 6:
        chains = ((DESTINATION,), (HOP_BY_HOP,), (HOP_BY_HOP, DESTINATION), (DESTINATION, DESTINATION))
        near = local or tracked.translated  # fw itself takes no packet with a routing header
        return {"extensions": dice.choice(chains if near else (*chains, (ROUTING,), (HOP_BY_HOP, ROUTING, DESTINATION)))}
    return {"fragment": DONT} if family == 4 and which > 0.8 else {}


def connection(each: Packet, translated: bool) -> tuple[object, ...]:
    """Two packets with equal ones may be of one connection to the firewall. ICMP has the packet's own number in it."""
    ports = (each.sport, each.dport) if each.protocol in (TCP, UDP, 132) else ()
    if each.protocol in (ICMP, ICMPV6):
        return (each,)
    return (each.source, each.protocol, ports[:1]) if translated else (each.source, each.target, each.protocol, ports)


def packets(dice: random.Random, tracked: Tracked, count: int) -> list[Packet]:
    """So many packets, no two of one connection. Errors: AssertionError if there are not so many."""
    chosen: dict[tuple[object, ...], Packet] = {}
    for _ in range(count * 20):
        each = packet(dice, tracked)
        chosen.setdefault(connection(each, tracked.translated), each)
        if len(chosen) == count:
            return list(chosen.values())
    raise AssertionError(f"only {len(chosen)} of {count} packets differ")
