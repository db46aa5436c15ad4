"""`ordinance replay RUN`: every verdict of a run recomputed from its records."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

import ordinance
from ordinance.errors import UsageError


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `replay`; `run` takes the parsed arguments and returns the exit code."""
    parser = subparsers.add_parser("replay", help="recompute every verdict of a run from its records; nothing is contacted")
    parser.add_argument("folder", type=Path, metavar="RUN", help="folder of a run, as reports/latest")
    parser.add_argument("--profile", metavar="NAME|FILE", help="judge again under another profile")
    parser.add_argument("--policy", type=Path, metavar="DIR", help="judge again by another policy folder")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the results go (default: RUN-replayed, beside the run)")
    parser.set_defaults(run=replay)


def replay(arguments: argparse.Namespace) -> int:
    """Run the compliance suites on the records; the exit code is pytest's, as for an audit."""
    root = _suites_root()
    options = ["--replay", str(arguments.folder.absolute())]
    for name in ("profile", "policy", "out"):
        value = getattr(arguments, name)
        if value is not None:
            options += [f"--{name}", str(value.absolute()) if isinstance(value, Path) else _profile(value)]
    suites = ["--rootdir", str(root), "-c", str(root / "pyproject.toml"), str(root / "tests")]
    # This command has imported the package before pytest could rewrite its asserts; it has none that speak to a user.
    quiet = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, *quiet, *suites]))


def _profile(text: str) -> str:
    """A profile by name as it is, by file as a path that holds from anywhere."""
    return str(Path(text).absolute()) if text.endswith((".yml", ".yaml")) else text


def _suites_root() -> Path:
    """The checkout with the compliance suites: the one this code stands in, else the current directory."""
    for root in (Path(ordinance.__file__).resolve().parents[2], Path.cwd()):
        if (root / "pyproject.toml").is_file() and (root / "tests").is_dir():
            return root
    raise UsageError("the compliance suites are not here: run this in a checkout of the project")
