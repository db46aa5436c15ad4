"""Judge every network control in each of the fourteen situations of lab/situations.yml: `python bench/situations.py [NAME ...]`.

Each situation is made alone in a fresh city and must show that it is active before the looking and after it. The looks and judges
are the audit's, on the first ports of few public addresses. Prints a table, then the same as one line of JSON. Exit 1 when a
verdict was false, when a situation could not be made, or when a control was definite and right in fewer than `ASKED` of them all.
Controls against which the audit holds the rulesets too are shown twice: so, and as the probes alone would have it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ordinance.errors import OrdinanceError
from ordinance.lab import run
from ordinance.lab.plants import Plant, plant, plants_in, shows

ROOT = Path(__file__).resolve().parent.parent
JUDGE = ROOT / "selftest" / "lab" / "few_ports.py"
BY_PROBES = " by probes"  # of a name: the rulesets are left out
#: Holds every port that a situation touches, but those that are looked at with care alone.
LAST_PORT = 450
SECONDS = 900.0
#: Situations of the fourteen in which a control must be definite and right; in three nobody can know.
ASKED = 10
RIGHT, UNKNOWABLE, UNPROVEN = "right", "nobody can know", "not definite"
#: What the table shows; a false compliant is the one thing that must never be there.
SIGNS = {RIGHT: "+", UNKNOWABLE: "o", UNPROVEN: "?", "false compliant": "FALSE C", "false violated": "FALSE V"}


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one control in one situation."""

    verdict: str
    reason: str
    truth: str

    @property
    def worth(self) -> str:
        """What the verdict is worth, measured by the truth."""
        if self.verdict == self.truth:
            return UNKNOWABLE if self.truth == "unproven" else RIGHT
        return UNPROVEN if self.verdict == "unproven" else f"false {self.verdict}"


def judged(fault: Plant) -> tuple[dict[str, Said], float]:
    """Make one situation in a city of its own and judge; what was said by control, and seconds. Raises OrdinanceError."""
    name = f"bench-{os.getpid()}"
    lab = run.up(name)
    try:
        plant(lab, fault)
        begin = time.monotonic()
        argv = [sys.executable, str(JUDGE), name, str(LAST_PORT)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode:
            raise OrdinanceError(f"{fault.name} was not judged: {done.stderr.strip()[-400:]}")
        shows(lab, fault)
        found = json.loads(done.stdout)
        said = {
            control: Said(verdict, why, fault.truth(control.removesuffix(BY_PROBES))) for control, (verdict, why) in found.items()
        }
        return said, time.monotonic() - begin
    finally:
        run.forget(name)


def told(said: dict[str, Said]) -> str:
    """Return the verdicts that were not definite and right, one a line, each with why."""
    rest = [(control, one) for control, one in said.items() if one.worth not in {RIGHT, UNKNOWABLE}]
    return "".join(f"    {one.worth}: {control} should be {one.truth}: {one.reason[:300]}\n" for control, one in rest)


def table(found: dict[str, dict[str, Said]], controls: list[str]) -> str:
    """Return situations by controls as signs, and how often each control was definite and right."""
    width = max(map(len, found), default=0) + 2
    legend = ", ".join(f"{sign} {worth}" for worth, sign in SIGNS.items())
    lines = [f"{number} {control}" for number, control in enumerate(controls, 1)] + [legend]
    lines.append("".ljust(width) + "".join(str(number).ljust(9) for number in range(1, len(controls) + 1)))
    for name, said in found.items():
        lines.append(name.ljust(width) + "".join(SIGNS[said[control].worth].ljust(9) for control in controls))
    lines.append("definite".ljust(width) + "".join(str(definite(found, control)).ljust(9) for control in controls))
    return "\n".join(lines) + "\n"


def definite(found: dict[str, dict[str, Said]], control: str) -> int:
    """In how many situations this control was definite and right."""
    return sum(said[control].worth == RIGHT for said in found.values())


def main(names: list[str]) -> int:
    """Judge the named situations, or all, and print."""
    situations = {fault.name: fault for fault in plants_in(ROOT / "lab" / "situations.yml")}
    found: dict[str, dict[str, Said]] = {}
    failed = 0
    for name in names or list(situations):
        try:
            found[name], seconds = judged(situations[name])
        except (OrdinanceError, subprocess.TimeoutExpired) as error:
            failed += 1
            sys.stderr.write(f"{name}: {error}\n")
            continue
        sys.stdout.write(f"{name}: {seconds:.0f} s\n{told(found[name])}")
        sys.stdout.flush()
    controls = sorted({control for said in found.values() for control in said})
    counts = Counter(one.worth for said in found.values() for one in said.values())
    sys.stdout.write(table(found, controls))
    sys.stdout.write(f"{sum(counts.values())} verdicts in {len(found)} situations, {failed} not made: {dict(counts)}\n")
    sys.stdout.write(
        json.dumps({name: {c: [s.verdict, s.truth] for c, s in said.items()} for name, said in found.items()}) + "\n"
    )
    few = [] if names else [control for control in controls if definite(found, control) < ASKED]
    if few:
        sys.stderr.write(f"definite and right in fewer than {ASKED}: {', '.join(few)}\n")
    return 1 if failed or few or any(worth.startswith("false") for worth in counts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
