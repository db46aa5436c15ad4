"""A host's file system: the image below, a tmpfs of its own above, and /dev, /proc, /sys and /run as on a booted machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ordinance.lab import ns

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_QUIET = ns.MS_NOSUID | ns.MS_NODEV
_QUIETEST = _QUIET | ns.MS_NOEXEC
#: What Debian's start leaves in /run, without which sshd and lock files have no place.
_RUN_DIRECTORIES = {"lock": 0o1777, "sshd": 0o755, "user": 0o755}


@dataclass(frozen=True, slots=True)
class RootPlan:
    """Where a host's root is put together."""

    image: Path  #: the shared lower layer; never written
    place: Path  #: an empty directory on the lab's tmpfs
    rootless: bool

    @property
    def root(self) -> Path:
        """The mount point of the host's root."""
        return self.place / "root"


def build(plan: RootPlan) -> Path:
    """Mount the overlay and return the root of it. Errors: OSError naming the mount."""
    for name in ("up", "work", "root"):
        (plan.place / name).mkdir(parents=True)
    options = f"lowerdir={_escaped(plan.image)},upperdir={_escaped(plan.place / 'up')},workdir={_escaped(plan.place / 'work')}"
    if plan.rootless:  # trusted.* attributes, which overlayfs uses otherwise, are not for a user namespace
        options += ",userxattr"
    ns.mount("overlay", plan.root, "overlay", 0, options)
    return plan.root


def _escaped(path: Path) -> str:
    """Escape what separates options and layers (overlayfs documentation, "Multiple lower layers")."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def mount_system(root: Path) -> None:
    """Mount the kernel's file systems; call in the host's own PID and network namespaces, whose /proc and /sys these are."""
    _devices(root / "dev")
    ns.mount("proc", root / "proc", "proc", _QUIETEST)
    ns.mount("sysfs", root / "sys", "sysfs", _QUIETEST | ns.MS_RDONLY)
    ns.mount("tmpfs", root / "run", "tmpfs", _QUIET, "mode=755,size=32m")
    for name, mode in _RUN_DIRECTORIES.items():
        (root / "run" / name).mkdir()
        (root / "run" / name).chmod(mode)


def _devices(dev: Path) -> None:
    """Give the machine's harmless devices by bind mounts: mknod of a device is not for a user namespace."""
    ns.mount("tmpfs", dev, "tmpfs", ns.MS_NOSUID, "mode=755,size=64k")
    for name in _DEVICES:
        (dev / name).touch()
        ns.mount(f"/dev/{name}", dev / name, None, ns.MS_BIND)
    (dev / "pts").mkdir()
    (dev / "shm").mkdir()
    ns.mount("devpts", dev / "pts", "devpts", ns.MS_NOSUID | ns.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5")
    ns.mount("tmpfs", dev / "shm", "tmpfs", _QUIET, "mode=1777,size=64m")
    (dev / "ptmx").symlink_to("pts/ptmx")
    (dev / "fd").symlink_to("/proc/self/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (dev / name).symlink_to(f"/proc/self/fd/{number}")
