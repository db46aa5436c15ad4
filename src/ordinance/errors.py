"""Errors a user can act on: where it is, what is wrong, what would be right."""

from __future__ import annotations

from dataclasses import dataclass


class OrdinanceError(Exception):
    """Base of every error whose text is meant for the person who runs the audit."""


class UsageError(OrdinanceError):
    """The command line asks for something that cannot be done (exit code 4)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a data file.

    `line` counts from 1; 0 means the file as a whole.
    """

    file: str
    line: int
    what: str
    right: str

    def __str__(self) -> str:
        """Render as `file:line: what is wrong; what would be right`."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}; {self.right}"


class DataError(OrdinanceError):
    """An inventory, policy or topology file is not as it must be (exit code 4). Carries every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))
