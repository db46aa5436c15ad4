"""Every verdict that the tests of judging bring about is compared, word for word, with `words/TEST_FILE.txt`.

A test of its own asserts the verdict and the words that matter; this keeps all the others (evidence, witnesses, breaches, order)
from changing unseen. After a change that is meant: `ORDINANCE_WORDS=write pytest selftest/judge`, and read the difference.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from selftest.judge.words import as_text, read_words, write_words

FOLDER = Path(__file__).parent / "words"
SAID = pytest.StashKey[dict[Path, dict[str, str]]]()


@pytest.fixture(autouse=True)
def every_word_is_kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the functions of `ordinance.judge` that this test calls say is what they said before."""
    told: list[str] = []
    for name, held in vars(request.module).items():
        if isinstance(held, FunctionType) and held.__module__.startswith("ordinance.judge."):
            monkeypatch.setattr(request.module, name, _heard(held, told))
    yield
    path, test = FOLDER / f"{request.path.stem}.txt", request.node.name
    said = "".join(told)
    mode = os.environ.get("ORDINANCE_WORDS", "compare")
    if mode == "write":
        request.config.stash.setdefault(SAID, {}).setdefault(path, {})[test] = said
    elif mode != "off":
        hint = f"other words than in words/{path.name}; if that is meant: ORDINANCE_WORDS=write pytest selftest/judge"
        assert said == read_words(path).get(test, ""), hint


def pytest_sessionfinish(session: pytest.Session) -> None:
    for path, sections in session.config.stash.get(SAID, {}).items():
        write_words(path, sections)


def _heard(judge: Callable[..., Any], told: list[str]) -> Callable[..., Any]:
    @functools.wraps(judge)
    def hearing(*args: Any, **more: Any) -> Any:
        found = judge(*args, **more)
        if isinstance(found, Iterator):
            found = list(found)
        told.append(as_text(found))
        return found

    return hearing
