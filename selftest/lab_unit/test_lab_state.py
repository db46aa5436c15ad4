"""Labs that are up, by name: found only when the very process that was written down still runs."""

import os
import subprocess

import msgspec
import pytest

from ordinance.errors import UsageError
from ordinance.lab import place, state
from ordinance.lab.errors import LabError
from ordinance.lab.place import base_directory, lab_name
from ordinance.lab.process import Stamp


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def lab(sleeper, tmp_path, monkeypatch):
    monkeypatch.setattr(place, "base_directory", lambda: tmp_path)
    (tmp_path / "town").mkdir()
    stamp = Stamp.of(sleeper.pid)
    made = state.RunningLab("town", str(tmp_path / "town"), stamp, {"www": state.HostState(stamp, ("198.51.100.8",))})
    state.write_state(made)
    return made


def test_a_running_lab_is_found_as_it_was_written(lab):
    assert state.find("town") == lab
    assert state.running("town").pid_of("www") == lab.init.pid


def test_the_environment_names_the_lab(lab, monkeypatch):
    monkeypatch.setenv("ORDINANCE_LAB", "town")
    assert state.find() == lab


def test_a_lab_whose_process_ended_is_not_up(lab, sleeper):
    sleeper.kill()
    sleeper.wait()
    assert state.find("town") is None
    with pytest.raises(LabError, match="the lab 'town' is not up"):
        state.running("town")


def test_a_zombie_is_not_up(lab, sleeper):
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert state.find("town") is None


@pytest.mark.parametrize("change", [{"start": "1"}, {"boot": "another"}])
def test_another_process_of_that_number_is_not_the_lab(lab, change):
    state.write_state(msgspec.structs.replace(lab, init=msgspec.structs.replace(lab.init, **change)))
    assert state.find("town") is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"name": "town"}'])
def test_a_state_file_that_makes_no_sense_is_not_a_lab(lab, text):
    (lab.directory / state.STATE_FILE).write_bytes(text)
    assert state.find("town") is None


def test_killing_another_process_of_that_number_is_refused(sleeper):
    stamp = msgspec.structs.replace(Stamp.of(sleeper.pid), start="1")
    assert stamp.kill(1.0)
    assert sleeper.poll() is None


def test_killing_waits_for_the_end(sleeper):
    stamp = Stamp.of(sleeper.pid)
    assert stamp.kill(5.0)
    assert not stamp.alive()


def test_a_secret_is_read_whole(lab):
    (lab.directory / "secrets").mkdir()
    (lab.directory / "secrets" / "ca.pem").write_text("x\n")
    assert lab.secret("ca.pem") == "x\n"
    for name in ("ca.key", "../state.json", ".hidden"):
        with pytest.raises(LabError):
            lab.secret(name)


@pytest.mark.parametrize("name", ["../x", "A", "-x", "x" * 42, "a b", ".x"])
def test_a_lab_has_a_plain_name(name):
    with pytest.raises(UsageError, match="is no name for a lab"):
        lab_name(name)


@pytest.mark.parametrize(
    ("euid", "uid_map", "runtime", "base"),
    [
        (0, "0 0 4294967295", "/run/user/0", "/run/ordinance"),
        (0, "0 0 65536", None, "/run/ordinance"),
        (1000, "0 0 4294967295", "/run/user/1000", "/run/user/1000/ordinance"),
        (1000, "0 0 4294967295", None, "/tmp/ordinance-1000"),
        (0, "0 1000 1\n1 100000 65535", None, "/tmp/ordinance-1000"),  # an ordinary user who has joined a rootless lab
        (0, "0 1000 1\n1 100000 65535", "/run/user/1000", "/run/user/1000/ordinance"),
    ],
)
def test_each_user_has_a_place_and_keeps_it_inside_a_rootless_lab(monkeypatch, euid, uid_map, runtime, base):
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setattr(place.Path, "read_text", lambda *_, **__: uid_map)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    if runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    assert str(base_directory()) == base
