"""A DTLS ClientHello as one datagram: a server answers with a HelloVerifyRequest or an alert (RFC 6347 section 4.2)."""

from __future__ import annotations

import struct

SUITES = (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xC00A, 0xC014, 0x009C, 0x002F, 0x0035)
DTLS10, DTLS12 = 0xFEFF, 0xFEFD
HANDSHAKE, CLIENT_HELLO = 22, 1


def dtls_hello() -> bytes:
    """Make a hello that offers DTLS 1.2 with ordinary suites, groups and signatures, and no cookie yet."""
    suites = struct.pack(f">{len(SUITES)}H", *SUITES)
    groups = struct.pack(">HHHHH", 10, 6, 4, 23, 24) + struct.pack(">HHBB", 11, 2, 1, 0)
    signatures = struct.pack(">HHH4H", 13, 10, 8, 0x0403, 0x0503, 0x0401, 0x0501)
    extensions = groups + signatures
    body = struct.pack(">H", DTLS12) + b"ordinance-" * 3 + b"ox" + b"\0" + b"\0"
    body += struct.pack(">H", len(suites)) + suites + b"\x01\0" + struct.pack(">H", len(extensions)) + extensions
    length = len(body).to_bytes(3, "big")
    message = bytes((CLIENT_HELLO,)) + length + struct.pack(">H", 0) + bytes(3) + length + body
    return struct.pack(">BHHIHH", HANDSHAKE, DTLS10, 0, 0, 0, len(message)) + message
