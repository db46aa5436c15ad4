"""Read a file strictly; convert it into a file-format struct."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import yaml

from ordinance.errors import DataError, Problem
from ordinance.strict.compose import Composer, TooMuchError
from ordinance.strict.nodes import Node, Rules, Scalar, line_of
from ordinance.strict.scalars import hostile
from ordinance.strict.shape import build

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """A file that is well formed: its value, and where each part stands."""

    file: str
    value: T
    tree: Node

    def line(self, *path: str | int) -> int:
        """Return the line of the value at `path` (or of its deepest existing parent)."""
        return line_of(self.tree, path)

    def problem(self, path: tuple[str | int, ...], what: str, right: str) -> Problem:
        """Return a problem with the value at `path`."""
        return Problem(self.file, self.line(*path), what, right)


def load(path: Path, kind: type[T], rules: Rules = Rules()) -> Loaded[T]:  # noqa: B008 - Rules is frozen
    """Read `path` and convert it to `kind`, a msgspec Struct; DataError with every problem found."""
    loaded, problems = gather(path, kind, rules)
    refuse(problems)
    return loaded


def gather(path: Path, kind: type[T], rules: Rules = Rules()) -> tuple[Loaded[T], list[Problem]]:  # noqa: B008
    """Read and convert like `load`, for a caller that adds problems of its own; the value is only good when there are none."""
    tree, problems = _tree(path, rules)
    file = str(path)
    return Loaded(file, build(tree, kind, file, problems), tree), problems


def refuse(problems: list[Problem]) -> None:
    """Raise DataError, in the order of the lines, when there is any problem."""
    if problems:
        raise DataError(sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line)))


def read(path: Path, rules: Rules = Rules()) -> Node:  # noqa: B008 - Rules is frozen
    """Read `path` into a tree without asking for a shape; DataError with every problem found."""
    tree, problems = _tree(path, rules)
    refuse(problems)
    return tree


def _tree(path: Path, rules: Rules) -> tuple[Node, list[Problem]]:
    file = str(path)
    text = _text(path, rules)
    text, problems = _visible(file, text)
    composer = Composer(file, rules, yaml.parse(text, Loader=yaml.CSafeLoader))
    try:
        root = composer.document()
    except yaml.YAMLError as error:
        # A character refused above was replaced by a blank: what the parser then says is only its echo.
        raise DataError(problems or [*composer.problems, _syntax(file, error)]) from None
    except TooMuchError as error:
        raise DataError([Problem(file, error.line, error.what, "write a smaller, flatter file")]) from None
    problems += composer.problems
    if root is None or (isinstance(root, Scalar) and root.value is None):
        raise DataError(problems or [Problem(file, 0, "the file is empty", "write its keys; see the README beside it")])
    return root, problems


def _text(path: Path, rules: Rules) -> str:
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(rules.most_bytes + 1)
    except OSError as error:
        raise DataError(
            [Problem(file, 0, f"cannot be read: {error.strerror}", "name a file that is there and may be read")]
        ) from None
    if len(raw) > rules.most_bytes:
        raise DataError([Problem(file, 0, f"larger than {rules.most_bytes} bytes", "name a data file, which is small")])
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError([Problem(file, line, "not UTF-8", "save the file as UTF-8")]) from None


def _visible(file: str, text: str) -> tuple[str, list[Problem]]:
    """Find tabs, control and invisible characters, each line's first; blanks stand in for them. CRLF ends a line."""
    problems = []
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        bad = next((character for character in line if hostile(character)), None)
        if bad is None:
            continue
        what, right = ("a tab", "indent and separate with blanks") if bad == "\t" else _invisible(bad)
        problems.append(Problem(file, number, what, right))
        lines[number - 1] = "".join(" " if hostile(character) else character for character in line)
    return "\n".join(lines), problems


def _invisible(character: str) -> tuple[str, str]:
    return f"the control or invisible character U+{ord(character):04X}", "take it out"


def _syntax(file: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = int(mark.line) + 1 if mark is not None else 0
    # libyaml's own words may quote an alias or a tag from the file: they are cut at the quotation.
    said = (getattr(error, "problem", None) or "not YAML").split("'")[0].split('"')[0].strip()
    return Problem(file, line, f"not YAML: {said}", "check the indentation, the quotes and the brackets here and just above")
