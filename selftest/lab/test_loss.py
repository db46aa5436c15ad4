"""Fifty runs at 0 to 49 % loss: no verdict is false, whatever is open. `bench/loss.py` makes a thousand."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS, CITIES = 50, 8


def test_no_verdict_is_false_while_packets_are_lost():
    words = [sys.executable, str(ROOT / "bench" / "loss.py"), str(RUNS), str(CITIES)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{RUNS} runs, 0 not made" in done.stdout
