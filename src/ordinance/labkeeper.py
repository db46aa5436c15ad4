"""Keeps the embedded city for one audit: uses the lab that is up, or starts one that dies with this process."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

from ordinance.errors import OrdinanceError
from ordinance.lab import ns, state

#: Seconds the lab may take to come up; the image may have to be built first.
UP_SECONDS = 900.0
#: Seconds it may take to go down by itself.
DOWN_SECONDS = 10.0
#: The host whose network namespace the audit looks from.
DESK = "itd"


class LabKeeper:
    """Starts (or finds) the lab and moves the calling thread, and every thread it starts later, to the auditor's desk."""

    def __init__(self) -> None:
        self._starter: subprocess.Popen[bytes] | None = None
        self._home: int | None = None
        self._lab: state.RunningLab | None = None
        self.started = False

    def open(self) -> state.RunningLab:
        """A running lab, with this thread in the network namespace of `itd`. Raises OrdinanceError when it cannot come up."""
        lab = state.find()
        if lab is None:
            lab = self._start()
        self._lab = lab
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        ns.join_network(lab.pid_of(DESK))
        return lab

    def lost(self) -> str:
        """Why nothing can be looked at any more; empty while the lab is up."""
        if self._lab is None or self._lab.alive():
            return ""
        return "the embedded city ended in the middle of the run"

    def close(self) -> None:
        """Go back to where the thread came from and let a lab that was started here go."""
        if self._home is not None:
            ns.return_network(self._home)
            os.close(self._home)
            self._home = None
        if self._starter is not None:
            if self._starter.stdin is not None:
                self._starter.stdin.close()  # the lab is held by this pipe
            try:
                self._starter.wait(timeout=DOWN_SECONDS)
            except subprocess.TimeoutExpired:  # its hosts die with it; the results must not wait for it
                self._starter.kill()
                self._starter.wait()
            self._starter = None

    def _start(self) -> state.RunningLab:
        name = f"audit-{os.getpid()}"
        environment = {**os.environ, "ORDINANCE_LAB": name}
        self._starter = subprocess.Popen(
            [sys.executable, "-m", "ordinance", "lab", "up", "--hold"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the audit; the lab goes when the pipe closes
        )
        os.environ["ORDINANCE_LAB"] = name  # `lab:` secrets are looked up in this lab
        self._await_ready(self._starter)
        lab = state.find(name)
        if lab is None:
            raise OrdinanceError("the embedded city said it was up, but it is not; see `ordinance lab status`")
        self.started = True
        return lab

    def _await_ready(self, starter: subprocess.Popen[bytes]) -> None:
        """Wait for the starter's first line; it prints one when every host is up."""
        deadline = time.monotonic() + UP_SECONDS
        while starter.stdout is not None and time.monotonic() < deadline:
            ready, _, _ = select.select([starter.stdout], [], [], 0.2)
            if ready and starter.stdout.readline():
                return
            if starter.poll() is not None:
                raise OrdinanceError("the embedded city did not come up; what was in the way is printed above")
        starter.kill()
        raise OrdinanceError(f"the embedded city was not up after {UP_SECONDS:.0f} s")


def default_inventory(root: Path) -> Path:
    """The inventory that is audited when none is named: the embedded city."""
    return root / "inventory" / "lab.yml"
