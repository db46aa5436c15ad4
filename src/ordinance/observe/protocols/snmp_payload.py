"""SNMP requests as single datagrams, for vantages that send payloads as they are: whoever answers one at all speaks SNMP.

Basic Encoding Rules by hand (ITU-T X.690), for messages short enough for one length octet.
"""

from __future__ import annotations

INTEGER, OCTETS, NULL, OBJECT, SEQUENCE, GET = 0x02, 0x04, 0x05, 0x06, 0x30, 0xA0
LONGEST = 127
#: sysDescr.0 of RFC 3418: every agent has it.
SYS_DESCR = bytes((0x2B, 6, 1, 2, 1, 1, 1, 0))
VERSIONS = {"1": 0, "2c": 1}
USM = 3  #: security model of RFC 3414
REPORTABLE = b"\x04"  #: msgFlags: no authentication, no privacy, tell me what is wrong
LARGEST_MESSAGE = 65_507
REQUEST = 0x4F52


def community_get(version: str, community: str) -> bytes:
    """Make a GET of sysDescr.0 under a community: `version` "1" (RFC 1157) or "2c" (RFC 3416)."""
    binding = _put(SEQUENCE, _put(OBJECT, SYS_DESCR), _put(NULL))
    pdu = _put(GET, _number(REQUEST), _number(0), _number(0), _put(SEQUENCE, binding))
    return _put(SEQUENCE, _number(VERSIONS[version]), _put(OCTETS, community.encode()), pdu)


def engine_discovery() -> bytes:
    """Make an SNMPv3 discovery (RFC 3414 section 4): without any credential an agent reports its engine id."""
    header = _put(SEQUENCE, _number(REQUEST), _number(LARGEST_MESSAGE), _put(OCTETS, REPORTABLE), _number(USM))
    nobody = _put(SEQUENCE, _put(OCTETS), _number(0), _number(0), _put(OCTETS), _put(OCTETS), _put(OCTETS))
    pdu = _put(GET, _number(REQUEST), _number(0), _number(0), _put(SEQUENCE))
    return _put(SEQUENCE, _number(3), header, _put(OCTETS, nobody), _put(SEQUENCE, _put(OCTETS), _put(OCTETS), pdu))


def _put(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) > LONGEST:
        raise ValueError(f"an SNMP part of {len(content)} octets is longer than {LONGEST}: a community this long is no default")
    return bytes((tag, len(content))) + content


def _number(value: int) -> bytes:
    """Encode a number, zero or greater, with room for its sign bit."""
    return _put(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))
