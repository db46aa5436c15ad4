"""The packet agent over SSH: sent in whole, heard line by line, ended with the connection."""

from __future__ import annotations

import threading
import time

import pytest

from ordinance.observe import shipping
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.gate import KillSwitch
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.ssh_command import AgentLines
from selftest.observe.sshd import USER_TEXT, sshd
from selftest.observe.test_ssh import open_door
from selftest.observe.world import reason_of

SAY = "import json, sys, time\njob = json.loads(sys.stdin.buffer.readline())\n"
LAST = "print(json.dumps({'done': True, 'n': job['n']}), flush=True)\n"


@pytest.fixture(autouse=True)
def user_key(monkeypatch):
    monkeypatch.setenv("ORDINANCE_TEST_KEY", USER_TEXT)


@pytest.fixture
def program(monkeypatch):
    """Use a program of the test's own in place of the agent."""

    def use(text):
        monkeypatch.setattr(shipping, "zipapp", lambda: shipping.pack({"__main__.py": text}))

    return use


def run(text_job=None, seconds=8.0, on_line=lambda line: None, journal=None):
    with sshd() as server:
        return open_door(server.port, journal).at("outside").agent(text_job or {"n": 7}, Deadline.after(seconds), on_line)


def test_lines_are_handed_on_and_the_last_one_is_the_result(program):
    program(SAY + "for n in range(3): print(json.dumps({'at': n}), flush=True)\n" + LAST)
    heard, journal = [], MemoryJournal()
    last, observation = run(on_line=heard.append, journal=journal)
    assert last == {"done": True, "n": 7}
    assert heard == [{"at": 0}, {"at": 1}, {"at": 2}, {"done": True, "n": 7}]
    seen = journal.find(observation)
    assert (seen.action, seen.outcome, seen.details["lines"]) == ("agent", "ok", 4)


BAD = [
    ("it ends before it is done", "print('{}')\n", Unseen.TOOL),
    ("done is not the last line", "print('{\"done\": true}')\nprint('{}')\n", Unseen.TOOL),
    ("a traceback", "raise RuntimeError('broken')\n", Unseen.TOOL),
    ("it says that it failed", 'print(\'{"done": true, "error": "no raw sockets"}\')\n', Unseen.TOOL),
    ("its last line is cut off", "print('{\"done\": true}')\nprint('{\"done\": true', end='')\n", Unseen.TOOL),
    ("no JSON", "print('hello')\n", Unseen.TOOL),
    ("JSON that is no object", "print('[1]')\n", Unseen.TOOL),
    ("a line without end", "print('x' * 9_000_000)\n", Unseen.TOO_MUCH),
    ("it never ends", "time.sleep(60)\n", Unseen.DEADLINE),
]


@pytest.mark.parametrize(("text", "reason"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_an_agent_that_goes_wrong_says_how(program, text, reason):
    program(SAY + text)
    journal = MemoryJournal()
    with pytest.raises(CouldNotLook) as failure:
        run(seconds=2.0, journal=journal)
    assert failure.value.reason is reason
    assert journal.find(failure.value.observation).outcome == reason.value


def test_a_host_without_python_is_a_missing_tool(monkeypatch):
    monkeypatch.setattr(shipping, "argv", lambda: ("no-such-program",))
    assert reason_of(run) is Unseen.TOOL


def test_a_job_with_an_address_out_of_scope_is_not_sent():
    with sshd() as server:
        outside = open_door(server.port).at("outside")
        assert reason_of(lambda: outside.agent({"targets": ["203.0.113.9"]}, Deadline.after(3), print)) is Unseen.SCOPE
        assert not [line for line in server.log if line.startswith("exec")]


def test_the_agents_input_stays_open_until_the_end_and_closes_with_it(program, tmp_path):
    gone = tmp_path / "gone"
    program(SAY + f"sys.stdin.buffer.read()\nopen({str(gone)!r}, 'w').close()\n")
    assert reason_of(lambda: run(seconds=1.0)) is Unseen.DEADLINE
    end = time.monotonic() + 5
    while not gone.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert gone.exists()


def test_an_interrupt_closes_the_channel_and_is_recorded(program):
    program(SAY + "print('{}', flush=True)\ntime.sleep(60)\n")
    journal = MemoryJournal()

    def interrupt(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(on_line=interrupt, journal=journal)
    assert [seen.outcome for seen in journal.observations if seen.action == "agent"] == ["halted"]


def test_the_kill_switch_ends_an_agent(program, tmp_path, monkeypatch):
    stop = tmp_path / "STOP"
    monkeypatch.setattr("selftest.observe.world.KillSwitch", lambda path: KillSwitch(stop))
    program(SAY + "time.sleep(60)\n")
    threading.Timer(0.7, stop.touch).start()
    began = time.monotonic()
    assert reason_of(lambda: run(seconds=30)) is Unseen.HALTED
    assert time.monotonic() - began < 3


def test_the_sum_of_all_lines_is_bounded(monkeypatch):
    monkeypatch.setattr("ordinance.observe.ssh_command.AGENT_CAP", 1000)
    lines = AgentLines(lambda line: None)
    lines.take(b"{}\n" * 300)
    assert reason_of(lambda: lines.take(b"{}\n" * 300)) is Unseen.TOO_MUCH


def test_the_real_agent_starts():
    """What is really sent is a program that python3 can run, and it refuses a job it does not know."""
    with pytest.raises(CouldNotLook) as failure:
        run({"job": "no such job"})
    assert failure.value.reason is Unseen.TOOL
    assert "no such job" in failure.value.detail
