"""The picture of a firewall: a line for each way from zone to zone, and what may begin on it. Geometry only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ordinance.record.model import PassageRecord
from ordinance.report.text import subject

#: Units of the picture, about the pixels of a wide page.
WIDTH, BOX, ROW, LINE, GAP = 1000, 190, 34, 17, 12
COLUMNS = 90  #: characters of a line of words between the two boxes


@dataclass(frozen=True, slots=True)
class Way:
    """One way: its place, and the lines of words on it."""

    source: str
    target: str
    lines: tuple[str, ...]
    beyond: bool
    top: int
    height: int

    @property
    def middle(self) -> int:
        """Height at which the arrow runs."""
        return self.top + self.height - GAP


@dataclass(frozen=True, slots=True)
class Picture:
    """All ways, one below the other."""

    ways: tuple[Way, ...]
    height: int
    width: int = WIDTH
    box: int = BOX


def picture(passages: Sequence[PassageRecord]) -> Picture | None:
    """Lay out the ways; None where there are none."""
    ways: list[Way] = []
    top = GAP
    for row in passages:
        lines = _lines(row)
        height = max(ROW, LINE * len(lines) + ROW // 2)
        ways.append(Way(subject(row.source), subject(row.target), lines, row.beyond, top, height))
        top += height + GAP
    return Picture(tuple(ways), top) if ways else None


def _lines(row: PassageRecord) -> tuple[str, ...]:
    """A line of the record is a line of the picture: its words change no place in it."""
    return tuple(line if len(line) <= COLUMNS else f"{line[: COLUMNS - 4]} ..." for line in map(subject, row.what)) or ("",)
