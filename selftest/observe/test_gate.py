"""Before every action: kill switch, scope, pace."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from ordinance.inventory.model import Pace, Scope
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.gate import Gate, KillSwitch
from ordinance.observe.pace import Pacer
from ordinance.observe.scope_guard import ScopeGuard
from selftest.observe.world import reason_of

A, B = ip_address("198.51.100.5"), ip_address("198.51.100.6")
GUARD = ScopeGuard(
    Scope(
        (ip_network("198.51.100.0/24"), ip_network("2001:db8::/32"), ip_network("0.0.0.0/8")), (ip_network("198.51.100.128/25"),)
    )
)


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("198.51.100.5", True),
        ("2001:db8::1", True),
        ("198.51.100.200", False),
        ("198.51.101.1", False),
        ("2001:db9::1", False),
        ("::ffff:198.51.100.5", False),
        ("0.0.0.0", False),
        ("ff02::1", False),
    ],
    ids=["allowed", "allowed v6", "deny wins", "outside", "outside v6", "v4 in v6", "unspecified", "multicast"],
)
def test_only_admitted_addresses_pass(address, admitted):
    assert reason_of(lambda: GUARD.check(ip_address(address))) is (None if admitted else Unseen.SCOPE)


@pytest.mark.parametrize(
    ("job", "admitted"),
    [
        ({"job": "sweep", "targets": ["198.51.100.5", "2001:db8::1"], "ports": [1, 65535], "note": "hello"}, True),
        ({"targets": {"deep": [{"at": "203.0.113.9"}]}}, False),
        ({"203.0.113.9": [25]}, False),
        ({"net": "198.51.100.0/26"}, True),
        ({"net": "198.51.100.0/24"}, False),
        ({"net": "0.0.0.0/0"}, False),
        ({"at": ip_address("203.0.113.9")}, False),
        ({"path": "a/b", "number": 1, "nothing": None}, True),
    ],
)
def test_every_address_in_a_job_must_be_in_scope(job, admitted):
    assert reason_of(lambda: GUARD.check_job(job)) is (None if admitted else Unseen.SCOPE)


class Clock:
    def __init__(self):
        self.at = 100.0
        self.slept = []

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += seconds


def turns(pace, addresses, seconds=60.0):
    clock = Clock()
    pacer = Pacer(pace, clock.now, clock.sleep)
    deadline = Deadline.after(seconds, clock.now)
    moments = []
    for address in addresses:
        pacer.wait(address, deadline)
        moments.append(round(clock.at - 100, 3))
    return moments


@pytest.mark.parametrize(
    ("pace", "addresses", "moments"),
    [
        (Pace(None, None), [A, A, A], [0, 0, 0]),
        (Pace(2, None), [A, A, A], [0, 0.5, 1.0]),
        (Pace(2, None), [A, B, A, B], [0, 0, 0.5, 0.5]),
        (Pace(None, 4), [A, B, A], [0, 0.25, 0.5]),
        (Pace(2, 4), [A, A, B, B], [0, 0.5, 0.75, 1.25]),
    ],
    ids=["no limit", "one host", "two hosts", "in all", "both"],
)
def test_turns_are_spaced(pace, addresses, moments):
    assert turns(pace, addresses) == moments


def test_a_turn_after_the_deadline_is_not_taken():
    clock = Clock()
    pacer = Pacer(Pace(1, None), clock.now, clock.sleep)
    pacer.wait(A, Deadline.after(5, clock.now))
    assert reason_of(lambda: pacer.wait(A, Deadline.after(0.5, clock.now))) is Unseen.DEADLINE
    assert pacer.wait(A, Deadline.after(5, clock.now)) == 1.0


def test_a_wait_ends_when_the_run_is_stopped():
    clock = Clock()
    pacer = Pacer(Pace(1, None), clock.now, clock.sleep)

    def stopped():
        if clock.at > 100.4:
            raise CouldNotLook(Unseen.HALTED, "stopped")

    pacer.wait(A, Deadline.after(60, clock.now), stopped)
    assert reason_of(lambda: pacer.wait(A, Deadline.after(60, clock.now), stopped)) is Unseen.HALTED
    assert clock.at < 101


def test_the_switch_is_a_file_or_the_runs_own_word(tmp_path):
    halted = []
    switch = KillSwitch(tmp_path / "STOP", lambda: bool(halted))
    switch.check()
    halted.append(1)
    assert reason_of(switch.check) is Unseen.HALTED
    halted.clear()
    (tmp_path / "STOP").symlink_to("nowhere")
    assert reason_of(switch.check) is Unseen.HALTED


def test_the_environment_names_the_switch_and_the_default_is_in_reports(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDINANCE_KILL_SWITCH", str(tmp_path / "halt"))
    (tmp_path / "halt").touch()
    assert reason_of(KillSwitch.of_environment().check) is Unseen.HALTED
    monkeypatch.delenv("ORDINANCE_KILL_SWITCH")
    switch = KillSwitch.of_environment()
    switch.check()
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "STOP").touch()
    assert reason_of(switch.check) is Unseen.HALTED


def test_the_switch_comes_before_scope_and_scope_before_pace(tmp_path):
    clock = Clock()
    gate = Gate(KillSwitch(tmp_path / "STOP"), GUARD, Pacer(Pace(1, 1), clock.now, clock.sleep))
    outside = ip_address("203.0.113.9")
    assert reason_of(lambda: gate.admit(outside, Deadline.after(9, clock.now))) is Unseen.SCOPE
    gate.admit(A, Deadline.after(9, clock.now))
    assert clock.slept == []  # the refused one took no turn
    (tmp_path / "STOP").touch()
    assert reason_of(lambda: gate.admit(outside, Deadline.after(9, clock.now))) is Unseen.HALTED


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:198.51.100.5",
        "::198.51.100.5",
        "64:ff9b::c633:6405",
        "2002:c633:6405::1",
        "255.255.255.255",
        "0.0.0.0",
        "::",
        "ff02::1",
    ],
)
def test_no_scope_admits_what_is_another_address_in_disguise_or_no_host(address):
    """Not even one that admits everything: a deny rule for IPv4 would not see an IPv4 address in IPv6 clothing."""
    everything = ScopeGuard(Scope((ip_network("0.0.0.0/0"), ip_network("::/0"))))
    assert reason_of(lambda: everything.check(ip_address(address))) is Unseen.SCOPE
    assert reason_of(lambda: everything.check(ip_address("2001:db8::1"))) is None
