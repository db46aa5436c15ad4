"""What the machine must have for a lab, and what to say when it is missing."""

from __future__ import annotations

import getpass
import os
import shutil
from pathlib import Path

from ordinance.errors import UsageError

#: Debian and Ubuntu packages of the programs that are used.
_PACKAGES = {
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "newgidmap": "uidmap",
    "newuidmap": "uidmap",
    "nsenter": "util-linux",
    "rm": "coreutils",
    "tar": "tar",
    "unshare": "util-linux",
}
#: Programs of the administrator, which an ordinary user's PATH may leave out.
_ADMIN = "/usr/sbin:/sbin"
#: Which ids an ordinary user may map into a user namespace (subuid(5), subgid(5)).
_ID_TABLES = (Path("/etc/subuid"), Path("/etc/subgid"))
#: Ubuntu 24.04 and later.
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


def tool(name: str) -> str:
    """Return the full path of a program. Errors: UsageError that names the package to install."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{_ADMIN}")
    if path is None:
        raise UsageError(f"the lab needs the program {name!r}: apt-get install {_PACKAGES.get(name, name)}")
    return path


def rootless() -> bool:
    """Whether the lab must be made in a user namespace, because we are not root."""
    return os.geteuid() != 0


def user_namespace() -> list[str]:
    """Return the words to put before a command so that it runs as root of a user namespace; none for root.

    Errors: UsageError that says what an ordinary user lacks for that.
    """
    if not rootless():
        return []
    for program in ("newuidmap", "newgidmap"):
        tool(program)
    for table in _ID_TABLES:
        _check_range(table)
    if _APPARMOR.exists() and _APPARMOR.read_text(encoding="ascii").strip() == "1":
        raise UsageError(
            "this machine forbids user namespaces to ordinary users: run as root, or "
            "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"
        )
    return [tool("unshare"), "--user", "--map-root-user", "--map-auto", "--"]


def _check_range(table: Path) -> None:
    user = getpass.getuser()
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    if not any(line.split(":")[0] in (user, str(os.getuid())) for line in lines):
        raise UsageError(
            f"{table} gives {user} no range of ids: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}`"
        )
