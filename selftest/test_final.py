"""What is published is what the journal holds, and no secret."""

from datetime import date

import pytest

from ordinance.final import final
from ordinance.judge.verdict import Compliant, Evidence, NotApplicable, NotRun, Unproven, Violated, Waived, Witness

HELD = {"o-000001", "o-000002"}
SEEN, LOST = Evidence("seen", ("o-000001",)), Evidence("seen", ("o-000001", "o-000009"))
WITNESS, LOST_WITNESS = Witness("witnessed", ("o-000002",)), Witness("witnessed", ("o-000009",))


def plain(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Compliant("fine", (SEEN,), (WITNESS,)), "compliant"),
        (Compliant("fine", (SEEN, LOST), (WITNESS,)), "unproven"),
        (Compliant("fine", (SEEN,), (WITNESS, LOST_WITNESS)), "unproven"),
        (Waived("allowed", "ITD", date(2027, 1, 1), (SEEN,)), "waived"),
        (Waived("allowed", "ITD", date(2027, 1, 1), (LOST,)), "unproven"),
        (Violated("broken", (LOST,)), "violated"),
        (Unproven("not seen", (LOST,)), "unproven"),
        (NotApplicable("no mail", "CIO"), "not-applicable"),
        (NotRun(), "not-run"),
    ],
)
def test_only_good_news_needs_the_journal_behind_it(verdict, state: str) -> None:
    assert final(verdict, HELD, plain).state == state


def test_the_reason_names_what_is_missing_and_keeps_what_was_said() -> None:
    told = final(Compliant("all is fine", (LOST,), (WITNESS,)), HELD, plain)
    assert "o-000009" in told.reason
    assert "o-000001" not in told.reason
    assert "all is fine" in told.reason


def test_secrets_are_taken_out_of_every_sentence() -> None:
    verdict = Compliant("x hush", (Evidence("y hush", ("o-000001",)),), (Witness("z hush", ("o-000002",)),))
    assert "hush" not in repr(final(verdict, HELD, lambda text: text.replace("hush", "*")))
