"""Where a lab keeps its state, secrets and logs, and what it is called."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ordinance.errors import UsageError

DEFAULT_NAME = "city"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}\Z")


def lab_name(name: str | None = None) -> str:
    """Return the lab that is meant: `name`, else the environment's ORDINANCE_LAB, else `city`."""
    chosen = name or os.environ.get("ORDINANCE_LAB") or DEFAULT_NAME
    if not _NAME.match(chosen):
        raise UsageError(f"{chosen!r} is no name for a lab; use small letters, digits, '.', '_' and '-', at most 41 of them")
    return chosen


def _ordinary_uid() -> int | None:
    """Return the uid of the ordinary user we are, or whose rootless lab we have joined (where we look like root); None: root.

    A user namespace made by an ordinary user maps root to that one uid: "0 UID 1" (user_namespaces(7)).
    """
    if os.geteuid() != 0:
        return os.geteuid()
    inside, outside, count = Path("/proc/self/uid_map").read_text(encoding="ascii").split()[:3]
    return int(outside) if (inside, count) == ("0", "1") else None


def base_directory() -> Path:
    """Return the directory that holds all labs of this user."""
    uid = _ordinary_uid()
    if uid is None:
        return Path("/run/ordinance")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "ordinance" if runtime else Path(f"/tmp/ordinance-{uid}")  # noqa: S108 - made 0700, see `make_base`


def make_base() -> Path:
    """Make the base directory. Errors: UsageError when somebody else owns it (it may be below /tmp)."""
    base = base_directory()
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    if base.is_symlink() or base.stat().st_uid != os.geteuid():
        raise UsageError(f"{base} belongs to somebody else; set XDG_RUNTIME_DIR to a directory of your own")
    return base


def lab_directory(name: str | None = None) -> Path:
    """Return the directory of one lab."""
    return base_directory() / lab_name(name)
