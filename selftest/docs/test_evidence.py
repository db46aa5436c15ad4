"""The commands that the page for auditors shows are run, as they stand there, against a run; and each notices what it is for."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ordinance.record.signer import key_path
from selftest.record.nights_made import make_night, read_brief

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "evidence.md").read_text()
MAKE_SIGNERS, SIGNATURE, SUMS, NO_OTHERS, CHAIN, NIGHT_BEFORE, PLANNED = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
CHECKS = {"signature": SIGNATURE, "sums": SUMS, "no others": NO_OTHERS, "chain": CHAIN, "night": NIGHT_BEFORE, "planned": PLANNED}


def sh(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh"], cwd=folder, input=commands, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights, and what the auditor has: the public key."""
    top = tmp_path_factory.mktemp("city")
    brief = read_brief(top)
    for number in (0, 1):
        make_night(brief, top / "reports", number, records=19)
    shutil.copy(key_path().with_suffix(".pub"), top / "signing-key.pub")
    assert sh(MAKE_SIGNERS, top).returncode == 0
    return top


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """The second night, to be changed at will."""
    shutil.copytree(made, tmp_path / "city", symlinks=True)
    return (tmp_path / "city" / "reports" / "latest").resolve()


@pytest.mark.parametrize("name", CHECKS)
def test_every_command_of_the_page_finds_a_sound_run_sound(run: Path, name: str) -> None:
    done = sh(CHECKS[name], run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_the_page_says_what_the_commands_print(run: Path) -> None:
    assert sh(SIGNATURE, run).stdout.startswith('Good "ordinance" signature for ordinance with ED25519 key SHA256:')
    assert sh(CHAIN, run).stdout == "20 records, one chain\n"


def _change_line(run: Path) -> None:
    lines = (run / "observations.jsonl").read_bytes().splitlines(keepends=True)
    lines[7] = lines[7].replace(b"dana", b"dane")
    (run / "observations.jsonl").write_bytes(b"".join(lines))


def _drop_last_line(run: Path) -> None:
    lines = (run / "observations.jsonl").read_bytes().splitlines(keepends=True)
    (run / "observations.jsonl").write_bytes(b"".join(lines[:-1]))


def _sum_up_again(run: Path) -> None:
    (run / "results.json").write_text((run / "results.json").read_text().replace("compliant", "COMPLIANT"))
    names = [line[66:] for line in (run / "SHA256SUMS").read_text().splitlines()]
    done = subprocess.run(["sha256sum", *names], cwd=run, capture_output=True, check=True)
    (run / "SHA256SUMS").write_bytes(done.stdout)


def _another_night_before(run: Path) -> None:
    before = next(path for path in run.parent.iterdir() if path.is_dir() and not path.is_symlink() and path != run)
    (before / "head.json").write_text((before / "head.json").read_text().replace("2026", "2025"))


def _plan_more(run: Path) -> None:
    text = (run / "plan.json").read_text()
    (run / "plan.json").write_text(text.replace('"target": "dept"', '"target": "dept",\n"target": "more"'))


@pytest.mark.parametrize(
    ("change", "notice"),
    [
        (_change_line, {"sums", "chain"}),
        (_drop_last_line, {"sums", "chain"}),
        (_sum_up_again, {"signature"}),
        (lambda run: (run / "inputs.txt").write_text("more"), {"no others"}),
        (lambda run: (run / "report.html").unlink(), {"sums", "no others"}),
        (_another_night_before, {"night"}),
        (_plan_more, {"sums", "planned"}),
    ],
    ids=[
        "line changed",
        "last line dropped",
        "summed up again",
        "file added",
        "file removed",
        "another night before",
        "plan changed",
    ],
)
def test_every_command_notices_what_it_is_for(run: Path, change, notice: set[str]) -> None:
    change(run)
    assert {name for name, commands in CHECKS.items() if sh(commands, run).returncode} == notice


def test_a_signature_by_another_key_is_noticed(run: Path, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    (run / "SHA256SUMS.sig").unlink()
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", tmp_path / "other", "-n", "ordinance", run / "SHA256SUMS"], check=True
    )
    assert (run / "SHA256SUMS.sig").exists(), "it was signed again"
    assert sh(SIGNATURE, run).returncode != 0
