"""What may be on a disk after a power cut, worse than any one file system does it.

What was synced is there. Of the rest any may be missing: bytes written to a file and not synced (none of them, half, or all are
there), and entries of a folder not synced (any one alone missing or alone there, or every beginning of their order).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Op = list[str]


@dataclass
class File:
    """Bytes that are on the disk, and bytes that may be."""

    synced: bytes = b""
    written: bytes = b""

    def after(self, share: int) -> bytes:
        """Its content when 0, half (1) or all (2) of what was not synced came to the disk."""
        loose = self.written[len(self.synced) :]
        return self.synced + loose[: len(loose) * share // 2]


Entry = File | str  #: a file, or where a symbolic link points
#: A change of a folder: name, and what stands under it from then on; None: nothing.
Change = tuple[str, Entry | None]


@dataclass
class Disk:
    """Paths below the reports folder. Folders are left out: an entry whose folder is not there cannot be read."""

    synced: dict[str, Entry] = field(default_factory=dict)
    loose: list[Change] = field(default_factory=list)
    folders: set[str] = field(default_factory=lambda: {"."})
    now: dict[str, Entry] = field(default_factory=dict)

    def do(self, op: Op) -> None:
        """Take in one operation."""
        kind, *names = op
        if kind == "create" and names[0] not in self.now:
            self._set(names[0], File())
        elif kind == "write":
            file = self.now[names[0]]
            assert isinstance(file, File)
            file.written += base64.b64decode(names[1])
        elif kind == "sync":
            self._sync(names[0])
        elif kind == "replace":
            self._set(names[1], self.now[names[0]])
            self._set(names[0], None)
        elif kind == "symlink":
            self._set(names[1], names[0])
        elif kind == "unlink":
            self._set(names[0], None)
        elif kind == "mkdir":
            self.folders.add(names[0])
            self._set(names[0], "a folder")

    def states(self) -> Iterator[dict[str, bytes | str]]:
        """Every state the disk may be in if the power goes now."""
        for changes in self._subsets():
            entries = dict(self.synced)
            for name, entry in changes:
                entries.pop(name, None)
                if entry is not None:
                    entries[name] = entry
            there = {name: entry for name, entry in entries.items() if all(p in entries for p in _above(name))}
            for share in range(3):
                yield {name: entry.after(share) if isinstance(entry, File) else entry for name, entry in there.items()}

    def _subsets(self) -> Iterator[list[Change]]:
        loose = self.loose
        for number in range(len(loose) + 1):
            yield loose[:number]
        for number in range(len(loose)):
            yield [*loose[:number], *loose[number + 1 :]]
            yield [loose[number]]

    def _set(self, name: str, entry: Entry | None) -> None:
        self.loose.append((name, entry))
        self.now.pop(name, None)
        if entry is not None:
            self.now[name] = entry

    def _sync(self, name: str) -> None:
        if name not in self.folders:
            file = self.now[name]
            assert isinstance(file, File)
            file.synced = file.written
            return
        for changed, entry in self.loose:
            if str(Path(changed).parent) == name:
                self.synced.pop(changed, None)
                if entry is not None:
                    self.synced[changed] = entry
        self.loose = [change for change in self.loose if str(Path(change[0]).parent) != name]


def _above(name: str) -> list[str]:
    return [str(folder) for folder in Path(name).parents if folder != Path()]
