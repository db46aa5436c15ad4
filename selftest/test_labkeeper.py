"""The lab that an audit started for itself: it goes, and when it does not come the reason is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ordinance import labkeeper
from ordinance.errors import OrdinanceError
from ordinance.labkeeper import LabKeeper


def starter(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_a_lab_that_does_not_go_by_itself_is_ended(monkeypatch) -> None:
    monkeypatch.setattr(labkeeper, "DOWN_SECONDS", 0.2)
    keeper = LabKeeper()
    keeper._starter = stuck = starter("import time; time.sleep(60)")
    keeper.close()
    assert stuck.returncode == -9


def test_a_lab_goes_when_its_pipe_closes() -> None:
    keeper = LabKeeper()
    keeper._starter = held = starter("import sys; sys.stdin.read()")
    keeper.close()
    assert held.returncode == 0


def test_a_lab_that_ends_before_it_is_up_is_an_error() -> None:
    with pytest.raises(OrdinanceError, match="did not come up"):
        LabKeeper()._await_ready(starter("raise SystemExit(4)"))
