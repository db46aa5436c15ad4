"""Six kinds of secret, used for real against peers that misbehave in every way: afterwards they stand nowhere.

An audit as a process of its own talks to an SSH server, an SNMP agent, a mail store and a submission server on loopback. Looked
for: in every file it leaves, in everything it prints (local variables and captured output shown), in pytest's own JUnit file,
and in the process list while it runs; raw, in base64, in hex, URL-encoded, and as JSON, HTML and Python would write it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from selftest.observe.snmp_impostor import impostor
from selftest.observe.sshd import HOST_KEY, OTHER_KEY, Sshd, pinned
from selftest.observe.test_identity import CERTIFICATES, chain
from selftest.observe.test_tls import CA, pem
from selftest.observe.world import peer
from selftest.plugin.betraying import (
    AUTH,
    CONFTEST,
    ENGINE,
    HASH,
    HUNT,
    INVENTORY,
    LOGIN_KEY,
    LOGIN_WORDS,
    OTHER_ENGINE,
    PASSWORD,
    PRIV,
    REFUSED_KEY,
    SECRETS,
    SIGNING_KEY,
    MailServer,
)  # fmt: skip
from selftest.plugin.canaries import ProcessWatch, spellings
from selftest.plugin.replaying import ROOT, SUITE

#: How the peers behave -> the exit codes with which the audit may end.
WAYS = {
    "refused": 6, "said back": 6, "silent": 6, "cut off": 6, "impostors": 6, "unusable": 6, "by a crash": 6,
    "by an interruption": 2, "by a full disk": 2,
}  # fmt: skip


@dataclass
class World:
    """The peers of one audit, and its folder."""

    folder: Path
    sshd: Sshd
    mail: tuple[MailServer, MailServer]

    def environment(self, way: str) -> dict[str, str]:
        return {
            "HOME": str(self.folder / "home"), "ORDINANCE_SIGNING_KEY": str(self.folder / "signing"), "FAILS": way,
            "CANARY_AUTH": AUTH.decode(), "ORDINANCE_POLICY": str(ROOT / "policy"), "SAID": str(self.folder / "said"),
            "PATH": os.environ["PATH"], "COLUMNS": "400", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT),
        }  # fmt: skip


def write_secrets(folder: Path, way: str) -> None:
    files = {"key": LOGIN_KEY, "signing": SIGNING_KEY, "priv": PRIV, "password": PASSWORD, "ca": pem(CA)}
    if way == "refused":
        files |= {"key": REFUSED_KEY}
    if way == "unusable":  # a key that is none, a password that cannot be sent in one line
        files |= {"key": b"-----BEGIN NOTHING-----\n" + b"\n".join(LOGIN_WORDS[1:]), "password": PASSWORD + b"\r\nNOOP\n"}
    for name, data in files.items():
        (folder / name).write_bytes(data + b"\n")
        (folder / name).chmod(0o600)
    told = [f"dana:{HASH.decode()}:20000:0:90:7:::".encode()]
    if way in ("said back", "by a crash"):  # somebody who knows it all, and says so before anybody asked for it
        words = (PASSWORD, AUTH, PRIV, *LOGIN_WORDS[1:])
        told += [spelt for text in words for spelt in spellings(text).values()]
    (folder / "said").write_bytes(b"\n".join(told))


@contextlib.contextmanager
def world(folder: Path, way: str):
    """Peers that behave so, and a folder with a suite, an inventory and the secrets."""
    (folder / "tests").mkdir()
    (folder / "home").mkdir()
    (folder / "tests" / "conftest.py").write_text(CONFTEST)
    (folder / "tests" / "test_accounts.py").write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    write_secrets(folder, way)
    wrong = way == "impostors"
    certificate = chain(CERTIFICATES["another name" if wrong else "good"], folder.parent, folder.name)
    mail = tuple(MailServer(certificate, way, tls_first=first) for first in (True, False))
    with contextlib.ExitStack() as stack:
        server = Sshd(OTHER_KEY if wrong else HOST_KEY)
        stack.callback(server.close)
        agent = stack.enter_context(impostor(OTHER_ENGINE if wrong else ENGINE))
        imap, smtp = (stack.enter_context(peer(one)) for one in mail)
        ports = {"ssh": server.port, "snmp": agent.port, "imap": imap, "smtp": smtp}
        (folder / "city.yml").write_text(INVENTORY.format(host_key=pinned(HOST_KEY)[0], engine=ENGINE, **ports))
        yield World(folder, server, mail)


def audit(made: World, way: str) -> tuple[int, bytes, ProcessWatch]:
    """Run the audit to its end, watched; its exit code and all it said."""
    words = ["-p", "no:cacheprovider", "-c", "pytest.ini", "--rootdir", ".", "--inventory", "city.yml", "--control", "10.D/*"]
    shown = ["-vv", "-rA", "-l", "--tb=long", "--full-trace"]
    shown += [] if way == "by a full disk" else ["--junitxml=own.xml"]  # pytest has no other way to say that it could not
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words, *shown], cwd=made.folder, env=made.environment(way),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip

    def belongs(pid: int) -> bool:
        with contextlib.suppress(ProcessLookupError):
            return os.getsid(pid) == process.pid
        return False

    with ProcessWatch(HUNT, belongs, given={process.pid}) as watch:
        if way == "by an interruption":
            until = time.monotonic() + 30
            while not (made.folder / "used").exists():
                assert process.poll() is None and time.monotonic() < until, process.stdout and process.stdout.read().decode()
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
    return process.returncode, said, watch


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_stands_anywhere_after_the_looking_failed(tmp_path: Path, way: str) -> None:
    folder = tmp_path / "audit"
    folder.mkdir()
    with world(folder, way) as made:
        code, said, watch = audit(made, way)
    assert code == WAYS[way], said.decode()
    assert_the_secrets_were_used(made, way)
    assert watch.seen, "no process was watched"
    assert watch.hits == set()
    assert not (folder / "children").exists(), (folder / "children").read_text()
    assert HUNT.in_bytes(said) == [], said.decode()
    assert HUNT.in_folder(folder / "reports", folder / "home") == []
    assert way == "by a full disk" or HUNT.in_bytes((folder / "own.xml").read_bytes()) == []


def assert_the_secrets_were_used(made: World, way: str) -> None:
    """Else all of this would be about nothing; and an impostor was told none of them."""
    heard = b"".join(server.heard for server in made.mail)
    if way in ("impostors", "unusable"):
        assert HUNT.in_bytes(heard) == []
        assert not [word for word in made.sshd.log if word.startswith("key")]
        return
    assert HUNT.in_bytes(heard) == ["mailbox password"]
    assert [word for word in made.sshd.log if word.startswith("key")]
    assert way == "refused" or [word for word in made.sshd.log if word.startswith("exec cat")]


def test_the_hunt_finds_every_kind_in_every_spelling(tmp_path: Path) -> None:
    """The net has no holes: each spelling of each secret, in the middle of a line and in the raw bytes of a journal."""
    for kind, texts in SECRETS.items():
        for text in texts:
            for how, spelt in spellings(text).items():
                assert HUNT.in_bytes(b"xx" + spelt + b"yy") == [kind], (kind, how)
    assert len(SECRETS) * len(WAYS) >= 48
