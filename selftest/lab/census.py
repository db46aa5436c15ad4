"""What a lab consists of, so that a test can say that all of it is gone. Counts this lab alone: others may run beside it."""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from ordinance.lab.process import Stamp

SPACES = ("net", "mnt", "pid", "uts", "ipc", "cgroup")


def wait_for(what, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return value


def namespaces(pid):
    found = set()
    for kind in SPACES:
        try:
            found.add(str(Path(f"/proc/{pid}/ns/{kind}").readlink()))
        except OSError:
            continue
    return found


def ticks():
    """Clock ticks since boot, as /proc/PID/stat counts them."""
    return int(float(Path("/proc/uptime").read_text().split()[0]) * os.sysconf("SC_CLK_TCK"))


def processes():
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def parents():
    found = {}
    for pid in processes():
        try:
            found[pid] = int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
    return found


def family(init):
    """The process `init` and all that descend from it."""
    parent = parents()
    found = set()
    for pid in parent:
        above = pid
        while above not in (0, init):
            above = parent.get(above, 0)
        if above == init:
            found.add(pid)
    return found


@dataclass
class Census:
    """Everything one running lab consists of, and the machine's own network links.

    The kernel gives the number of a namespace that is gone to the next one: only what was there at the census can keep one alive.
    """

    directory: str
    members: list
    spaces: set
    links: set
    ticks: int  #: when it was taken, in clock ticks since boot

    @classmethod
    def of(cls, lab):
        family_pids = family(lab.init.pid)
        own = namespaces("self")
        spaces = set().union(*(namespaces(pid) for pid in family_pids)) - own
        links = {path.name for path in Path("/sys/class/net").iterdir()}
        members = []
        for pid in family_pids:
            try:
                members.append(Stamp.of(pid))
            except OSError:
                continue
        return cls(str(lab.directory), members, spaces, links, ticks())

    def left(self):
        """What of it is still there: processes, namespaces, mounts, links."""
        alive = [f"process {stamp.pid}" for stamp in self.members if stamp.alive()]
        elders = [pid for pid in processes() if self.was_there(pid)]
        spaces = sorted(set().union(*(namespaces(pid) for pid in elders)) & self.spaces)
        mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if self.directory in line]
        new_links = {path.name for path in Path("/sys/class/net").iterdir()} - self.links
        links = sorted(name for name in new_links if re.match(r"br-|v\d", name))  # as the lab names them
        return [*alive, *spaces, *mounts, *links]

    def was_there(self, pid):
        try:
            return int(Stamp.of(pid).start) <= self.ticks
        except OSError:
            return False

    def left_after(self, seconds):
        """The same, once it is empty or `seconds` have passed."""
        deadline = time.monotonic() + seconds
        while (left := self.left()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left
