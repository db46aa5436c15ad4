"""Names that rulesets write for numbers: protocols (IANA), ICMP types and codes, services. One table for every reader."""

from __future__ import annotations

from types import MappingProxyType

#: IANA protocol numbers by the names of /etc/protocols and of nft.
PROTOCOLS = MappingProxyType(
    {
        "ip": 0,
        "hopopt": 0,
        "icmp": 1,
        "igmp": 2,
        "ipencap": 4,
        "ipip": 4,
        "ipinip": 4,
        "tcp": 6,
        "egp": 8,
        "igp": 9,
        "igrp": 9,
        "udp": 17,
        "dccp": 33,
        "ipv6": 41,
        "ipv6-route": 43,
        "ipv6-frag": 44,
        "rsvp": 46,
        "gre": 47,
        "esp": 50,
        "ah": 51,
        "ahp": 51,
        "mobile": 55,
        "ipv6-icmp": 58,
        "icmpv6": 58,
        "icmp6": 58,
        "ipv6-nonxt": 59,
        "ipv6-opts": 60,
        "eigrp": 88,
        "ospf": 89,
        "ospfigp": 89,
        "pim": 103,
        "comp": 108,
        "ipcomp": 108,
        "pcp": 108,
        "vrrp": 112,
        "l2tp": 115,
        "sctp": 132,
        "mobility-header": 135,
        "mh": 135,
        "ipv6-mh": 135,
        "udplite": 136,
        "hip": 139,
        "shim6": 140,
    }
)
#: Numbers of IPv6 extension headers: as `ip6 nexthdr` they say nothing of the transport protocol (RFC 7045).
EXTENSION_HEADERS = frozenset({0, 43, 44, 50, 51, 59, 60, 135, 139, 140})

ICMP_TYPES = MappingProxyType(
    {
        "echo-reply": 0,
        "destination-unreachable": 3,
        "source-quench": 4,
        "redirect": 5,
        "echo-request": 8,
        "router-advertisement": 9,
        "router-solicitation": 10,
        "time-exceeded": 11,
        "parameter-problem": 12,
        "timestamp-request": 13,
        "timestamp-reply": 14,
        "info-request": 15,
        "info-reply": 16,
        "address-mask-request": 17,
        "address-mask-reply": 18,
    }
)
ICMPV6_TYPES = MappingProxyType(
    {
        "destination-unreachable": 1,
        "packet-too-big": 2,
        "time-exceeded": 3,
        "parameter-problem": 4,
        "echo-request": 128,
        "echo-reply": 129,
        "mld-listener-query": 130,
        "mld-listener-report": 131,
        "mld-listener-done": 132,
        "mld-listener-reduction": 132,
        "nd-router-solicit": 133,
        "nd-router-advert": 134,
        "nd-neighbor-solicit": 135,
        "nd-neighbor-advert": 136,
        "nd-redirect": 137,
        "router-renumbering": 138,
        "ind-neighbor-solicit": 141,
        "ind-neighbor-advert": 142,
        "mld2-listener-report": 143,
    }
)
#: Codes by the names that nft lists them with, whatever the type (RFC 792, RFC 1122).
ICMP_CODES = MappingProxyType(
    {
        "net-unreachable": 0,
        "host-unreachable": 1,
        "prot-unreachable": 2,
        "port-unreachable": 3,
        "frag-needed": 4,
        "net-prohibited": 9,
        "host-prohibited": 10,
        "admin-prohibited": 13,
    }
)
ICMPV6_CODES = MappingProxyType(
    {
        "no-route": 0,
        "admin-prohibited": 1,
        "addr-unreachable": 3,
        "port-unreachable": 4,
        "policy-fail": 5,
        "reject-route": 6,
    }
)
