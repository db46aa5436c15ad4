"""What pytest was asked for: whether this is an audit, of whom, and which part of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ordinance.labkeeper import default_inventory
from ordinance.plan import Selection


def is_audit(config: pytest.Config) -> bool:
    """Whether one of the compliance suites is among what pytest was asked to run."""
    places = [Path(os.path.abspath(str(argument).split("::", 1)[0])) for argument in config.args]  # noqa: PTH100 - follows no link
    return any(_meets(place, suite) for place in places for suite in suites(config) if suite.is_dir())


def suites(config: pytest.Config) -> list[Path]:
    """Folders of compliance suites (`ordinance_suites`)."""
    return [config.rootpath / path for path in config.getini("ordinance_suites")]  # a default comes relative


def whole_suite(config: pytest.Config) -> bool:
    """Whether neither paths nor -k nor -m narrow what is collected."""
    given = config.args_source is pytest.Config.ArgsSource.ARGS
    return not (given or config.option.keyword or config.option.markexpr)


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
    parts = [str(selection(config))]
    if config.option.keyword:
        parts.append(f"-k {config.option.keyword}")
    if config.option.markexpr:
        parts.append(f"-m {config.option.markexpr}")
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        parts.extend(str(argument) for argument in config.args)
    return " ".join(part for part in parts if part)


def _meets(place: Path, suite: Path) -> bool:
    return place == suite or suite in place.parents or place in suite.parents
