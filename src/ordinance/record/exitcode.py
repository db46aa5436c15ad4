"""How a run ends, as one number. `docs/exit-codes.md` is made from this file; a test keeps the two alike."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What `pytest` and `ordinance` return. Only 0 is good news; none of the others ever means *compliant*."""

    COMPLIANT = 0
    VIOLATED = 1
    INCOMPLETE = 2
    DEFECT = 3
    USAGE = 4
    NOTHING = 5
    UNPROVEN = 6
    NOT_SOUND = 7

    @property
    def meaning(self) -> str:
        """The paragraph that stands in the manual."""
        return _MEANING[self]


_MEANING = {
    ExitCode.COMPLIANT: (
        "Every planned check is compliant, not applicable by a named decision, or waived by an authorisation that is in date; "
        "and at least one is compliant. The run was not interrupted."
    ),
    ExitCode.VIOLATED: "At least one check is violated. The run was complete; other checks may be unproven as well.",
    ExitCode.INCOMPLETE: (
        "The run was interrupted, or its journal or its report could not be written. Whatever was found until then is listed, "
        "violations too, but this code wins over all the others: what was not looked at might be worse."
    ),
    ExitCode.DEFECT: "The suite itself failed (pytest's own code for an internal error). Nothing is known about the city.",
    ExitCode.USAGE: "The command line, the inventory or the policy files are not as they must be. No packet was sent.",
    ExitCode.NOTHING: (
        "Nothing to check: the inventory or the selection leads to an empty plan, or no check of the plan was able to show "
        "compliance because all of them are not applicable or waived."
    ),
    ExitCode.UNPROVEN: "No check is violated, but at least one could not be settled: it is unproven, or it was never made.",
    ExitCode.NOT_SOUND: (
        "`ordinance verify` and `ordinance replay` only: the evidence is not what was recorded and sealed, its seal is missing, "
        "or its records lead to other results than it shows. The sentence names the file and the line. What such a run says "
        "about the city is worth nothing."
    ),
}


def page() -> str:
    """Write the text of `docs/exit-codes.md`."""
    rows = "\n".join(f"| {code.value} | {code.name.lower()} | {code.meaning} |" for code in ExitCode)
    return (
        "# Exit codes\n\n"
        "Made from `src/ordinance/record/exitcode.py` by `python -m ordinance.record.exitcode > docs/exit-codes.md`.\n\n"
        "| code | name | when |\n|---|---|---|\n"
        f"{rows}\n\n"
        "`ordinance sweep` uses 0 (complete: within its miss bound no port was missed), 2 (interrupted), 4 (usage) and 6 (a port "
        "may have been missed). An open port is no violation there: nothing is judged.\n\n"
        "`ordinance prove` uses 0 (proved; `--diff`: no packet changes fate), 1 (violation; some packet does), 4 (usage, or no "
        "ruleset) and 6 (cannot prove). See `docs/prove.md`.\n\n"
        "Where more than one fits: an interrupted run is 2 whatever it found; then 5 for an empty plan; then 1; then 6.\n"
        "A missing or expired attestation changes no exit code (see `docs/decisions/attestations.md`).\n"
    )


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
