"""`SHA256SUMS`: every file of a run and its hash, in the format of sha256sum(1), which `sha256sum -c SHA256SUMS` checks."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ordinance.errors import OrdinanceError
from ordinance.record.chain import NotSound

SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")
#: sha256sum writes a name with a backslash or a line break in another way, and a blank at its end is easily lost.
_PLAIN = re.compile(r"[!-\[\]-~]([ -\[\]-~]*[!-\[\]-~])?\Z")


def file_names(folder: Path) -> list[str]:
    """Every file under `folder`, as `inputs/policy/controls.yml`, sorted. Raises NotSound at a link or a device."""
    return sorted(_file_names(folder, ""))


def sums_of(folder: Path, coming: Mapping[str, bytes]) -> bytes:
    """Write `SHA256SUMS` of every file that is in `folder` and of those that are `coming` into it, by name.

    Raises OrdinanceError when a file has a name that sha256sum could not find again; OSError.
    """
    here = dict.fromkeys(file_names(folder), "") | {name: hashlib.sha256(data).hexdigest() for name, data in coming.items()}
    strange = [name for name in here if not _PLAIN.match(name)]
    if strange:
        raise OrdinanceError(f"{folder}: the name {strange[0]!r} cannot be listed in {SUMS}: only printable ASCII, no backslash")
    lines = (f"{here[name] or sha256_of(folder / name)}  {name}\n" for name in sorted(here) if name not in (SUMS, SIGNATURE))
    return "".join(lines).encode("ascii")


def read_sums(path: Path) -> dict[str, tuple[int, str]]:
    """Read it back: name -> (its line, its hash). Raises NotSound."""
    found: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(path.read_text("ascii", "replace").splitlines(keepends=True), 1):
        match = _LINE.fullmatch(line)
        if match is None or not _PLAIN.match(match[2]) or match[2] in found:
            raise NotSound(f"{path}:{number}: not a line that sha256sum would write")
        found[match[2]] = (number, match[1])
    return found


def sha256_of(path: Path) -> str:
    """Hash a file of any size."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _file_names(folder: Path, within: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{within}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _file_names(folder / entry.name, f"{name}/")
            elif entry.is_file(follow_symlinks=False):
                yield name
            else:
                raise NotSound(f"{folder / entry.name}: not a file of its own (a link, a pipe or a device); it was put there")
