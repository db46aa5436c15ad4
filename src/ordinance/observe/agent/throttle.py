"""How fast a lane goes: the pace it was given, and the pace that the path bears."""

from __future__ import annotations

SLOWEST = 20.0  # connects a second below which a lane does not go
CLIMB = 1.02  # after each good window
BURST = 256  # connects started between two looks at what has answered
BURST_SECONDS = 0.02


class Throttle:
    """Token buckets: one for all connects (`most` a second, None without limit), one for each host (`per_host`)."""

    def __init__(self, most: float | None, per_host: float | None, now: float) -> None:
        self.most = most
        self.rate = most
        self.per_host = per_host
        self.tokens = 0.0
        self.clock = now
        self.hosts: dict[str, tuple[float, float]] = {}

    def refill(self, now: float) -> None:
        """Add the tokens of the time that has passed."""
        rate = self.rate or 0.0
        self.tokens = min(self.tokens + (now - self.clock) * rate, max(1.0, rate * BURST_SECONDS))
        self.clock = now

    def room(self) -> int:
        """How many connects may be started now."""
        return BURST if self.rate is None else min(BURST, int(self.tokens))

    def spend(self) -> None:
        """Count one connect."""
        self.tokens -= 1

    def admits(self, address: str, now: float) -> bool:
        """Whether the pace for one host allows a connect now; takes its token."""
        if not self.per_host:
            return True
        tokens, since = self.hosts.get(address, (1.0, now))
        tokens = min(tokens + (now - since) * self.per_host, 2.0)
        self.hosts[address] = (tokens - 1.0 if tokens >= 1.0 else tokens, now)
        return tokens >= 1.0

    def faster(self) -> None:
        """Climb a little after a good window, never above what was given."""
        if self.rate is not None:
            self.rate = min(self.rate * CLIMB, self.most or self.rate * CLIMB)

    def slower(self, measured: float, passed: float) -> None:
        """Fall to a little below what came through: `measured` connects a second, `passed` the share of canaries that did."""
        self.rate = max(SLOWEST, min(self.rate or measured, measured) * max(0.2, 0.9 * passed))
