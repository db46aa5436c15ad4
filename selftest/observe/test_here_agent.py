"""The packet agent beside the audit process: the vantage `here` runs what an SSH vantage runs, bounded and ended alike."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ordinance.observe import shipping
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.gate import KillSwitch
from ordinance.observe.memory import MemoryJournal
from selftest.observe.test_ssh import open_door
from selftest.observe.world import reason_of

SAY = "import json, sys, time\njob = json.loads(sys.stdin.buffer.readline())\n"
LAST = "print(json.dumps({'done': True, 'n': job['n']}), flush=True)\n"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda text: monkeypatch.setattr(shipping, "zipapp", lambda: shipping.pack({"__main__.py": text}))


def run(seconds: float = 8.0, on_line: Any = lambda line: None, journal: MemoryJournal | None = None, **job: Any) -> Any:
    return open_door(1, journal).at("here").agent(job or {"n": 7}, Deadline.after(seconds), on_line)


def test_lines_are_handed_on_and_the_last_one_is_the_result(program: Any) -> None:
    program(SAY + "for n in range(3): print(json.dumps({'at': n}), flush=True)\n" + LAST)
    heard: list[Any] = []
    journal = MemoryJournal()
    last, observation = run(on_line=heard.append, journal=journal)
    assert last == {"done": True, "n": 7}
    assert heard == [{"at": 0}, {"at": 1}, {"at": 2}, {"done": True, "n": 7}]
    seen = journal.find(observation)
    assert (seen.action, seen.outcome, seen.details["lines"]) == ("agent", "ok", 4)
    assert seen.details["program"] == shipping.digest()


BAD = [
    ("it ends before it is done", "print('{}')\n", Unseen.TOOL),
    ("a traceback", "raise RuntimeError('broken')\n", Unseen.TOOL),
    ("it is killed", "import os; os.kill(os.getpid(), 9)\n", Unseen.TOOL),
    ("a line without end", "print('x' * 9_000_000)\n", Unseen.TOO_MUCH),
    ("it never ends", "time.sleep(60)\n", Unseen.DEADLINE),
    ("it closes its outputs and stays", "import os; os.close(1); os.close(2); time.sleep(60)\n", Unseen.TOOL),
]


@pytest.mark.parametrize(("text", "reason"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_an_agent_that_goes_wrong_says_how(program: Any, text: str, reason: Unseen) -> None:
    program(SAY + text)
    journal = MemoryJournal()
    with pytest.raises(CouldNotLook) as failure:
        run(seconds=3.0, journal=journal)
    assert failure.value.reason is reason
    assert journal.find(failure.value.observation).outcome == reason.value


@pytest.mark.parametrize("patient", [True, False], ids=["it ends with its input", "it has to be killed"])
def test_it_is_gone_when_the_call_is(program: Any, tmp_path: Path, patient: bool) -> None:
    pid = tmp_path / "pid"
    wait = "sys.stdin.buffer.read()\n" if patient else "import signal\nwhile True: time.sleep(60)\n"
    program(SAY + f"import os\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\n" + wait)
    assert reason_of(lambda: run(seconds=2.0)) is Unseen.DEADLINE
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_the_kill_switch_ends_it(program: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = tmp_path / "STOP"
    monkeypatch.setattr("selftest.observe.world.KillSwitch", lambda path: KillSwitch(stop))
    program(SAY + "time.sleep(60)\n")
    threading.Timer(0.7, stop.touch).start()
    began = time.monotonic()
    assert reason_of(lambda: run(seconds=30)) is Unseen.HALTED
    assert time.monotonic() - began < 10


def test_a_job_with_an_address_out_of_scope_is_not_started(program: Any, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program(f"open({str(ran)!r}, 'w').close()\n")
    assert reason_of(lambda: run(targets=["203.0.113.9"])) is Unseen.SCOPE
    assert not ran.exists()


def test_the_real_agent_starts() -> None:
    with pytest.raises(CouldNotLook) as failure:
        run(job="no such job")
    assert "no such job" in failure.value.detail
