"""Keyed numbers that a SYN carries as its sequence number: who answers with one has seen that SYN, or guessed one of 2^32.

The key is new for every sweep and never leaves it. It keeps out whoever does not see the probes; it is no cryptographic seal
against somebody on the path, who can answer in a port's name anyway.
"""

from __future__ import annotations

import os

from ordinance.observe.sweep.arrays import Array, np

_A, _B, _C, _D = 0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F, 0x9E3779B1


class Cookies:
    """`key` is 24 bytes, of the system's randomness unless a test says otherwise."""

    def __init__(self, key: bytes | None = None) -> None:
        words = np.frombuffer(key or os.urandom(24), "<u4").astype(np.uint32)
        self.key = words | np.array([0, 0, 1, 0, 1, 0], np.uint32)

    def of(self, address: Array, port: Array, source: Array, salt: Array) -> Array:
        """Numbers for flows: an address word (`words4`, `words6`), its port, our own port, and how often that one was used."""
        number = (address ^ self.key[0]) * np.uint32(_A)
        number ^= number >> np.uint32(15)
        number += (port << np.uint32(16) | source) ^ self.key[1]
        number += salt * self.key[2]
        number *= np.uint32(_B)
        number ^= number >> np.uint32(13)
        number *= np.uint32(_C)
        number ^= number >> np.uint32(16)
        return number ^ self.key[3]

    def words4(self, addresses: Array) -> Array:
        """Name IPv4 addresses, rows of four bytes, by a word each: themselves."""
        return np.ascontiguousarray(addresses).view(">u4")[:, 0].astype(np.uint32)

    def words6(self, addresses: Array) -> Array:
        """Name IPv6 addresses, rows of sixteen bytes, by a keyed word each."""
        parts = np.ascontiguousarray(addresses).view(">u4").astype(np.uint32)
        word = np.full(len(parts), self.key[5], np.uint32)
        for column in range(4):
            word = (word ^ parts[:, column]) * np.uint32(_D) + self.key[4]
            word ^= word >> np.uint32(15)
        return word
