"""`ordinance verify RUN`: what is sound is said to be, and what is not is told in one sentence with file and line."""

# ruff: noqa: E501 - a case is a line
from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ordinance.audit import Brief
from ordinance.cli import main
from ordinance.record.signer import VARIABLE, key_path
from selftest.record.forging import OTHER_KEY, change_json, lines_of, sign_again, sum_up, write_chain
from selftest.record.nights_made import FIRST, begin, end, make_night


def test_a_sound_run_is_told_with_who_signed_and_what_it_says(run: Path, nights: list[Path], capsys) -> None:
    assert main(["verify", str(run)]) == 0
    key = subprocess.run(
        ["ssh-keygen", "-lf", key_path()], capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()[1]
    assert capsys.readouterr().out == (
        f"{run}: sound; signed with {key}; 12 records, 2 of 2 planned checks reported; it says: compliant; follows {nights[0].name}\n"
    )


def test_every_night_is_told(reports: Path, nights: list[Path], capsys) -> None:
    assert main(["verify", str(reports)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in out] == [str(night) for night in nights]
    assert [line.rpartition("; ")[2] for line in out] == [
        "names no run before it",
        *(f"follows {night.name}" for night in nights[:2]),
    ]


@pytest.mark.parametrize("name", ["latest", "latest/", "latest/."])
def test_the_latest_run_is_verified_by_that_name(reports: Path, name: str) -> None:
    assert main(["verify", str(reports / name)]) == 0


def test_an_incomplete_run_is_sound_evidence_of_an_incomplete_run(brief: Brief, tmp_path: Path, capsys) -> None:
    audit = begin(brief, tmp_path, FIRST)
    end(audit, stopped="somebody pulled the plug")
    assert main(["verify", str(audit.folder.path)]) == 0
    assert "it says: incomplete (somebody pulled the plug)" in capsys.readouterr().out


def test_a_run_that_saw_nothing_is_sound(brief: Brief, tmp_path: Path) -> None:
    assert main(["verify", str(make_night(brief, tmp_path, records=0))]) == 0


def test_a_journal_cut_within_a_line_nobody_acknowledged_is_sound_as_it_was_sealed(brief: Brief, tmp_path: Path) -> None:
    audit = begin(brief, tmp_path, FIRST)
    with audit.folder.journal.open("ab") as stream:
        stream.write(b'{"id":"o-0000')
    audit.journal._fault = "the disk is full"
    end(audit)
    assert (audit.folder.path / "observations.jsonl").read_bytes().endswith(b'{"id":"o-0000')
    assert main(["verify", str(audit.folder.path)]) == 0


def edit(name: str, old: bytes, new: bytes) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        data = (run / name).read_bytes()
        assert old in data
        (run / name).write_bytes(data.replace(old, new, 1))

    return change


def cut(name: str, keep: int) -> Callable[[Path], object]:
    return lambda run: (run / name).write_bytes(b"".join(lines_of(run / name)[:keep]))


def more(run: Path) -> None:
    """One line more, that follows the last one."""
    journal, lines = run / "observations.jsonl", lines_of(run / "observations.jsonl")
    head, results = (run / "head.json").read_bytes(), (run / "results.json").read_bytes()
    write_chain(run, [*lines, lines[-1]])
    (run / "head.json").write_bytes(head)
    (run / "results.json").write_bytes(results)
    assert len(lines_of(journal)) == 13


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (edit("observations.jsonl", b"dept-4", b"dept-5"), "observations.jsonl:6: this line does not follow line 5: one of the two was changed"),
        (edit("observations.jsonl", b'"action":"end"', b'"action":"eend"'), "observations.jsonl:12: this last line is not the one that head.json names"),
        (cut("observations.jsonl", 9), "observations.jsonl:9: the journal ends here, after 9 of 12 lines: the rest was cut off"),
        (cut("observations.jsonl", 0), "observations.jsonl:0: the journal ends here, after 0 of 12 lines"),
        (more, "observations.jsonl:13: the journal ended before this line: what follows was added"),
        (lambda run: write_chain(run, lines_of(run / "observations.jsonl")[1:]), "head.json: not the file that was sealed; its hash is not that of SHA256SUMS:2"),
        (edit("results.json", b"compliant", b"Compliant"), "results.json: not the file that was sealed; its hash is not that of SHA256SUMS:"),
        (edit("inputs/inventory.yml", b"eve", b"eva"), "inputs/inventory.yml: not the file that was sealed"),
        (lambda run: (run / "report.html").unlink(), r"SHA256SUMS:\d+: lists report.html, which is missing"),
        (lambda run: (run / "head.json").unlink(), "SHA256SUMS:2: lists head.json, which is missing"),
        (lambda run: (run / "results.json").unlink(), r"SHA256SUMS:\d+: lists results.json, which is missing"),
        (lambda run: (run / "notes.txt").write_text("hm"), "notes.txt: stands in no line of SHA256SUMS: it was put there"),
        (lambda run: (run / "inputs" / "policy" / "more.yml").write_text(""), "inputs/policy/more.yml: stands in no line of SHA256SUMS"),
        (lambda run: (run / "link").symlink_to("/etc/passwd"), "link: not a file of its own"),
        (lambda run: ((run / "inputs").rename(run.parent / "away"), (run / "inputs").symlink_to("../away")), "inputs: not a file of its own"),
        (edit("SHA256SUMS", b"head", b"hand"), r"SHA256SUMS.sig: not a signature of SHA256SUMS: it was made over something else; \S*head.json: stands in no line"),
        (cut("SHA256SUMS", 2), "SHA256SUMS.sig: not a signature of SHA256SUMS: it was made over something else; "),
        (edit("SHA256SUMS.sig", b"U1NI", b"V1NI"), "SHA256SUMS.sig: not a signature of SHA256SUMS: it is not an armored SSH signature"),
        (lambda run: (run / "SHA256SUMS.sig").unlink(), "SHA256SUMS.sig: is missing: the run was never signed, or its signature was taken away"),
        (lambda run: (run / "SHA256SUMS").unlink(), "SHA256SUMS: is missing: the run was never sealed, or its seal was taken away"),
        (lambda run: [path.unlink() for path in (run / "SHA256SUMS", run / "results.json")], "has neither results.json nor SHA256SUMS: the run has not ended"),
        (lambda run: sign_again(run, OTHER_KEY), "SHA256SUMS.sig: signed with the key SHA256:.*, which may not sign; allowed: SHA256:"),
        (lambda run: (change_json(run, "results.json", lambda results: results["checks"].pop()), sum_up(run)), "SHA256SUMS.sig: not a signature of SHA256SUMS: it was made over something else$"),
    ],
    ids=itertools.count(1),
)  # fmt: skip
def test_what_was_done_to_a_run_is_told_with_its_place(run: Path, told, change, sentence: str) -> None:
    change(run)
    assert re.search(f"^{re.escape(str(run))}(/|: ){sentence}", told(run))


def test_what_a_file_says_moves_no_cursor(run: Path, told) -> None:
    (run / "\x1b[2Jboo").write_text("")
    assert "\\x1b[2Jboo: stands in no line" in told(run)


def test_an_allowed_signers_file_says_who_may_sign(run: Path, tmp_path: Path, monkeypatch, capsys, told) -> None:
    (tmp_path / "allowed").write_text(f"ordinance {key_path().with_suffix('.pub').read_text()}")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True, timeout=30)
    (tmp_path / "others").write_text(f"ordinance {(tmp_path / 'other.pub').read_text()}")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    assert main(["verify", str(run), "--signers", str(tmp_path / "allowed")]) == 0, "without the private key, as an auditor does"
    assert "which may not sign" in told(run, "--signers", str(tmp_path / "others"))
    assert main(["verify", str(run)]) == 4
    assert "there is no signing key" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["nothing", "file", "empty folder", "no signers"])
def test_what_cannot_be_verified_is_a_mistake_of_usage(run: Path, tmp_path: Path, what: str, capsys) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty folder").mkdir()
    options = ["--signers", str(tmp_path / "none")] if what == "no signers" else []
    assert main(["verify", str(run if options else tmp_path / what), *options]) == 4
    assert capsys.readouterr().err.startswith("ordinance: ")


@pytest.mark.parametrize("records", [500, 2_000])
def test_verifying_reads_every_file_no_more_than_a_few_times(brief: Brief, tmp_path: Path, records: int) -> None:
    """Bytes that were read for each byte there is: the same for a short journal and for one four times as long."""
    run = make_night(brief, tmp_path, records=records)
    size = sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
    main(["verify", str(run)])
    before = _bytes_read()
    assert main(["verify", str(run)]) == 0
    assert 1 <= (_bytes_read() - before) / size <= 3


def _bytes_read() -> int:
    """By this process so far (proc(5), `rchar`)."""
    return int(re.findall(r"^rchar: (\d+)$", Path("/proc/self/io").read_text(), re.M)[0])
