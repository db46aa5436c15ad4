"""Bit masks as intervals."""

from __future__ import annotations

from functools import lru_cache

from ordinance.proof.fields import Range

#: A mask that tests high bits and leaves many below and between free needs a great many intervals; beyond these it is an unknown.
MOST_FREE_BITS = 12


@lru_cache(maxsize=4096)
def mask_ranges(mask: int, value: int, top: int) -> tuple[Range, ...] | None:
    """Return the values from 0 to `top` (all bits of a width) with `x & mask == value`, or None when they are too scattered."""
    if value & ~mask:
        return ()
    mask &= top
    if value > top or not mask:
        return () if value else ((0, top),)
    step = mask & -mask  # bits below the lowest tested one are free and contiguous
    free = [1 << bit for bit in range(step.bit_length(), top.bit_length()) if not mask >> bit & 1]
    if len(free) > MOST_FREE_BITS:
        return None
    starts = [value]
    for bit in free:
        starts += [start | bit for start in starts]
    return tuple((start, start | (step - 1)) for start in sorted(starts))
