"""The audit as pytest sees it: outcomes, exit codes, what is published; nothing that goes wrong ends as compliant.

The suites in here hand in verdicts of their own making; the looks behind the control find no way to their hosts: nothing is sent.
"""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = """
city: {name: Testville, timezone: UTC}
all:
  hosts:
    dept: {accounts: [dana]}
    ws1: {accounts: [dana, eve]}
vantages:
  here: {zone: management}
scope: {allow: [192.0.2.0/24]}
pace: {per_host: 5, total: 20}
"""
LAST_LINE = f"city.yml:{INVENTORY.count(chr(10)) + 1}"
SUITE = """
import pytest
from ordinance.judge.verdict import *
from ordinance.suite import Check, control
E = (Evidence("seen", ("o-000001",)),)
W = (Witness("witnessed", ("o-000001",)),)
GOOD = Compliant("fine", E, W)
BAD = Violated("dana on dept has no maximum age", E)

@control("10.D/password-age")
def test_age(check: Check) -> None:
    '''Passwords are changed.'''
    {body}
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    """Write a suite with this body, run it, and give pytest's result and what was published."""
    monkeypatch.setenv("ORDINANCE_POLICY", str(ROOT / "policy"))
    monkeypatch.delenv("ORDINANCE_LAB", raising=False)

    def run(body: str, *options: str, inventory: str = INVENTORY, control: str = "10.D/*"):
        folder = pytester.mkdir("tests") if not (pytester.path / "tests").exists() else pytester.path / "tests"
        (folder / "test_it.py").write_text(SUITE.format(body=body.replace("\n", "\n    ")))
        (pytester.path / "city.yml").write_text(inventory)
        chosen = ["--control", control] if control else []
        result = pytester.runpytest_subprocess("--inventory", "city.yml", *chosen, *options, "tests", timeout=60)
        return result, published(pytester.path / "reports")

    return run


def published(reports: Path) -> dict:
    path = reports / "latest" / "results.json"
    return json.loads(path.read_text()) if (reports / "latest").is_dir() else {}


def verdicts(results: dict) -> dict[str, str]:
    return {check["target"]: check["verdict"] for check in results["checks"]}


GOOD, BAD = "check.settle(GOOD)", "check.settle(BAD)"


@pytest.mark.parametrize(
    ("body", "code", "dept"),
    [
        (GOOD, 0, "compliant"),
        ("check.settle(BAD if check.target == 'dept' else GOOD)", 1, "violated"),
        ("check.settle(Unproven('no way in') if check.target == 'dept' else GOOD)", 6, "unproven"),
        ("pass", 6, "unproven"),
        ("raise KeyError('bug')", 6, "unproven"),
        ("check.settle(GOOD)\nraise KeyError('bug')", 6, "unproven"),
        ("check.settle(BAD)\nraise KeyError('bug')", 1, "violated"),
        ("check.settle(GOOD)\ncheck.settle(GOOD)", 6, "unproven"),
        ("pytest.skip('not today')", 6, "unproven"),
        ("check.settle(GOOD)\npytest.skip('not today')", 6, "unproven"),
        ("pytest.xfail('known')", 6, "unproven"),
        ("assert False", 6, "unproven"),
        ("check.settle(NotRun())", 6, "unproven"),
        ("try:\n    check.settle(BAD)\nexcept BaseException:\n    pass", 1, "violated"),
        ("check.settle(NotApplicable('nobody here', 'CIO'))", 5, "not-applicable"),
        ("raise KeyboardInterrupt", 2, "not-run"),
        ("pytest.exit('enough')", 2, "not-run"),
    ],
)
def test_whatever_a_test_does_ends_in_its_verdict_and_exit_code(suite, body: str, code: int, dept: str) -> None:
    result, results = suite(body)
    assert result.ret == code, result.stdout.str()
    assert verdicts(results)["dept"] == dept
    assert results["run"]["exit_code"] == code
    assert set(verdicts(results)) == {"dept", "ws1"}


def test_a_stopped_run_is_incomplete_and_keeps_what_it_found(suite) -> None:
    result, results = suite(BAD, "-x")
    assert result.ret == 2
    assert verdicts(results) == {"dept": "violated", "ws1": "not-run"}
    assert results["run"]["status"] == "incomplete"


def test_the_report_is_named_and_there(suite, pytester) -> None:
    result, results = suite(GOOD)
    report = pytester.path / "reports" / results["run"]["id"] / "report.html"
    assert str(report) in result.stdout.str()
    assert "Compliant" in report.read_text()
    assert (report.parent / "junit.xml").is_file()
    assert [row["target"] for row in json.loads((report.parent / "plan.json").read_text())["checks"]] == ["dept", "ws1"]


@pytest.mark.parametrize(
    ("options", "inventory", "control", "code", "told"),
    [
        (("--inventory", "nowhere.yml"), INVENTORY, "10.D/*", 4, "nowhere.yml"),
        ((), INVENTORY + "colour: blue\n", "10.D/*", 4, LAST_LINE),
        ((), INVENTORY + "city: {name: Twice, timezone: UTC}\n", "10.D/*", 4, LAST_LINE),
        ((), "", "10.D/*", 4, "empty"),
        (
            (),
            INVENTORY.replace("    dept: {accounts: [dana]}\n    ws1: {accounts: [dana, eve]}\n", "    {}\n"),
            "10.D/*",
            5,
            "nothing",
        ),
        ((), INVENTORY, "10.Z/*", 5, "10.Z/*"),
        (("--clause", "77"), INVENTORY, "10.D/*", 5, "--clause 77"),
        (("--profile", "nosuch"), INVENTORY, "10.D/*", 4, "nosuch"),
    ],
    ids=[
        "no file",
        "unknown key",
        "duplicate key",
        "empty file",
        "empty inventory",
        "no such control",
        "no such clause",
        "no profile",
    ],
)
def test_what_cannot_be_audited_is_told_and_leaves_no_good_news(suite, pytester, options, inventory, control, code, told) -> None:
    suite(GOOD)
    assert published(pytester.path / "reports")["run"]["headline"] == "compliant"
    result, results = suite(GOOD, *options, inventory=inventory, control=control)
    assert result.ret == code, result.stdout.str() + result.stderr.str()
    assert told.lower() in (result.stdout.str() + result.stderr.str()).lower()
    assert results.get("run", {}).get("headline", "no results") != "compliant"


def test_a_planned_check_without_a_test_is_refused(suite, pytester) -> None:
    pytester.makepyprojecttoml("[tool.pytest]\ntestpaths = ['tests']\n")
    suite(GOOD)
    (pytester.path / "tests" / "test_it.py").write_text("def test_nothing(): pass\n")
    result = pytester.runpytest_subprocess("--inventory", "city.yml", "--control", "10.D/*", timeout=60)
    assert result.ret == 4
    assert "10.D/password-age" in result.stderr.str()


def test_the_plan_is_printed_and_nothing_is_begun(suite, pytester) -> None:
    result, _ = suite(GOOD, "--plan")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*2 checks. Nothing is sent.*", "*10.D/password-age on dept from here*"])
    assert not (pytester.path / "reports").exists()


def test_what_is_not_declared_is_planned_and_unproven(suite) -> None:
    bare = INVENTORY.replace(": {accounts: [dana]}", ": {}").replace("{accounts: [dana, eve]}", "{}")
    result, results = suite(GOOD, inventory=bare)
    assert result.ret == 6
    assert verdicts(results) == {"none declared": "unproven"}


def test_a_decision_that_a_control_does_not_apply_is_told_by_name(suite) -> None:
    decided = INVENTORY + (
        "registers:\n  not_applicable:\n"
        "    - {control: 10.D/password-age, decided_by: Chief Information Officer, reason: single sign-on, until: 2199-01-01}\n"
    )
    result, results = suite("raise KeyError('never run')", inventory=decided)
    assert set(verdicts(results).values()) == {"not-applicable"}
    assert result.ret == 5


def test_the_plugin_sleeps_outside_the_suites(pytester) -> None:
    pytester.makepyfile("def test_plain(): pass")
    result = pytester.runpytest_subprocess(timeout=60)
    assert result.ret == 0
    assert not (pytester.path / "reports").exists()
