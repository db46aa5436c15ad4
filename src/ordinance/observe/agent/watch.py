"""A firewall's own eyes: which of a vantage's packets arrive there, which go on, and which the kernel took for a flow.

Sees every packet of the vantage's own addresses but ordinary TCP, by a packet socket with a filter in the kernel, and reads
connection tracking: a flow stands there once every hook has let its first packet through, also where the firewall itself or
nobody at all is at the other end. It sends nothing. Needs CAP_NET_RAW (root) and, for flows, /proc/net/nf_conntrack.
"""

from __future__ import annotations

import ctypes
import os
import re
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.listener import attach, widen
from ordinance.observe.agent.wire import own_towards, packed

ETH_ALL, ETH_IP, ETH_IP6 = 3, 0x0800, 0x86DD
SOL_PACKET, PACKET_STATISTICS = 263, 6
TO_US, OUTGOING = 0, 4  # packet(7): sll_pkttype
TCP, UDP = 6, 17
#: Receive window of the packets that the stealth pass makes: of all TCP these alone are seen.
WINDOW = 0x6F72
HEADER4, HEADER6 = 20, 40  # octets of a header without options
#: Octets that may wait: some ten thousand packets, while a busy firewall gives the watcher no turn.
WAITING = 32 << 20
FLOWS = "/proc/net/nf_conntrack"
FLOWS_EVERY = 4.0  # seconds: the kernel forgets an unanswered UDP flow after thirty
#: protocol number, then the original direction
FLOW = re.compile(r"^\S+\s+\d+\s+\S+\s+(\d+) .*?src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?")
KEEP, REFUSE = (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0)
LD_PROTOCOL = (0x28, 0, 0, 0xFFFFF000)  # SKF_AD_OFF + SKF_AD_PROTOCOL


def program(own4: bytes, own6: bytes) -> tuple[tuple[int, int, int, int], ...]:
    """Classic BPF: packets from these addresses that are no TCP, TCP with `WINDOW`, or fragments."""
    word4 = struct.unpack(">I", own4)[0]
    words6 = struct.unpack(">4I", own6)
    return (
        LD_PROTOCOL,
        (0x15, 0, 8, ETH_IP),
        (0x20, 0, 0, 12), (0x15, 0, 20, word4),  # source
        (0x30, 0, 0, 9), (0x15, 0, 17, TCP),
        (0x28, 0, 0, 6), (0x45, 15, 0, 0x3FFF),  # a fragment
        (0x28, 0, 0, 34), (0x15, 13, 14, WINDOW),
        (0x15, 0, 13, ETH_IP6),
        (0x20, 0, 0, 8), (0x15, 0, 11, words6[0]),
        (0x20, 0, 0, 12), (0x15, 0, 9, words6[1]),
        (0x20, 0, 0, 16), (0x15, 0, 7, words6[2]),
        (0x20, 0, 0, 20), (0x15, 0, 5, words6[3]),
        (0x30, 0, 0, 6), (0x15, 0, 2, TCP),
        (0x28, 0, 0, 54), (0x15, 0, 1, WINDOW),
        KEEP, REFUSE,
    )  # fmt: skip


def read_packet(data: bytes) -> tuple[int, str, int] | None:
    """Protocol, destination and mark of a packet: the source port of UDP, else the number in the IPv4 id or IPv6 flow label."""
    version = data[0] >> 4 if data else 0
    if version == 4 and len(data) >= HEADER4:  # noqa: PLR2004
        protocol, to, start = data[9], socket.inet_ntop(socket.AF_INET, data[16:20]), (data[0] & 15) * 4
        number = struct.unpack_from(">H", data, 4)[0]
    elif version == 6 and len(data) >= HEADER6:  # noqa: PLR2004
        protocol, to, start = data[6], socket.inet_ntop(socket.AF_INET6, data[24:40]), HEADER6
        number = struct.unpack_from(">H", data, 2)[0]
    else:
        return None
    if protocol == UDP and len(data) >= start + 2:
        number = struct.unpack_from(">H", data, start)[0]
    return protocol, to, number


def hear_all(sock: socket.socket) -> None:
    """Let a packet socket hear every protocol on every device from now on (packet(7)). Raises OSError."""
    to = struct.pack("=H", socket.AF_PACKET) + struct.pack(">H", ETH_ALL) + bytes(16)  # sockaddr_ll, device 0: all
    if ctypes.CDLL(None, use_errno=True).bind(sock.fileno(), to, len(to)):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class Watch:
    """Job "watch".

    Keys: own4_hex, own6_hex (the vantage's addresses; empty where it has none), seconds (at most), quiet (seconds without any
    packet after which it ends), farewell_hex (octets in a packet that end it). Tells {"ready": true} when it sees.
    """

    def __init__(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.job, self.tell = job, tell
        self.own = [bytes.fromhex(job.get(key) or "") for key in ("own4_hex", "own6_hex")]
        self.farewell = bytes.fromhex(job.get("farewell_hex") or "")
        self.counts: dict[tuple[int, str, int], list[int]] = {}  # arrived, left
        self.first: dict[tuple[int, int], tuple[int, str, int]] = {}  # protocol, mark -> as it arrived
        self.flows: set[tuple[int, str, int, int]] = set()
        self.tracks = True
        self.over = False

    def run(self) -> dict[str, Any]:
        """Watch until the farewell, the quiet or the end of the time."""
        with self.opened() as sock:
            self.read_flows()
            self.tell({"ready": True})
            self.look(sock)
            lost = struct.unpack("II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        self.read_flows()
        seen = [[*key, *counts] for key, counts in sorted(self.counts.items())]
        return {"seen": seen, "flows": sorted(map(list, self.flows)), "tracks": self.tracks, "lost": lost}

    def opened(self) -> socket.socket:
        """Hear the vantage's packets, and nothing before the filter stands: a sweep beside it would fill the buffer at once."""
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        attach(sock, program(self.own[0] or bytes(4), self.own[1] or bytes(16)))
        widen(sock, WAITING)
        hear_all(sock)
        return sock

    def look(self, sock: socket.socket) -> None:
        """Take packets as they come."""
        end = time.monotonic() + self.job["seconds"]
        heard = time.monotonic() + self.job.get("patience", 60.0)
        again = time.monotonic() + FLOWS_EVERY
        sock.settimeout(0.1)
        while not self.over and time.monotonic() < min(end, heard):
            try:
                data, (_, _, kind, *_) = sock.recvfrom(2048)
            except socket.timeout:  # noqa: UP041 - not yet the same as TimeoutError in Python 3.7
                data = b""
            else:
                self.book(data, kind)
                heard = time.monotonic() + self.job["quiet"]
            if time.monotonic() > again:
                self.read_flows()
                again = time.monotonic() + FLOWS_EVERY

    def book(self, data: bytes, kind: int) -> None:
        """Count one packet, under what it was when it arrived: a destination may be translated on the way."""
        key = read_packet(data)
        if key is None or kind not in (TO_US, OUTGOING):
            return
        if kind == TO_US:
            self.over = self.over or bool(self.farewell and self.farewell in data)
            self.first[key[0], key[2]] = key
        else:
            known = self.first.get((key[0], key[2]), key)
            key = key if key in self.counts else known
        self.counts.setdefault(key, [0, 0])[kind == OUTGOING] += 1

    def read_flows(self) -> None:
        """Book flows that the vantage began: protocol, destination, its port, our port; zeros where there are no ports."""
        own = {address for address in self.own if address}
        try:
            with open(FLOWS, encoding="ascii", errors="replace") as table:  # noqa: PTH123 - nothing but the standard library
                for line in table:
                    found = FLOW.match(line)
                    if found and packed(found.group(2)) in own:
                        to = socket.inet_ntop(
                            socket.AF_INET6 if ":" in found.group(3) else socket.AF_INET, packed(found.group(3))
                        )
                        self.flows.add((int(found.group(1)), to, int(found.group(5) or 0), int(found.group(4) or 0)))
        except OSError:
            self.tracks = False


def own_addresses(job: dict[str, Any], _tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Job "own": the vantage's own address on the way to each of `addresses`, in hexadecimal; no packet is sent."""
    return {"own": {address: packed(own_towards(address)).hex() if own_towards(address) else "" for address in job["addresses"]}}
