"""Frames out: sendmmsg(2) on a packet socket, straight to the device (packet(7)).

The kernel does most of the work of a sweep inside that call, for a veth even the firewall's. The call leaves the interpreter to
others, so two threads send full tables while the next one is filled and answers are read.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from ordinance.observe.sweep.arrays import Array, np

SOL_PACKET, QDISC_BYPASS, SO_SNDBUFFORCE = 263, 20, 32
ROWS, ROW = 2112, 128  # half a window with its canaries
TABLES, THREADS = 4, 2
SMALL = 256  # rows that are not worth another thread
SHIFT = 2  # bytes before each frame, so that its network header is aligned
HEADER = 64  # bytes of a struct mmsghdr on 64 bits
BUSY_SECONDS, BUSY_PAUSE = 10.0, 0.0002
#: The device takes no more just now, or a signal came: nothing of the rest was sent.
BUSY = (errno.ENOBUFS, errno.EAGAIN, errno.EINTR)


class Table:
    """Frames of one length, with what sendmmsg wants to know of them; `words` are its rows as big-endian words."""

    def __init__(self, length: int) -> None:
        self.held = np.zeros((ROWS, ROW), np.uint8)
        self.frames: Array = self.held[:, SHIFT:]
        self.words: Array = self.frames.view(">u2")
        self.vectors = np.zeros((ROWS, 2), np.uint64)  # struct iovec: where, how long
        self.vectors[:, 0] = self.held.ctypes.data + SHIFT + ROW * np.arange(ROWS)
        self.vectors[:, 1] = length
        self.headers = np.zeros((ROWS, HEADER // 8), np.uint64)
        self.headers[:, 2] = self.vectors.ctypes.data + 16 * np.arange(ROWS)
        self.headers[:, 3] = 1
        self.address = int(self.headers.ctypes.data)


class Transmitter:
    """A socket on one device. Fill the table that `free` gives, then `send` it; OSError, at the latest from `flush`."""

    def __init__(self, device: str, length: int) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self.socket.setsockopt(SOL_PACKET, QDISC_BYPASS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 16 << 20)
        self.socket.bind((device, 0))
        self.tables = [Table(length) for _ in range(TABLES)]
        self.turn = 0
        self.call = ctypes.CDLL(None, use_errno=True).sendmmsg
        self.call.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]
        self.busy = 0  # times the device took no more
        self.counting = Lock()
        self.threads = ThreadPoolExecutor(THREADS)
        self.under_way: deque[Future[float]] = deque()

    def free(self) -> Table:
        """Wait until the table whose turn it is has been sent."""
        while len(self.under_way) >= TABLES:
            self.under_way.popleft().result()
        return self.tables[self.turn]

    def send(self, rows: int) -> None:
        """Send the first so many rows of that table, every one, and go on to the next."""
        table = self.tables[self.turn]
        if rows <= SMALL:
            self.flush()
            self._send(table, rows)
            return
        self.turn = (self.turn + 1) % TABLES
        self.under_way.append(self.threads.submit(self._send, table, rows))

    def flush(self) -> None:
        """Wait until all has left. OSError when the device is down, or took nothing for ten seconds."""
        while self.under_way:
            self.under_way.popleft().result()

    def _send(self, table: Table, rows: int) -> float:
        """Send rows, and return when the last one had left."""
        sent, since = 0, time.monotonic()
        while sent < rows:
            taken = self.call(self.socket.fileno(), table.address + HEADER * sent, rows - sent, 0)
            if taken > 0:
                sent, since = sent + taken, time.monotonic()
                continue
            error = ctypes.get_errno()
            if error not in BUSY or time.monotonic() - since > BUSY_SECONDS:
                raise OSError(error, os.strerror(error))
            if error != errno.EINTR:
                with self.counting:
                    self.busy += 1
                time.sleep(BUSY_PAUSE)
        return time.monotonic()

    def close(self) -> None:
        """Be done."""
        self.threads.shutdown()
        self.socket.close()
