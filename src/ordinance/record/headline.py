"""From counts to the one word a run is known by, and its exit code. Written so that only one path leads to *compliant*."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from ordinance.judge.verdict import State
from ordinance.record.exitcode import ExitCode


class Headline(StrEnum):
    """The word, as it stands in `results.json`."""

    COMPLIANT = "compliant"
    VIOLATED = "violated"
    UNPROVEN = "unproven"
    INCOMPLETE = "incomplete"
    NOTHING = "nothing-to-check"

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a run with this headline."""
        return _EXIT[self]


_EXIT = {
    Headline.COMPLIANT: ExitCode.COMPLIANT,
    Headline.VIOLATED: ExitCode.VIOLATED,
    Headline.UNPROVEN: ExitCode.UNPROVEN,
    Headline.INCOMPLETE: ExitCode.INCOMPLETE,
    Headline.NOTHING: ExitCode.NOTHING,
}

#: Verdicts that do not stand in the way of a compliant headline.
_SETTLED_WELL = (State.COMPLIANT, State.NOT_APPLICABLE, State.WAIVED)


def count(states: Iterable[State]) -> dict[str, int]:
    """Count checks by verdict; every verdict is named, also those with none."""
    counts = {state.value: 0 for state in State}
    for state in states:
        counts[state.value] += 1
    return counts


def headline(counts: Mapping[str, int], planned: int, *, complete: bool) -> Headline:
    """Choose the headline of a run with these `counts` out of `planned` checks.

    An incomplete run is incomplete whatever it found. Counts that do not add up to the plan are a defect (ValueError):
    what is not reported must not be taken for compliant.
    """
    if sum(counts.values()) != planned:
        raise ValueError(f"{planned} checks were planned, {sum(counts.values())} are reported")
    if not complete:
        return Headline.INCOMPLETE
    if counts.get(State.VIOLATED, 0):
        return Headline.VIOLATED
    good = sum(counts.get(state, 0) for state in _SETTLED_WELL)
    if good < planned:
        return Headline.UNPROVEN
    return Headline.COMPLIANT if counts.get(State.COMPLIANT, 0) else Headline.NOTHING
