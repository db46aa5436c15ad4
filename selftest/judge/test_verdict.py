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


REASON, EVIDENCE = "^a verdict needs its reason in words$", "^evidence needs a sentence and at least one observation$"
SAID = {
    "compliant without evidence": "^compliant needs evidence that is not itself a witness$",
    "compliant without a witness": "^compliant needs at least one witness$",
    "a witness as evidence": "^compliant needs evidence that is not itself a witness$",
    "a witness among the evidence": "^compliant needs evidence that is not itself a witness$",
    "evidence as a witness": "^compliant needs at least one witness$",
    "evidence among the witnesses": "^compliant needs at least one witness$",
    "violated without evidence": "^violated needs evidence$",
    "waived without evidence": "^waived needs the evidence of the violation it waives$",
    "evidence without an observation": EVIDENCE,
    "evidence without words": EVIDENCE,
    "a witness without an observation": EVIDENCE,
}
BASELESS = {
    "compliant without evidence": lambda: Compliant("fine", (), WITNESS),
    "compliant without a witness": lambda: Compliant("fine", SEEN, ()),
    "a witness as evidence": lambda: Compliant("fine", WITNESS, WITNESS),
    "a witness among the evidence": lambda: Compliant("fine", (*SEEN, *WITNESS), WITNESS),
    "evidence as a witness": lambda: Compliant("fine", SEEN, SEEN),
    "evidence among the witnesses": lambda: Compliant("fine", SEEN, (*WITNESS, *SEEN)),
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


@pytest.mark.parametrize("what", BASELESS)
def test_a_verdict_without_what_it_rests_on_cannot_be_made(what: str) -> None:
    with pytest.raises(NoProof, match=SAID.get(what, REASON)):
        BASELESS[what]()


def test_every_state_has_one_verdict() -> None:
    kinds = [Compliant, Violated, Unproven, NotApplicable, Waived, NotRun]
    assert {kind.state for kind in kinds} == set(State)
