"""The smallest ruleset found over which proof and kernel still differ about one packet."""

from __future__ import annotations

import time
from dataclasses import replace

from selftest.proof.kernel.ruleset import Ruleset, ask
from selftest.proof.kernel.trial import Disagreement, Lane, Read, Refused

SIZES = (0, 8, 4, 2, 1)  #: of what is left out together, in lines; 0: what is between braces


def shrink(lane: Lane, found: Disagreement, read: Read, seconds: float = 20) -> Disagreement:
    """Leave out what stands between braces, then ever fewer lines, for as long as the difference stays and time is left."""
    until = time.monotonic() + seconds
    for size in SIZES:
        for index in range(len(found.ruleset.parts)):
            start = 0
            while time.monotonic() < until:
                block = _block(found.ruleset.parts[index].text.split("\n"), start, size)
                if block is None:
                    break
                smaller = _without(found.ruleset, index, block)
                if differs(lane, smaller, found, read):
                    found = replace(found, ruleset=smaller)
                else:
                    start += size or 1
    lane.bed.clear()
    return found


def differs(lane: Lane, ruleset: Ruleset, found: Disagreement, read: Read) -> bool:
    """Whether proof and kernel differ about the packet under this ruleset, in the same way."""
    lane.bed.clear()
    if any(ask(lane.bed, part).status for part in ruleset.parts):
        return False
    try:
        model = read(lane.bed)
    except Refused:
        return False
    if model.tracked != found.tracked or model.says(found.packet, found.number) is not found.said:
        return False
    lane.bed.forget()
    key = found.packet.family, found.number
    return not found.said.agrees(key in lane.shoot({key: found.packet}).arrived)


def _without(ruleset: Ruleset, index: int, numbers: set[int]) -> Ruleset:
    parts = [*ruleset.parts]
    parts[index] = parts[index].without(numbers)
    return replace(ruleset, parts=tuple(parts))


def _block(lines: list[str], start: int, size: int) -> set[int] | None:
    """Numbers of so many lines from `start` on, or (size 0) of the block in braces that begins there or next; None at the end."""
    if size:
        return set(range(start + 1, min(start + size, len(lines)) + 1)) if start < len(lines) else None
    depth, begun = 0, 0
    for number, line in enumerate(lines[start:], start + 1):
        if line.endswith("{"):
            begun, depth = (number if depth == 0 else begun), depth + 1
        elif line == "}" and depth:
            depth -= 1
            if depth == 0:
                return set(range(begun, number + 1))
    return None
