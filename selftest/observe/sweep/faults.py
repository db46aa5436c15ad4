"""What a path does to a sweep; each counts what it did, so that a fault that never was is no pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from selftest.observe.sweep.field import Field

LIMIT = 20_000  # SYNs a second
LIMITER = f"tcp flags syn / syn,ack,rst,fin limit rate over {LIMIT}/second burst 5000 packets counter drop;"


def losing(percent: int) -> Callable[[Field], None]:
    """Lose so many of a hundred TCP packets, each way."""

    def load(net: Field) -> None:
        net.guard()
        net.lose(percent)

    return load


def limiting(net: Field) -> None:
    """Let 20,000 SYNs a second through."""
    net.guard(LIMITER)


#: Name -> what loads it, and the least number of packets it must have dropped in a whole sweep.
FAULTS: Mapping[str, tuple[Callable[[Field], None], int]] = {
    "no loss": (Field.guard, 0),
    "1 % loss each way": (losing(1), 10_000),
    "5 % loss each way": (losing(5), 50_000),
    "10 % loss each way": (losing(10), 100_000),
    "20,000 SYN/s": (limiting, 1000),
}


def dropped(net: Field) -> int:
    """Count what the fault dropped."""
    return sum(net.counters())


def right(seen: dict[str, Any], bound: float = 1e-4) -> bool:
    """Whether a sweep says that its silence is proven."""
    return bool(seen["complete"]) and all(family["miss_bound"] <= bound for family in seen["bounds"])
