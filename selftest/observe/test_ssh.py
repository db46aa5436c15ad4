"""SSH: pinned keys before credentials, bounded commands, forwarded connections with the reason kept."""

from __future__ import annotations

import threading
import time

import paramiko
import pytest

from ordinance.inventory.model import SecretRef, Vantage
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.backend import host_over
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.ssh_transport import meaning
from selftest.observe.sshd import HOST_KEY, OTHER_KEY, USER_TEXT, make_key, pinned, sshd
from selftest.observe.world import LOOPBACK, door, inventory, peer, reason_of, ssh_host

KEY = SecretRef("env", "ORDINANCE_TEST_KEY")


@pytest.fixture(autouse=True)
def user_key(monkeypatch):
    monkeypatch.setenv("ORDINANCE_TEST_KEY", USER_TEXT)


def open_door(port, journal=None, *, host_keys=None, **options):
    host = ssh_host("box", port, KEY, pinned(HOST_KEY) if host_keys is None else host_keys)
    known = inventory(hosts=[host], vantages=[Vantage("outside", "outside", "box")], **options)
    return door(journal or MemoryJournal(), known)


def soon(seconds=8.0):
    return Deadline.after(seconds)


def test_an_impostor_gets_not_one_credential_byte():
    journal = MemoryJournal()
    with sshd(OTHER_KEY) as server:
        opened = open_door(server.port, journal)
        assert reason_of(lambda: opened.host("box").run(["true"], soon())) is Unseen.IDENTITY
        assert reason_of(lambda: opened.at("outside")) is Unseen.IDENTITY
        assert server.log == []
        assert len(server.transports) == 1
    assert journal.observations[0].outcome == "identity"


def test_a_server_with_a_key_of_another_type_is_an_impostor():
    with sshd(paramiko.ECDSAKey.generate()) as server:
        assert reason_of(lambda: open_door(server.port).host("box").run(["true"], soon())) is Unseen.IDENTITY
        assert server.log == []


def test_a_host_without_a_pinned_key_is_not_even_connected_to():
    with sshd() as server:
        assert reason_of(lambda: open_door(server.port, host_keys=()).at("outside")) is Unseen.IDENTITY
        assert server.transports == []


def test_a_refused_login_is_tried_once_in_a_run(monkeypatch):
    _, other = make_key("somebody else")
    monkeypatch.setenv("ORDINANCE_TEST_KEY", other)
    with sshd() as server:
        opened = open_door(server.port)
        assert reason_of(lambda: opened.at("outside")) is Unseen.CREDENTIALS
        assert reason_of(lambda: opened.host("box").run(["true"], soon())) is Unseen.CREDENTIALS
        assert server.log.count("key audit") == 1


def test_a_missing_key_is_named_by_reference(monkeypatch):
    monkeypatch.delenv("ORDINANCE_TEST_KEY")
    with sshd() as server, pytest.raises(CouldNotLook) as missing:
        open_door(server.port).at("outside")
    assert missing.value.reason is Unseen.CREDENTIALS
    assert "env:ORDINANCE_TEST_KEY" in missing.value.detail


def test_an_endpoint_out_of_scope_is_not_contacted():
    with sshd() as server:
        assert reason_of(lambda: open_door(server.port, allow=("10.0.0.0/8",)).at("outside")) is Unseen.SCOPE
        assert server.transports == []


@pytest.mark.parametrize("noise", [b"B" * 65_536, b"h"], ids=["endless line", "drip"])
def test_a_hostile_ssh_server_costs_the_deadline_and_is_not_a_refusal(noise):
    def behaviour(connection):
        while True:
            connection.sendall(noise)
            time.sleep(0.2 if len(noise) == 1 else 0)

    with peer(behaviour) as port:
        began = time.monotonic()
        assert reason_of(lambda: open_door(port).host("box").run(["true"], soon(1.5))) is Unseen.VANTAGE
        assert time.monotonic() - began < 2.5


def test_a_vantage_that_is_down_never_speaks_for_its_targets():
    with sshd() as server:
        port = server.port
    box = open_door(port).host("box")
    assert reason_of(lambda: box.connect(LOOPBACK, 9, soon(2))) is Unseen.VANTAGE


def test_a_command_gives_its_outputs_and_status_and_no_shell_reads_its_arguments():
    journal = MemoryJournal()
    with sshd() as server:
        box = open_door(server.port, journal).host("box")
        said = box.run(["printf", "%s|", "a b", "$(id)", "; ls"], soon())
        fed = box.run(["sort"], soon(), stdin=b"b\na\n" * 50_000, cap=1 << 20)
        missing = box.run(["no-such-program"], soon())
    assert (said.exit_status, said.stdout) == (0, b"a b|$(id)|; ls|")
    assert fed.stdout == b"a\n" * 50_000 + b"b\n" * 50_000
    assert (missing.exit_status, missing.stderr) == (127, b"not found\n")
    assert journal.find(said.observation).details["argv"] == ["printf", "%s|", "a b", "$(id)", "; ls"]
    assert len(server.transports) == 1


def test_six_megabytes_of_standard_error_do_not_hang():
    script = "import sys; sys.stderr.write('e' * 6_000_000); print('done'); sys.exit(3)"
    with sshd() as server:
        journal = MemoryJournal()
        result = open_door(server.port, journal).host("box").run(["python3", "-c", script], soon(20))
    assert (result.exit_status, result.stdout, len(result.stderr)) == (3, b"done\n", 65_536)
    assert journal.find(result.observation).details["stderr_bytes"] == 6_000_000


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["sleep", "30"], Unseen.DEADLINE),
        (["yes"], Unseen.TOO_MUCH),
        (["python3", "-c", "import os; os.kill(os.getpid(), 9)"], Unseen.TOOL),
    ],
    ids=["too long", "too much", "killed"],
)
def test_a_command_that_goes_wrong_says_how(argv, reason):
    with sshd() as server:
        box = open_door(server.port).host("box")
        box.run(["true"], soon())
        began = time.monotonic()
        assert reason_of(lambda: box.run(argv, soon(1.5))) is reason
        assert time.monotonic() - began < 2.5


def test_a_dead_connection_is_made_again_once():
    with sshd() as server:
        box = open_door(server.port).host("box")
        box.run(["true"], soon())
        server.transports[0].close()
        time.sleep(0.2)
        assert box.run(["true"], soon()).exit_status == 0
        assert len(server.transports) == 2


def test_threads_share_one_connection():
    with sshd() as server:
        box = open_door(server.port).host("box")
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(box.run(["true"], soon()).exit_status)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [0] * 8
        assert len(server.transports) == 1


WIRE = [
    (2, "Connection refused", Unseen.REFUSED),
    (2, "No route to host", Unseen.UNREACHABLE),
    (2, "Network is unreachable", Unseen.UNREACHABLE),
    (2, "Connection timed out", Unseen.NO_ANSWER),
    (2, "open failed", Unseen.VANTAGE),
    (2, "Connection refused by policy", Unseen.VANTAGE),
    (1, "open failed", Unseen.VANTAGE),
    (1, "Connection refused", Unseen.VANTAGE),
    (4, "Connection refused", Unseen.VANTAGE),
]


@pytest.mark.parametrize(("code", "text", "reason"), WIRE)
def test_only_the_far_kernels_own_words_speak_of_the_target(code, text, reason):
    assert meaning(code, text) is reason


def test_a_forbidden_forwarding_is_the_vantages_fault():
    with sshd(forward=lambda place: paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED) as server:
        outside = open_door(server.port).at("outside")
        assert reason_of(lambda: outside.connect(LOOPBACK, 23, soon())) is Unseen.VANTAGE


def test_a_conversation_runs_through_the_vantage():
    journal = MemoryJournal()
    with peer(lambda c: c.sendall(b"220 " + c.recv(100))) as port, sshd() as server:
        with open_door(server.port, journal).at("outside").connect(LOOPBACK, port, soon()) as dialogue:
            dialogue.write(b"hello\r\n")
            assert dialogue.read_line() == b"220 hello"
            assert dialogue.read_line() == b""
        seen = journal.find(dialogue.observation)
    assert (seen.vantage, seen.action, seen.seen) == ("outside", "dialogue", "> hello\n< 220 hello")


def test_a_vantage_that_dies_mid_dialogue_is_not_the_end_of_the_peers_stream():
    with (
        peer(lambda c: (c.sendall(b"220 a\r\n"), time.sleep(5))) as port,
        sshd() as server,
        pytest.raises(CouldNotLook) as broken,
        open_door(server.port).at("outside").connect(LOOPBACK, port, soon()) as dialogue,
    ):
        assert dialogue.read_line() == b"220 a"
        server.transports[0].close()
        dialogue.read_line()
    assert broken.value.reason is Unseen.VANTAGE


def pending_forever(place):
    time.sleep(3)
    return paramiko.OPEN_SUCCEEDED


def test_a_frozen_ssh_server_is_not_taken_for_a_silent_target():
    """The server's one thread is busy: neither the channel nor a keepalive is answered."""
    with sshd(forward=pending_forever) as server:
        outside = open_door(server.port).at("outside")
        assert reason_of(lambda: outside.connect(LOOPBACK, 9, soon(0.5))) is Unseen.VANTAGE


def test_testinfra_works_over_the_door():
    with sshd() as server:
        host = host_over(open_door(server.port).host("box"))
        assert host.check_output("printf %s", "a b; $(id)") == "a b; $(id)"
        assert host.user("root").uid == 0
        assert host.file("/etc/passwd").contains("root")
        assert host.file("/etc/passwd").mode == 0o644
        assert host.run("exit 7").rc == 7
        assert len(server.transports) == 1
        assert not [line for line in server.log if line.startswith("password")]


def test_nothing_but_the_one_key_is_offered():
    with sshd() as server:
        open_door(server.port).host("box").run(["true"], soon())
        assert server.log == ["key audit", "exec true"]
