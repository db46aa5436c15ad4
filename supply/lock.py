"""Reads `uv.lock`: its packages, their files, and what a set-up for Linux needs of them.

Markers are evaluated for CPython on Linux (the only place this runs), for each Python that is supported.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "ordinance"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True, slots=True)
class File:
    """A distribution that may be installed: its name, and the hash it must have (hex)."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the lock. `needs` holds the lock's own entries: name, marker, extra."""

    name: str
    version: str
    source: Mapping[str, str]
    files: tuple[File, ...]
    needs: tuple[Mapping[str, Any], ...]
    extras: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"

    @property
    def linux_files(self) -> tuple[File, ...]:
        """The files of it that a set-up on Linux may take: its source, and wheels for Linux or for anything."""
        return tuple(file for file in self.files if not file.name.endswith(".whl") or re.search(r"-any\.|linux", file.name))


def read(path: Path = ROOT / "uv.lock") -> dict[str, Package]:
    """Every package of the lock by name. ValueError when a name has two versions: nothing here could tell which is meant."""
    packages: dict[str, Package] = {}
    for entry in tomllib.loads(path.read_text())["package"]:
        package = _package(entry)
        if package.name in packages:
            raise ValueError(
                f"{path.name} holds {package.name} in two versions: {packages[package.name].version}, {package.version}"
            )
        packages[package.name] = package
    return packages


def _package(entry: Mapping[str, Any]) -> Package:
    files = [*([entry["sdist"]] if "sdist" in entry else []), *entry.get("wheels", [])]
    return Package(
        name=canonicalize_name(entry["name"]),
        version=entry["version"],
        source=entry["source"],
        files=tuple(sorted((_file(each) for each in files), key=lambda file: file.name)),
        needs=tuple(entry.get("dependencies", [])),
        extras={name: tuple(needs) for name, needs in entry.get("optional-dependencies", {}).items()},
        groups={name: tuple(needs) for name, needs in entry.get("dev-dependencies", {}).items()},
    )


def _file(entry: Mapping[str, Any]) -> File:
    kind, _, digest = str(entry.get("hash", "")).partition(":")
    return File(str(entry["url"]).rsplit("/", 1)[-1], digest if kind == "sha256" else "")


def needed(
    packages: Mapping[str, Package], python: str, *, extras: Iterable[str] = (), groups: Iterable[str] = ()
) -> frozenset[str]:
    """Names of everything the project needs on Linux with that Python, itself left out."""
    project = packages[PROJECT]
    open_ends = list(project.needs)
    for extra in extras:
        open_ends += project.extras[extra]
    for group in groups:
        open_ends += project.groups[group]
    found: set[str] = set()
    while open_ends:
        need = open_ends.pop()
        name = canonicalize_name(need["name"])
        if name in found or not holds(need.get("marker", ""), python):
            continue
        found.add(name)
        open_ends += direct(packages[name], need.get("extra", ()))
    return frozenset(found)


def direct(package: Package, extras: Iterable[str] = ()) -> list[Mapping[str, Any]]:
    """What a package itself asks for, with those extras of it."""
    return [*package.needs, *(need for extra in extras for need in package.extras.get(extra, ()))]


def holds(marker: str, python: str) -> bool:
    """Whether a marker is true for CPython of that version on Linux."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    return not marker or Marker(marker).evaluate(environment)
