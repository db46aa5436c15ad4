"""Start and stop a lab."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ordinance.lab.city import City, city_folder, read_city
from ordinance.lab.claim import STARTER_FILE, claim
from ordinance.lab.errors import LabError
from ordinance.lab.image import ensure_image
from ordinance.lab.needs import tool, user_namespace
from ordinance.lab.orders import BOOT_SECONDS, KEEP, Orders, Report
from ordinance.lab.place import lab_directory, lab_name
from ordinance.lab.process import Stamp, children_that_are_init
from ordinance.lab.secretfiles import write_secrets
from ordinance.lab.state import STATE_FILE, HostState, RunningLab, find, write_state

_KILL_SECONDS = 10.0
#: How much longer than the hosts may take the starter waits for their report.
_GRACE_SECONDS = 10.0
_TAIL_LINES = 15


def up(name: str | None = None, *, hold: bool = False) -> RunningLab:
    """Start a lab; return when every host has run its start scripts.

    `hold`: the lab lives as long as the calling process, which keeps its lifeline open; else until `down`. Errors: LabError (it
    is up already; a host did not come up), UsageError (something is missing), DataError (the city's files are wrong).
    """
    chosen = lab_name(name)
    folder = city_folder()
    city = read_city(folder)
    prefix, ip = user_namespace(), tool("ip")
    tool("nsenter")  # wanted by everything that comes after: better said now
    image = ensure_image(folder)
    directory = claim(chosen)
    try:
        # imported here: only a start needs cryptography, and looking for a lab should not pay for it
        from ordinance.lab.secrets import make_secrets  # noqa: PLC0415

        write_secrets(directory / "secrets", make_secrets(city.topology))
        starting = _launch(directory, image, city, prefix, ip)
        return _finish(starting, chosen, directory, city, hold=hold)
    finally:
        (directory / STARTER_FILE).unlink(missing_ok=True)


def down(name: str | None = None) -> bool:
    """Stop a lab and forget its secrets; whether there was one. Errors: LabError.

    Its logs stay for a day, or until a lab of that name starts again.
    """
    lab = find(name)
    if lab is not None and not lab.init.kill(_KILL_SECONDS):
        raise LabError(f"the lab {lab.name!r} (process {lab.init.pid}) did not end within {_KILL_SECONDS:.0f} s")
    directory = lab_directory(name)
    (directory / STATE_FILE).unlink(missing_ok=True)
    shutil.rmtree(directory / "secrets", ignore_errors=True)
    return lab is not None


def forget(name: str | None = None) -> None:
    """Stop a lab and remove its logs too, because it ended as it was meant to."""
    down(name)
    shutil.rmtree(lab_directory(name), ignore_errors=True)


@dataclass(slots=True)
class _Starting:
    """A lab on its way up: the process we started, and our ends of the pipes to it (see `orders.Orders`)."""

    process: subprocess.Popen[bytes]
    pid_pipe: int
    report_pipe: int
    lifeline: int


def _launch(directory: Path, image: Path, city: City, prefix: list[str], ip: str) -> _Starting:
    """Start the lab's first process. A new program, not a fork: the caller may have threads."""
    pid_read, pid_write = os.pipe()
    report_read, report_write = os.pipe()
    life_read, life_write = os.pipe()
    orders = Orders(directory.name, str(directory), str(image), str(city.folder), ip, pid_write, report_write, life_read)
    argv = [*prefix, sys.executable, "-m", "ordinance.lab.init", msgspec.json.encode(orders).decode()]
    theirs = (pid_write, report_write, life_read)
    with orders.log_of("lab").open("ab") as log:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=theirs, start_new_session=True, cwd="/"
        )
    for handle in theirs:
        os.close(handle)
    return _Starting(process, pid_read, report_read, life_write)


def _finish(starting: _Starting, name: str, directory: Path, city: City, *, hold: bool) -> RunningLab:
    """Wait for the report and write down what is up; on any failure the lifeline closes, and the lab goes."""
    held = False
    try:
        lab_pid = _read(starting.pid_pipe, BOOT_SECONDS)
        report = _report(_read(starting.report_pipe, BOOT_SECONDS + _GRACE_SECONDS), directory)
        starting.process.wait()
        lab = _running(name, directory, int(lab_pid), report, city)
        write_state(lab)
        if not hold:
            os.write(starting.lifeline, KEEP)
        held = hold  # the descriptor stays open for as long as this process lives
        return lab
    finally:
        for handle in (starting.pid_pipe, starting.report_pipe, *(() if held else (starting.lifeline,))):
            os.close(handle)


def _read(pipe: int, seconds: float) -> bytes:
    """Read a pipe to its end; what came until then when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    parts = []
    while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(pipe, 65536)
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def _report(text: bytes, directory: Path) -> Report:
    """Decode the report. Errors: LabError with the host, what it said, and the end of its log."""
    try:
        report = msgspec.json.decode(text, type=Report)
    except msgspec.DecodeError:
        report = Report(failed="it ended without a word")
    if report.failed is None:
        return report
    log = directory / "log" / f"{report.host or 'lab'}.log"
    who = f"the host {report.host!r}" if report.host else "the lab"
    raise LabError(f"{who} did not come up: {report.failed}\n{_tail(log)}")


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return "\n".join([f"the end of {log}:", *(f"  {line}" for line in lines[-_TAIL_LINES:])]) if lines else f"{log} is empty"


def _running(name: str, directory: Path, lab_pid: int, report: Report, city: City) -> RunningLab:
    """Put together what is up, with every process as numbered out here."""
    outside = children_that_are_init(lab_pid)
    hosts = {
        host: HostState(Stamp.of(outside[inside]), tuple(str(address) for address in city.topology.hosts[host].addresses))
        for host, inside in report.pids.items()
    }
    return RunningLab(name, str(directory), Stamp.of(lab_pid), hosts)
