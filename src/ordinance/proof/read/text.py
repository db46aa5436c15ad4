"""A ruleset's text as numbered lines, and how a reader says what is wrong with one.

Readers of every syntax refuse the same things here: what is no text, what is gigantic, control characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ordinance.errors import DataError, Problem

MOST_CHARACTERS = 64 * 1024 * 1024
MOST_IN_A_LINE = 256 * 1024
MOST_PROBLEMS = 20
#: How much of an offending word a message repeats.
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One line, without its end. `number` counts from 1."""

    number: int
    text: str


class LineError(Exception):
    """This line is no line of the language: what is wrong, and what would be right. Whoever knows its number makes a Problem."""

    def __init__(self, what: str, right: str) -> None:
        super().__init__(what)
        self.what = what
        self.right = right


class OpaqueError(Exception):
    """This part of a line is of the language, but its meaning is not known here: it becomes an unknown."""


def shown(word: str) -> str:
    """Return a word as a message may repeat it: printable, short, in quotes."""
    clean = "".join(char if char.isprintable() else "?" for char in word)
    return f'"{clean}"' if len(clean) <= _SHOWN else f'"{clean[:_SHOWN]}..."'


def decimal(text: str, most: int) -> int | None:
    """Return a number from 0 to `most`, written in plain digits; None for anything else."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(most)):
        return None
    return int(text) if int(text) <= most else None


def lines_of(text: str, file: str) -> list[Line]:
    """Return the lines of a text, numbered. Raises DataError for what is gigantic or no text."""
    if len(text) > MOST_CHARACTERS:
        what = f"holds {len(text)} characters"
        raise DataError([Problem(file, 0, what, f"a ruleset of at most {MOST_CHARACTERS} is read")])
    lines = [Line(number, line.removesuffix("\r")) for number, line in enumerate(text.split("\n"), start=1)]
    wrong = [problem for line in lines if (problem := _odd(line, file)) is not None]
    if wrong:
        raise DataError(wrong[:MOST_PROBLEMS])
    return lines


def _odd(line: Line, file: str) -> Problem | None:
    if len(line.text) > MOST_IN_A_LINE:
        return Problem(file, line.number, f"a line of {len(line.text)} characters", f"at most {MOST_IN_A_LINE} are read")
    if line.text.isascii() and line.text.isprintable():
        return None
    odd = next((char for char in line.text if _is_odd(char)), None)
    if odd is None:
        return None
    if odd > "\x7f":
        return Problem(file, line.number, f"a lone surrogate ({odd!r}), which is no character", "give the text as UTF-8")
    return Problem(file, line.number, f"a control character ({odd!r})", "give the text as the device prints it")


def _is_odd(char: str) -> bool:
    """Whether no text of a ruleset holds it."""
    # ETX ends the banners of Cisco's configurations; a surrogate alone cannot be written
    return (char < " " and char not in "\t\x03\x0c") or char == "\x7f" or "\ud800" <= char <= "\udfff"


class Problems:
    """Gathers what is wrong with a file, and throws it together. Stops at `MOST_PROBLEMS`."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[Problem] = []

    def add(self, line: int, what: str, right: str) -> None:
        """Keep one problem. Raises DataError when there are too many to go on."""
        self._found.append(Problem(self._file, line, what, right))
        if len(self._found) >= MOST_PROBLEMS:
            self.throw()

    @contextmanager
    def at(self, line: int) -> Iterator[None]:
        """Keep the LineError that is raised within, as a problem of this line."""
        try:
            yield
        except LineError as error:
            self.add(line, error.what, error.right)

    def throw(self) -> None:
        """Raise DataError if there is any problem."""
        if self._found:
            raise DataError(self._found)
