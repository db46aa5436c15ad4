"""Makes `requirements.txt` from `uv.lock`: what an audit installs, pinned and by hash; a test keeps the two alike."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from supply.lock import PROJECT, PYTHONS, Package, needed, read

_HEAD = """\
# What an audit installs besides ordinance itself, on Linux.
# Made from uv.lock by `python -m supply.requirements > requirements.txt`.
# Complete as it stands: pip install --no-deps --require-hashes -r requirements.txt
"""


def text(packages: Mapping[str, Package]) -> str:
    """Return the text of `requirements.txt`: the core, then what each extra adds."""
    core = _on(packages, ())
    parts = [_HEAD, _section("the core", packages, core)]
    told = set(core)
    for extra in sorted(packages[PROJECT].extras):
        more = {name: pythons for name, pythons in _on(packages, (extra,)).items() if name not in told}
        told |= set(more)
        parts.append(_section(f"the extra {extra}", packages, more))
    return "\n".join(parts)


def _on(packages: Mapping[str, Package], extras: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Name -> the Pythons that need it."""
    by_python = {python: needed(packages, python, extras=extras) for python in PYTHONS}
    names = sorted(frozenset[str]().union(*by_python.values()))
    return {name: tuple(python for python in PYTHONS if name in by_python[python]) for name in names}


def _section(title: str, packages: Mapping[str, Package], wanted: Mapping[str, tuple[str, ...]]) -> str:
    lines = [f"# {title}: {len(wanted)}"]
    for name, pythons in wanted.items():
        package = packages[name]
        marker = "" if pythons == PYTHONS else " ; " + " or ".join(f'python_version == "{python}"' for python in pythons)
        hashes = [f"    --hash=sha256:{digest}" for digest in sorted({file.sha256 for file in package.linux_files})]
        lines.append(" \\\n".join([f"{name}=={package.version}{marker}", *hashes]))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text(read()))
