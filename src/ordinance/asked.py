"""What pytest was asked for: whether this is an audit, of whom, and which part of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ordinance.errors import UsageError
from ordinance.labkeeper import default_inventory
from ordinance.plan import Selection

#: Options of pytest that leave tests out: as it names them, and as they are typed.
_NARROWING = {
    "keyword": "-k",
    "markexpr": "-m",
    "deselect": "--deselect",
    "ignore": "--ignore",
    "ignore_glob": "--ignore-glob",
    "lf": "--lf",
    "stepwise": "--sw",
}
#: Options by which pytest only tells about the suite.
_TELLING = ("plan", "collectonly", "showfixtures", "show_fixtures_per_test", "cacheshow", "setupplan")
#: Options of ours that are only for an audit, and only for a replay.
_ONLY_LOOKING = ("inventory", "clause", "control", "plan", "reports")
_ONLY_REPLAYING = ("policy", "out")
#: Options of pytest-xdist, with the values that mean one process.
_WORKERS: dict[str, tuple[object, ...]] = {"numprocesses": (None, 0), "tx": (None, []), "dist": (None, "no")}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of an audit."""
    group = parser.getgroup("ordinance", "compliance audit")
    group.addoption("--inventory", type=Path, help="who is audited (default: inventory/lab.yml, the embedded city)")
    group.addoption("--clause", action="append", default=[], metavar="ID", help="only this clause and those beneath; repeatable")
    group.addoption("--control", action="append", default=[], metavar="GLOB", help="only controls that match; repeatable")
    group.addoption("--profile", help="parameters and readings: a name in policy/profiles (default: default), or a file")
    group.addoption("--plan", action="store_true", help="print what would be checked and contacted; send nothing")
    group.addoption("--reports", type=Path, help="where runs are kept (default: reports/)")
    group.addoption("--replay", type=Path, metavar="RUN", help="judge a recorded run again from its folder; send nothing")
    group.addoption("--policy", type=Path, metavar="DIR", help="with --replay: judge by this policy folder, not by the run's")
    group.addoption("--out", type=Path, metavar="DIR", help="with --replay: where the results go (default: RUN-replayed)")
    parser.addini("ordinance_suites", "folders that hold compliance suites", type="paths", default=["tests"])


def is_audit(config: pytest.Config) -> bool:
    """Whether one of the compliance suites is among what pytest was asked to run."""
    return any(_meets(place, suite) for place in _places(config) for suite in suites(config) if suite.is_dir())


def looks(config: pytest.Config) -> bool:
    """Whether anything is to be looked at, or pytest is only asked about the suite."""
    return not any(getattr(config.option, name, None) for name in _TELLING)


def one_process(config: pytest.Config) -> None:
    """UsageError when the tests are to run in several processes: each would look, and none would have the whole plan."""
    spread = any(getattr(config.option, name, usual[0]) not in usual for name, usual in _WORKERS.items())
    if spread or hasattr(config, "workerinput"):
        raise UsageError("an audit runs in one process, its looks side by side: leave out -n, --dist and --tx of pytest-xdist")


def suites(config: pytest.Config) -> list[Path]:
    """Folders of compliance suites (`ordinance_suites`)."""
    return [config.rootpath / path for path in config.getini("ordinance_suites")]  # a default comes relative


def profile(config: pytest.Config) -> str:
    """The profile: a name, or a file."""
    given: str | None = config.option.profile
    return "default" if given is None else given


def replayed(config: pytest.Config) -> Path | None:
    """The folder of the run that is to be judged again. UsageError with an option that has no meaning then."""
    run: Path | None = config.option.replay
    strange = _ONLY_LOOKING if run is not None else _ONLY_REPLAYING
    given = [f"--{name}" for name in strange if getattr(config.option, name)]
    if given and run is not None:
        raise UsageError(f"{', '.join(given)} cannot be given with --replay: who is audited, and which part, is in the records")
    if given:
        raise UsageError(f"{', '.join(given)} can be given with --replay alone")
    return run


def narrowed(config: pytest.Config) -> bool:
    """Whether what is collected is less than the suites: by place, or by an option of pytest."""
    return bool(_narrowing_words(config))


def inventory(config: pytest.Config) -> Path:
    """The inventory file."""
    given: Path | None = config.option.inventory
    return given if given is not None else default_inventory(config.rootpath)


def reports(config: pytest.Config) -> Path:
    """Where runs are kept."""
    given: Path | None = config.option.reports
    return given if given is not None else config.rootpath / "reports"


def selection(config: pytest.Config) -> Selection:
    """What `--clause` and `--control` ask for."""
    return Selection(tuple(config.option.clause), tuple(config.option.control))


def words(config: pytest.Config) -> str:
    """Everything that narrows the run, as it was typed; empty for a whole audit."""
    return " ".join(part for part in (str(selection(config)), *_narrowing_words(config)) if part)


def _narrowing_words(config: pytest.Config) -> list[str]:
    parts: list[str] = []
    for name, option in _NARROWING.items():
        value = getattr(config.option, name, None)
        if value is True:
            parts.append(option)
        elif value:
            parts.extend(f"{option} {one}" for one in ([value] if isinstance(value, str) else value))
    whole = all(any(place == suite or place in suite.parents for place in _places(config, "whole")) for suite in suites(config))
    return parts if whole else [*parts, *(str(argument) for argument in config.args)]


def _places(config: pytest.Config, kind: str = "any") -> list[Path]:
    """Where pytest was asked to look for tests; "whole" leaves out what names a test within a file."""
    given = [str(argument) for argument in config.args if kind == "any" or "::" not in str(argument)]
    return [Path(os.path.abspath(argument.split("::", 1)[0])) for argument in given]  # noqa: PTH100 - follows no link


def _meets(place: Path, suite: Path) -> bool:
    return place == suite or suite in place.parents or place in suite.parents
