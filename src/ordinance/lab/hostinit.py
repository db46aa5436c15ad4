"""One host, from fork to running: a midwife makes the namespaces, her child becomes the host's PID 1."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ordinance.lab import hostfiles, hostroot, network, ns
from ordinance.lab.city import City
from ordinance.lab.errors import LabError
from ordinance.lab.topology import LabHost

_SPACES = (
    ns.CLONE_NEWPID | ns.CLONE_NEWNS | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC | ns.CLONE_NEWNET | ns.CLONE_NEWCGROUP
)  # fmt: skip
UP = b"up"
#: A report must fit into a pipe's buffer at one stroke (PIPE_BUF, pipe(7)).
_MOST = 4000


@dataclass(frozen=True, slots=True)
class Nursery:
    """What every host of the lab is made from."""

    city: City
    secrets: Mapping[str, str]
    image: Path
    place: Path  #: the lab's tmpfs
    logs: Path
    ip: str
    rootless: bool


@dataclass(frozen=True, slots=True)
class Newborn:
    """A host on its way up. All numbers but `pid` are file descriptors of the lab's PID 1."""

    name: str
    midwife: int
    pid_pipe: int  #: the midwife writes the child's number here. Hers alone: the child may well be faster than she is
    report_pipe: int  #: the host writes UP here, or what went wrong
    gate: int  #: one byte in here tells the host that its cables are plugged in

    def read_pid(self) -> int:
        """Wait for the midwife and return the number of the host's PID 1."""
        text = os.read(self.pid_pipe, 20)
        os.close(self.pid_pipe)
        os.waitpid(self.midwife, 0)
        if not text:
            raise LabError("its namespaces could not be made (see lab.log in the same directory)")
        return int(text)

    def open_gate(self) -> None:
        """Tell the host to go on."""
        os.write(self.gate, b"g")
        os.close(self.gate)


def bear(host: LabHost, nursery: Nursery) -> Newborn:
    """Start one host; returns at once."""
    pid_read, pid_write = os.pipe()
    report_read, report_write = os.pipe()
    gate_read, gate_write = os.pipe()
    midwife = os.fork()
    if midwife == 0:
        _attend(host, nursery, pid_write, report_write, gate_read)
    for handle in (pid_write, report_write, gate_read):
        os.close(handle)
    return Newborn(host.name, midwife, pid_read, report_read, gate_write)


def _attend(host: LabHost, nursery: Nursery, pid_pipe: int, report: int, gate: int) -> NoReturn:
    """Be the midwife; never returns, whatever happens, into the code of the process that was forked."""
    try:
        ns.unshare(_SPACES)
        child = os.fork()
        if child:
            os.write(pid_pipe, b"%d" % child)
            os._exit(0)
        _keep_only(report, gate)
        _live(host, nursery, report, gate)
    except BaseException:  # noqa: BLE001 - the end of a forked process: all there is left to do is to say it
        traceback.print_exc()
    finally:
        os._exit(1)


def _keep_only(*handles: int) -> None:
    """Close what was inherited: a pipe ends only when the last copy of its writing end is closed."""
    inherited = {int(path.name) for path in Path("/proc/thread-self/fd").iterdir()}
    for handle in inherited - {0, 1, 2, *handles}:
        with contextlib.suppress(OSError):  # the listing's own descriptor is closed already
            os.close(handle)


def _live(host: LabHost, nursery: Nursery, report: int, gate: int) -> NoReturn:
    """Be the host's PID 1."""
    try:
        _settle(host, nursery, gate)
        for layer in nursery.city.layers(host.name):
            if Path("/", hostfiles.rc_path(layer)).exists():
                _run_script(f"/{hostfiles.rc_path(layer)}")
    except (OSError, LabError) as error:
        traceback.print_exc()
        os.write(report, str(error).encode()[:_MOST])
        os._exit(1)
    os.write(report, UP)
    _rest()


def _settle(host: LabHost, nursery: Nursery, gate: int) -> None:
    """Make this process's namespaces into the host: log, root, files, network, name."""
    os.setsid()
    _log_to(nursery.logs / f"{host.name}.log")
    ns.make_mounts_private()
    root = hostroot.build(hostroot.RootPlan(nursery.image, nursery.place / host.name, nursery.rootless))
    hostfiles.furnish(root, nursery.city, host, nursery.secrets)
    hostroot.mount_system(root)
    if not os.read(gate, 1):
        raise LabError("the lab ended before its cables were plugged in")
    os.close(gate)
    network.set_switches(host)
    network.run_batch(nursery.ip, network.addresses(host))
    ns.pivot_into(root)
    socket.sethostname(host.name)


def _log_to(path: Path) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(null)
    os.close(log)


def _run_script(path: str) -> None:
    """Run a start script to its end, reaping whatever else ends meanwhile. Errors: LabError when it fails."""
    script = os.fork()
    if script == 0:
        try:
            os.execve("/bin/sh", ["sh", "-e", path], ns.HOST_ENVIRONMENT)  # noqa: S606 - this is the shell
        finally:
            os._exit(127)
    pid = 0
    while pid != script:
        pid, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        raise LabError(f"{path} ended with status {code}")


def _rest() -> NoReturn:
    """Become the smallest PID 1 there is.

    Orphans that end must not stay as zombies: the kernel sees to it for a parent that ignores SIGCHLD, and a signal that is
    ignored stays so across exec (signal(7)). Python in fourteen hosts would take a quarter of the lab's memory.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    os.execve("/bin/sleep", ["init", "infinity"], ns.HOST_ENVIRONMENT)  # noqa: S606 - no shell wanted
