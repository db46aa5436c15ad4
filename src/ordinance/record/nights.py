"""Night after night: each sealed run names the one sealed before it, by the hash of its `head.json`.

A chain of nights has one beginning and one end. What was there before its beginning may have been put away long ago; that is
told and is no fault. A night that is missing between two others, or that is not the one its successor names, is a fault.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ordinance.record.chain import NotSound
from ordinance.record.folder import MARKER, RESULTS
from ordinance.record.head import HEAD, RUN_NAME, Head, read_head
from ordinance.record.seal import SEAL
from ordinance.record.verify import Sound, verify_run

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Told:
    """One line of what `ordinance verify` says. `fault` says that something is not sound."""

    text: str
    fault: bool = False


def link_of(sound: Sound) -> str:
    """What a sound run says of the one before it, in words. Raises NotSound when that one lies beside it and is another."""
    previous, path = sound.head.previous, sound.folder.resolve() / HEAD
    if previous is None:
        return "names no run before it"
    before = path.parents[1] / previous.run
    if not before.exists():
        return f"the run before it, {previous.run}, is not here"
    _is_the_one(sound, before, read_head(before)[1])
    return f"follows {previous.run}"


def verify_reports(reports: Path, signers: Collection[bytes]) -> list[Told]:
    """Check every run of a reports folder, and how they follow one another. What is wrong is among what is told."""
    told: list[Told] = []
    sound: dict[str, Sound] = {}
    for path in sorted(path for path in reports.iterdir() if RUN_NAME.match(path.name)):
        if not any((path / name).exists() for name in (RESULTS, *SEAL)):
            told.append(Told(f"{path}: has not ended or was killed; it proves nothing"))
            continue
        try:
            sound[path.name] = verify_run(path, signers)
            told.append(Told(f"{describe(sound[path.name])}; {link_of(sound[path.name])}"))
        except NotSound as error:
            told.append(Told(str(error), fault=True))
    if told and not sound:
        told.append(Told(f"{reports}: holds no run whose evidence is sound", fault=True))
    told += _chain(reports, {name: run.head for name, run in sound.items()})
    return told + _latest(reports, {name: run.head for name, run in sound.items()})


def describe(sound: Sound) -> str:
    """Say in one line what was found sound."""
    run = sound.results.run
    why = f" ({run.incomplete_because})" if run.incomplete_because else ""
    counted = f"{run.observations} records, {len(sound.results.checks)} of {run.planned} planned checks reported"
    return f"{sound.folder}: sound; signed with {sound.signed_by}; {counted}; it says: {run.headline}{why}"


def _is_the_one(sound: Sound, before: Path, sha256: str) -> None:
    if sound.head.previous is not None and sound.head.previous.sha256 != sha256:
        raise NotSound(
            f"{before / HEAD}: not the one that {sound.folder.name} was sealed after: that night was replaced or rolled back"
        )


def _chain(reports: Path, heads: Mapping[str, Head]) -> list[Told]:
    """No two nights follow the same one, and the chain begins once."""
    told: list[Told] = []
    after: dict[str, str] = {}
    begins: list[str] = []
    for name, head in heads.items():
        before = head.previous.run if head.previous is not None else ""
        if not before or not (reports / before).exists():
            begins.append(name)
        elif before in after:
            what = f"names {before} as the run before it, as {after[before]} does: a night was rolled back"
            told.append(Told(f"{reports / name / HEAD}: {what}", fault=True))
        after.setdefault(before, name)
    for name in begins[1:]:
        previous = heads[name].previous
        what = (
            f"follows {previous.run}, which is missing" if previous is not None else "follows no run, though there are older ones"
        )
        told.append(Told(f"{reports / name / HEAD}: {what}: a night was taken away or rolled back", fault=True))
    return told


def _latest(reports: Path, heads: Mapping[str, Head]) -> list[Told]:
    """`latest` shows no night that another one has followed."""
    latest = reports / LATEST
    if not latest.is_symlink():
        return [Told(f"{latest}: says {MARKER}; a run is under way, or the last one was killed")] if latest.is_file() else []
    shown = latest.readlink().name
    if not (reports / shown / RESULTS).is_file():
        return [Told(f"{latest}: leads to {shown}, which has no results", fault=True)]
    if shown not in heads:
        return []  # that run is not sound, which has been told
    later = _after(shown, heads)
    if any(heads[name].started > heads[shown].started for name in later):
        return [Told(f"{latest}: leads to {shown}, which {later[-1]} has followed: it was turned back", fault=True)]
    return []


def _after(name: str, heads: Mapping[str, Head]) -> list[str]:
    """The nights after this one, in the order of the chain."""
    following = {head.previous.run: run for run, head in heads.items() if head.previous is not None}
    found: list[str] = []
    while name in following and following[name] not in found:
        name = following[name]
        found.append(name)
    return found
