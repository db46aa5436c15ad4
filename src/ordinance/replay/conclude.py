"""The last act of a replay: results, report, JUnit and CSV made again, compared with those of the run, and written elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ordinance import __version__
from ordinance.errors import OrdinanceError
from ordinance.publish import Ending, files_of, results_of
from ordinance.record.exitcode import ExitCode
from ordinance.record.folder import CSV, JUNIT, REPORT, RESULTS, RunFolder
from ordinance.replay.compare import differences
from ordinance.replay.sitting import Replay


def conclude(replay: Replay, *, stopped: str) -> Ending:
    """Write what was recomputed and say how it compares. `stopped` says why not all was judged: then nothing is written.

    The exit code is that of the recomputed results, or NOT_SOUND when they should be the run's own and are not.
    """
    replay.close()
    if stopped:
        raise OrdinanceError(f"the replay did not come to its end, and nothing was written: {stopped}")
    recorded = replay.recorded
    results = replay.results_told(results_of(replay, recorded.facts(), {seen.id for seen in recorded.observations}))
    files = files_of(results, recorded.observations)
    replay.place.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = RunFolder(replay.place.parent, replay.place.name)
    for name, data in files.items():
        folder.write(name, data)
    found = differences(recorded.published, results) if recorded.published is not None else []
    changed = [name for name in _compared(recorded.folder) if not _same_bytes(recorded.folder / name, files[name])]
    unsound = replay.terms.recorded and recorded.published is not None and bool(found or _telling(changed, replay))
    code = ExitCode.NOT_SOUND if unsound else ExitCode(results.run.exit_code)
    return Ending(results, folder.report, code, tuple(_said(replay, found, changed)))


def _compared(run: Path) -> tuple[str, ...]:
    """Name the files to compare. Runs of earlier versions have no `checks.csv`; that one is missing is for the seal to say."""
    return (RESULTS, REPORT, JUNIT, *((CSV,) if (run / CSV).exists() else ()))


def _same_bytes(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def _telling(changed: list[str], replay: Replay) -> bool:
    """Whether files that differ are more than another version's way of writing the same results."""
    return bool(changed) and replay.recorded.facts().versions.get("ordinance") == __version__


def _said(replay: Replay, found: list[str], changed: list[str]) -> Iterator[str]:
    yield ""
    if not replay.recorded.sealed:
        yield "The run has no seal: nothing but the records themselves says that they are those of that night."
    then = replay.recorded.facts().versions.get("ordinance", "an unknown version")
    if replay.recorded.published is None:
        yield "The run published no results: there is nothing to compare with."
        return
    verdicts = [line for line in found if " on " in line.split(":", 1)[0]]
    if not replay.terms.recorded:
        yield f"{replay.terms.words(replay.brief)} Of the run in {replay.recorded.folder}, {len(verdicts)} checks differ."
    elif not found and not changed:
        yield "Same verdicts: results.json, report.html, junit.xml and checks.csv are byte for byte those of the run."
    elif not found:
        yield f"Same verdicts; written otherwise: {', '.join(changed)} (the run was made with {then}, this is {__version__})."
    else:
        yield f"NOT THE SAME: {len(verdicts)} checks differ (the run was made with {then}, this is {__version__})."
    yield from (f"  {line}" for line in (found if replay.terms.recorded else verdicts))
