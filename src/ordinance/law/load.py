"""Read the policy and its profiles: file formats in, the frozen law out, every problem at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

import ordinance
from ordinance.errors import DataError, Problem
from ordinance.law import files, model
from ordinance.law.files import ClausesFile, ControlsFile, ProfileFile
from ordinance.law.fitting import check
from ordinance.strict import Loaded, Rules, load, nearest, refuse

T = TypeVar("T")
_PARAGRAPHS = Rules(paragraphs=True)


def policy_folder() -> Path:
    """Return the folder of the policy: ORDINANCE_POLICY, else `policy/` of the checkout, else of the current directory."""
    named = os.environ.get("ORDINANCE_POLICY")
    if named:
        return Path(named)
    checkout = Path(ordinance.__file__).resolve().parents[2] / "policy"
    return checkout if (checkout / "clauses.yml").is_file() else Path("policy")


def load_law(folder: str | Path | None = None) -> model.Law:
    """Return the whole policy in `folder`. Raises DataError with every problem of both files."""
    base = policy_folder() if folder is None else Path(folder)
    problems: list[Problem] = []
    clauses = _part(base / "clauses.yml", ClausesFile, problems)
    controls = _part(base / "controls.yml", ControlsFile, problems)
    if clauses is None or controls is None:
        raise DataError(problems)
    refuse(check(clauses, controls))
    order = {clause.id: position for position, clause in enumerate(clauses.value.clauses)}
    return model.Law(
        title=clauses.value.title,
        sections=dict(clauses.value.sections),
        clauses={clause.id: _clause(clause) for clause in clauses.value.clauses},
        controls={c.id: _control(c) for c in sorted(controls.value.controls, key=lambda c: order[c.clause])},
    )


def profile_file(name_or_path: str | Path, folder: str | Path | None = None) -> Path:
    """Return where a profile stands, by the path of its file (`x.yml`) or by its name below `profiles/`."""
    text = str(name_or_path)
    if text.endswith((".yml", ".yaml")):
        return Path(text)
    return (policy_folder() if folder is None else Path(folder)) / "profiles" / f"{text}.yml"


def load_profile(name_or_path: str | Path, folder: str | Path | None = None) -> model.Profile:
    """Return a profile, by the path of its file (`x.yml`) or by its name below `profiles/`. Raises DataError."""
    text = str(name_or_path)
    path = profile_file(text, folder)
    if text.endswith((".yml", ".yaml")):
        return _profile(path)
    profiles = path.parent
    known = sorted(path.stem for path in profiles.glob("*.yml"))
    if text not in known:
        guess = nearest(text, known)
        right = f'did you mean "{guess}"?' if guess else f"known profiles: {', '.join(known) or 'none'}; or name a .yml file"
        raise DataError([Problem(str(profiles), 0, f'no profile is named "{text}"', right)])
    profile = _profile(path)
    if profile.name != text:
        what = f'the profile in this file calls itself "{profile.name}"'
        raise DataError([Problem(str(profiles / f"{text}.yml"), 0, what, f"write name: {text}")])
    return profile


def _part(path: Path, kind: type[T], problems: list[Problem]) -> Loaded[T] | None:
    try:
        return load(path, kind, _PARAGRAPHS)
    except DataError as error:
        problems += error.problems
        return None


def _clause(found: files.Clause) -> model.Clause:
    return model.Clause(
        id=found.id,
        title=found.title,
        text=found.text,
        disposition=model.Disposition(found.disposition),
        why=found.why or "",
        controls=tuple(found.controls),
        human_part=found.human_part or "",
    )


def _control(found: files.Control) -> model.Control:
    return model.Control(
        id=found.id,
        clause=found.clause,
        compliant_world=found.compliant_world,
        witness=found.witness,
        vantage=found.vantage,
        targets=found.targets or "",
        looks=tuple(found.looks),
        covered=found.covered,
    )


def _profile(path: Path) -> model.Profile:
    return msgspec.convert(msgspec.structs.asdict(load(path, ProfileFile).value), model.Profile)
