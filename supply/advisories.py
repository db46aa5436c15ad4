"""Asks pip-audit for known vulnerabilities of everything pinned here: `./run audit-deps`. Needs a network.

pip-audit calls a package that its service does not know *skipped*, and ends well. Here what was not asked is not well.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from supply.lock import ROOT

LISTS = ("requirements.txt", "requirements-tools.txt")
FOUND, NOT_ASKED = 1, 6  #: exit codes, as those of an audit: violated, unproven
SECONDS = 300


def ask(name: str, more: Sequence[str]) -> tuple[int, list[str]]:
    """Exit code and lines to print for one list."""
    argv = [
        "pip-audit",
        "--requirement",
        name,
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run([*argv, *more], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
        report = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return NOT_ASKED, [f"{name}: NOT ASKED: no answer within {SECONDS} s"]
    except ValueError:
        why = done.stderr.strip().rsplit("\n", 1)[-1].split(":")[0]
        return NOT_ASKED, [f"{name}: NOT ASKED: the advisory service gave no answer; reaching it needs a network ({why})"]
    return judge(name, report["dependencies"])


def judge(name: str, dependencies: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """Exit code and lines for what pip-audit says of each package."""
    skipped = [entry["name"] for entry in dependencies if "skip_reason" in entry]
    hits = [
        f"{name}: {entry['name']} {entry['version']}: {hit['id']}; fixed in {', '.join(hit['fix_versions']) or 'no version yet'}"
        for entry in dependencies
        for hit in entry.get("vulns", ())
    ]
    asked = len(dependencies) - len(skipped)
    lines = [*hits, f"{name}: {asked} of {len(dependencies)} packages asked, {len(hits)} known vulnerabilities"]
    if skipped or not dependencies:
        lines.append(f"{name}: NOT ASKED, the advisory service does not know them: {', '.join(skipped) or 'the list is empty'}")
    return (FOUND if hits else NOT_ASKED if skipped or not dependencies else 0), lines


def main(more: Sequence[str]) -> int:
    """Ask for every list; the worst of the answers counts, a vulnerability before one not asked."""
    codes = []
    for name in LISTS:
        code, lines = ask(name, more)
        codes.append(code)
        sys.stdout.write("\n".join(lines) + "\n")
    return FOUND if FOUND in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
