"""Moments in words: UTC, RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """`2026-11-23T20:15:00.123Z`. The moment must know its timezone (ValueError otherwise)."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a timezone cannot be recorded")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Read such a text back: the inverse of `stamp`."""
    return datetime.fromisoformat(text).astimezone(UTC)
