"""Rules that no packet reaches: earlier ones decide over packets from everywhere to the same place.

So it is with most rules of long lists; that they change nothing is found out more cheaply than by laying them under the others.
Only what earlier rules for every source decide is looked at: it has no sources in it, and stays small.
"""

from __future__ import annotations

from collections.abc import Sequence

from ordinance.proof.overlay import Box
from ordinance.proof.segment import PASS, Segment, Simple
from ordinance.proof.space import NONE, Space

#: Rules for every source that are learned at once
LESSON = 1024
#: Rules that are looked at before it is asked whether it pays: whether one in eight was shadowed
TRIAL = 4096


def reached(space: Space, parts: Sequence[Simple | Segment]) -> list[Simple | Segment]:
    """Return the parts of a chain with `PASS` in the place of those that no packet reaches; not all of them are found."""
    found: list[Simple | Segment] = []
    lesson: list[Box] = []
    decided, asked, shadowed = NONE, 0, 0
    mark = space.mark()
    for part in parts:
        box = part.must if isinstance(part, Simple) and part.may is part.must else None
        if isinstance(box, Box) and decided != NONE:
            asked += 1
            if space.covers(decided, box):
                shadowed += 1
                found.append(PASS)
                continue
            if asked > TRIAL and shadowed * 8 < asked:
                return [*found, *parts[len(found) :]]
        found.append(part)
        if isinstance(box, Box) and box.source is None:
            lesson.append(box)
            if len(lesson) == LESSON:
                decided, lesson = space.over(decided, space.first_of(lesson)), []
                space.release(mark, [decided])
    return found
