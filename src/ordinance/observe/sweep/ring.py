"""Packets in: a receive ring shared with the kernel, all its waiting rows at once as columns (packet(7) PACKET_RX_RING).

TPACKET_V2, not V3: its frames have one size, so no loop has to walk from packet to packet.
"""

from __future__ import annotations

import mmap
import socket
import struct

from ordinance.observe.sweep.arrays import Array, np
from ordinance.observe.sweep.bpf import attach

SOL_PACKET, RX_RING, STATISTICS, VERSION, TPACKET_V2 = 263, 5, 6, 10, 1
ROWS, ROW, BLOCK = 32768, 256, 1 << 16
NETWORK = 80  # where the network header is in a row of a datagram socket (tpacket_rcv: align16(52) + 16)
MOST = 8192  # rows handled at a time
USER = 1  # TP_STATUS_USER: the row is ours


class Ring:
    """What arrives on one device in one family (`kind`: its Ethernet type) and passes the filter."""

    def __init__(self, device: str, kind: int, code: bytes) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)
        attach(self.socket, code)
        self.socket.setsockopt(SOL_PACKET, VERSION, TPACKET_V2)
        self.socket.setsockopt(SOL_PACKET, RX_RING, struct.pack("IIII", BLOCK, ROWS * ROW // BLOCK, ROW, ROWS))
        self.memory = mmap.mmap(self.socket.fileno(), ROWS * ROW)
        self.socket.bind((device, kind))
        rows = np.frombuffer(self.memory, np.uint8).reshape(ROWS, ROW)
        self.status: Array = rows[:, 0:4].view(np.uint32)[:, 0]
        self.length: Array = rows[:, 8:12].view(np.uint32)[:, 0]
        self.packets: Array = rows[:, NETWORK:]
        self.head = 0
        self.dropped = 0

    def ready(self) -> slice | None:
        """Name the rows that wait, or None; `release` them after use."""
        if not self.status[self.head] & USER:
            return None
        waiting = self.status[self.head : self.head + MOST] & USER
        count = len(waiting) if waiting.all() else int(waiting.argmin())
        return slice(self.head, self.head + count)

    def release(self, rows: slice) -> None:
        """Give rows back to the kernel."""
        self.status[rows] = 0
        self.head = rows.stop % ROWS

    def drops(self) -> int:
        """Count the packets for which there was no room so far (reading the kernel's count resets it)."""
        _, dropped = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, STATISTICS, 8))
        self.dropped += dropped
        return self.dropped

    def close(self) -> None:
        """Be done; the memory goes with the last array on it."""
        self.socket.close()
