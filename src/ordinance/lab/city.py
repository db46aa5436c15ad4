"""The city's folder: lab/ with topology.yml, packages.txt and one folder of files for every host."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from ordinance.errors import DataError, Problem, UsageError
from ordinance.lab.topofile import read_topology
from ordinance.lab.topology import Topology
from ordinance.strict import Leaf, WrongError, load

#: The folder whose files every host gets before its own.
COMMON = "_common"
_MODE = re.compile(r"[0-7]{3,4}\Z")


def _octal(text: str) -> None:
    if not _MODE.match(text):
        raise WrongError(f'"{text}" is not octal')


class Ownership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mode, owner and group of one path in a host; None leaves it as it is (root:root for copied files)."""

    mode: Annotated[str, msgspec.Meta(description='an octal mode in quotes, as "0600"'), Leaf(_octal)] | None = None
    owner: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class City:
    """A city's folder, read."""

    folder: Path
    topology: Topology
    #: by folder name (a host's, or `_common`): path in the host -> its ownership
    modes: Mapping[str, Mapping[str, Ownership]] = field(default_factory=dict)

    def layers(self, host: str) -> tuple[str, str]:
        """Names of the two folders whose files make up `host`, in the order in which they are copied."""
        return COMMON, host

    def files(self, layer: str) -> Path:
        """Where the files of one layer are."""
        return self.folder / "hosts" / layer / "root"

    def rc(self, layer: str) -> Path:
        """Return the start script of one layer."""
        return self.folder / "hosts" / layer / "rc"


def _candidates() -> Iterator[Path]:
    here = Path.cwd()
    for folder in (here, *here.parents):
        yield folder / "lab"
    yield Path(__file__).resolve().parents[3] / "lab"


def city_folder() -> Path:
    """Return the folder of the city that is meant.

    The environment variable ORDINANCE_CITY; else `lab/` of the checkout around the current directory; else `lab/` beside this
    package's own checkout. Errors: UsageError when there is none.
    """
    named = os.environ.get("ORDINANCE_CITY")
    if named:
        folder = Path(named).resolve()
        if not (folder / "topology.yml").is_file():
            raise UsageError(f"ORDINANCE_CITY names {folder}, but there is no topology.yml in it")
        return folder
    for folder in _candidates():
        if (folder / "topology.yml").is_file():
            return folder
    raise UsageError("no simulated city here: run this inside a checkout (which has lab/topology.yml), or set ORDINANCE_CITY")


def read_city(folder: Path) -> City:
    """Read the city in `folder`. Errors: DataError with what is wrong or missing."""
    topology = read_topology(folder / "topology.yml")
    problems = list(_gaps(folder, topology))
    if problems:
        raise DataError(problems)
    layers = (COMMON, *topology.hosts)
    return City(folder, topology, {layer: _read_modes(folder / "hosts" / layer / "modes.yml") for layer in layers})


def _gaps(folder: Path, topology: Topology) -> Iterator[Problem]:
    """Find hosts without a start script and folders without a host: slips that would go unnoticed."""
    for host in topology.hosts:
        rc = folder / "hosts" / host / "rc"
        if not rc.is_file():
            yield Problem(str(rc), 0, f"the host {host} has no start script", "write one, if only with a comment in it")
    present = {path.name for path in (folder / "hosts").iterdir() if path.is_dir()} if (folder / "hosts").is_dir() else set()
    for stray in sorted(present - topology.hosts.keys() - {COMMON}):
        yield Problem(str(folder / "hosts" / stray), 0, "no host of the topology has this name", "name a host, or remove it")


def _read_modes(path: Path) -> dict[str, Ownership]:
    if not path.exists():
        return {}
    loaded = load(path, dict[str, Ownership])
    return {name.lstrip("/"): ownership for name, ownership in loaded.value.items()}
