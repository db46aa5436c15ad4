"""Every deliberate break of the suite is noticed by the tests that guard what it breaks. On demand: `./run mutants`.

Each break is made in a private copy of the tree, and the tests named with it run there. They pass without it, and with it they
must fail (exit 1), not crash, nor hang.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from selftest.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("src", "selftest", "tests", "fixtures", "policy", "inventory", "lab", "docs", "conftest.py", "pyproject.toml")
LIMIT = 120  #: seconds for the tests of one break
FAILED = 1


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of everything the tests need."""
    place = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, place / name)
    return place


@pytest.fixture
def broken(tree: Path, mutant: Mutant) -> Iterator[Path]:
    """The copy, in which the tests pass, with one break in it; whole again afterwards."""
    status, said = unbroken(tree, mutant.tests)
    assert status == 0, f"unbroken, {mutant.tests} does not pass:\n{said[-2000:]}"
    path = tree / "src/ordinance" / mutant.file
    text = path.read_text("utf-8")
    assert text.count(mutant.old) == 1
    path.write_text(text.replace(mutant.old, mutant.new), "utf-8")
    yield tree
    path.write_text(text, "utf-8")


@cache
def unbroken(tree: Path, tests: str) -> tuple[int, str]:
    """What these tests say of the suite as it is. If they fail anyway, they notice nothing."""
    return ask(tree, *tests.split())


def ask(tree: Path, *tests: str) -> tuple[int, str]:
    """Run tests against the copy; exit status and what pytest said. Words that merely changed do not count.

    A break that hangs its tests is not noticed by them: TimeoutExpired.
    """
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "ORDINANCE_"))}
    mine |= {"PYTHONPATH": f"{tree}/src", "PYTHONDONTWRITEBYTECODE": "1", "ORDINANCE_WORDS": "off"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *(f"selftest/{test}" for test in tests)]
    done = subprocess.run(command, cwd=tree, env=mine, capture_output=True, text=True, timeout=LIMIT, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_copy_is_what_is_tested(tree: Path) -> None:
    code = f"import ordinance, sys; sys.exit(not ordinance.__file__.startswith({str(tree)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tree, env={**os.environ, "PYTHONPATH": f"{tree}/src"}, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_a_break_is_noticed(broken: Path, mutant: Mutant) -> None:
    status, said = ask(broken, *mutant.tests.split())
    assert status == FAILED, f"{mutant.careless}: not noticed by {mutant.tests}\n{said[-2000:]}"
