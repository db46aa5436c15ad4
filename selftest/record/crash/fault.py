"""A disk that fails at a chosen call: a stand-in, made inside the process, for what a real one is hard to be brought to.

An order's "hook". `fail` counts the calls below the reports folder that may fail, from 1; `errno` is what they fail with,
once or, with `forever`, from then on. The child says `failed CALL PATH` each time, and `calls N` when it had no occasion to fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from selftest.record.crash.ops import Stream


class Fault:
    """Counts, and fails."""

    def __init__(self, order: dict[str, Any], say: Callable[[str], None]) -> None:
        self.order, self.say = order, say
        self.calls = 0
        self.files: dict[int, str] = {}

    def pass_or_fail(self, name: str, path: str) -> None:
        self.calls += 1
        if self.calls == self.order["fail"] or (self.order.get("forever") and self.calls > self.order["fail"]):
            self.say(f"failed {name} {path}")
            raise OSError(self.order["errno"], os.strerror(self.order["errno"]), path)

    def inside(self, path: Any) -> bool:
        return isinstance(path, str | os.PathLike) and f"{os.fspath(path)}/".startswith(self.order["reports"] + "/")

    def wrap(self, name: str) -> None:
        real = getattr(os, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            known = [self.files[arg] for arg in args[:1] if isinstance(arg, int) and arg in self.files]
            paths = known or [os.fspath(arg) for arg in args[:2] if self.inside(arg)]
            if paths and (name != "open" or args[1] & os.O_CREAT):
                self.pass_or_fail(name, paths[-1])
            result = real(*args, **kwargs)
            if name == "open" and paths:
                self.files[result] = paths[-1]
            return result

        setattr(os, name, wrapped)


def install(order: dict[str, Any], say: Callable[[str], None]) -> Callable[[str], None]:
    """Wrap what the journal and the folder use."""
    fault = Fault(order, say)
    for name in ("open", "write", "fsync", "mkdir", "replace", "symlink"):
        fault.wrap(name)
    close, fdopen = os.close, os.fdopen

    def closed(file: int) -> None:
        fault.files.pop(file, None)
        close(file)

    def opened(file: int, *args: Any, **kwargs: Any) -> Any:
        return Stream(file) if file in fault.files else fdopen(file, *args, **kwargs)

    os.close, os.fdopen = closed, opened  # type: ignore[assignment]

    def tell(text: str) -> None:
        if text.startswith("published"):
            say(f"calls {fault.calls}")
        say(text)

    return tell
