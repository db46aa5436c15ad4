"""Look "accounts": who counts as a person, what is read off shadow(5), and that no hash is."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ordinance.judge.accounts import password_age
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.looks.accounts import (
    CLOCK,
    LOGIN_DEFS,
    PASSWD_READER,
    SHADOW,
    SHADOW_READER,
    accounts,
    login_defs,
    passwd_lines,
    people,
    shadow_lines,
)
from ordinance.sight.accounts import AccountsSighting, Password
from selftest.judge.city_cases import CITY, PROFILE
from selftest.observe.looks.city_looks import Town, context

PASSWD = b"root:x:0:/bin/bash\ndaemon:x:1:/usr/sbin/nologin\nalice:x:1001:/bin/bash\ndana:x:1000:/bin/bash\n"
DEFS = b"# UID_MIN 5\nPASS_MAX_DAYS\t90\nUID_MIN 1000\nUID_MAX 60000 # people\nUMASK 022x\nEMPTY\n"
TIME = b"1795464000.250000000\n"
AWK = shutil.which("mawk") or shutil.which("awk")


def shadow(dana: str = "S:30000:90") -> bytes:
    return f"root:S:20000:99999\ndaemon:N:20000:99999\nalice:S:30000:90\ndana:{dana}\n".encode()


def ws1(users: bytes = PASSWD, hashes: bytes | None = None, settings: bytes = DEFS, **status: int) -> Town:
    texts = {PASSWD_READER: users, SHADOW: shadow() if hashes is None else hashes, LOGIN_DEFS: settings, CLOCK: TIME}
    codes = {PASSWD_READER: status.get("passwd", 0), SHADOW: status.get("shadow", 0), LOGIN_DEFS: status.get("defs", 0), CLOCK: 0}
    bare = {PASSWD_READER: b"root:x:0:/bin/bash\n", SHADOW: b"root:S:1:2\n", LOGIN_DEFS: DEFS, CLOCK: TIME}
    held = {("ws1", key): (codes[key], text) for key, text in texts.items()}
    return Town(commands={**held, **{("bare", key): (0, text) for key, text in bare.items()}})


def test_every_host_of_the_directory_is_read_and_no_other() -> None:
    seen = accounts(context(ws1()))
    assert [host.host for host in seen.hosts] == ["bare", "ws1"]
    host = seen.of("ws1")
    assert host is not None
    assert [account.name for account in host.people] == ["alice", "dana"]
    assert (host.root_seen, host.pass_max_days, len(host.observations)) == (True, 90, 5)


@pytest.mark.parametrize(
    ("town", "words"),
    [
        (ws1(shadow=1), "/etc/shadow could not be read: Permission denied"),
        (ws1(passwd=1), "passwd could not be read"),
        (ws1(defs=1), "/etc/login.defs could not be read"),
        (ws1(b"what is this\n"), "not a line of the account list"),
        (ws1(b"dana:x:many:/bin/sh\n"), "dana has no uid"),
        (ws1(b"d\x1bna:q:1:/bin/sh\n"), "d\\x1bna"),
        (ws1(hashes=b"dana:?:1:2\n"), "not a line of the account list"),
    ],
)
def test_what_cannot_be_read_is_unseen(town: Town, words: str) -> None:
    host = accounts(context(town)).of("ws1")
    assert host is not None
    assert words in host.unseen
    assert password_age("ws1", accounts(context(town)), CITY, PROFILE).state.value == "unproven"


def test_a_host_that_is_gone_does_not_hide_the_others() -> None:
    town = ws1()
    town.dead_vantages = frozenset({"bare"})
    seen = accounts(context(town))
    assert "bare is gone" in seen.hosts[0].unseen
    assert not seen.hosts[1].unseen


def test_an_empty_list_is_not_read_whole() -> None:
    verdict = password_age(
        "bare", accounts(context(Town(commands={**ws1().commands, ("bare", PASSWD_READER): (0, b"")}))), CITY, PROFILE
    )
    assert verdict.state.value == "unproven"


def test_a_halted_run_stops() -> None:
    stopped = context(ws1())
    stopped.halted = lambda: True
    with pytest.raises(CouldNotLook) as caught:
        accounts(stopped)
    assert caught.value.reason is Unseen.HALTED


@pytest.mark.parametrize(
    ("line", "hashed", "expected"),
    [
        ("dana:x:1000:/bin/bash", "S:1:2", Password.SET),
        ("dana:x:1000:/bin/bash", "L:1:2", Password.LOCKED),
        ("dana:x:1000:/bin/bash", "N:1:2", Password.NONE),
        ("dana:x:1000:/bin/bash", "E:1:2", Password.EMPTY),
        ("dana:x:1000:/bin/bash", None, Password.ELSEWHERE),
        ("dana:x:1000:", "S:1:2", Password.SET),  # an empty shell is /bin/sh
        ("dana:S:1000:/bin/bash", "S:1:2", Password.UNSHADOWED),
        ("dana:E:1000:/bin/bash", "S:1:2", Password.EMPTY),
        ("dana:N:1000:/bin/bash", None, Password.NONE),
        ("dana:x:1000:/usr/sbin/nologin", "S:1:2", Password.SET),  # reads mail with it
        ("dana:x:900:/bin/false", "S:1:2", Password.SET),
        ("toor:x:0:/bin/bash", "S:1:2", Password.SET),
        ("dana:x:1000:/usr/sbin/nologin", "N:1:2", None),
        ("dana:x:1000:/bin/false", "N:1:2", None),
        ("sync:x:4:/bin/sync", "N:1:2", None),
        ("nobody:x:65534:/usr/sbin/nologin", "N:1:2", None),
        ("root:x:0:/bin/bash", "S:1:2", None),
    ],
)
def test_who_is_a_person(line: str, hashed: str | None, expected: Password | None) -> None:
    name = line.partition(":")[0]
    hashes = shadow_lines(f"{name}:{hashed}\n".encode()) if hashed else {}
    found = people(list(passwd_lines(line.encode())), hashes, {}, frozenset())
    assert [account.password for account in found] == ([expected] if expected else [])


def test_an_account_of_the_directory_counts_whatever_it_looks_like() -> None:
    user = list(passwd_lines(b"dana:x:900:/usr/sbin/nologin"))
    assert people(user, shadow_lines(b"dana:N:1:2"), {}, frozenset({"dana"}))


def test_login_defs_moves_the_range_of_people() -> None:
    user = list(passwd_lines(b"dana:x:500:/bin/bash"))
    assert not people(user, {}, login_defs(b""), frozenset())
    assert people(user, {}, login_defs(b"UID_MIN 500\n"), frozenset())


def test_login_defs_takes_the_last_line_and_no_comment() -> None:
    assert login_defs(DEFS + b"PASS_MAX_DAYS 30\n#PASS_MAX_DAYS 1\n") == {"PASS_MAX_DAYS": 30, "UID_MIN": 1000, "UID_MAX": 60000}


@pytest.mark.skipif(AWK is None, reason="the readers are awk programs")
def test_the_readers_leave_the_hashes_there(tmp_path: Path) -> None:
    hashes = {
        "set": "$6$salt$abc",
        "des": "abJnggxhB/yWI",
        "locked": "!$6$salt$abc",
        "none": "!",
        "never": "*LK*",
        "two": "!*",
        "empty": "",
    }
    file = tmp_path / "shadow"
    file.write_text("".join(f"{name}:{value}:20000:0:90:7:::\n" for name, value in hashes.items()))
    told = subprocess.run([AWK, SHADOW_READER, file], capture_output=True, check=True, timeout=10).stdout
    assert b"abc" not in told
    assert {name: line.letter for name, line in shadow_lines(told).items()} == {
        "set": "S", "des": "S", "locked": "L", "none": "N", "never": "N", "two": "N", "empty": "E",
    }  # fmt: skip
    told = subprocess.run([AWK, PASSWD_READER], capture_output=True, check=True, timeout=10).stdout
    assert any(line.name == "root" and line.letter == "x" for line in passwd_lines(told))


# -- clocks ---------------------------------------------------------------------------------------------------------------------


def at_moments(*moments: float, clock: bytes = TIME, status: int = 0):
    """What is seen of ws1 when the runner's clock shows these moments, one after the other."""
    town = ws1()
    town.commands["ws1", CLOCK] = (status, clock)
    del town.commands["bare", CLOCK]
    looking = context(town, replace(CITY, hosts={"ws1": CITY.hosts["ws1"]}))
    held = iter(moments)
    looking.clock = lambda: next(held)
    seen = accounts(looking).of("ws1")
    assert seen is not None
    return seen, town


def test_the_skew_of_a_host_is_measured_from_the_middle_of_the_question() -> None:
    """The day is that of the runner's clock; the host read its own somewhere between our two readings."""
    seen, town = at_moments(1795464000.0, 1795463999.5, 1795464000.5)
    assert (seen.clock_skew, seen.clock_error) == (0.25, 0.5)
    assert seen.today == 1795464000 // 86_400
    assert town.notes[0]["action"] == "clock-skew"
    assert town.notes[0]["target"] == "ws1"
    assert town.notes[0]["details"] == {"skew": 0.25, "error": 0.5}
    assert town.notes[0]["seen"] == "the clock of ws1 is 0.250 s ahead of the runner's (within 0.500 s)"


def test_a_clock_that_is_behind_is_told_so() -> None:
    seen, town = at_moments(1795464000.0, 1795465000.0, 1795465000.0)
    assert seen.clock_skew == -999.75
    assert "999.750 s behind the runner's" in town.notes[0]["seen"]


@pytest.mark.parametrize(
    ("clock", "status"),
    [
        (b"", 0),
        (b"%s.%N\n", 0),
        (b"1795464000.%N\n", 0),
        (b"-1\n", 0),
        (b"soon\n", 0),
        (TIME * 2, 0),
        (TIME, 1),
        (b"9" * 4000, 0),
    ],
)
def test_a_clock_that_cannot_be_read_makes_the_host_unproven(clock: bytes, status: int) -> None:
    seen, town = at_moments(1795464000.0, 1795464000.0, 1795464000.0, clock=clock, status=status)
    assert seen.clock_skew is None
    assert town.notes[0]["outcome"] == "protocol"
    verdict = password_age("ws1", AccountsSighting(hosts=(seen,)), CITY, PROFILE)
    assert verdict.state.value == "unproven"
    assert "its clock could not be read" in verdict.reason


def test_a_clock_without_fractions_will_do() -> None:
    seen, _ = at_moments(1795464000.0, 1795464000.0, 1795464000.0, clock=b"1795464000\n")
    assert seen.clock_skew == 0.0


@pytest.mark.parametrize(
    ("moment", "today"),
    [("2028-02-29T23:59:59", "2028-02-29"), ("2028-03-01T00:00:00", "2028-03-01"), ("2026-11-01T08:59:59", "2026-11-01")],
)
def test_the_day_of_the_look_is_utcs_as_in_shadow(moment: str, today: str) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    seen, _ = at_moments(now, now, now)
    assert seen.today == (date.fromisoformat(today) - date(1970, 1, 1)).days
