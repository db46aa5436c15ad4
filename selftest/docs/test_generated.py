"""Documents that are made from code or data say what it says now."""

from pathlib import Path

import pytest

from ordinance.law.catalogue import page as controls_page
from ordinance.law.load import load_law
from ordinance.proof.read.catalogue import page as rulesets_page
from ordinance.record.exitcode import page as exit_codes_page

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "made"),
    [("controls.md", lambda: controls_page(load_law())), ("exit-codes.md", exit_codes_page), ("rulesets.md", rulesets_page)],
    ids=["controls", "exit codes", "rulesets"],
)
def test_a_generated_page_is_up_to_date(name: str, made) -> None:
    assert (DOCS / name).read_text() == made(), f"docs/{name} is out of date; its first lines say how to make it again"
