"""The catalogue of breaks fits the suite as it stands: each is one replacement in one place, and its tests are there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from selftest.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_the_old_text_stands_there_once_and_the_new_one_is_python(mutant: Mutant) -> None:
    text = (ROOT / "src/ordinance" / mutant.file).read_text("utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.new != mutant.old
    compile(text.replace(mutant.old, mutant.new), mutant.file, "exec")
    for test in mutant.tests.split():
        file, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / "selftest" / file).read_text("utf-8"), "the test that notices it is there"


def test_there_are_enough_and_each_has_its_own_name() -> None:
    names = Counter(mutant.id for mutant in MUTANTS)
    assert len(MUTANTS) >= 100
    assert [name for name, times in names.items() if times > 1] == []
    assert all(mutant.careless and mutant.tests for mutant in MUTANTS)
