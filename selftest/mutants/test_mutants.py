"""Every deliberate break of the suite is noticed by the tests that guard what it breaks. On demand: `./run mutants`.

Each break is made in a private copy of the tree, and the tests named with it run there. They pass without it, and with it they
must fail (exit 1), not crash, nor hang. What Python has compiled of the unbroken copy is kept for all of them, or each would
spend most of its time on that; a file with a break in it has another time and is compiled anew.
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
LIMIT = 600  #: seconds for the tests of one break, with room for a machine that does other things too
ALL = 3600  #: and for those of all of them, one after the other
FAILED = 1


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of everything the tests need."""
    place = tmp_path_factory.mktemp("mutants") / "tree"
    place.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, place / name)
    return place


@pytest.fixture(scope="session")
def all_pass(request: pytest.FixtureRequest, tree: Path) -> bool:
    """Whether all the tests of all breaks that are made pass in the unbroken copy, in one run."""
    asked = [item.callspec.params["mutant"] for item in request.session.items if hasattr(item, "callspec")]
    tests = dict.fromkeys(test for mutant in asked for test in mutant.tests.split())
    return ask(tree, *tests, keep=True, limit=ALL)[0] == 0


@pytest.fixture
def broken(tree: Path, mutant: Mutant, all_pass: bool) -> Iterator[Path]:
    """The copy, in which the tests pass, with one break in it; whole again afterwards."""
    status, said = (0, "") if all_pass else unbroken(tree, mutant.tests)
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


def ask(tree: Path, *tests: str, keep: bool = False, limit: float = LIMIT) -> tuple[int, str]:
    """Run tests against the copy; exit status and what pytest said. Words that merely changed do not count.

    `keep` what is compiled: of the unbroken copy only. A break that hangs its tests is not noticed by them: TimeoutExpired.
    """
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "ORDINANCE_"))}
    mine |= {"PYTHONPATH": f"{tree}/src", "PYTHONPYCACHEPREFIX": f"{tree.parent}/compiled", "ORDINANCE_WORDS": "off"}
    mine["PYTHONDONTWRITEBYTECODE"] = "" if keep else "1"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *(f"selftest/{test}" for test in tests)]
    done = subprocess.run(command, cwd=tree, env=mine, capture_output=True, text=True, timeout=limit, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_copy_is_what_is_tested(tree: Path) -> None:
    code = f"import ordinance, sys; sys.exit(not ordinance.__file__.startswith({str(tree)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tree, env={**os.environ, "PYTHONPATH": f"{tree}/src"}, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_a_break_is_noticed(broken: Path, mutant: Mutant) -> None:
    status, said = ask(broken, *mutant.tests.split())
    assert status == FAILED, f"{mutant.careless}: not noticed by {mutant.tests}\n{said[-2000:]}"
