"""How far a sweep is, in words for whoever waits: ports done, rate, time left."""

from __future__ import annotations


def sweep_words(done: int, total: int, number: int, rate: float) -> str:
    """Say "1,200 of 65,535 ports, round 1, 5,000 a second, 13 s left"; `rate` is probes a second, `number` the round."""
    told = [f"{done:,} of {total:,} ports", f"round {number}", f"{rate:,.0f} a second"]
    if rate > 0 and total > done:
        told.append(f"{seconds_words((total - done) / rate)} left in this round")
    return ", ".join(told)


def seconds_words(seconds: float) -> str:
    """Say a length of time, for people: "13 s", "4 min", "2 h 05 min"."""
    if seconds < 100:  # noqa: PLR2004 - above, seconds are noise
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"  # noqa: PLR2004
