"""What was said in a dialogue, both ways, bounded: an upload stands in it as its size and digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

SMALL = 4096  #: bytes; a longer write is an upload
MOST_SENT = 65_536  #: bytes of small writes that are kept


class Transcript:
    """Collects pieces in order. Memory is bounded by what may be received and by `MOST_SENT`."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, bytearray]] = []
        self._kept = 0
        self._upload = 0
        self._digest = hashlib.sha256()

    def received(self, data: bytes) -> None:
        """Take in what the peer said."""
        self._end_upload()
        self._add("<", data)

    def sent(self, data: bytes) -> None:
        """Take in what we said. Large writes that follow each other are one upload."""
        if self._upload or len(data) > SMALL or self._kept + len(data) > MOST_SENT:
            self._upload += len(data)
            self._digest.update(data)
            return
        self._kept += len(data)
        self._add(">", data)

    def note(self, text: str) -> None:
        """Something that happened and was not said, such as TLS beginning."""
        self._end_upload()
        self._add("*", text.encode() + b"\n")

    def render(self, redact: Callable[[bytes], bytes]) -> bytes:
        """Every line with its direction before it. Secrets go first, while a piece is still whole."""
        self._end_upload()
        lines = (
            mark.encode() + b" " + line
            for mark, piece in self._pieces
            for line in redact(bytes(piece)).replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
        )
        return b"\n".join(lines)

    def _end_upload(self) -> None:
        if self._upload:
            text = f"({self._upload} bytes, SHA-256 {self._digest.hexdigest()})\n"
            self._upload = 0
            self._digest = hashlib.sha256()
            self._add(">", text.encode())

    def _add(self, mark: str, data: bytes) -> None:
        if self._pieces and self._pieces[-1][0] == mark:
            self._pieces[-1][1].extend(data)
        else:
            self._pieces.append((mark, bytearray(data)))
