"""The seal of a run: put on last, over everything, with the night before in it; results are not lost when it cannot be made."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from ordinance.audit import Brief
from ordinance.cli import main
from ordinance.record import folder as folder_module
from ordinance.record.exitcode import ExitCode
from ordinance.record.folder import FolderError, RunFolder
from ordinance.record.signer import VARIABLE, Signer
from selftest.record.nights_made import FIRST, begin, end, make_night


def head_of(run: Path) -> dict:
    return json.loads((run / "head.json").read_text())


def run_of(run: Path) -> dict:
    return json.loads((run / "results.json").read_text())["run"]


def test_the_head_says_what_the_run_comes_down_to(brief: Brief, tmp_path: Path) -> None:
    run = make_night(brief, tmp_path, records=9)
    lines = (run / "observations.jsonl").read_bytes().splitlines(keepends=True)
    assert head_of(run) == {
        "format": 1, "run": run.name, "started": "2026-11-23T20:15:00.000Z", "finished": "2026-11-23T20:16:00.000Z",
        "records": 10, "head": sha256(lines[-1]).hexdigest(), "plan": 2, "previous": None,
    }  # fmt: skip


def test_the_sums_are_those_of_every_file_as_sha256sum_makes_them(brief: Brief, tmp_path: Path) -> None:
    run = make_night(brief, tmp_path)
    names = sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())
    assert {"head.json", "inputs/inventory.yml", "observations.jsonl", "plan.json", "report.html", "junit.xml"} < set(names)
    names = [name for name in names if name not in ("SHA256SUMS", "SHA256SUMS.sig")]
    made = subprocess.run(["sha256sum", *names], cwd=run, capture_output=True, check=True, timeout=30).stdout
    assert (run / "SHA256SUMS").read_bytes() == made


def test_the_seal_is_private_and_nothing_temporary_is_left(brief: Brief, tmp_path: Path) -> None:
    run = make_night(brief, tmp_path)
    assert {path.stat().st_mode & 0o777 for path in run.rglob("*") if path.is_file()} == {0o600}
    assert not [path.name for path in (*tmp_path.iterdir(), *run.iterdir()) if path.name.startswith(".")]


def test_every_night_names_the_one_before(brief: Brief, tmp_path: Path) -> None:
    runs = [make_night(brief, tmp_path, number) for number in range(3)]
    assert [head_of(run)["previous"] for run in runs] == [
        None,
        *({"run": run.name, "sha256": sha256((run / "head.json").read_bytes()).hexdigest()} for run in runs[:2]),
    ]


def test_the_seal_comes_after_the_results_and_latest_after_the_seal(brief: Brief, tmp_path: Path, monkeypatch) -> None:
    audit = begin(brief, tmp_path, FIRST)
    named: list[str] = []
    replace = Path.replace

    def noting(path: Path, target: Path) -> Path:
        named.append(target.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", noting)
    end(audit)
    assert named == [
        "report.html",
        "junit.xml",
        "checks.csv",
        "results.json",
        "head.json",
        "SHA256SUMS",
        "SHA256SUMS.sig",
        "latest",
    ]


def test_runs_that_overlap_are_one_chain(brief: Brief, tmp_path: Path) -> None:
    first = make_night(brief, tmp_path, 0)
    early, late = begin(brief, tmp_path, FIRST + timedelta(hours=1)), begin(brief, tmp_path, FIRST + timedelta(hours=2))
    end(late)
    end(early)
    last = make_night(brief, tmp_path, 1)
    before = {run.name: head_of(run)["previous"]["run"] for run in (late.folder.path, early.folder.path, last)}
    assert before == {late.folder.id: first.name, early.folder.id: late.folder.id, last.name: early.folder.id}
    assert main(["verify", str(tmp_path)]) == 0


def test_a_run_that_was_killed_is_not_the_one_before(brief: Brief, tmp_path: Path) -> None:
    first = make_night(brief, tmp_path, 0)
    begin(brief, tmp_path, FIRST + timedelta(hours=1)).close()
    assert head_of(make_night(brief, tmp_path, 1))["previous"]["run"] == first.name
    assert main(["verify", str(tmp_path)]) == 0


def test_a_spoilt_head_does_not_keep_the_next_night_from_being_sealed(brief: Brief, tmp_path: Path) -> None:
    first, second = make_night(brief, tmp_path, 0), make_night(brief, tmp_path, 1)
    (second / "head.json").write_text("{")
    assert head_of(make_night(brief, tmp_path, 2))["previous"]["run"] == first.name
    assert main(["verify", str(tmp_path)]) == ExitCode.NOT_SOUND


@pytest.fixture
def shared_key(tmp_path: Path, monkeypatch) -> Path:
    """A key that others can read, which becomes so during the run."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True, timeout=30)
    (tmp_path / "key").chmod(0o644)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "key"))
    return tmp_path / "key"


def test_without_a_key_the_results_are_published_as_incomplete(brief: Brief, tmp_path: Path, shared_key: Path, capsys) -> None:
    audit = begin(brief, tmp_path / "reports", FIRST)
    ending = end(audit)
    run = run_of(tmp_path / "reports" / "latest")
    assert ending.exit_code == ExitCode.INCOMPLETE == run["exit_code"]
    assert (run["status"], run["headline"]) == ("incomplete", "incomplete")
    assert run["incomplete_because"] == (
        f"the evidence is not signed: the signing key {shared_key} can be read by others (mode 0644); chmod 600 {shared_key}"
    )
    assert run["counts"]["compliant"] == 2, "what was found is not lost"
    assert (audit.folder.path / "SHA256SUMS").exists() and not (audit.folder.path / "SHA256SUMS.sig").exists()
    shared_key.chmod(0o600)
    assert main(["verify", str(audit.folder.path)]) == ExitCode.NOT_SOUND
    assert "SHA256SUMS.sig: is missing: the run was never signed" in capsys.readouterr().err


def test_a_night_that_nobody_signed_is_not_the_one_before(brief: Brief, tmp_path: Path, shared_key: Path, capsys) -> None:
    unsigned = make_night(brief, tmp_path / "reports", 0)
    assert (unsigned / "head.json").exists() and not (unsigned / "SHA256SUMS.sig").exists()
    shared_key.chmod(0o600)
    assert head_of(make_night(brief, tmp_path / "reports", 1))["previous"] is None
    assert main(["verify", str(tmp_path / "reports")]) == ExitCode.NOT_SOUND
    assert capsys.readouterr().err == (
        f"not sound: {unsigned}/SHA256SUMS.sig: is missing: the run was never signed, or its signature was taken away\n"
    )


def test_why_a_run_was_stopped_is_told_beside_why_it_is_not_signed(brief: Brief, tmp_path: Path, shared_key: Path) -> None:
    audit = begin(brief, tmp_path / "reports", FIRST)
    end(audit, stopped="the city was lost")
    assert run_of(audit.folder.path)["incomplete_because"].startswith("the city was lost; the evidence is not signed: ")
    assert shared_key.exists()


@pytest.mark.parametrize("fault", ["unreadable reports", "a pipe among the files", "a name that cannot be listed"])
def test_when_the_seal_cannot_be_made_the_results_are_published_as_incomplete(
    brief: Brief, tmp_path: Path, fault: str, monkeypatch
) -> None:
    audit = begin(brief, tmp_path, FIRST)
    if fault == "unreadable reports":
        monkeypatch.setattr("ordinance.record.seal.last_sealed", lambda reports: (reports / "nowhere").stat())
    elif fault == "a pipe among the files":
        os.mkfifo(audit.folder.path / "pipe")
    else:
        (audit.folder.path / "back\\slash").write_text("")
    assert end(audit).exit_code == ExitCode.INCOMPLETE
    run = run_of(tmp_path / "latest")
    assert run["incomplete_because"].startswith("the evidence cannot be sealed: ")
    assert run["headline"] == "incomplete"
    assert not (audit.folder.path / "SHA256SUMS").exists()
    assert main(["verify", str(audit.folder.path)]) == ExitCode.NOT_SOUND


def test_a_disk_that_fills_up_under_the_seal_leaves_nothing_that_reads_as_compliant(
    brief: Brief, tmp_path: Path, monkeypatch
) -> None:
    audit = begin(brief, tmp_path, FIRST)
    write, met = folder_module._write_synced, []

    def full(path: Path, data: bytes) -> None:
        if ".SHA256SUMS-" in path.name:
            met.append(path.name)
            raise OSError(28, os.strerror(28), str(path))
        write(path, data)

    monkeypatch.setattr(folder_module, "_write_synced", full)
    with pytest.raises(FolderError, match="No space left"):
        end(audit)
    assert met, "the fault was met"
    assert not (audit.folder.path / "results.json").exists()
    assert (tmp_path / "latest").read_text().startswith("INCOMPLETE")


def test_the_journal_that_is_sealed_is_the_one_that_was_written(brief: Brief, tmp_path: Path, monkeypatch) -> None:
    """Somebody who rewrites the whole journal, chain and all, while the run goes on, does not get it signed as complete."""
    audit = begin(brief, tmp_path, FIRST)
    close = audit.journal.close

    def swapped() -> None:
        close()
        text = audit.folder.journal.read_bytes().replace(b"dept-3", b"dept-X")
        lines, previous = [], b"0" * 64
        for line in text.splitlines(keepends=True):
            at = line.index(b'"previous":"') + 12
            lines.append(line[:at] + previous + line[at + 64 :])
            previous = sha256(lines[-1]).hexdigest().encode()
        audit.folder.journal.write_bytes(b"".join(lines))

    monkeypatch.setattr(type(audit.journal), "close", lambda _: swapped())
    assert end(audit).exit_code == ExitCode.INCOMPLETE
    assert "is not what was written: it was changed" in run_of(audit.folder.path)["incomplete_because"]


def test_the_signature_is_made_while_no_other_run_is_sealed(brief: Brief, tmp_path: Path, monkeypatch) -> None:
    audit = begin(brief, tmp_path, FIRST)
    held: list[bool] = []
    sign = Signer.sign

    def noting(signer: Signer, message: bytes) -> bytes:
        tried = subprocess.run(["flock", "-n", tmp_path, "true"], check=False, timeout=30)
        held.append(tried.returncode == 1)
        return sign(signer, message)

    monkeypatch.setattr(Signer, "sign", noting)
    end(audit)
    assert held == [True]
    assert subprocess.run(["flock", "-n", tmp_path, "true"], check=False, timeout=30).returncode == 0


def test_publishing_without_a_seal_is_still_possible(tmp_path: Path) -> None:
    assert RunFolder.begin(tmp_path, FIRST).publish({"results.json": b"{}"}) is True
