"""Mutation testing of judging and of the sweep's certificate, on demand: `./run mutation [MODULE ...]`.

See docs/decisions/mutation.md. Mutmut works on a copy of the tree, so this one stays as it is. Every mutant that was made counts:
none is left out as "equivalent", and words in a sentence are mutated like everything else. Prints a line for each module and the
difference of each mutant that no test noticed. Exit 1 when the score is under `ASKED` or a mutant was left unsettled.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASKED = 0.95
COPIED = (
    "src",
    "selftest",
    "tests",
    "fixtures",
    "policy",
    "inventory",
    "lab",
    "conftest.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)
JUDGING = sorted(f"judge.{path.stem}" for path in (ROOT / "src/ordinance/judge").glob("*.py") if path.stem != "__init__")
#: What is mutated beside judging, and which mutants of it.
CERTIFICATE = {
    "observe.agent.window": "ordinance.observe.agent.window.*",
    "observe.agent.reckoning": "ordinance.observe.agent.reckoning.xǁReckoningǁreckon__*",
}
TESTS = ["selftest/judge", "selftest/observe/agent/test_agent_window.py", "selftest/observe/agent/test_agent_reckon.py"]
SETTLED = ("killed", "survived", "no tests", "timeout")


def copy(modules: list[str], place: Path) -> None:
    """Copy what the tests need and say in the copy what is mutated."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, place / name)
    files = [f"src/ordinance/{module.replace('.', '/')}.py" for module in modules]
    settings = {
        "source_paths": ["src"],
        "only_mutate": files,
        "pytest_add_cli_args_test_selection": TESTS,
        "also_copy": [name for name in COPIED if name != "src"],
    }
    with (place / "pyproject.toml").open("a") as project:
        project.write("\n[tool.mutmut]\n" + "".join(f"{name} = {value!r}\n" for name, value in settings.items()))


def mutmut(place: Path, *arguments: str, tell: bool = False) -> str:
    """Run mutmut in the copy and return what it printed."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if tell:  # minutes long, with a line of progress
        subprocess.run(command, cwd=place, env=environment, check=True)
        return ""
    return subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True, text=True).stdout


def fates(place: Path, patterns: list[str]) -> dict[str, str]:
    """Read what became of each mutant that was asked for."""
    starts = tuple(pattern.removesuffix("*") for pattern in patterns)
    rows = (line.strip().split(": ", 1) for line in mutmut(place, "results", "--all", "true").splitlines() if ": " in line)
    return {name: fate for name, fate in rows if name.startswith(starts)}


def report(found: dict[str, str]) -> bool:
    """Print the score of each module and of all; says whether it is enough."""
    by_module: dict[str, Counter[str]] = defaultdict(Counter)
    for name, fate in found.items():
        by_module[name.removeprefix("ordinance.").rsplit(".", 1)[0]][fate] += 1
    total: Counter[str] = sum(by_module.values(), Counter())
    print(f"\n{'module':32} mutants  killed  survived  not reached  timeout   score")  # noqa: T201
    for module, counts in [*sorted(by_module.items()), ("all", total)]:
        numbers = [f"{counts[fate]:9}" for fate in SETTLED]
        print(f"{module:32} {counts.total():7}{''.join(numbers)}   {score(counts):6.1%}")  # noqa: T201
    return score(total) >= ASKED and set(total) <= set(SETTLED)


def score(counts: Counter[str]) -> float:
    """Share of the mutants that a test noticed; one that never ended was noticed too."""
    return (counts["killed"] + counts["timeout"]) / max(1, counts.total())


def main() -> int:
    """Mutate, run, report."""
    modules = sys.argv[1:] or [*JUDGING, *CERTIFICATE]
    patterns = [CERTIFICATE.get(module, f"ordinance.{module}.*") for module in modules]
    with tempfile.TemporaryDirectory(prefix="ordinance-mutation-") as folder:
        place = Path(folder)
        copy(modules, place)
        mutmut(place, "run", "--max-children", str(len(os.sched_getaffinity(0))), *patterns, tell=True)
        found = fates(place, patterns)
        enough = report(found)
        for name in sorted(name for name, fate in found.items() if fate in {"survived", "no tests"}):
            print(f"\n# {name}: {found[name]}\n{mutmut(place, 'show', name)}")  # noqa: T201
    return 0 if enough and found else 1


if __name__ == "__main__":
    sys.exit(main())
