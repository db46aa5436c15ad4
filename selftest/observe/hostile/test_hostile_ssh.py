"""SSH servers that flood, stall and lie, before and after they have proved who they are."""

from __future__ import annotations

from dataclasses import replace

import paramiko
import pytest

from ordinance.inventory.model import SecretRef
from ordinance.judge.accounts import password_age
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen
from ordinance.observe.looks.accounts import accounts
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.ssh_bounds import PACKET, WINDOW, feed, feed_extended
from selftest.judge.mail_cases import a_profile
from selftest.observe.hostile import hostile_sshd as bad
from selftest.observe.hostile.bounds import LATER, bounded, hostile
from selftest.observe.sshd import HOST_KEY, USER_TEXT, pinned
from selftest.observe.world import door, inventory, ssh_host

KEY = SecretRef("env", "ORDINANCE_TEST_KEY")
VANTAGE, DEADLINE, TOO_MUCH, TOOL, IDENTITY = (
    Unseen.VANTAGE, Unseen.DEADLINE, Unseen.TOO_MUCH, Unseen.TOOL, Unseen.IDENTITY
)  # fmt: skip
AWHILE = 1.5  #: seconds for what ends by the deadline: a login alone takes half of one here


@pytest.fixture(autouse=True)
def user_key(monkeypatch):
    monkeypatch.setenv("ORDINANCE_TEST_KEY", USER_TEXT)


def run(behave, seconds, argv=("true",), **how):
    """Run a command on the hostile host within all bounds; why it could not be seen, or its result."""
    journal = MemoryJournal()
    with hostile(behave) as server:
        known = inventory(hosts=[ssh_host("box", server.port, KEY, pinned(HOST_KEY))])
        opened = door(journal, known)

        def release():
            opened._shared.close()
            server.over.set()

        with bounded(seconds, release=release):
            try:
                ending = opened.host("box").run(argv, Deadline.after(seconds), **how)
            except CouldNotLook as failure:
                ending = failure.reason
    assert journal.observations
    return ending


STRANGERS = [
    ("lines before its name without end", lambda peer: peer.flood(b"hello\r\n"), VANTAGE, LATER),
    ("a name without end", lambda peer: peer.flood(b"SSH-2.0-" + b"x" * 500), VANTAGE, LATER),
    ("a name that drips", lambda peer: peer.drip(b"SSH-2.0-x"), VANTAGE, AWHILE),
    ("silence after its name", bad.raw_ssh(), VANTAGE, AWHILE),
    ("packets to ignore without end", bad.raw_ssh(flood=bad.IGNORE), VANTAGE, LATER),
    ("offers of key exchange without end", bad.raw_ssh(flood=bad.KEXINIT), (VANTAGE, IDENTITY), LATER),
    ("a packet of 2 GiB", bad.raw_ssh(b"\x7f\xff\xff\xf4\x04\x14", flood=b"x" * 8192), VANTAGE, LATER),
    ("a packet that drips", lambda peer: (peer.say(b"SSH-2.0-x\r\n\0\0\0\x8c"), peer.drip(b"x")), VANTAGE, AWHILE),
    ("noise", bad.raw_ssh(flood=bytes(range(256))), VANTAGE, LATER),
    ("another protocol", lambda peer: peer.flood(b"HTTP/1.1 400 Bad Request\r\n"), VANTAGE, LATER),
]


@pytest.mark.parametrize(("behave", "reason", "seconds"), [case[1:] for case in STRANGERS], ids=[case[0] for case in STRANGERS])
def test_a_server_that_has_not_proved_who_it_is_is_borne(behave, reason, seconds):
    assert run(behave, seconds) in (reason if isinstance(reason, tuple) else (reason,))


KNOWN = [
    ("a login that is never answered", bad.serving(bad.says_nothing, login=bad.never), VANTAGE, AWHILE),
    ("banners at login without end", bad.serving(bad.says_nothing, login=bad.greets_before_login_for_ever), VANTAGE, AWHILE),
    ("a channel that never opens", bad.serving(bad.says_nothing, accepts=bad.never), DEADLINE, AWHILE),
    ("a command that is refused", bad.serving(bad.says_nothing, says_yes=False), VANTAGE, LATER),
    ("a command that says nothing", bad.serving(bad.says_nothing), DEADLINE, AWHILE),
    ("output without end", bad.serving(bad.says_without_end("sendall")), TOO_MUCH, LATER),
    ("errors without end", bad.serving(bad.says_without_end("sendall_stderr")), DEADLINE, AWHILE),
    ("an end without a status", bad.serving(bad.ends_without_status), TOOL, LATER),
    ("output past the window", bad.serving(bad.pours_past_the_window), (TOO_MUCH, VANTAGE), LATER),
    ("a new key exchange that never ends", bad.serving(bad.exchanges_keys_for_ever), (DEADLINE, VANTAGE), AWHILE),
    ("packets to ignore without end", bad.serving(bad.ignores_for_ever), DEADLINE, AWHILE),
    (
        "a packet of 2 GiB",
        bad.serving(bad.announces_a_packet_of_2_gib, prepare=bad.encrypt_then_mac), (VANTAGE, DEADLINE), AWHILE,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("behave", "reason", "seconds"), [case[1:] for case in KNOWN], ids=[case[0] for case in KNOWN])
def test_a_host_with_the_right_key_is_borne_no_less(behave, reason, seconds):
    assert run(behave, seconds) in (reason if isinstance(reason, tuple) else (reason,))


def test_input_that_nobody_reads_costs_the_deadline():
    behave = bad.serving(bad.opens_its_window_wide_and_reads_no_more)
    assert run(behave, AWHILE, ("sort",), stdin=b"x" * 12_000_000) in (DEADLINE, VANTAGE)


def test_a_host_that_goes_on_after_it_was_hung_up_on_fills_no_memory():
    """The channel was closed for saying too much; what still comes for it is dropped, or the connection is."""
    journal = MemoryJournal()
    with hostile(bad.serving(bad.pours_past_the_window)) as server:
        opened = door(journal, inventory(hosts=[ssh_host("box", server.port, KEY, pinned(HOST_KEY))]))

        def release():
            opened._shared.close()
            server.over.set()

        with bounded(LATER, release=release):
            with pytest.raises(CouldNotLook):
                opened.host("box").run(["true"], Deadline.after(3))
            server.over.wait(1.5)


def test_accounts_of_a_hostile_host_are_unproven(monkeypatch):
    """The whole way: look, sighting, verdict."""
    monkeypatch.setattr("ordinance.observe.looks.accounts.HOST_SECONDS", AWHILE)
    for misdeed in (bad.says_without_end("sendall"), bad.says_nothing, bad.ends_without_status):
        with hostile(bad.serving(misdeed)) as server:
            host = replace(ssh_host("box", server.port, KEY, pinned(HOST_KEY)), accounts=("dana",))
            known = inventory(hosts=[host])
            opened = door(MemoryJournal(), known)

            def release(opened=opened, server=server):
                opened._shared.close()
                server.over.set()

            with bounded(2 * AWHILE, release=release):
                context = LookContext(opened, known, a_profile(), sight=lambda name: None)
                verdict = password_age("box", accounts(context), known, a_profile())
        assert verdict.state.value == "unproven"


def data_of(*parts: int | bytes) -> paramiko.Message:
    made = paramiko.Message()
    for part in parts:
        made.add_int(part) if isinstance(part, int) else made.add_string(part)
    made.rewind()
    return made


def test_data_past_the_window_ends_the_connection_and_data_after_the_end_is_dropped():
    channel = paramiko.Channel(1)
    for _ in range(WINDOW // PACKET):
        feed(channel, data_of(b"x" * PACKET))
    with pytest.raises(paramiko.SSHException, match="past the window"):
        for _ in range(3):
            feed_extended(channel, data_of(1, b"x" * PACKET))
    channel.closed = True
    for _ in range(100):
        feed(channel, data_of(b"x" * PACKET))
    assert len(channel.in_buffer) + len(channel.in_stderr_buffer) == 0
