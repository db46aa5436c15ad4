"""A witness that loses clearly more than the others asks for rounds of its own, while they are of use."""

from __future__ import annotations

import pytest

from ordinance.observe.agent.unequal import loses_more

OTHERS = (("a", 400, 400), ("b", 400, 399))


@pytest.mark.parametrize(
    ("seen", "rounds", "wanted"),
    [
        ((*OTHERS, ("c", 470, 444)), 2, True),  # 27/472 lost a round: four rounds make it less than 1e-4
        ((*OTHERS, ("c", 470, 444)), 3, True),
        ((*OTHERS, ("c", 470, 444)), 4, False),
        ((*OTHERS, ("c", 470, 468)), 1, False),  # no more than the others
        ((*OTHERS, ("c", 400, 40)), 2, False),  # a limit of its own: no number of rounds makes up for it
        ((*OTHERS, ("c", 400, 0)), 2, False),
        ((("a", 100, 50), ("b", 100, 49), ("c", 100, 52)), 13, False),  # all alike: the common bound is enough
        ((("a", 100, 50),), 2, False),  # nobody to be measured by
        ((), 2, False),
    ],
)
def test_rounds_go_on_for_one_host_where_they_help(seen: tuple[tuple[str, int, int], ...], rounds: int, wanted: bool) -> None:
    assert loses_more(seen, rounds, 16, 1e-4) is wanted
