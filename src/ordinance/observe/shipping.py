"""The program that a vantage runs, as one zipapp: the same bytes wherever it is made, and its SHA-256 for a name.

It goes to the vantage on standard input and is kept there in memory (memfd_create(2); where there is none, in a file without a
name), so that nothing is installed, and nothing is left behind however it ends: the kernel lets go of it with the process.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

#: What is shipped, and what of it stays at home.
PACKAGES = ("agent", "sweep")
AT_HOME = ("agent/call.py",)
START = "import sys\n\nfrom ordinance.observe.agent.main import main\n\nsys.exit(main())\n"
#: In place of the date of a file, for which a zip has no "none" (APPNOTE 4.4.6): the earliest it can say.
NO_DATE = (1980, 1, 1, 0, 0, 0)
#: Takes the program from standard input, looks whether it is the one that was named, and runs it. Python 3.7 or later.
BOOT = """
import hashlib, os, runpy, sys, tempfile
app = sys.stdin.buffer.read(int(sys.argv[2]))
if hashlib.sha256(app).hexdigest() != sys.argv[3]:
    sys.exit("what arrived is not the program that was sent")
try:
    held = os.fdopen(os.memfd_create(sys.argv[3]), "wb")
except (AttributeError, OSError):
    held = tempfile.TemporaryFile()
held.write(app)
held.flush()
runpy.run_path("/proc/self/fd/%d" % held.fileno(), run_name="__main__")
"""


@cache
def zipapp() -> bytes:
    """Return the program: `observe.agent` and `observe.sweep` under their own names, and `__main__`."""
    return pack(dict(_members()))


def _members() -> Iterator[tuple[str, str]]:
    yield "__main__.py", START
    for above in ("ordinance", "ordinance/observe"):
        yield f"{above}/__init__.py", ""
    for package in PACKAGES:
        for part in files("ordinance.observe").joinpath(package).iterdir():
            if part.name.endswith(".py") and f"{package}/{part.name}" not in AT_HOME:
                yield f"ordinance/observe/{package}/{part.name}", part.read_text("utf-8")


def pack(members: Mapping[str, str]) -> bytes:
    """Make a zip whose bytes depend on the members alone: sorted, undated, and stored, since no two zlibs compress alike."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as held:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, NO_DATE)
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = 0o644 << 16
            held.writestr(entry, members[name].encode(), zipfile.ZIP_STORED)
    return packed.getvalue()


def digest() -> str:
    """Return the name of the program: its SHA-256 in hexadecimal."""
    return hashlib.sha256(zipapp()).hexdigest()


def argv(python: str = "python3") -> tuple[str, ...]:
    """Return the command that takes in `request`. `-I`: nothing of the vantage's environment or directory is imported."""
    app = zipapp()
    return (python, "-I", "-c", BOOT, "packet-agent", str(len(app)), hashlib.sha256(app).hexdigest())


def request(job: Mapping[str, Any]) -> bytes:
    """Return what is written to the standard input of `argv`: program, job. It stays open: its end ends the agent."""
    return zipapp() + json.dumps(job).encode() + b"\n"
