"""Is the evidence of one run what was recorded and sealed? Whatever is not is told in one sentence, the first that is found.

In this order: the signature over `SHA256SUMS`; the files it lists, and no others; the chain of the journal and its head; the
plan against the results; what the results cite against the journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from ordinance.record.agreement import INVENTORY, Recorded, agree
from ordinance.record.chain import START, NotSound, links
from ordinance.record.folder import JOURNAL, JUNIT, PLAN, REPORT, RESULTS
from ordinance.record.head import HEAD, Head, read_head
from ordinance.record.model import PlanRecord, Results
from ordinance.record.sshsig import BadSignature, fingerprint, verify
from ordinance.record.sums import SIGNATURE, SUMS, file_names, read_sums, sha256_of

#: What every published run has; `inputs/` holds what it was judged against.
_NEEDED = (JOURNAL, PLAN, RESULTS, REPORT, JUNIT, HEAD, INVENTORY)
_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class Sound:
    """A run whose evidence is sound: its head, the hash of `head.json`, its results, the fingerprint of the key that signed."""

    folder: Path
    head: Head
    head_sha256: str
    results: Results
    signed_by: str


def verify_run(folder: Path, signers: Collection[bytes]) -> Sound:
    """Check one run folder against the public keys that may sign (SSH blobs). Raises NotSound. Reads; writes nothing.

    Whether the run before it is what it says is for `ordinance.record.nights`.
    """
    try:
        _there(folder)
        signed_by = _signature(folder, signers)
        _sums(folder)
        head, head_sha256 = read_head(folder)
        journal = _journal(folder, head)
        results = _decode(folder / RESULTS, Results)
        agree(folder, head, _decode(folder / PLAN, PlanRecord), results, journal)
    except OSError as error:
        raise NotSound(f"{error.filename or folder}: cannot be read: {error.strerror}") from error
    return Sound(folder, head, head_sha256, results, signed_by)


def _there(folder: Path) -> None:
    if not (folder / RESULTS).is_file() and not (folder / SUMS).is_file():
        raise NotSound(f"{folder}: has neither {RESULTS} nor {SUMS}: the run has not ended or was killed, and proves nothing")
    if not (folder / SUMS).is_file():
        raise NotSound(f"{folder / SUMS}: is missing: the run was never sealed, or its seal was taken away")
    if not (folder / SIGNATURE).is_file():
        raise NotSound(f"{folder / SIGNATURE}: is missing: the run was never signed, or its signature was taken away")


def _signature(folder: Path, signers: Collection[bytes]) -> str:
    """Check who signed; gives the fingerprint."""
    path = folder / SIGNATURE
    try:
        key = verify((folder / SUMS).read_bytes(), path.read_bytes())
    except BadSignature as error:
        where = ""
        try:
            _sums(folder)
        except NotSound as fault:  # most likely the reason why the signature does not fit: say where
            where = f"; {fault}"
        raise NotSound(f"{path}: not a signature of {SUMS}: {error}{where}") from error
    if key not in signers:
        allowed = ", ".join(sorted(map(fingerprint, signers)))
        raise NotSound(f"{path}: signed with the key {fingerprint(key)}, which may not sign; allowed: {allowed}")
    return fingerprint(key)


def _sums(folder: Path) -> None:
    """Every file that is listed is there as it was, and there is no other."""
    listed = read_sums(folder / SUMS)
    for name in file_names(folder):
        if name not in listed and name not in (SUMS, SIGNATURE):
            raise NotSound(f"{folder / name}: stands in no line of {SUMS}: it was put there after the run was sealed")
    for name in _NEEDED:
        if name not in listed:
            raise NotSound(f"{folder / SUMS}: does not list {name}: the run was sealed without it")
    for name, (number, digest) in listed.items():
        _file(folder, name, number, digest)


def _file(folder: Path, name: str, number: int, digest: str) -> None:
    path = folder / name
    if name in (SUMS, SIGNATURE) or ".." in Path(name).parts or Path(name).is_absolute():
        raise NotSound(f"{folder / SUMS}:{number}: lists {name}, which cannot be")
    if not path.is_file():
        raise NotSound(f"{folder / SUMS}:{number}: lists {name}, which is missing")
    if sha256_of(path) == digest:
        return
    if name == JOURNAL:
        _journal(folder, read_head(folder)[0])  # names the line
    raise NotSound(f"{path}: not the file that was sealed; its hash is not that of {SUMS}:{number}")


def _journal(folder: Path, head: Head) -> Recorded:
    """Follow the chain of the journal to the head that was sealed."""
    path, digest = folder / JOURNAL, hashlib.sha256()
    names: set[str] = set()
    last, action = START, ""
    with path.open("rb") as lines:
        for seen, last in links(_noting(lines, digest.update), path):  # noqa: B007 - the last one is wanted
            names.add(seen.id)
            action = seen.action
    if len(names) < head.records:
        raise NotSound(
            f"{path}:{len(names)}: the journal ends here, after {len(names)} of {head.records} lines: the rest was cut off"
        )
    if len(names) > head.records:
        raise NotSound(f"{path}:{head.records + 1}: the journal ended before this line: what follows was added")
    if last != head.head:
        raise NotSound(f"{path}:{len(names)}: this last line is not the one that {HEAD} names by its hash: it was changed")
    return Recorded(names, digest.hexdigest(), action)


def _noting(lines: Iterable[bytes], note: Callable[[bytes], None]) -> Iterator[bytes]:
    """Pass the lines on; `note` gets those that are whole."""
    for line in lines:
        if line.endswith(b"\n"):
            note(line)
        yield line


def _decode(path: Path, kind: type[_Record]) -> _Record:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotSound(f"{path}: not what a run writes ({error})") from error
