"""The names that Cisco's configurations write for numbers.

Ports and protocols: "Cisco ASA Series General Operations CLI Configuration Guide", reference "Addresses, Protocols, and
Ports"; "Cisco IOS Security Command Reference", access-list (IP extended), its lists of TCP and UDP port names. Types of ICMP:
the same, and RFC 792, 4443.
"""

from __future__ import annotations

from ordinance.proof.read.numbers import Icmp

PROTOCOLS = {
    "ah": 51, "ahp": 51, "eigrp": 88, "esp": 50, "gre": 47, "icmp": 1, "icmp6": 58, "igmp": 2, "igrp": 9, "ipinip": 4,
    "ipsec": 50, "nos": 94, "ospf": 89, "pcp": 108, "pim": 103, "pptp": 47, "sctp": 132, "snp": 109, "tcp": 6, "udp": 17,
    "vrrp": 112,
}  # fmt: skip

_BOTH = {
    "discard": 9, "domain": 53, "echo": 7, "pim-auto-rp": 496, "sunrpc": 111, "syslog": 514, "tacacs": 49, "talk": 517,
    "time": 37,
}  # fmt: skip
TCP_PORTS = _BOTH | {
    "bgp": 179, "chargen": 19, "cmd": 514, "connectedapps-plain": 15001, "connectedapps-tls": 15002, "daytime": 13, "drip": 3949,
    "exec": 512, "finger": 79, "ftp": 21, "ftp-data": 20, "gopher": 70, "hostname": 101, "ident": 113, "irc": 194, "klogin": 543,
    "kshell": 544, "login": 513, "lpd": 515, "msrpc": 135, "nntp": 119, "onep-plain": 15001, "onep-tls": 15002, "pop2": 109,
    "pop3": 110, "smtp": 25, "telnet": 23, "uucp": 540, "whois": 43, "www": 80,
}  # fmt: skip
UDP_PORTS = _BOTH | {
    "biff": 512, "bootpc": 68, "bootps": 67, "dnsix": 195, "isakmp": 500, "mobile-ip": 434, "nameserver": 42, "netbios-dgm": 138,
    "netbios-ns": 137, "netbios-ss": 139, "non500-isakmp": 4500, "ntp": 123, "rip": 520, "ripv6": 521, "snmp": 161,
    "snmptrap": 162, "tftp": 69, "who": 513, "xdmcp": 177,
}  # fmt: skip
_ASA_BOTH = {"cifs": 3020, "http": 80, "nfs": 2049, "sip": 5060, "www": 80}
ASA_TCP_PORTS = TCP_PORTS | _ASA_BOTH | {
    "aol": 5190, "citrix-ica": 1494, "ctiqbe": 2748, "h323": 1720, "https": 443, "imap4": 143, "ldap": 389, "ldaps": 636,
    "lotusnotes": 1352, "netbios-ssn": 139, "pcanywhere-data": 5631, "pptp": 1723, "rsh": 514, "rtsp": 554, "sqlnet": 1521,
    "ssh": 22,
}  # fmt: skip
ASA_UDP_PORTS = UDP_PORTS | _ASA_BOTH | {
    "pcanywhere-status": 5632, "radius": 1645, "radius-acct": 1646, "secureid-udp": 5510, "vxlan": 4789,
}  # fmt: skip
#: Names whose number the documents of different releases do not agree on: a port that bears one is an unknown.
DISPUTED = {"kerberos"}

ICMP: dict[str, Icmp] = {
    "administratively-prohibited": (3, 13), "alternate-address": (6, None), "conversion-error": (31, None),
    "dod-host-prohibited": (3, 10), "dod-net-prohibited": (3, 9), "echo": (8, None), "echo-reply": (0, None),
    "general-parameter-problem": (12, 0), "host-isolated": (3, 8), "host-precedence-unreachable": (3, 14),
    "host-redirect": (5, 1), "host-tos-redirect": (5, 3), "host-tos-unreachable": (3, 12), "host-unknown": (3, 7),
    "host-unreachable": (3, 1), "information-reply": (16, None), "information-request": (15, None), "mask-reply": (18, None),
    "mask-request": (17, None), "mobile-redirect": (32, None), "net-redirect": (5, 0), "net-tos-redirect": (5, 2),
    "net-tos-unreachable": (3, 11), "net-unreachable": (3, 0), "network-unknown": (3, 6), "no-room-for-option": (12, 2),
    "option-missing": (12, 1), "packet-too-big": (3, 4), "parameter-problem": (12, None), "port-unreachable": (3, 3),
    "precedence-unreachable": (3, 15), "protocol-unreachable": (3, 2), "reassembly-timeout": (11, 1), "redirect": (5, None),
    "router-advertisement": (9, None), "router-solicitation": (10, None), "source-quench": (4, None),
    "source-route-failed": (3, 5), "time-exceeded": (11, None), "timestamp-reply": (14, None),
    "timestamp-request": (13, None), "traceroute": (30, None), "ttl-exceeded": (11, 0), "unreachable": (3, None),
}  # fmt: skip
ICMPV6: dict[str, Icmp] = {
    "beyond-scope": (1, 2), "destination-unreachable": (1, None), "echo": (128, None), "echo-reply": (129, None),
    "echo-request": (128, None), "header": (4, 0), "hop-limit": (3, 0), "membership-query": (130, None),
    "membership-reduction": (132, None), "membership-report": (131, None), "mld-query": (130, None), "mld-reduction": (132, None),
    "mld-report": (131, None), "nd-na": (136, None), "nd-ns": (135, None), "neighbor-advertisement": (136, None),
    "neighbor-redirect": (137, None), "neighbor-solicitation": (135, None), "next-header": (4, 1), "no-admin": (1, 1),
    "no-route": (1, 0), "packet-too-big": (2, None), "parameter-option": (4, 2), "parameter-problem": (4, None),
    "port-unreachable": (1, 4), "reassembly-timeout": (3, 1), "redirect": (137, None), "renum-command": (138, 0),
    "renum-result": (138, 1), "renum-seq-number": (138, 255), "router-advertisement": (134, None),
    "router-renumbering": (138, None), "router-solicitation": (133, None), "time-exceeded": (3, None),
    "unreachable": (1, None),
}  # fmt: skip

_SHORT = {
    "FastEthernet": "Fa", "GigabitEthernet": "Gi", "TenGigabitEthernet": "Te", "TwentyFiveGigE": "Twe",
    "FortyGigabitEthernet": "Fo", "HundredGigE": "Hu", "TwoGigabitEthernet": "Tw", "FiveGigabitEthernet": "Fi",
    "Ethernet": "Et", "Loopback": "Lo", "Port-channel": "Po", "Serial": "Se", "Tunnel": "Tu", "Vlan": "Vl", "BVI": "BV",
    "Dialer": "Di", "Multilink": "Mu", "Virtual-Template": "Vt", "Cellular": "Ce", "Async": "As", "Null": "Nu",
}  # fmt: skip
_MOST = 15


class Interfaces:
    """The names of a device's interfaces as the proof's fields hold them: at most 15 bytes, abbreviated as IOS does."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def short(self, name: str) -> str:
        """Return the name by which the proof calls an interface; always the same, and never that of another."""
        if name not in self._given:
            self._given[name] = self._free(_abbreviated(name))
        return self._given[name]

    def shortened(self) -> list[str]:
        """Return `short = long` of every name that is not its own."""
        return [f"{short} is {name}" for name, short in self._given.items() if short != name]

    def _free(self, name: str) -> str:
        if len(name.encode()) <= _MOST and name not in self._given.values():
            return name
        number = 1
        while f"{name[:10]}~{number}" in self._given.values() or len(f"{name[:10]}~{number}".encode()) > _MOST:
            number += 1
            name = name.encode("ascii", "replace").decode()
        return f"{name[:10]}~{number}"


def _abbreviated(name: str) -> str:
    letters = name[: len(name) - len(name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"))]
    return _SHORT[letters] + name[len(letters) :] if letters in _SHORT else name
