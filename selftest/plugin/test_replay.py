"""Replay: the same records give the same verdicts and the same bytes; anything else is told, and never compliant."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ordinance.errors import OrdinanceError
from ordinance.replay.records import Recorded
from ordinance.replay.sitting import Replay, Terms, free_place
from selftest.plugin.replaying import CONFTEST, FILES, INVENTORY, ROOT, SUITE, audit, copied, project, rechained, replay, run


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A complete, compliant, sealed run in its project folder; not to be changed."""
    folder = project(tmp_path_factory.mktemp("kept") / "project")
    recorded = audit(folder)
    assert recorded.code == 0, recorded.said
    return folder, recorded


@pytest.fixture
def copy(kept, tmp_path):
    """A copy of that run that a test may change, without its seal."""
    folder = copied(kept[1].folder, tmp_path)
    for name in ("SHA256SUMS", "SHA256SUMS.sig", "head.json"):
        (folder / name).unlink()
    return folder


@pytest.mark.parametrize(
    ("sees", "code", "verdict", "words"),
    [
        ("old", 1, "violated", "last changed its password 200 days ago"),
        ("nothing", 6, "unproven", "could not look: nobody is at home (no-answer)"),
        ("defect", 6, "unproven", "the suite failed in itself: KeyError: 'bug'"),
        ("list", 6, "unproven", "not what would be read back"),
        ("secret", 6, "unproven", "it said «secret»"),
    ],
)
def test_whatever_was_seen_is_judged_the_same_on_another_machine(tmp_path, sees, code, verdict, words) -> None:
    recorded = audit(project(tmp_path / "there"), sees=sees)
    assert (recorded.code, recorded.verdicts["dept"]) == (code, verdict), recorded.said
    assert words in "".join(check["reason"] for check in recorded.results["checks"])
    elsewhere = project(tmp_path / "here", inventory="")
    moved = copied(recorded.folder, tmp_path)
    shutil.rmtree(tmp_path / "there")
    again = replay(elsewhere, moved, PYTHONHASHSEED="7", ORDINANCE_POLICY="nowhere")
    assert again.code == code, again.said
    assert "Same verdicts" in again.said
    assert again.files() == {name: (moved / name).read_bytes() for name in FILES}
    assert "tr0ub4dor" not in "".join(path.read_text() for path in moved.rglob("*") if path.is_file())


@pytest.mark.skipif(not shutil.which("unshare"), reason="no unshare(1)")
def test_a_compliant_run_is_replayed_without_any_network(kept) -> None:
    folder, recorded = kept
    before = {path: path.read_bytes() for path in recorded.folder.rglob("*") if path.is_file()}
    again = replay(folder, recorded.folder, prefix=("unshare", "--net", "--map-root-user"))
    assert again.code == 0, again.said
    assert again.files() == recorded.files()
    assert {path: path.read_bytes() for path in recorded.folder.rglob("*") if path.is_file()} == before


def test_the_console_command_replays_with_the_suites_of_the_checkout(kept, tmp_path) -> None:
    command = [sys.executable, "-m", "ordinance", "replay", str(kept[1].folder), "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: (tmp_path / "out" / name).read_bytes() for name in FILES} == kept[1].files()


def test_a_socket_is_refused_during_a_replay(tmp_path) -> None:
    suite = SUITE.replace("    check.settle(", "    import socket; socket.socket().close()\n    check.settle(")
    folder = project(tmp_path / "project", suite=suite)
    recorded = audit(folder)
    assert recorded.code == 0, recorded.said
    again = replay(folder, recorded.folder)
    assert again.code == 7
    assert set(again.verdicts.values()) == {"unproven"}
    assert "a replay looks at nothing, and socket.__new__ was asked for" in again.said


def test_a_stopped_run_stays_stopped(tmp_path) -> None:
    folder = project(tmp_path / "project")
    recorded = audit(folder, "-x", sees="old")
    assert (recorded.code, recorded.verdicts) == (2, {"dept": "violated", "ws1": "not-run"})
    again = replay(folder, recorded.folder)
    assert again.code == 2, again.said
    assert again.files() == recorded.files()


@pytest.mark.parametrize("left", ["no results", "no end", "cut line"])
def test_a_killed_run_is_judged_and_stays_incomplete(kept, copy, left: str) -> None:
    for name in FILES:
        (copy / name).unlink()
    journal = copy / "observations.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    if left != "no results":
        journal.write_bytes(b"".join(lines[:-1]) + (lines[-1][:50] if left == "cut line" else b""))
    again = replay(kept[0], copy)
    assert again.code == 2, again.said
    assert again.results["run"]["headline"] == "incomplete"
    assert set(again.verdicts.values()) == {"compliant"}, "what was seen is judged all the same"
    assert "published no results" in again.results["run"]["incomplete_because"]


def test_results_that_say_otherwise_than_the_records_are_told(kept, copy) -> None:
    rechained(copy, lambda lines: [old_password(line) for line in lines])
    again = replay(kept[0], copy)
    assert again.code == 7, again.said
    assert "10.D/password-age on dept: recorded compliant" in again.said
    assert "recomputed violated (dept: account dana last changed its password 200 days ago" in again.said
    assert "has no seal" in again.said


def old_password(line: dict) -> dict:
    for host in line["details"].get("sighting", {}).get("hosts", []):
        for person in host["people"]:
            person["last_change"] -= 180
    return line


@pytest.mark.parametrize("field", ["unseen", "strange"])
def test_a_sighting_that_cannot_be_read_proves_nothing(kept, copy, field: str) -> None:
    def spoil(lines):
        (host, _) = lines[1]["details"]["sighting"]["hosts"]
        assert host.pop(field, "strange") in ("", "strange")
        host.update({"strange": "yes"} if field == "strange" else {})
        return lines

    rechained(copy, spoil)
    again = replay(kept[0], copy)
    assert again.code == 7, again.said
    assert set(again.verdicts.values()) == {"unproven"}
    assert all("a field of it is missing, strange or in another form" in check["reason"] for check in again.results["checks"])


def test_an_old_run_without_sightings_proves_nothing(kept, copy) -> None:
    rechained(copy, lambda lines: [line for line in lines if line["action"] != "sighting"])
    again = replay(kept[0], copy)
    assert again.code == 7
    assert "holds no sighting of accounts" in again.said
    assert set(again.verdicts.values()) == {"unproven"}


def refused(folder: Path) -> str:
    """Why a replay of the run in `folder` does not begin, as "ErrorName: text"."""
    with pytest.raises(OrdinanceError) as caught:
        Replay.of(Recorded.read(folder), Terms(), folder.parent / "out")
    return f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda lines: [lines[0], lines[1] | {"look": "weather"}, lines[2]],
            "OrdinanceError: o-000002: a sighting of the look 'we",
        ),
        (lambda lines: [*lines[:2], *lines[1:]], "OrdinanceError: o-000003: a second sighting"),
        (lambda lines: [lines[2], *lines[:2]], "NotSound: o-000001: the end of the run is not the last line"),
        (lambda lines: [*lines, lines[2]], "NotSound: o-000003: the end of the run is not the last line"),
        (lambda lines: [*lines[:2], lines[2] | {"details": {}}], "NotSound: o-000003: the end of the run cannot be read"),
    ],
    ids=["unknown look", "twice", "end in the middle", "two ends", "empty end"],
)
def test_a_journal_that_no_run_writes_is_refused(copy, change, words: str) -> None:
    rechained(copy, change)
    assert refused(copy).startswith(words)


def test_a_changed_file_is_refused_before_anything_is_judged(kept, tmp_path) -> None:
    for name in ("inputs/inventory.yml", "results.json", "observations.jsonl"):
        folder = copied(kept[1].folder, tmp_path / name.replace("/", "-"))
        (folder / name).write_bytes((folder / name).read_bytes().replace(b"dept", b"dopt"))
        assert f"{name}: not the file that was sealed" in refused(folder)
    again = replay(kept[0], folder)
    assert (again.code, "not the file that was sealed" in again.said) == (7, True), again.said
    assert not again.folder.exists()


def test_a_broken_chain_is_refused_without_a_seal_too(copy) -> None:
    path = copy / "observations.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"max_days":60', b'"max_days":61'))
    assert "this line does not follow" in refused(copy)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("inputs/inventory.yml", "Testville", "Otherville", "NotSound: "),
        ("plan.json", '"target": "ws1"', '"target": "ws2"', "the plan is not the one that inventory and policy"),
        ("plan.json", '"profile": "default"', '"profile": "strict"', "the plan names strict"),
        ("plan.json", '"started": "2', '"started": "x', "not what a run writes"),
        ("plan.json", '"target": "ws1"', '"turget": "ws1"', "has no control, clause, target or vantage"),
        ("inputs/policy/profiles/default.yml", "name: default", "name: [", "DataError: "),
    ],
)
def test_plan_and_inputs_must_be_of_one_run(copy, name: str, old: str, new: str, words: str) -> None:
    text = (copy / name).read_text()
    assert old in text
    (copy / name).write_text(text.replace(old, new))
    assert words in refused(copy)


@pytest.mark.parametrize("missing", ["plan.json", "observations.jsonl", "inputs", "inputs/policy/controls.yml"])
def test_a_run_that_lacks_something_is_refused(copy, missing: str) -> None:
    path = copy / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert missing in refused(copy)


def test_two_profiles_are_none(copy) -> None:
    (copy / "inputs/policy/profiles/second.yml").write_text("x")
    assert "holds 2 profiles" in refused(copy)


@pytest.fixture
def strictest(tmp_path) -> Path:
    """A profile in a file, under which the passwords of the night last too long."""
    path = tmp_path / "month.yml"
    text = (ROOT / "policy" / "profiles" / "default.yml").read_text()
    path.write_text(text.replace("name: default", "name: month").replace("password_max_days: 90", "password_max_days: 30"))
    return path


def test_an_old_night_is_judged_again_under_another_profile(kept, strictest) -> None:
    folder, recorded = kept
    again = replay(folder, recorded.folder, "--profile", str(strictest))
    assert again.code == 1, again.said
    assert set(again.verdicts.values()) == {"violated"}
    assert "2 checks differ" in again.said
    assert (recorded.folder / "results.json").read_bytes() == recorded.files()["results.json"]
    sentence = "Judged again from the records, under the profile month."
    assert again.results["run"]["judged_again"] == sentence
    assert all(sentence in (again.folder / name).read_text() for name in ("results.json", "report.html"))


def test_an_old_night_is_judged_again_by_another_policy(kept, tmp_path) -> None:
    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policy", policy)
    controls = yaml.safe_load((policy / "controls.yml").read_text())
    (rule,) = (control for control in controls["controls"] if control["id"] == "10.D/password-age")
    rule["compliant_world"] = "Nobody keeps a password."
    (policy / "controls.yml").write_text(yaml.safe_dump(controls, sort_keys=False))
    again = replay(kept[0], kept[1].folder, "--policy", str(policy))
    assert again.code == 0, again.said
    assert {check["compliant_world"] for check in again.results["checks"]} == {"Nobody keeps a password."}
    assert "under the profile default and another policy than that of the run." in again.said


def test_a_run_judged_again_cannot_become_complete(kept, copy, strictest) -> None:
    (copy / "results.json").unlink()
    again = replay(kept[0], copy, "--profile", str(strictest))
    assert (again.code, again.results["run"]["headline"]) == (2, "incomplete")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--inventory", "city.yml", "--control", "10.D/*"), "--inventory, --control cannot be given with --replay"),
        (("--out", "RUN/inputs"), "is the run itself, or within it"),
        (("--profile", "nosuch"), "nosuch"),
        (("-k", "ws1"), "no test verifies it now"),
    ],
)
def test_what_makes_no_sense_with_a_replay_is_refused(kept, words, told: str) -> None:
    folder, recorded = kept
    given = [word.replace("RUN", str(recorded.folder)) for word in words]
    before = sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    code, said = run(folder, "--replay", str(recorded.folder), *given)
    assert code == 4, said
    assert told in said
    assert sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts) == before


def test_what_belongs_to_a_replay_is_refused_in_an_audit(kept) -> None:
    code, said = run(kept[0], "--inventory", "city.yml", "--policy", "elsewhere")
    assert (code, "--policy can be given with --replay alone" in said) == (4, True), said


def test_a_replay_that_is_interrupted_writes_nothing(tmp_path) -> None:
    suite = SUITE + "    import os, pytest\n    if 'REPLAYING' in os.environ: pytest.exit('enough', returncode=0)\n"
    folder = project(tmp_path / "project", suite=suite)
    again = replay(folder, audit(folder).folder)
    assert again.code == 2, again.said
    assert "nothing was written" in again.said
    assert not again.folder.exists()


def test_results_go_beside_the_run_and_never_over_it(kept) -> None:
    folder, recorded = kept
    place = recorded.folder.with_name(f"{recorded.folder.name}-replayed")
    assert free_place(recorded.folder, None) == place
    code, said = run(folder, "--replay", str(folder / "reports" / "latest"), REPLAYING="1")
    assert code == 0, said
    assert (place / "results.json").read_bytes() == recorded.files()["results.json"]
    assert (folder / "reports" / "latest").readlink().name == recorded.folder.name
    assert free_place(recorded.folder, None) == place.with_name(f"{place.name}-2")
    with pytest.raises(OrdinanceError, match="is there already"):
        free_place(recorded.folder, place)


def test_the_inputs_are_kept_byte_for_byte_before_anything_is_seen(kept, tmp_path) -> None:
    inputs = kept[1].folder / "inputs"
    assert (inputs / "inventory.yml").read_text() == INVENTORY
    for name in ("clauses.yml", "controls.yml", "profiles/default.yml"):
        assert (inputs / "policy" / name).read_bytes() == (ROOT / "policy" / name).read_bytes()
    conftest = CONFTEST.replace(
        "    sees =", "    assert list(context.door._shared.journal.path.parent.glob('inputs/*.yml'))\n    sees ="
    )
    assert conftest != CONFTEST
    assert audit(project(tmp_path / "project", conftest=conftest)).code == 0
