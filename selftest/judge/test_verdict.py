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


BASELESS = {
    "compliant without evidence": lambda: Compliant("fine", (), WITNESS),
    "compliant without a witness": lambda: Compliant("fine", SEEN, ()),
    "a witness as evidence": lambda: Compliant("fine", WITNESS, WITNESS),
    "evidence as a witness": lambda: Compliant("fine", SEEN, SEEN),
    "compliant without a reason": lambda: Compliant(" ", SEEN, WITNESS),
    "violated without evidence": lambda: Violated("open", ()),
    "violated without a reason": lambda: Violated("", SEEN),
    "unproven without a reason": lambda: Unproven(""),
    "not applicable without a reason": lambda: NotApplicable("", "CIO"),
    "not applicable by nobody": lambda: NotApplicable("none here", " "),
    "waived by nobody": lambda: Waived("open", "", date(2026, 1, 1), SEEN),
    "waived without evidence": lambda: Waived("open", "CIO", date(2026, 1, 1), ()),
    "evidence without an observation": lambda: Evidence("seen", ()),
    "evidence without words": lambda: Evidence(" ", ("o-000001",)),
    "a witness without an observation": lambda: Witness("seen", ()),
}


@pytest.mark.parametrize("make", BASELESS.values(), ids=list(BASELESS))
def test_a_verdict_without_what_it_rests_on_cannot_be_made(make) -> None:
    with pytest.raises(NoProof):
        make()


def test_every_state_has_one_verdict() -> None:
    kinds = [Compliant, Violated, Unproven, NotApplicable, Waived, NotRun]
    assert {kind.state for kind in kinds} == set(State)
