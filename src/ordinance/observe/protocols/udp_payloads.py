"""One question for each well-known UDP service, as its own protocol asks it, written from the standards named beside each.

Whoever offers the service has to answer, or is known to stay silent.
Nothing is changed by any of them: they ask for a version, a status, a list, or begin a handshake that is not gone on with.
Printers' ports (9100-9107) are in no table, and the scope guard refuses them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ordinance.observe.protocols.dtls_hello import dtls_hello
from ordinance.observe.protocols.snmp_payload import community_get, engine_discovery

NAME = b"ordinance"
COOKIE = b"ordinanc"  #: eight octets for protocols that echo what they are given


@dataclass(frozen=True, slots=True)
class Question:
    """One datagram. `mute`: the service says nothing to strangers, whatever they send, so only the firewall can tell."""

    port: int
    service: str
    payload: bytes
    mute: bool = False


def questions(communities: Iterable[str]) -> Iterator[Question]:
    """Every question; SNMP is asked under each of these communities."""
    yield from (Question(port, service, payload, service in MUTE) for port, service, payload in _TABLE)
    for community in communities:
        for version in ("1", "2c"):
            yield Question(161, f"SNMP v{version}", community_get(version, community))
    yield Question(161, "SNMP v3", engine_discovery())


def dns_query(name: bytes, kind: int, klass: int = 1, flags: int = 0) -> bytes:
    """Make a DNS question (RFC 1035 section 4.1)."""
    labels = b"".join(bytes((len(label),)) + label for label in name.split(b".") if label)
    return struct.pack(">6H", 0x6F72, flags, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, klass)


def _dhcp() -> bytes:
    """INFORM (RFC 2131 section 4.4.3) from nobody's hardware: asks for parameters, takes no lease."""
    head = struct.pack(">4BIHH", 1, 1, 6, 0, 0x6F726431, 0, 0) + bytes(16) + b"\x02ordin" + bytes(10 + 192)
    return head + b"\x63\x82\x53\x63" + bytes((53, 1, 8, 55, 2, 1, 3, 255))


def _portmapper() -> bytes:
    """NULL call of program 100000 version 2 (RFC 1833, RFC 5531)."""
    return struct.pack(">10I", 0x6F72_6431, 0, 2, 100_000, 2, 0, 0, 0, 0, 0)


def _ntp() -> bytes:
    """Client request, version 4 (RFC 5905 section 7.3)."""
    return b"\x23" + bytes(39) + COOKIE


def _nbstat() -> bytes:
    """Node status of "*" (RFC 1002 section 4.2.17)."""
    star = b"\x20" + b"CK" + b"A" * 30 + b"\0"
    return struct.pack(">6H", 0x6F72, 0, 1, 0, 0, 0) + star + struct.pack(">2H", 0x21, 1)


def _ldap() -> bytes:
    """Search of the root DSE for anything (RFC 4511 section 4.5.1; over UDP as CLDAP, RFC 1798)."""
    search = b"\x04\x00" + b"\x0a\x01\x00" + b"\x0a\x01\x00" + b"\x02\x01\x00" + b"\x02\x01\x00" + b"\x01\x01\x00"
    search += b"\x87\x0bobjectClass" + b"\x30\x00"
    body = b"\x02\x01\x01" + b"\x63" + bytes((len(search),)) + search
    return b"\x30" + bytes((len(body),)) + body


def _quic() -> bytes:
    """A long header of a version that nobody has: a server must answer with those it has (RFC 9000 section 6.1)."""
    head = b"\xc0" + struct.pack(">I", 0x1A2A3A4A) + b"\x08" + COOKIE + b"\x08" + COOKIE
    return head + bytes(1200 - len(head))


def _ike() -> bytes:
    """IKE_SA_INIT without a proposal that could be taken (RFC 7296 section 1.2), which is answered by a notification."""
    transforms = b"".join(
        struct.pack(">BBHBBH", more, 0, 8, kind, 0, number) for more, kind, number in ((3, 1, 3), (3, 2, 2), (3, 3, 2), (0, 4, 2))
    )
    proposal = struct.pack(">BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, 4) + transforms
    association = struct.pack(">BBH", 34, 0, 4 + len(proposal)) + proposal
    exchange = struct.pack(">BBHHH", 40, 0, 8 + 128, 2, 0) + b"\x02" * 128
    nonce = struct.pack(">BBH", 0, 0, 4 + 32) + COOKIE * 4
    payloads = association + exchange + nonce
    return COOKIE + bytes(8) + struct.pack(">4BII", 33, 0x20, 34, 0x08, 0, 28 + len(payloads)) + payloads


def _radius() -> bytes:
    """Status-Server (RFC 5997) with a message authenticator that no shared secret made: a server stays silent."""
    return struct.pack(">BBH", 12, 0x6F, 38) + COOKIE * 2 + b"\x50\x12" + bytes(16)


def _openvpn() -> bytes:
    """P_CONTROL_HARD_RESET_CLIENT_V2 (OpenVPN wire protocol): opcode 7, our session, no acknowledgements, packet 0."""
    return b"\x38" + COOKIE + b"\0" + struct.pack(">I", 0)


def _ipmi() -> bytes:
    """Presence ping of ASF over RMCP (IPMI 2.0 section 13.2.3)."""
    return bytes((6, 0, 0xFF, 6)) + struct.pack(">IBBBB", 4542, 0x80, 0x6F, 0, 0)


def _sip() -> bytes:
    """OPTIONS (RFC 3261 section 11)."""
    lines = (
        b"OPTIONS sip:ordinance.invalid SIP/2.0", b"Via: SIP/2.0/UDP ordinance.invalid;branch=z9hG4bKordinance;rport",
        b"From: <sip:audit@ordinance.invalid>;tag=o1", b"To: <sip:ordinance.invalid>", b"Call-ID: ordinance", b"CSeq: 1 OPTIONS",
        b"Max-Forwards: 0", b"Content-Length: 0", b"", b"",
    )  # fmt: skip
    return b"\r\n".join(lines)


def _ssdp() -> bytes:
    """Unicast search (UPnP Device Architecture 1.1 section 1.3.2)."""
    return b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n'


def _l2tp() -> bytes:
    """Start-Control-Connection-Request (RFC 2661 section 6.1)."""
    pairs = b"\x80\x08\0\0\0\0\0\x01" + b"\x80\x08\0\0\0\x02\x01\0" + b"\x80\x0a\0\0\0\x03\0\0\0\x03"
    pairs += struct.pack(">HHH", 0x8000 | 6 + len(NAME), 0, 7) + NAME + b"\x80\x08\0\0\0\x09\x6f\x72"
    return struct.pack(">6H", 0xC802, 12 + len(pairs), 0, 0, 0, 0) + pairs


#: port, service, payload
_TABLE: tuple[tuple[int, str, bytes], ...] = (
    (53, "DNS", dns_query(b"", 2)),
    (67, "DHCP", _dhcp()),
    (69, "TFTP", b"\0\x01ordinance-no-such-file\0octet\0"),  # RFC 1350: a read request, answered by an error
    (111, "RPC portmapper", _portmapper()),
    (123, "NTP", _ntp()),
    (137, "NetBIOS names", _nbstat()),
    (162, "SNMP traps", community_get("2c", "public")),
    (177, "XDMCP", struct.pack(">3HB", 1, 2, 1, 0)),  # X Display Manager Control Protocol: Query without names
    (389, "LDAP", _ldap()),
    (427, "SLP", bytes((2, 9, 0, 0, 29, 0, 0, 0, 0, 0, 0x6F, 0x72, 0, 2)) + b"en" + bytes(4) + b"\0\x07DEFAULT"),  # RFC 2608
    (443, "QUIC", _quic()),
    (500, "IKE", _ike()),
    (514, "syslog", b"<191>1 - - ordinance - - - probe"),  # RFC 5424, debug level
    (520, "RIP", b"\x01\x01\0\0" + bytes(19) + b"\x10"),  # RFC 2453 section 3.9.1: the whole table
    (623, "IPMI", _ipmi()),
    (1194, "OpenVPN", _openvpn()),
    (1434, "MS SQL browser", b"\x02"),  # MC-SQLR: CLNT_UCAST_EX
    (1701, "L2TP", _l2tp()),
    (1812, "RADIUS", _radius()),
    (1900, "SSDP", _ssdp()),
    (3478, "STUN", struct.pack(">HHI", 1, 0, 0x2112A442) + COOKIE + b"e123"),  # RFC 8489: Binding
    (4433, "DTLS", dtls_hello()),
    (4500, "IKE through NAT", bytes(4) + _ike()),  # RFC 3948: the non-ESP marker
    (5060, "SIP", _sip()),
    (5353, "mDNS", dns_query(b"_services._dns-sd._udp.local", 12)),  # RFC 6762, RFC 6763 section 9
    (5683, "CoAP", b"\x40\x01\x6f\x72\xbb.well-known\x04core"),  # RFC 7252, RFC 6690: GET /.well-known/core
    (5684, "CoAP over DTLS", dtls_hello()),
    (11211, "memcached", b"\x6f\x72\0\0\0\x01\0\0version\r\n"),
    (51820, "WireGuard", b"\x01\0\0\0" + b"ordi" + bytes(140)),  # handshake initiation of an unknown peer
)
MUTE = frozenset({"SNMP traps", "syslog", "RADIUS", "WireGuard", "DHCP"})
