"""One run of the audit's real writing path, made to be killed: `python -m selftest.record.crash.onerun INVENTORY`.

A server that reads orders from its standard input, a line of JSON each, makes one run for each in a forked child, and answers
with a line of JSON: what the child acknowledged through a pipe before it ended, and how it ended. The looks are left out: what a
look would record is recorded here, every verdict is compliant, and so the results would read as compliant if a part of them did.

An order {"do": ARGV} runs a command instead: the server may live in a mount namespace of its own.
"""

from __future__ import annotations

import array
import fcntl
import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ordinance.audit import Audit, Brief, now
from ordinance.errors import OrdinanceError
from ordinance.judge.verdict import Compliant, Evidence, Witness
from ordinance.plan import Selection
from ordinance.publish import publish
from ordinance.record.exitcode import ExitCode
from ordinance.record.folder import RunFolder
from ordinance.record.journal import Journal

Say = Callable[[str], None]
#: ioctl(2) of ext4 and XFS, and its flag: from now on every access is EIO, and nothing more reaches the disk, the log included.
EXT4_IOC_SHUTDOWN, NOLOGFLUSH = 0x8004587D, 2
#: What a child says when it comes so far, in this order.
PHASES = ("started", "begun", "publishing", "writing", "published")


def one_run(brief: Brief, reports: Path, records: int, say: Say) -> int:
    """From the first act of a run to its last, as the plugin does it; the exit code."""
    say("started")
    started = now()
    folder = RunFolder.begin(reports, started)
    say(f"begun {folder.id}")
    audit = Audit(brief=brief, folder=folder, plan=brief.plan(), started=started, journal=Journal(folder.journal))
    audit.write_plan()
    names = []
    for number in range(records):
        names.append(record(audit, number))
        say(f"ack {names[-1]}")
    proof = Compliant("fine", (Evidence("seen", tuple(names[:3])),), (Witness("witnessed", tuple(names[-1:])),))
    for check in audit.plan:
        audit.settle(check, proof)
    say("publishing")
    ending = publish(audit, stopped="")
    say(f"published {ending.results.run.headline}")
    return ending.exit_code


def record(audit: Audit, number: int) -> str:
    """One observation, of a size that differs from line to line."""
    return audit.journal.record(
        look="accounts", vantage="here", target=f"dept-{number}", action="ssh-exec", started="2026-11-23T00:00:00.000Z",
        monotonic=float(number), seconds=0.1, outcome="ok", seen="dana " * (number % 40), raw=b"\x00\xff" * (number % 300),
    )  # fmt: skip


def child(brief: Brief, order: dict[str, Any], pipe: int) -> None:
    """Make the run and end the process; never returns."""

    def say(text: str) -> None:
        raw_write(pipe, f"{text}\n".encode())

    raw_write = os.write
    code = int(ExitCode.DEFECT)
    if "hook" in order:  # a module that comes between: it may wrap what it likes, and what is said
        say = importlib.import_module(order["hook"]).install(order, say)
    _tell_of_writing(say)
    try:
        if "file_size" in order:  # what a quota does, on any file system
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_size"], order["file_size"]))
        code = one_run(brief, Path(order["reports"]), order.get("records", 20), say)
    except OrdinanceError as error:
        code = ExitCode.INCOMPLETE
        say(f"told {json.dumps(str(error))}")
    except BaseException as error:  # noqa: BLE001 - the test reads it and fails
        say(f"defect {json.dumps(f'{type(error).__name__}: {error}')}")
    finally:
        os._exit(code)


def _tell_of_writing(say: Say) -> None:
    """Say when the results are made and about to be written: most of publishing is the making."""
    write = RunFolder.publish

    def publish_and_tell(folder: RunFolder, files: Mapping[str, bytes], *rest: Any) -> bool:
        say("writing")
        return write(folder, files, *rest)

    RunFolder.publish = publish_and_tell  # type: ignore[method-assign]


def serve_one(brief: Brief, order: dict[str, Any]) -> dict[str, Any]:
    """Fork, strike `after` seconds into `phase` when that is ordered, and read what was said until the pipe ends."""
    reader, writer = os.pipe()
    begin = time.monotonic()
    moments: dict[str, float] = {}
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        child(brief, order, writer)
    os.close(writer)
    said, struck = b"", "after" not in order
    while True:
        for word in PHASES:
            if word not in moments and word.encode() in said:
                moments[word] = time.monotonic() - begin
        at = None if struck or order["phase"] not in moments else begin + moments[order["phase"]] + order["after"]
        if not select.select([reader], [], [], None if at is None else max(0.0, at - time.monotonic()))[0]:
            strike(order, pid)
            struck = True
            continue
        part = os.read(reader, 65_536)
        if not part:
            break
        said += part
    os.close(reader)
    if "cut" in order and not struck:
        strike(order, pid)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {"said": said.decode().splitlines(), "exit": status, "seconds": {**moments, "end": time.monotonic() - begin}}


def strike(order: dict[str, Any], pid: int) -> None:
    """Kill the child (it is ours and not yet waited for, so its number is still its own), or cut the power of a file system."""
    if "cut" not in order:
        os.kill(pid, order.get("signal", signal.SIGKILL))
        return
    folder = os.open(order["cut"], os.O_RDONLY | os.O_DIRECTORY)
    fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, array.array("I", [NOLOGFLUSH]))
    os.close(folder)


def do(argv: list[str]) -> dict[str, Any]:
    """Run a command in the server's namespaces."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    return {"exit": done.returncode, "said": (done.stdout + done.stderr).splitlines()}


def answer(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(inventory: str) -> None:
    """Serve until standard input ends."""
    brief = Brief.read(Path(inventory), "default", Selection(controls=("10.D/*",)))
    with tempfile.TemporaryDirectory() as folder:  # once here, so that no child has to make ready what all of them need
        one_run(brief, Path(folder), 3, lambda _: None)
    answer("ready")
    for line in sys.stdin:
        order = json.loads(line)
        answer(json.dumps(do(order["do"]) if "do" in order else serve_one(brief, order)))


if __name__ == "__main__":
    main(sys.argv[1])
