"""A journal that is kept in memory: for tests, and for looks that are tried out by hand."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from ordinance.record.model import Observation
from ordinance.record.stamp import stamp


class MemoryJournal:
    """Same interface as the journal on disk; `observations` holds what was recorded, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.observations: list[Observation] = []

    def record(
        self, *, look: str, vantage: str, target: str, action: str, started: datetime | str, monotonic: float,
        seconds: float, outcome: str, seen: str, raw: bytes = b"", details: Mapping[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """Keep one observation; returns its id, `o-000001` for the first."""
        fields = {
            "look": look, "vantage": vantage, "target": target, "action": action, "monotonic": monotonic, "seconds": seconds,
            "outcome": outcome, "seen": seen, "details": dict(details or {}),
            "started": started if isinstance(started, str) else stamp(started),
            "raw": base64.b64encode(raw).decode("ascii"), "raw_sha256": hashlib.sha256(raw).hexdigest() if raw else "",
        }  # fmt: skip
        with self._lock:
            name = f"o-{len(self.observations) + 1:06d}"
            self.observations.append(msgspec.convert({"id": name, **fields}, Observation))
        return name

    @property
    def contacts(self) -> list[Observation]:
        """What was recorded of peers: all but the notes on who keeps a vantage to the scope."""
        return [observation for observation in self.observations if observation.action != "scope"]

    def find(self, name: str) -> Observation:
        """Return the observation of that id; KeyError when there is none."""
        for observation in self.observations:
            if observation.id == name:
                return observation
        raise KeyError(name)
