"""The door against real daemons: OpenSSH, Postfix, Dovecot, INN, nginx, nsd, Net-SNMP."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SEEN = {
    "let through": "open",
    "let through v6": "open",
    "dropped": "no-answer",
    "nobody there": "no-answer",
    "out of scope": "scope",
    "300 at once": {"no-answer": 300},
    "after 300 dropped ones": "open",
    "logins outside": 2,  # the first connection was worn by what was dropped
    "hostname": "fw",
    "6 MB of standard error": 65_536,
    "testinfra": [0, 0o644, "a; $(id)", True],
    "snmp v3": "fw",
    "snmp v6": "fw",
    "snmp without encryption": "refused",
    "snmp with nothing": "refused",
    "snmp wrong key": "credentials",
    "snmp unknown user": "credentials",
    "snmp v1 public": "no-answer",
    "snmp v2c public": "no-answer",
    "snmp silent": "no-answer",
    "snmp walk": True,
    "snmp walk too long": "too-much",
    "submitted": 250,
    "mailbox": [1, True, 0, [4096]],
    "12 MiB undeclared": 552,
    "another name's certificate": "identity",
    "news": [200, True, 205],
    "web": [200, True, True],
    "web in TLS": [200, True, True],
    "name": "198.51.100.8",
    "transfer": 0,
    "port 25": "smtp",
    "port 119": "nntp",
    "port 80": "http",
    "port 443": "tls",
    "port 53": "dns",
    "port 4444": "echo",
    "port 22": "ssh",
    "secrets in the journal": 0,
}


@pytest.fixture(scope="module")
def outcomes(city):
    program = Path(__file__).with_name("at_the_door.py")
    done = subprocess.run(
        [sys.executable, str(program), city.name],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={**os.environ, "ORDINANCE_LAB": city.name, "ORDINANCE_KILL_SWITCH": "/nonexistent/STOP"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", SEEN)
def test_what_the_door_sees_is_what_is_there(outcomes, name):
    assert outcomes[name] == SEEN[name]


def test_everything_that_was_asked_is_expected(outcomes):
    assert set(outcomes) == set(SEEN)
