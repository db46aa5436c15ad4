"""What a run does to the disk, in order: every creation, write, sync, rename and unlink below the reports folder.

`install` wraps the calls of `os` in the child that makes the run (an order's "hook"), and keeps the list in the file `ops`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Stream:
    """What `os.fdopen` gives, without a buffer: each write is one write."""

    def __init__(self, file: int) -> None:
        self._file = file

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self._file, left) :]

    def flush(self) -> None: ...

    def fileno(self) -> int:
        return self._file


class Ops:
    """The list, and the wrapped calls."""

    def __init__(self, reports: Path, kept: Path) -> None:
        self.reports, self.kept, self.real = str(reports), kept, {}
        self.files: dict[int, str] = {}
        self.list: list[list[str]] = []

    def note(self, *op: str) -> None:
        self.list.append(list(op))

    def inside(self, path: Any) -> str | None:
        """The path below the reports folder, "." for itself; None for one that is elsewhere."""
        text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
        return os.path.relpath(text, self.reports) if f"{text}/".startswith(f"{self.reports}/") else None

    def wrap(self, name: str, after: Callable[..., None]) -> None:
        real = self.real[name] = getattr(os, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            after(result, *args)
            return result

        setattr(os, name, wrapped)

    def opened(self, file: int, path: Any, flags: int = 0, *_: Any) -> None:
        if (name := self.inside(path)) is not None:
            self.files[file] = name
            if flags & os.O_CREAT:
                self.note("create", name)

    def written(self, count: int, file: int, data: Any) -> None:
        if file in self.files:
            self.note("write", self.files[file], base64.b64encode(bytes(data[:count])).decode())

    def synced(self, _: None, file: int) -> None:
        if file in self.files:
            self.note("sync", self.files[file])

    def two(self, kind: str) -> Callable[..., None]:
        def after(_: None, first: Any, second: Any, *__: Any) -> None:
            if (name := self.inside(second)) is not None:
                self.note(kind, (os.fspath(first) if kind == "symlink" else self.inside(first)) or "", name)

        return after

    def one(self, kind: str) -> Callable[..., None]:
        def after(_: None, path: Any, *__: Any) -> None:
            if (name := self.inside(path)) is not None:
                self.note(kind, name)

        return after

    def told(self, text: str) -> None:
        self.note("said", text)
        if text.startswith("published"):
            self.kept.write_text(json.dumps(self.list))


def install(order: dict[str, Any], say: Callable[[str], None]) -> Callable[[str], None]:
    """Wrap what the journal and the folder use; gives the `say` that puts what was said among the operations."""
    ops = Ops(Path(order["reports"]), Path(order["ops"]))
    ops.wrap("open", ops.opened)
    ops.wrap("write", ops.written)
    ops.wrap("fsync", ops.synced)
    ops.wrap("close", lambda _, file: ops.files.pop(file, None))
    ops.wrap("mkdir", ops.one("mkdir"))
    ops.wrap("unlink", ops.one("unlink"))
    for name in ("replace", "symlink"):
        ops.wrap(name, ops.two(name))
    fdopen = os.fdopen

    def opened(file: int, *args: Any, **kwargs: Any) -> Any:
        return Stream(file) if file in ops.files else fdopen(file, *args, **kwargs)

    os.fdopen = opened  # type: ignore[assignment]

    def tell(text: str) -> None:
        ops.told(text)
        say(text)

    return tell
