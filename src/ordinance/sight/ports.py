"""Port numbers as ranges: 65,535 refusals are one line, in memory, in the journal and to the reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

#: First and last port of an unbroken run.
Range = tuple[int, int]


def ranges(ports: Iterable[int]) -> tuple[Range, ...]:
    """Fold port numbers, in any order, into unbroken runs."""
    runs: list[Range] = []
    for port in sorted(set(ports)):
        if runs and port == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], port)
        else:
            runs.append((port, port))
    return tuple(runs)


def each(runs: Iterable[Range]) -> Iterator[int]:
    """Unfold runs into single ports, ascending when the runs are."""
    for first, last in runs:
        yield from range(first, last + 1)


def count(runs: Iterable[Range]) -> int:
    """How many ports the runs hold."""
    return sum(last - first + 1 for first, last in runs)


def meet(some: Iterable[Range], others: Iterable[Range]) -> tuple[Range, ...]:
    """Return the ports that are in both; each side's runs ascend and do not touch one another."""
    held, found = tuple(others), []
    place = 0
    for first, last in some:
        while place < len(held) and held[place][1] < first:
            place += 1
        at = place
        while at < len(held) and held[at][0] <= last:
            found.append((max(first, held[at][0]), min(last, held[at][1])))
            at += 1
    return tuple(found)


def without(some: Iterable[Range], others: Iterable[Range]) -> tuple[Range, ...]:
    """Return the ports of the first that are not in the second; each side's runs ascend and do not touch one another."""
    held, found = tuple(others), []
    for first, last in some:
        start = first
        for low, high in meet(((first, last),), held):
            if low > start:
                found.append((start, low - 1))
            start = high + 1
        if start <= last:
            found.append((start, last))
    return tuple(found)


def said(runs: Iterable[Range], most: int = 12) -> str:
    """Write runs for a reader: "1-24, 80 and 3 more ranges"."""
    held = tuple(runs)
    words = [str(first) if first == last else f"{first}-{last}" for first, last in held[:most]]
    rest = len(held) - most
    return ", ".join(words) + (f" and {rest} more ranges" if rest > 0 else "")


def listed(words: Iterable[str], most: int = 8) -> str:
    """Join at most `most` words for a reader and say how many are left out."""
    held = tuple(words)
    rest = len(held) - most
    return ", ".join(held[:most]) + (f" and {rest} more" if rest > 0 else "")
