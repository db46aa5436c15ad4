"""Secrets that are looked for: every kind of an audit, and every way in which one may be written down."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

SHORTEST = 8  #: bytes of a spelling; anything shorter may stand anywhere by chance


def spellings(secret: bytes) -> dict[str, bytes]:
    """How a secret may stand in a file: raw, base64 at each alignment, hex, URL-encoded, as HTML, JSON and Python write it."""
    found = {"raw": secret, "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode()}
    for shift in range(3):
        digits = base64.b64encode(bytes(shift) + secret)[(shift * 8 + 5) // 6 : (shift + len(secret)) * 8 // 6]
        found[f"base64 from {shift}"] = digits
        found[f"URL-safe base64 from {shift}"] = digits.translate(bytes.maketrans(b"+/", b"-_"))
    text = secret.decode("utf-8", "replace")
    for how, told in (("URL", quote(secret, safe="")), ("form", quote_plus(secret)), ("URL of a path", quote(secret))):
        found[how] = told.encode()
    found |= {"JSON": json.dumps(text)[1:-1].encode(), "Python": repr(text)[1:-1].encode()}
    found["HTML"] = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").encode()
    return {how: told for how, told in found.items() if len(told) >= SHORTEST}


@dataclass(frozen=True)
class Hunt:
    """What is looked for: kind of secret -> the texts that would give it away."""

    needles: dict[str, tuple[bytes, ...]]

    @classmethod
    def of(cls, secrets: dict[str, tuple[bytes, ...]]) -> Hunt:
        """Look for each text of each kind in all its spellings."""
        return cls({kind: tuple(told for text in texts for told in spellings(text).values()) for kind, texts in secrets.items()})

    def in_bytes(self, data: bytes) -> list[str]:
        """Kinds of secret that stand in these bytes."""
        return [kind for kind, told in self.needles.items() if any(needle in data for needle in told)]

    def in_folder(self, *folders: Path) -> list[str]:
        """`kind in file` for all files beneath, journals with their raw bytes unpacked."""
        return [
            f"{kind} in {path}"
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file()
            for data in _contents(path)
            for kind in self.in_bytes(data)
        ]


def _contents(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    yield data
    if path.name == "observations.jsonl":
        for line in data.splitlines():
            raw = re.search(rb'"raw":"([A-Za-z0-9+/=]*)"', line)
            yield base64.b64decode(raw[1]) if raw else b""


class ProcessWatch:
    """Reads the command lines and environments of processes, again and again, as `ps` would, until it is stopped."""

    def __init__(self, hunt: Hunt, belongs, given: set[int] = frozenset()) -> None:
        """`belongs(pid)` says who is watched; in the environment of the `given` the secrets were put by whoever started them."""
        self._hunt, self._belongs, self._given = hunt, belongs, given
        self.hits: set[str] = set()
        self.seen: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ProcessWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(5)

    def _watch(self) -> None:
        while not self._over.is_set():
            for pid in [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]:
                if self._belongs(pid):
                    self._read(pid)
            time.sleep(0.05)

    def _read(self, pid: int) -> None:
        for what in ("cmdline", "environ"):
            if what == "environ" and pid in self._given:
                continue
            try:
                data = Path(f"/proc/{pid}/{what}").read_bytes()
            except OSError:  # it has ended
                continue
            self.seen.add(pid)
            self.hits |= {f"{kind} in {what} of {data.split(bytes(1))[:3]}" for kind in self._hunt.in_bytes(data)}
