"""Linux namespaces by their system calls: unshare(2), mount(2), pivot_root(2), setns(2), and the nsenter(1) command line.

Every failure is an OSError whose text names the call and its arguments, because "Operation not permitted" alone helps nobody.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Sequence
from pathlib import Path

CLONE_NEWNS = 0x0002_0000
CLONE_NEWCGROUP = 0x0200_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_MNT_DETACH = 2
#: glibc has no wrapper for pivot_root(2). Numbers from asm/unistd.h; every architecture added since 2012 uses the generic 41.
_PIVOT_ROOT = {"x86_64": 155, "i686": 217, "armv7l": 218, "ppc64le": 203, "s390x": 217}.get(platform.machine(), 41)

#: What a command in a host gets, whatever the caller's own environment says.
HOST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOST_ENVIRONMENT = {"PATH": HOST_PATH, "HOME": "/root", "LANG": "C.UTF-8"}

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Give the calling process new namespaces (unshare(2)); with CLONE_NEWPID its next child is PID 1."""
    _check(_libc.unshare(flags), f"unshare({flags:#x})")


def mount(source: str, target: str | os.PathLike[str], kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """Mount `source` on `target` (mount(2)); `data` is the file system's own option string."""
    place = os.fspath(target)
    result = _libc.mount(
        source.encode(),
        place.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )
    _check(result, f"mount {kind or source} on {place} ({data or hex(flags)})")


def make_mounts_private() -> None:
    """Nothing mounted from here on spreads to the namespace this one was copied from, or back."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)


def pivot_into(root: Path) -> None:
    """Make `root` the file system root of this mount namespace and let go of the old one.

    pivot_root(".", ".") stacks the old root on top of the new one, so that no directory is needed to put it in (pivot_root(2)).
    """
    os.chdir(root)
    _check(_libc.syscall(_PIVOT_ROOT, b".", b"."), f"pivot_root into {root}")
    _check(_libc.umount2(b".", _MNT_DETACH), "unmount of the old root")
    os.chdir("/")


def _namespace(pid: int | str, kind: str) -> str:
    return str(Path(f"/proc/{pid}/ns/{kind}").readlink())


def shares_user_namespace(pid: int) -> bool:
    """Whether `pid` lives in the caller's user namespace (false: a rootless lab seen from outside)."""
    return _namespace("self", "user") == _namespace(pid, "user")


def _join(pid: int, kind: str, flag: int) -> None:
    handle = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.setns(handle, flag), f"setns into the {kind} namespace of process {pid}")
    finally:
        os.close(handle)


def join_network(pid: int) -> None:
    """Move the calling thread into the network namespace of `pid`; threads started later follow.

    Rootless labs: the process joins the lab's user namespace first, which the kernel allows only while it has one thread
    (setns(2)), so call this before any thread is started. Errors: OSError.
    """
    if not shares_user_namespace(pid):
        _join(pid, "user", CLONE_NEWUSER)
    _join(pid, "net", CLONE_NEWNET)


def return_network(handle: int) -> None:
    """Move the calling thread back into the network namespace that `handle` (an open /proc/.../ns/net) stands for."""
    _check(_libc.setns(handle, CLONE_NEWNET), "setns back into the network namespace left before")


def enter_argv(pid: int, argv: Sequence[str], nsenter: str = "nsenter") -> list[str]:
    """Return the command line that runs `argv` inside the host whose PID 1 is `pid`, with a host's environment.

    Never `nsenter --all`: it also enters the time namespace, which an unprivileged caller may not.
    """
    user = [] if shares_user_namespace(pid) else ["--user", "--preserve-credentials"]
    spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"]
    environment = [f"{name}={value}" for name, value in HOST_ENVIRONMENT.items()]
    return [nsenter, "--target", str(pid), *user, *spaces, "--", "/usr/bin/env", "-i", *environment, *argv]
