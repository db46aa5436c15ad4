"""The packet agent as a process beside the audit process: both outputs drained at once, everything bounded, ended with us."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from typing import IO

from ordinance.observe.api import CouldNotLook, Deadline, Unseen

_PIECE = 65_536
_SLICE = 0.25  #: seconds between two looks at whether the run was stopped
_FAREWELL = 2.0  #: seconds in which a process ends whose input has ended


def run_here(
    argv: Sequence[str], deadline: Deadline, check: Callable[[], None],
    out: Callable[[bytes], None], err: Callable[[bytes], None], *, stdin: bytes,
) -> int:  # fmt: skip
    """Run a command until it ends, its input open until then; its exit status. DEADLINE, TOOL (ended by a signal)."""
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0) as process:
        try:
            with selectors.DefaultSelector() as selector:
                _register(selector, process, stdin, out, err)
                _attend(selector, deadline, check)
            status = process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            raise CouldNotLook(Unseen.TOOL, "the command closed its output and did not end") from None
        finally:
            _end(process)
    if status < 0:
        raise CouldNotLook(Unseen.TOOL, "the command ended without an exit status (killed by a signal)")
    return status


def _register(
    selector: selectors.BaseSelector, process: subprocess.Popen[bytes], stdin: bytes,
    out: Callable[[bytes], None], err: Callable[[bytes], None],
) -> None:  # fmt: skip
    """Watch all three streams, each with what is to be done when it is ready, which says whether that was all."""
    into, ours, theirs = process.stdin, process.stdout, process.stderr
    if into is None or ours is None or theirs is None:
        raise TypeError("a process with three pipes is needed")
    left = bytearray(stdin)

    def feed() -> bool:
        try:
            del left[: os.write(into.fileno(), left[:_PIECE])]
        except BrokenPipeError:  # the command has ended; what it says still counts
            left.clear()
        return not left

    def drain(stream: IO[bytes], take: Callable[[bytes], None]) -> bool:
        piece = stream.read(_PIECE)
        take(piece)
        return not piece

    os.set_blocking(into.fileno(), False)
    selector.register(into, selectors.EVENT_WRITE, feed)
    selector.register(ours, selectors.EVENT_READ, partial(drain, ours, out))
    selector.register(theirs, selectors.EVENT_READ, partial(drain, theirs, err))


def _attend(selector: selectors.BaseSelector, deadline: Deadline, check: Callable[[], None]) -> None:
    """Serve the streams until both outputs have ended."""
    while any(key.events & selectors.EVENT_READ for key in selector.get_map().values()):
        check()
        if deadline.passed:
            raise CouldNotLook(Unseen.DEADLINE, "the command had not ended by the deadline")
        for key, _ in selector.select(min(deadline.left(), _SLICE)):
            if key.data():
                selector.unregister(key.fileobj)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End its input, on which it ends and takes its children along; kill it where it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_FAREWELL)
    except subprocess.TimeoutExpired:
        process.kill()
