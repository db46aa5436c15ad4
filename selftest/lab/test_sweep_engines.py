"""Which engine sweeps the real city: the raw one, or the one that connects where the vantage has lost numpy; both find alike."""

import json
import os
import subprocess
import sys

import pytest

#: Debian's package has a directory in each.
AWAY = "for at in /usr/lib/python3 /usr/lib/python3.11; do mv $at/dist-packages/numpy $at/dist-packages/away; done"
BACK = "for at in /usr/lib/python3 /usr/lib/python3.11; do mv $at/dist-packages/away $at/dist-packages/numpy; done"


@pytest.fixture
def without_numpy(city):
    """The rented box as it is without the package, put back afterwards."""
    assert city.exec("outside", ["sh", "-ec", AWAY]).returncode == 0
    assert city.exec("outside", ["python3", "-c", "import numpy"]).returncode != 0
    yield
    assert city.exec("outside", ["sh", "-ec", BACK]).returncode == 0


def swept(city, place, *words):
    argv = [sys.executable, "-m", "ordinance", "sweep", "public-ipv4", "--from", "outside", "--ports", "1-450", *words]
    environment = {**os.environ, "ORDINANCE_LAB": city.name}
    done = subprocess.run(argv, cwd=place, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def told(out):
    found = json.loads(out)
    opened = {
        (address["address"], tuple(run))
        for address in found["addresses"]
        for answer in address["answers"]
        if answer["answer"] == "open"
        for run in answer["ports"]
    }
    return opened, found["certificate"]["by"]


def test_the_city_is_swept_by_frames_of_our_own_making(city, tmp_path):
    opened, by = told(swept(city, tmp_path, "--json"))
    assert (by["name"], by["why"]) == ("raw", "the vantage has numpy and CAP_NET_RAW")
    assert [(part["family"], part["protocol"], part["planned"], part["covered"]) for part in by["covered"]] == [
        (4, "tcp", 16 * 450, 16 * 450)
    ]
    assert ("198.51.100.5", (25, 25)) in opened


def test_a_vantage_without_numpy_connects_says_why_and_finds_the_same(city, without_numpy, tmp_path):
    opened, by = told(swept(city, tmp_path, "--json"))
    assert (by["name"], by["why"]) == ("connect", "no numpy there")
    assert {("198.51.100.5", (25, 25)), ("198.51.100.6", (119, 119)), ("198.51.100.8", (80, 80))} <= opened
    table = swept(city, tmp_path)
    assert "connect sweep, packet agent 1 (no numpy there)" in table
