"""The seal of a run: `head.json`, `SHA256SUMS`, `SHA256SUMS.sig`. It is put on when everything else is written.

Each run names the run that was sealed last before it and the hash of its head, so that a night cannot be changed, taken out
or put back without changing all nights after it. Runs that overlap are sealed one after the other: the nights are one chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ordinance.errors import OrdinanceError
from ordinance.record.chain import NotSound
from ordinance.record.folder import RunFolder
from ordinance.record.head import FORMAT, HEAD, RUN_NAME, Head, Previous, encode_head, read_head
from ordinance.record.model import RunRecord
from ordinance.record.signer import Signer
from ordinance.record.sums import SIGNATURE, SUMS, sums_of

SEAL = (HEAD, SUMS, SIGNATURE)


class SealError(OrdinanceError):
    """The seal cannot be made. Nothing has been written."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What makes the seal of a run. `chain_head` is that of the journal; without a signer there is no signature."""

    folder: RunFolder
    run: RunRecord
    chain_head: str
    signer: Signer | None

    def __call__(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """Make the files of the seal, over what is in the folder and the `files` that come into it with the seal.

        Whoever calls holds the reports folder alone, so that no two runs name the same one as theirs before. Raises SealError.
        """
        try:
            head = encode_head(self._head())
            sums = sums_of(self.folder.path, {**files, HEAD: head})
        except OSError as error:
            raise SealError(f"the evidence cannot be sealed: {error.filename or self.folder.path}: {error.strerror}") from error
        except OrdinanceError as error:
            raise SealError(f"the evidence cannot be sealed: {error}") from error
        signature = {SIGNATURE: self.signer.sign(sums)} if self.signer is not None else {}
        return {HEAD: head, SUMS: sums, **signature}

    def _head(self) -> Head:
        return Head(
            format=FORMAT,
            run=self.run.id,
            started=self.run.started,
            finished=self.run.finished,
            records=self.run.observations,
            head=self.chain_head,
            plan=self.run.planned,
            previous=last_sealed(self.folder.reports),
        )


def is_sealed(folder: Path) -> bool:
    """Whether this run carries a seal, sound or not."""
    return all((folder / name).is_file() for name in SEAL)


def sealed_runs(reports: Path) -> dict[str, tuple[Head, str]]:
    """Every sealed run of a reports folder whose head can be read, in the order of their names: head, and its file's hash."""
    found: dict[str, tuple[Head, str]] = {}
    for path in sorted(reports.iterdir()):
        if RUN_NAME.match(path.name) and is_sealed(path):
            try:
                found[path.name] = read_head(path)
            except NotSound:  # `ordinance verify` tells it; a spoilt night must not keep the next from being sealed
                continue
    return found


def last_sealed(reports: Path) -> Previous | None:
    """The run that no other names: the end of the chain of nights. Of several ends, the one that finished last."""
    runs = sealed_runs(reports)
    named = {head.previous.run for head, _ in runs.values() if head.previous is not None}
    ends = [(head.finished, name) for name, (head, _) in runs.items() if name not in named]
    if not ends:
        return None
    _, name = max(ends)
    return Previous(run=name, sha256=runs[name][1])
