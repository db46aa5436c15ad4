"""The lab's PID 1: `python -m ordinance.lab.init ORDERS`. It owns every process, mount, bridge and cable of the lab.

All of it lives in this process's PID, mount and network namespaces. However it ends, the kernel then ends every process in the
lab, and with the last process go its mounts and its network devices: there is no clean-up code, and nothing to clean up.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

import msgspec

from ordinance.errors import OrdinanceError
from ordinance.lab import network, ns
from ordinance.lab.city import read_city
from ordinance.lab.hostinit import UP, Newborn, Nursery, bear
from ordinance.lab.orders import BOOT_SECONDS, KEEP, Orders, Report
from ordinance.lab.secretfiles import read_secrets

_SPACES = ns.CLONE_NEWPID | ns.CLONE_NEWNS | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC | ns.CLONE_NEWNET
#: The identity map of the machine's own user namespace (user_namespaces(7)).
_WHOLE_MACHINE = ["0", "0", "4294967295"]
_MOST = 65536


class _HostError(OrdinanceError):
    """A host did not come up."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(why)
        self.host = host


def main(argv: list[str]) -> NoReturn:
    """Make the lab's namespaces, become (in a child) their PID 1, and live until the lifeline or a signal says otherwise."""
    orders = msgspec.json.decode(argv[1], type=Orders)
    try:
        ns.unshare(_SPACES)
        child = os.fork()
        if child:
            os.write(orders.pid_pipe, b"%d" % child)
            os._exit(0)
        os.close(orders.pid_pipe)
        report = _start(orders)
    except _HostError as error:
        traceback.print_exc()
        report = Report(failed=str(error), host=error.host)
    except (OSError, OrdinanceError) as error:
        traceback.print_exc()
        report = Report(failed=str(error))
    os.write(orders.report_pipe, msgspec.json.encode(report) + b"\n")
    os.close(orders.report_pipe)
    if report.failed is not None:
        os._exit(1)
    _serve(orders.lifeline)


def _start(orders: Orders) -> Report:
    nursery = _nursery(orders)
    ns.make_mounts_private()
    ns.mount("tmpfs", orders.place, "tmpfs", ns.MS_NOSUID | ns.MS_NODEV, "mode=755,size=2g")
    ns.mount("proc", "/proc", "proc", ns.MS_NOSUID | ns.MS_NODEV | ns.MS_NOEXEC)
    gc.freeze()  # the hosts are forks of this process: what is not touched stays shared
    newborns = [bear(host, nursery) for host in nursery.city.topology.hosts.values()]
    pids = {newborn.name: _pid(newborn) for newborn in newborns}
    _plug_in(orders.ip, nursery, newborns, pids)
    for newborn in newborns:
        newborn.open_gate()
    _await(newborns, orders.lifeline)
    return Report(pids)


def _nursery(orders: Orders) -> Nursery:
    directory = Path(orders.directory)
    user_map = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
    return Nursery(
        city=read_city(Path(orders.city)),
        secrets=read_secrets(directory / "secrets"),
        image=Path(orders.image),
        place=orders.place,
        logs=directory / "log",
        ip=orders.ip,
        rootless=user_map != _WHOLE_MACHINE,
    )


def _plug_in(ip: str, nursery: Nursery, newborns: list[Newborn], pids: dict[str, int]) -> None:
    try:
        network.run_batch(ip, network.cables(nursery.city.topology, pids))
    except OrdinanceError:
        # a host that has died already has no end to plug a cable into: then its own words say more than ip(8) does
        waiting = {newborn.report_pipe: newborn.name for newborn in newborns}
        for pipe in select.select(list(waiting), [], [], 0)[0]:
            _hear(waiting[pipe], pipe)
        raise


def _pid(newborn: Newborn) -> int:
    try:
        return newborn.read_pid()
    except OrdinanceError as error:
        raise _HostError(newborn.name, str(error)) from None


def _await(newborns: list[Newborn], lifeline: int) -> None:
    """Wait until every host has said that it is up. Errors: _HostError for the first that is not."""
    waiting = {newborn.report_pipe: newborn.name for newborn in newborns}
    deadline = time.monotonic() + BOOT_SECONDS
    while waiting:
        left = max(0.0, deadline - time.monotonic())
        ready = select.select([*waiting, lifeline], [], [], left)[0]
        if not ready:
            name = next(iter(waiting.values()))
            raise _HostError(name, f"it was not up after {BOOT_SECONDS:.0f} s (still waiting for: {', '.join(waiting.values())})")
        if lifeline in ready:
            os._exit(0)  # before the start is reported, only the end of the starter can show here
        for pipe in ready:
            _hear(waiting.pop(pipe), pipe)
            os.close(pipe)


def _hear(name: str, pipe: int) -> None:
    """Read what a host says about its start. Errors: _HostError when that is not UP."""
    said = os.read(pipe, _MOST)
    if said != UP:
        raise _HostError(name, said.decode(errors="replace") or "it died while starting")


def _serve(lifeline: int) -> NoReturn:
    """Stay until the starter is gone, or for ever if it says so; the kernel reaps the children of a process that ignores them."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if os.read(lifeline, 1) != KEEP:
        os._exit(0)
    os.close(lifeline)
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv)
