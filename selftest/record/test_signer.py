"""The signing key: made once, for its user alone; a key that somebody else could sign with is refused."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from ordinance.errors import OrdinanceError, UsageError
from ordinance.record.signer import VARIABLE, Signer, SignerError, find_signer, key_path
from ordinance.record.signers import allowed, own
from ordinance.record.sshsig import verify


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "state" / "ordinance"


def make(path: Path, kind: str = "ed25519", phrase: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", phrase, "-C", "night watch", "-f", path], check=True, timeout=30)
    return path


def test_a_key_is_made_once_and_is_private(state: Path) -> None:
    first, second = find_signer(), find_signer()
    assert first.path == state / "signing-key"
    assert first.public == second.public
    assert (state / "signing-key").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in state.iterdir()) == ["signing-key", "signing-key.pub"]


def test_openssh_reads_the_key_and_its_public_half_is_beside_it(state: Path) -> None:
    find_signer()
    done = subprocess.run(["ssh-keygen", "-y", "-f", state / "signing-key"], capture_output=True, check=True, timeout=30)
    assert done.stdout.split()[:2] == (state / "signing-key.pub").read_bytes().split()[:2]


def test_runs_that_begin_at_once_sign_with_one_key(state: Path) -> None:
    found: list[Signer] = []
    gate = threading.Barrier(8)

    def find() -> None:
        gate.wait()
        found.append(find_signer())

    threads = [threading.Thread(target=find) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len({signer.public for signer in found}) == 1
    assert find_signer().public == found[0].public
    assert allowed_of(state / "signing-key.pub") == {found[0].public}
    assert sorted(path.name for path in state.iterdir()) == ["signing-key", "signing-key.pub"]


def allowed_of(public: Path) -> frozenset[bytes]:
    (public.parent.parent / "allowed").write_text(f"ordinance {public.read_text()}")
    return allowed(public.parent.parent / "allowed")


def test_without_a_state_folder_it_is_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for wrong in ("", "relative/folder"):
        monkeypatch.setenv("XDG_STATE_HOME", wrong)
        assert key_path() == tmp_path / ".local" / "state" / "ordinance" / "signing-key"


def test_a_key_of_openssh_that_is_named_signs(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(make(tmp_path / "mine")))
    signer = find_signer()
    assert verify(b"sums", signer.sign(b"sums")) == signer.public
    assert own() == {signer.public} == allowed_of(tmp_path / "mine.pub")
    assert not state.exists(), "no other key is made"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file"),
        (lambda path: path.chmod(0o640), r"can be read by others \(mode 0640\); chmod 600"),
        (lambda path: path.chmod(0o604), "can be read by others"),
        (lambda path: path.write_bytes(b"nonsense"), "is not an OpenSSH private key"),
        (lambda path: path.write_bytes(b""), "is not an OpenSSH private key"),
        (lambda path: path.write_bytes(path.with_name("mine.pub").read_bytes()), "is not an OpenSSH private key"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "is not an OpenSSH private key"),
        (lambda path: (path.unlink(), path.mkdir(0o700)), "is not a file|cannot be read: Is a directory"),
        (lambda path: (path.unlink(), os.mkfifo(path, 0o600)), "is not a file"),
    ],
    ids=["none", "group", "world", "nonsense", "empty", "public half", "cut", "folder", "pipe"],
)
def test_a_key_that_cannot_be_used_is_refused_by_name(state: Path, tmp_path: Path, monkeypatch, spoil, told: str) -> None:
    path = make(tmp_path / "mine")
    monkeypatch.setenv(VARIABLE, str(path))
    find_signer()
    spoil(path)
    with pytest.raises(SignerError, match=f"the signing key {path} ({told})"):
        find_signer()
    assert not state.exists()


@pytest.mark.parametrize(
    ("kind", "phrase", "told"),
    [("rsa", "", "not an Ed25519"), ("ecdsa", "", "not an Ed25519"), ("ed25519", "hush-hush", "passphrase")],
)
def test_a_key_of_another_kind_is_refused(tmp_path: Path, monkeypatch, kind: str, phrase: str, told: str) -> None:
    monkeypatch.setenv(VARIABLE, str(make(tmp_path / "mine", kind, phrase)))
    with pytest.raises(SignerError, match=f"{told}.*ssh-keygen -t ed25519"):
        find_signer()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_that_belongs_to_somebody_else_is_refused(tmp_path: Path, monkeypatch) -> None:
    path = make(tmp_path / "mine")
    os.chown(path, 4242, 4242)
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(SignerError, match="belongs to user 4242"):
        find_signer()


def test_a_state_folder_that_cannot_be_written_is_told_with_the_way_out(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(OrdinanceError, match="cannot be made: Not a directory; name a key in ORDINANCE_SIGNING_KEY"):
        find_signer()


def test_verifying_makes_no_key(state: Path) -> None:
    with pytest.raises(OrdinanceError, match=r"no signing key.*--signers FILE"):
        own()
    assert not state.exists()


@pytest.fixture
def public(tmp_path: Path) -> str:
    return " ".join(make(tmp_path / "mine").with_suffix(".pub").read_text().split()[:2])


def write(tmp_path: Path, text: str) -> Path:
    (tmp_path / "allowed").write_text(text)
    return tmp_path / "allowed"


@pytest.mark.parametrize(
    "line",
    [
        "ordinance {key}", "ordinance {key} night watch", "# who\n\nordinance {key}\n", "ordi*,somebody {key}",
        '"ordinance" {key}',
        'ordinance namespaces="ordinance" {key}', 'ordinance namespaces="git,ordinance" {key}', "\tordinance \t {key}",
        "ordinance ssh-rsa AAAAB3NzaC1yc2E=\nordinance {key}",
    ],
)  # fmt: skip
def test_who_is_allowed_as_openssh_reads_it(tmp_path: Path, public: str, line: str) -> None:
    path = write(tmp_path, line.format(key=public))
    assert len(allowed(path)) == 1
    assert _openssh_allows(tmp_path, path)


@pytest.mark.parametrize(
    "line",
    [
        "somebody {key}", "!ordinance,* {key}", 'ordinance namespaces="git" {key}', 'ordinance namespaces="!ordinance,*" {key}',
        "# ordinance {key}", "ORDINANCE {key}",
    ],
)  # fmt: skip
def test_who_is_not_allowed_as_openssh_reads_it(tmp_path: Path, public: str, line: str) -> None:
    path = write(tmp_path, line.format(key=public))
    with pytest.raises(UsageError, match="names no Ed25519 key that may sign"):
        allowed(path)
    assert not _openssh_allows(tmp_path, path)


def _openssh_allows(tmp_path: Path, allowed_signers: Path) -> bool:
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", "ordinance", "-f", tmp_path / "mine"]
    signature = subprocess.run(sign, input=b"sums", capture_output=True, check=True, timeout=30).stdout
    (tmp_path / "sig").write_bytes(signature)
    verify = ["ssh-keygen", "-Y", "verify", "-n", "ordinance", "-I", "ordinance", "-f", allowed_signers, "-s", tmp_path / "sig"]
    return subprocess.run(verify, input=b"sums", capture_output=True, check=False, timeout=30).returncode == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{key}", ":1: this is a public key; before it must stand who it is: ordinance"),
        ("ordinance", ":1: not a line of an allowed_signers file"),
        ("\nordinance ssh-ed25519", ":2: not a line of an allowed_signers file"),
        ("ordinance ssh-ed25519 AAAA", ":1: the key is not an Ed25519 key"),
        ("ordinance ssh-ed25519 é", ":1: the key is not an Ed25519 key"),
        ('ordinance valid-before="20200101" {key}', ":1: of the options, only namespaces is understood"),
        ("ordinance cert-authority {key}", ":1: of the options, only namespaces is understood"),
        ('ordinance namespaces="ordinance",valid-before="20200101" {key}', ":1: of the options, only namespaces"),
        ("", "names no Ed25519 key"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(tmp_path: Path, public: str, line: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        allowed(write(tmp_path, line.format(key=public)))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        allowed(tmp_path / "none")
