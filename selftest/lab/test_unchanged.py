"""A city that nobody changed is audited again and again, every control, and no verdict changes. ORDINANCE_AUDITS=100 for more.

On few public addresses; `bench/audit.py` does the same on all of them, and counts changed verdicts too.
"""

import json
import os
import subprocess
import sys

from suite_run import ROOT

AUDITS = int(os.environ.get("ORDINANCE_AUDITS", "5"))


def test_no_verdict_changes_while_nothing_changes(city, small_inventory, tmp_path):
    environment = {**os.environ, "ORDINANCE_LAB": city.name}
    first = {}
    for number in range(AUDITS):
        reports = tmp_path / f"reports-{number}"
        words = [sys.executable, "-m", "pytest", "--inventory", str(small_inventory), "--reports", str(reports)]
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
        results = json.loads((reports / "latest" / "results.json").read_text())
        verdicts = {(check["control"], check["target"]): check["verdict"] for check in results["checks"]}
        assert set(verdicts.values()) == {"compliant"}, f"audit {number + 1}: {done.stdout}"
        first = first or verdicts
        assert verdicts == first, f"audit {number + 1} of {AUDITS}"
