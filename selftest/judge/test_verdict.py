"""Compliant cannot be made without evidence and a witness; no verdict is made without its reason."""

from datetime import date

import pytest

from ordinance.judge.verdict import (
    Compliant,
    Evidence,
    NoProof,
    NotApplicable,
    NotRun,
    State,
    Unproven,
    Violated,
    Waived,
    Witness,
)

SEEN = (Evidence("silent", ("o-000001",)),)
WITNESS = (Witness("25 answered", ("o-000002",)),)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Compliant("fine", (), WITNESS),
        lambda: Compliant("fine", SEEN, ()),
        lambda: Compliant("fine", WITNESS, WITNESS),
        lambda: Compliant("fine", SEEN, SEEN),
        lambda: Compliant(" ", SEEN, WITNESS),
        lambda: Violated("open", ()),
        lambda: Violated("", SEEN),
        lambda: Unproven(""),
        lambda: NotApplicable("", "CIO"),
        lambda: NotApplicable("none here", " "),
        lambda: Waived("open", "", date(2026, 1, 1), SEEN),
        lambda: Waived("open", "CIO", date(2026, 1, 1), ()),
        lambda: Evidence("seen", ()),
        lambda: Evidence(" ", ("o-000001",)),
        lambda: Witness("seen", ()),
    ],
)
def test_a_verdict_without_what_it_rests_on_cannot_be_made(make) -> None:
    with pytest.raises(NoProof):
        make()


def test_every_state_has_one_verdict() -> None:
    kinds = [Compliant, Violated, Unproven, NotApplicable, Waived, NotRun]
    assert {kind.state for kind in kinds} == set(State)
