"""Tables that threads send: every frame leaves, none is judged before it has, and what could not be sent is said."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Future

from ordinance.observe.sweep.windows import Window

#: In a network of its own: sends tables of three sizes over a device, and tells what a ring on it has received.
SENDER = """
import subprocess, sys, time
from ordinance.observe.sweep.arrays import np
from ordinance.observe.sweep.bpf import RETURN, assemble
from ordinance.observe.sweep.ring import Ring
from ordinance.observe.sweep.transmit import ROWS, Transmitter
if sys.argv[1] == "up":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
ring = Ring("lo", 0x88B5, assemble(((RETURN, 160),)))  # IEEE 802: for experiments
transmitter = Transmitter("lo", 60)
number = 0
try:
    for rows in (ROWS, ROWS, 1000, 3, ROWS, ROWS, ROWS, ROWS, 500):
        words = transmitter.free().words
        words[:rows, 6] = 0x88B5
        words[:rows, 7] = np.arange(number, number + rows)
        transmitter.send(rows)
        number += rows
    transmitter.flush()
except OSError as error:
    sys.exit(f"errno {error.errno}")
seen = set()
until = time.monotonic() + 20
while len(seen) < number and time.monotonic() < until:
    rows = ring.ready()
    if rows is not None:
        seen |= set((ring.packets[rows, 0].astype(int) << 8 | ring.packets[rows, 1]).tolist())
        ring.release(rows)
transmitter.close()
print(number, len(seen), min(seen), max(seen), ring.drops())
"""


def send(state: str) -> subprocess.CompletedProcess[str]:
    argv = ["unshare", "-n", sys.executable, "-c", SENDER, state]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_every_frame_of_every_table_leaves_once_filled() -> None:
    done = send("up")
    assert done.returncode == 0, done.stderr
    number, seen, first, last, drops = map(int, done.stdout.split())
    assert drops == 0
    assert (seen, first, last) == (number, 0, number - 1)


def test_a_device_that_is_down_is_an_error_and_no_silence() -> None:
    done = send("down")
    assert done.returncode == 1
    assert done.stderr.strip() == "errno 100"  # ENETDOWN


def test_a_window_is_not_due_before_its_last_table_has_left() -> None:
    window, parts = Window(0, 4096, 1), [Future[float](), Future[float]()]
    window.sent, window.leaving = 10.0, parts
    parts[0].set_result(10.5)
    assert not window.due(0.05, 20.0)
    parts[1].set_result(19.99)
    assert not window.due(0.05, 20.0)
    assert window.sent == 19.99
    assert window.due(0.05, 20.05)
