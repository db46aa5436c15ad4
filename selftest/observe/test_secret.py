"""Secrets: resolved by reference, shown nowhere, recorded nowhere."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from ordinance.inventory.model import Host, SecretRef, SnmpUser
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.recorder import Recorder
from ordinance.observe.secret import Secret, Vault
from selftest.observe.world import LOOPBACK, door, inventory, peer, ssh_host

WORD = "tröublesome-Pass/word+1"


def test_a_secret_is_read_from_the_environment_and_from_a_file(monkeypatch, tmp_path):
    vault = Vault()
    monkeypatch.setenv("A_SECRET", WORD)
    (tmp_path / "key").write_text(WORD + "\n")
    assert vault.resolve(SecretRef("env", "A_SECRET")) == WORD
    assert vault.resolve(SecretRef("file", str(tmp_path / "key"))) == WORD
    assert repr(vault.resolve(SecretRef("env", "A_SECRET"))) == "«secret»"


@pytest.mark.parametrize(
    "reference",
    [
        SecretRef("env", "NOT_THERE"),
        SecretRef("env", "EMPTY"),
        SecretRef("file", "/nonexistent/key"),
        SecretRef("lab", "no-such-secret"),
        SecretRef("vault", "x"),
    ],
    ids=str,
)
def test_a_missing_secret_is_named_by_its_reference(reference, monkeypatch):
    monkeypatch.setenv("EMPTY", "\n")
    monkeypatch.setenv("ORDINANCE_LAB", "no-such-lab")
    with pytest.raises(CouldNotLook) as missing:
        Vault().resolve(reference)
    assert missing.value.reason is Unseen.CREDENTIALS
    assert str(reference) in missing.value.detail


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "\0probe\0"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
def test_a_secret_is_found_in_base64_wherever_it_stands(before, after):
    vault = Vault()
    vault.hide(WORD)
    said = base64.b64encode((before + WORD + after).encode())
    redacted = vault.redact(b"AUTH PLAIN " + said)
    assert "«secret»".encode() in redacted
    assert len(redacted) - len("AUTH PLAIN «secret»".encode()) <= 4 * (len(before) + len(after) + 3)


def test_a_secret_within_another_leaves_nothing_behind():
    vault = Vault()
    vault.hide("pass")
    vault.hide("passphrase")
    assert vault.redact(b"a passphrase and a pass") == "a «secret» and a «secret»".encode()


@pytest.mark.parametrize(
    "text",
    [
        "dana:$y$j9T$abcdefghijklmnop$qrstuvwxyz0123456789ABCDEFGHIJKLMNOPQR:20000:0:90:7:::",
        "dana:$6$saltsalt$abcdefghijklmnopqrstuvwxyz0123456789./ABCDEFGHIJ:20000",
        "probe:{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuv",
    ],
)
def test_password_hashes_never_become_evidence(text):
    shown = Vault().redact_text(text)
    assert "«hash»" in shown
    assert "abcdefghij" not in shown
    assert Vault().redact_text("costs $5 and $x") == "costs $5 and $x"


def test_a_private_key_is_hidden_line_by_line():
    vault = Vault()
    vault.hide("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAsecretline\n-----END OPENSSH PRIVATE KEY-----\n")
    assert b"AAAAsecretline" not in vault.redact(b"debug: AAAAsecretline")


def test_nothing_that_is_recorded_holds_a_secret():
    vault, journal = Vault(), MemoryJournal()
    vault.hide(WORD)
    attempt = Recorder(journal, vault, "a-look").begin("here", f"box {WORD}", "test")
    failure = attempt.failed(Unseen.PROTOCOL, f"said {WORD}", raw=WORD.encode(), details={WORD: [WORD, {"x": WORD.encode()}]})
    assert WORD not in str(failure)
    assert WORD not in repr(journal.observations)
    assert base64.b64encode(WORD.encode()).decode() not in repr(journal.observations)


def test_an_attempt_is_recorded_once():
    journal = MemoryJournal()
    attempt = Recorder(journal, Vault(), "a-look").begin("here", "box", "test")
    assert attempt.done("ok", "first") == attempt.done("deadline", "second") == "o-000001"
    assert [seen.outcome for seen in journal.observations] == ["ok"]


def test_a_dialogue_records_neither_what_we_send_in_secret_nor_its_echo():
    journal = MemoryJournal()
    desk = door(journal).at("here")
    with peer(lambda c: c.sendall(c.recv(1000))) as port, desk.connect(LOOPBACK, port, Deadline.after(3)) as dialogue:
        dialogue.secret(WORD)
        dialogue.write(f"PASS {WORD}\r\n".encode())
        assert dialogue.read_line() == f"PASS {WORD}".encode()
    (seen,) = journal.contacts
    assert seen.seen == "> PASS «secret»\n< PASS «secret»"
    assert WORD.encode() not in base64.b64decode(seen.raw)


@pytest.mark.parametrize("word", [WORD, "zero\u200bwidth", "tab\tword"], ids=["plain", "zero width", "tab"])
def test_a_secret_that_is_hidden_as_one_does_not_blot_out_the_word_for_it(word):
    vault = Vault()
    vault.hide(Secret(word))
    assert vault.redact(f"a secret: {word}".encode()) == "a secret: «secret»".encode()


@pytest.mark.parametrize("length", range(5, len(WORD.encode())))
def test_what_a_cut_has_left_of_a_secret_is_taken_out(length):
    vault, whole = Vault(), WORD.encode()
    vault.hide(WORD)
    for cut in (b"said " + whole[:length], b"said " + whole[:length] + "… (9 more bytes)".encode(), whole[-length:] + b" said"):
        shown = vault.redact(cut)
        assert whole[:5] not in shown
        assert whole[-5:] not in shown
        assert "«secret»".encode() in shown
    assert vault.redact(b"said tr") == b"said tr"


def test_a_piece_in_the_middle_of_a_sentence_is_none():
    vault = Vault()
    vault.hide("passphrase")
    assert vault.redact(b"a passphras in a sentence") == b"a passphras in a sentence"


def test_every_secret_of_the_inventory_is_known_before_anybody_is_asked(monkeypatch, tmp_path):
    monkeypatch.setenv("A_SECRET", WORD)
    (tmp_path / "key").write_text("another-word")
    known = inventory(hosts=[
        ssh_host("dept", 22, SecretRef("file", str(tmp_path / "key")), ()),
        Host("fw", frozenset(), snmp=SnmpUser(LOOPBACK, 161, "audit", SecretRef("env", "A_SECRET"), SecretRef("env", "NONE"))),
    ])  # fmt: skip
    journal = MemoryJournal()
    door(journal, known).note(vantage="here", target="x", action="x", outcome="ok", seen=f"{WORD} and another-word")
    assert journal.observations[-1].seen == "«secret» and «secret»"


def test_a_key_line_is_found_in_other_spellings():
    vault, line = Vault(), "AAAAsecret/line+1"
    vault.hide(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{line}\n-----END OPENSSH PRIVATE KEY-----\n")
    for spelt in (line.encode().hex(), quote(line, safe=""), base64.b64encode(line.encode()).decode()):
        assert spelt not in vault.redact_text(f"debug: {spelt} end")


SPELT = {
    "hex": lambda raw: raw.hex(), "HEX": lambda raw: raw.hex().upper(), "URL": lambda raw: quote(raw, safe=""),
    "quoted twice": lambda raw: repr(repr(raw.decode())),
    "URL-safe base64": lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="),
}  # fmt: skip


@pytest.mark.parametrize("spell", SPELT.values(), ids=SPELT)
def test_a_secret_is_found_however_it_is_spelt(spell):
    vault, word = Vault(), """it's "quoted"/+?"""
    vault.hide(word)
    spelt = spell(word.encode())
    shown = vault.redact_text(f"debug: {spelt} end")
    assert "«secret»" in shown
    assert spelt[3:-3] not in shown
