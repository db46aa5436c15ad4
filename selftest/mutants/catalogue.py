"""Every deliberate break of the suite, gathered from `breaks/`.

A break is one piece of text of one file replaced by another. The old text occurs there exactly once (`test_catalogue.py`).
"""

from __future__ import annotations

from selftest.mutants.breaks import (
    attribution,
    blocked,
    counterexamples,
    crossing,
    door,
    headline,
    limits,
    perimeter,
    proof,
    records,
    registers,
    secrets,
    sweep,
    text,
    verdicts,
)
from selftest.mutants.mutant import Mutant

_ROOMS = (
    verdicts,
    blocked,
    counterexamples,
    crossing,
    attribution,
    sweep,
    perimeter,
    limits,
    registers,
    headline,
    records,
    door,
    text,
    secrets,
    proof,
)
MUTANTS: tuple[Mutant, ...] = tuple(mutant for room in _ROOMS for mutant in room.BREAKS)
