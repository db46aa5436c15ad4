"""What a packet of the test is to the proof: a point in the space of `ordinance.proof.fields`, one for each state it may have."""

from __future__ import annotations

import time
from ipaddress import ip_address

from ordinance.proof.fields import CT_STATES, IPV4, IPV6, interface, ip_range
from selftest.proof.kernel.packet import ICMP, ICMPV6, TCP, UDP, Packet, frames, layer4

ETHERNET, IPV4_HEADER = 14, 20
FLAGS_AT = 13  #: of the TCP header
SCTP = 132
#: What opens a connection; everything else without one is invalid (nf_conntrack_proto_tcp.c: tcp_valid_flags, sNO).
OPENING = {0x02, 0x22, 0x10, 0x30}
UNCOUNTED = 0x8 | 0x40 | 0x80  #: PSH, ECE, CWR
ASKING = {ICMP: (8, 13, 15, 17), ICMPV6: (128, 139)}
UNTRACKED6 = (130, 131, 132, 133, 134, 135, 136, 143)  #: nf_conntrack_proto_icmpv6.c: noct_valid_new


def states(packet: Packet) -> tuple[str, ...]:
    """What connection tracking makes of the first packet of its connection; several, where this test does not know."""
    if packet.protocol == TCP:
        return ("new",) if packet.header and packet.flags & ~UNCOUNTED in OPENING else ("invalid",)
    if packet.protocol == UDP:
        return ("new",) if packet.header else ("invalid",)
    if packet.protocol == ICMPV6 and packet.type in UNTRACKED6:
        return ("untracked",)
    if packet.protocol in ASKING:
        return ("new",) if packet.type in ASKING[packet.protocol] else ("invalid",)
    return ("new", "invalid") if packet.protocol == SCTP else ("new",)


def transport(packet: Packet, number: int) -> bytes:
    """The bytes that the kernel reads as a header of layer 4.

    Of a later fragment these are the payload's in IPv4; in IPv6 those of the IPv6 header itself, for the offset of the transport
    header stays 0 (net/ipv6/exthdrs_core.c: ipv6_find_hdr).
    """
    if packet.family == 6 and packet.offset:
        return frames(packet, number)[0][ETHERNET:]
    return layer4(packet, number)


def points(packet: Packet, number: int) -> list[dict[str, int]]:
    """The packet as it is before any rule has changed it."""
    data = transport(packet, number)
    base = {
        "saddr": ip_range(ip_address(packet.source))[0],
        "daddr": ip_range(ip_address(packet.target))[0],
        "iif": interface("f0")[0],
        "oif": 0 if packet.local else interface("f1")[0],
        "family": IPV4 if packet.family == 4 else IPV6,
        "l4proto": packet.protocol,
        "l4ok": 1,
        "thdr": int(bool(data)),
        "sport": int.from_bytes(data[:2], "big"),
        "dport": int.from_bytes(data[2:4], "big"),
        "flags": data[FLAGS_AT] if len(data) > FLAGS_AT else 0,
        "fragoff": (packet.fragment or 0) if packet.family == 4 else 0,
        "ext6": int(packet.family == 6 and (bool(packet.extensions) or packet.fragment is not None)),
        **_now(),
    }
    return [{**base, "ct": CT_STATES[state]} for state in states(packet)]


def _now() -> dict[str, int]:
    now = time.gmtime()
    return {"second": now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec, "day": (now.tm_wday + 1) % 7}
