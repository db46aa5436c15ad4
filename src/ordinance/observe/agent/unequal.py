"""Whether a witness loses clearly more than those of other hosts, so that the common bound says nothing of its host.

That may be a limit of the host's own, which no number of rounds makes up for, or no more than loss: then some rounds more do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def loses_more(seen: Sequence[tuple[str, int, int]], rounds: int, most: int, bound: float) -> bool:
    """Whether rounds beyond these, `most` in all, would make silence of every host mean something, and are not done yet.

    `seen` holds address, canaries sent and answered, of the witnesses of one family; `bound` is the allowed chance of a miss.
    """
    for address, sent, answered in seen:
        others = [(asked, heard) for at, asked, heard in seen if at != address]
        asked, heard = (sum(column) for column in zip(*others)) if others else (0, 0)  # noqa: B905 - Python 3.7 has no strict
        usual = (asked - heard + 1) / (asked + 2)
        lost, missed = sent - answered, (sent - answered + 1) / (sent + 2)
        clearly = lost > sent * usual + 3 * math.sqrt(sent * usual) + 1.5
        if clearly and answered and missed**most <= bound < missed**rounds:
            return True
    return False
