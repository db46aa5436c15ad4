"""Frames out: sendmmsg(2) on a packet socket, straight to the device (packet(7))."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import time

from ordinance.observe.sweep.arrays import Array, np

SOL_PACKET, QDISC_BYPASS, SO_SNDBUFFORCE = 263, 20, 32
ROWS, ROW = 1024, 128
SHIFT = 2  # bytes before each frame, so that its network header is aligned
HEADER = 64  # bytes of a struct mmsghdr on 64 bits
BUSY_SECONDS, BUSY_PAUSE = 10.0, 0.0002
#: The device takes no more just now, or a signal came: nothing of the rest was sent.
BUSY = (errno.ENOBUFS, errno.EAGAIN, errno.EINTR)


class Transmitter:
    """A socket on one device, and a table of frames of one length; `words` are its rows as big-endian words."""

    def __init__(self, device: str, length: int) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self.socket.setsockopt(SOL_PACKET, QDISC_BYPASS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 16 << 20)
        self.socket.bind((device, 0))
        self.table = np.zeros((ROWS, ROW), np.uint8)
        self.frames: Array = self.table[:, SHIFT:]
        self.words: Array = self.frames.view(">u2")
        self.vectors = np.zeros((ROWS, 2), np.uint64)  # struct iovec: where, how long
        self.vectors[:, 0] = self.table.ctypes.data + SHIFT + ROW * np.arange(ROWS)
        self.vectors[:, 1] = length
        self.headers = np.zeros((ROWS, HEADER // 8), np.uint64)
        self.headers[:, 2] = self.vectors.ctypes.data + 16 * np.arange(ROWS)
        self.headers[:, 3] = 1
        self.call = ctypes.CDLL(None, use_errno=True).sendmmsg
        self.call.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]
        self.busy = 0  # times the device took no more

    def send(self, rows: int) -> None:
        """Send the first so many rows, every one. OSError when the device is down, or takes nothing for ten seconds."""
        sent, since = 0, time.monotonic()
        while sent < rows:
            taken = self.call(self.socket.fileno(), self.headers.ctypes.data + HEADER * sent, rows - sent, 0)
            if taken > 0:
                sent, since = sent + taken, time.monotonic()
                continue
            error = ctypes.get_errno()
            if error not in BUSY or time.monotonic() - since > BUSY_SECONDS:
                raise OSError(error, os.strerror(error))
            if error != errno.EINTR:
                self.busy += 1
                time.sleep(BUSY_PAUSE)

    def close(self) -> None:
        """Be done."""
        self.socket.close()
