"""The name of a lab belongs to one starter at a time; what dead labs left is removed, what living ones have is not."""

import os
import subprocess

import msgspec
import pytest

from ordinance.errors import UsageError
from ordinance.lab import claim as claiming
from ordinance.lab import place, state
from ordinance.lab.claim import STARTER_FILE, claim
from ordinance.lab.errors import LabError
from ordinance.lab.process import Stamp

DEAD = Stamp(1, "1", "another boot")


@pytest.fixture(autouse=True)
def base(monkeypatch, tmp_path):
    for module in (place, claiming):
        monkeypatch.setattr(module, "lab_directory", lambda name=None: tmp_path / (name or "city"))
    monkeypatch.setattr(place, "base_directory", lambda: tmp_path)
    return tmp_path


def left(base, name, init):
    directory = base / name
    (directory / "secrets").mkdir(parents=True)
    (directory / "log").mkdir()
    state.write_state(state.RunningLab(name, str(directory), init, {}))
    return directory


def test_a_claimed_directory_is_fresh_and_names_its_starter(base):
    left(base, "town", DEAD)
    directory = claim("town")
    assert sorted(path.name for path in directory.iterdir()) == ["log", "mnt", STARTER_FILE]
    assert msgspec.json.decode((directory / STARTER_FILE).read_bytes(), type=Stamp).pid == os.getpid()


def test_a_name_that_is_up_cannot_be_claimed(base):
    directory = left(base, "town", Stamp.of(os.getpid()))
    with pytest.raises(LabError, match="'town' is already up"):
        claim("town")
    assert (directory / "secrets").exists()


def test_a_name_that_is_being_started_cannot_be_claimed():
    claim("town")
    with pytest.raises(LabError, match="'town' is just being started"):
        claim("town")


def test_the_claim_of_a_starter_that_died_does_not_count(base):
    process = subprocess.Popen(["sleep", "60"])
    stamp = Stamp.of(process.pid)
    process.kill()
    process.wait()
    (base / "town").mkdir()
    (base / "town" / STARTER_FILE).write_bytes(msgspec.json.encode(stamp))
    assert claim("town").is_dir()


def test_dead_labs_lose_their_secrets_at_once_and_their_logs_after_a_day(base):
    recent, old = left(base, "recent", DEAD), left(base, "old", DEAD)
    living = left(base, "living", Stamp.of(os.getpid()))
    os.utime(old, (0, 0))
    (old / "secrets").rmdir()
    os.utime(old, (0, 0))
    os.utime(living, (0, 0))
    claim("town")
    assert not (recent / "secrets").exists()
    assert (recent / "log").exists()
    assert not old.exists()
    assert (living / "secrets").exists()


def test_a_base_directory_of_somebody_else_is_not_used(base, monkeypatch):
    monkeypatch.setattr(place.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UsageError, match="belongs to somebody else"):
        claim("town")
