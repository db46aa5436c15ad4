"""Classic BPF programs that let through what may answer a probe; all else the kernel drops before the ring (packet(7)).

The sockets are given packets from their network header on, so offsets count from there. A load beyond the packet drops it.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence
from typing import Union

BYTE, HALF, BYTE_X, HALF_X, HEADER4 = 0x30, 0x28, 0x50, 0x48, 0xB1  # loads; HEADER4 puts an IPv4 header's length into X
AND, EQUAL, AT_LEAST, ABOVE, ANY_BIT, RETURN = 0x54, 0x15, 0x35, 0x25, 0x45, 0x06
SO_ATTACH_FILTER = 26
SNAP = 160
RST, SYN_ACK = 4, 0x12
#: A step: (operation, constant) or (operation, constant, where to go if so, where if not); a word is a place to go to.
Step = Union[str, "tuple[int, int]", "tuple[int, int, str, str]"]
_END: tuple[Step, ...] = ("keep", (RETURN, SNAP), "drop", (RETURN, 0))


def answers4(low: int, high: int) -> bytes:
    """IPv4: SYN-ACKs and resets to our ports, ICMP errors (3, 11, 12) that quote TCP; no later fragments."""
    return assemble(
        (
            (HALF, 6), (ANY_BIT, 0x1FFF, "drop", "whole"), "whole",
            (HEADER4, 0), (BYTE, 9), (EQUAL, socket.IPPROTO_TCP, "tcp", "other"),
            "tcp", (HALF_X, 2), (AT_LEAST, low, "low", "drop"), "low", (ABOVE, high, "drop", "ours"),
            "ours", (BYTE_X, 13), (ANY_BIT, RST, "keep", "more"), "more", (AND, SYN_ACK), (EQUAL, SYN_ACK, "keep", "drop"),
            "other", (EQUAL, socket.IPPROTO_ICMP, "icmp", "drop"),
            "icmp", (BYTE_X, 0), (EQUAL, 3, "quote", "b"), "b", (EQUAL, 11, "quote", "c"), "c", (EQUAL, 12, "quote", "drop"),
            "quote", (BYTE_X, 17), (EQUAL, socket.IPPROTO_TCP, "keep", "drop"),
            *_END,
        )
    )  # fmt: skip


def answers6(low: int, high: int) -> bytes:
    """IPv6: the same, ICMPv6 errors 1, 3 and 4; and whatever begins with an extension header, to be looked into later."""
    return assemble(
        (
            (BYTE, 6), (EQUAL, socket.IPPROTO_TCP, "tcp", "other"),
            "tcp", (HALF, 42), (AT_LEAST, low, "low", "drop"), "low", (ABOVE, high, "drop", "ours"),
            "ours", (BYTE, 53), (ANY_BIT, RST, "keep", "more"), "more", (AND, SYN_ACK), (EQUAL, SYN_ACK, "keep", "drop"),
            "other", (EQUAL, socket.IPPROTO_ICMPV6, "icmp", "a"),
            "a", (EQUAL, 0, "keep", "b"), "b", (EQUAL, 43, "keep", "c"), "c", (EQUAL, 44, "keep", "d"),
            "d", (EQUAL, 60, "keep", "drop"),
            "icmp", (BYTE, 40), (EQUAL, 1, "quote", "e"), "e", (EQUAL, 3, "quote", "f"), "f", (EQUAL, 4, "quote", "drop"),
            "quote", (BYTE, 54), (EQUAL, socket.IPPROTO_TCP, "keep", "drop"),
            *_END,
        )
    )  # fmt: skip


def assemble(steps: Sequence[Step]) -> bytes:
    """Turn places into distances; a program of struct sock_filter."""
    places: dict[str, int] = {}
    count = 0
    for step in steps:
        if isinstance(step, str):
            places[step] = count
        else:
            count += 1
    code = b""
    for step in steps:
        if isinstance(step, str):
            continue
        here = len(code) // 8 + 1
        jumps = [places[place] - here for place in step[2:]] or [0, 0]
        code += struct.pack("HBBI", step[0], *jumps, step[1])
    return code


def attach(sock: socket.socket, code: bytes) -> None:
    """Put a program before a socket."""
    held = ctypes.create_string_buffer(code)
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(code) // 8, ctypes.addressof(held)))
