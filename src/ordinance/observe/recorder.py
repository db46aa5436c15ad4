"""Everything that is seen goes through here into the journal: without secrets, as safe text, with its times."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.safetext import CAP, safe
from ordinance.observe.secret import Vault
from ordinance.record.stamp import stamp


class JournalLike(Protocol):
    """What `ordinance.record.journal.Journal` and `ordinance.observe.memory.MemoryJournal` have in common."""

    def record(
        self,
        *,
        look: str,
        vantage: str,
        target: str,
        action: str,
        started: datetime | str,
        monotonic: float,
        seconds: float,
        outcome: str,
        seen: str,
        raw: bytes = b"",
        details: Mapping[str, Any] | None = None,
    ) -> str:
        """Append one observation; its id."""
        ...  # fmt: skip


class Recorder:
    """The journal as one look sees it."""

    def __init__(self, journal: JournalLike, vault: Vault, look: str) -> None:
        self.journal = journal
        self.vault = vault
        self.look = look

    def begin(self, vantage: str, target: str, action: str) -> Attempt:
        """Start the clock of one action."""
        return Attempt(self, vantage, target, action)


class Attempt:
    """One action at one target, from its start to its record. Recorded exactly once: the first `done` or `failed` counts."""

    def __init__(self, recorder: Recorder, vantage: str, target: str, action: str) -> None:
        self._recorder = recorder
        self.vantage = vantage
        self.target = target
        self.action = action
        self._started = stamp(datetime.now(UTC))
        self._monotonic = time.monotonic()
        self.observation = ""

    def done(
        self, outcome: str = "ok", seen: bytes | str = "", *, raw: bytes = b"", details: Mapping[str, Any] | None = None,
        cap: int = CAP,
    ) -> str:  # fmt: skip
        """Record; the journal id. `seen` is made safe here, secrets are taken out of everything."""
        if self.observation:
            return self.observation
        vault = self._recorder.vault
        shown = vault.redact(seen) if isinstance(seen, bytes) else vault.redact_text(seen)
        self.observation = self._recorder.journal.record(
            look=self._recorder.look, vantage=self.vantage, target=vault.redact_text(self.target), action=self.action,
            started=self._started, monotonic=self._monotonic, seconds=time.monotonic() - self._monotonic, outcome=outcome,
            seen=safe(shown, cap=cap, lines=True), raw=vault.redact(raw), details=_without_secrets(dict(details or {}), vault),
        )  # fmt: skip
        return self.observation

    def failed(self, reason: Unseen, detail: str, *, raw: bytes = b"", details: Mapping[str, Any] | None = None) -> CouldNotLook:
        """Record a failure; the exception to raise."""
        text = safe(self._recorder.vault.redact_text(detail), cap=1000)
        return CouldNotLook(reason, text, self.done(reason.value, text, raw=raw, details=details))


def _without_secrets(value: Any, vault: Vault) -> Any:
    """`value` with every text in it redacted and made safe."""
    if isinstance(value, str):
        return safe(vault.redact_text(value))
    if isinstance(value, bytes):
        return safe(vault.redact(value))
    if isinstance(value, Mapping):
        return {_without_secrets(str(key), vault): _without_secrets(item, vault) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets(item, vault) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else safe(vault.redact_text(str(value)))
