"""Plants: known faults of the simulated city, as data in `lab/plants/`. A violation, or something that breaks the looking."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from ordinance.errors import OrdinanceError, UsageError
from ordinance.lab.state import RunningLab
from ordinance.strict import Rules, load

#: Seconds within which a planted fault must show that it is active.
ACTIVE_SECONDS = 15.0


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shell script, run as root inside one host. The texts are the project's own, never an inventory's."""

    host: str
    run: str


class Plant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault, how it is planted, how it shows that it is active, and what the audit must then say."""

    name: str
    tells: str  #: one sentence for the reader
    do: list[Step]
    active: list[Step]  #: each must end with exit status 0
    violated: list[str] = []  #: exactly these controls
    unproven: list[str] = []  #: exactly these controls
    controls: list[str] = msgspec.field(default_factory=lambda: ["*"])  #: what the scenario's audit is asked for (globs)

    def truth(self, control: str) -> str:
        """Return what is true of a control while this fault lasts; "unproven" is where nobody can know."""
        if control in self.violated:
            return "violated"
        return "unproven" if control in self.unproven else "compliant"


class PlantFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `lab/plants/`."""

    plants: list[Plant]


class NotPlanted(OrdinanceError):
    """A fault could not be planted, or does not show."""


def read_plants(city: Path) -> dict[str, Plant]:
    """All plants of a city's folder, by name. Raises DataError, or UsageError for a name used twice."""
    found: dict[str, Plant] = {}
    for path in sorted((city / "plants").glob("*.yml")):
        for fault in plants_in(path):
            if fault.name in found:
                raise UsageError(f"{path}: two plants are named {fault.name}; give each a name of its own")
            found[fault.name] = fault
    return found


def plants_in(path: Path) -> list[Plant]:
    """All plants of one file. Raises DataError."""
    return load(path, PlantFile, Rules(paragraphs=True)).value.plants


def plant(lab: RunningLab, fault: Plant) -> None:
    """Plant a fault and wait until it shows that it is active; raises NotPlanted."""
    for step in fault.do:
        done = lab.exec(step.host, ["/bin/sh", "-ec", step.run])
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode("utf-8", "backslashreplace").strip()
            raise NotPlanted(f"{fault.name} could not be planted on {step.host}: {said or f'exit status {done.returncode}'}")
    shows(lab, fault)


def shows(lab: RunningLab, fault: Plant) -> None:
    """Wait until a planted fault shows that it is active; raises NotPlanted. After the looking, it shows that it lasted."""
    for step in fault.active:
        _await_active(lab, fault, step)


def _await_active(lab: RunningLab, fault: Plant, step: Step) -> None:
    deadline = time.monotonic() + ACTIVE_SECONDS
    while lab.exec(step.host, ["/bin/sh", "-ec", step.run]).returncode != 0:
        if time.monotonic() > deadline:
            raise NotPlanted(f"{fault.name} was planted but does not show on {step.host}: {step.run.strip()}")
        time.sleep(0.05)
