"""The audit as pytest sees it: outcomes, exit codes, what is published; nothing that goes wrong ends as compliant.

The suites in here hand in verdicts of their own making; the looks behind the control find no way to their hosts: nothing is sent.
"""

import json
from importlib.util import find_spec
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
from ordinance.underway import AUDIT
from ordinance.suite import Check, NotProven, PolicyBroken, control

@pytest.fixture
def seen(request) -> str:
    '''Journal id of something that was really recorded, as a look would.'''
    return request.config.stash[AUDIT].journal.record(
        look="accounts", vantage="here", target="dept", action="ssh-exec", started="2026-11-23T00:00:00.000Z",
        monotonic=0.0, seconds=0.1, outcome="ok", seen="dana",
    )

@control("10.D/password-age")
def test_age(check: Check, seen: str, request) -> None:
    '''Passwords are changed.'''
    E, W = (Evidence("seen", (seen,)),), (Witness("witnessed", (seen,)),)
    GOOD, BAD = Compliant("fine", E, W), Violated("dana on dept has no maximum age", E)
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
        ("check.settle(GOOD)\nraise NotProven('after all not')", 6, "unproven"),
        ("check.settle(GOOD)\nraise PolicyBroken('after all not')", 6, "unproven"),
        ("check.settle(GOOD)\nrequest.addfinalizer(lambda: 1 / 0)", 6, "unproven"),
        ("check.settle(Compliant('fine', (Evidence('seen', ('o-009999',)),), W))", 6, "unproven"),
        ("check.settle(Compliant('fine', E, (Witness('witnessed', (seen, 'o-009999')),)))", 6, "unproven"),
        ("pytest.skip('not today')", 6, "unproven"),
        ("check.settle(GOOD)\npytest.skip('not today')", 6, "unproven"),
        ("pytest.xfail('known')", 6, "unproven"),
        ("assert False", 6, "unproven"),
        ("check.settle(NotRun())", 6, "unproven"),
        ("try:\n    check.settle(BAD)\nexcept BaseException:\n    pass", 1, "violated"),
        ("check.settle(NotApplicable('nobody here', 'CIO'))", 5, "not-applicable"),
        ("raise KeyboardInterrupt", 2, "not-run"),
        ("pytest.exit('enough')", 2, "not-run"),
        ("pytest.exit('enough', returncode=0)", 2, "not-run"),
    ],
)
def test_whatever_a_test_does_ends_in_its_verdict_and_exit_code(suite, body: str, code: int, dept: str) -> None:
    result, results = suite(body)
    assert result.ret == code, result.stdout.str()
    assert verdicts(results)["dept"] == dept
    assert results["run"]["exit_code"] == code
    assert set(verdicts(results)) == {"dept", "ws1"}


@pytest.mark.parametrize("end", ["raise KeyboardInterrupt", "pytest.exit('enough')"])
def test_an_interruption_is_told_without_reading_the_source_of_every_frame(suite, pytester, end: str) -> None:
    """That takes pytest a second, before which nothing is published."""
    spy = "import pathlib, _pytest._code.code as code\ncode.TracebackEntry.getsource = lambda *_: pathlib.Path('read').touch()\n"
    result, results = suite(spy + end)
    assert (result.ret, results["run"]["headline"]) == (2, "incomplete"), result.stdout.str()
    assert not (pytester.path / "read").exists()
    result.stdout.fnmatch_lines(["*!!! *"])


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


def test_a_control_that_the_policy_does_not_have_is_told_even_beside_a_sound_test(suite, pytester) -> None:
    pytester.mkdir("tests")
    (pytester.path / "tests" / "test_typo.py").write_text(
        "from ordinance.suite import control\n@control('10.D/pasword-age')\ndef test_age(check): pass\n"
    )
    run, results = suite(GOOD)
    assert run.ret == 2
    assert set(verdicts(results).values()) == {"not-run"}
    assert "policy/controls.yml has no control '10.D/pasword-age'" in run.stdout.str() + run.stderr.str()


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


def test_a_run_that_was_left_after_its_last_verdict_is_incomplete(suite) -> None:
    result, results = suite("check.settle(GOOD)\nif check.target == 'ws1': pytest.exit('enough', returncode=0)")
    assert result.ret == 2
    assert results["run"]["headline"] == "incomplete"


def test_a_secret_that_a_peer_says_back_stands_in_no_report(suite, pytester, monkeypatch) -> None:
    monkeypatch.setenv("HUSH", "tr0ub4dor-and-3")
    body = (
        "from ordinance.inventory.model import SecretRef\n"
        "audit = request.config.stash[AUDIT]\n"
        "word = audit._context('accounts').door.secret(SecretRef('env', 'HUSH'))\n"
        "if check.target == 'ws1': raise KeyError(f'bad {str(word)}')\n"
        "check.settle(Violated(f'it said {str(word)}', (Evidence(f'heard {str(word)}', (seen,)),)))"
    )
    result, results = suite(body)
    assert verdicts(results) == {"dept": "violated", "ws1": "unproven"}
    folder = pytester.path / "reports" / results["run"]["id"]
    assert not [path.name for path in folder.rglob("*") if path.is_file() and b"tr0ub4dor" in path.read_bytes()]
    assert "tr0ub4dor" not in result.stdout.str() + result.stderr.str()


def test_the_kill_switch_is_a_file_in_the_reports_folder_of_the_run(suite, pytester) -> None:
    body = (
        "audit = request.config.stash[AUDIT]\n"
        "door = audit._context('accounts').door._shared\n"
        "if check.target == 'ws1': (audit.folder.reports / 'STOP').touch()\n"
        "door.gate.switch.check()\n"
        "check.settle(GOOD)"
    )
    result, _ = suite(body, "--reports", "elsewhere")
    assert result.ret == 2
    results = published(pytester.path / "elsewhere")
    assert "STOP is there" in results["run"]["incomplete_because"]
    assert verdicts(results) == {"dept": "compliant", "ws1": "unproven"}
    assert "kill switch" in "".join(check["reason"] for check in results["checks"])


def test_a_kill_switch_that_is_there_before_the_run_lets_nothing_begin(suite, pytester) -> None:
    reports = pytester.mkdir("reports")
    (reports / "STOP").touch()
    result, results = suite(GOOD)
    assert result.ret == 2
    assert "STOP is there" in results["run"]["incomplete_because"]
    assert set(verdicts(results).values()) == {"not-run"}


def test_a_failing_test_of_no_control_leaves_no_good_news(suite, pytester) -> None:
    pytester.mkdir("tests").joinpath("test_plain.py").write_text("def test_plain(): assert False\n")
    result, results = suite(GOOD)
    assert result.ret == 2
    assert "test_plain" in results["run"]["incomplete_because"]


def test_a_test_file_that_cannot_be_read_is_told_and_nothing_is_begun(suite, pytester) -> None:
    pytester.mkdir("tests").joinpath("test_broken.py").write_text("import no_such_module_anywhere\n")
    for option in ((), ("--continue-on-collection-errors",)):
        result, results = suite(GOOD, *option)
        assert result.ret == 2
        assert "no_such_module_anywhere" in result.stdout.str()
        assert set(verdicts(results).values()) == {"not-run"}


@pytest.mark.parametrize(
    "option",
    [("--deselect", "tests/test_it.py::test_age[ws1]"), ("-k", "dept"), ("--lf",)],
    ids=lambda option: option[0],
)
def test_a_narrowed_run_says_by_what(suite, option) -> None:
    suite("check.settle(BAD if check.target == 'dept' else GOOD)")
    result, results = suite(GOOD, *option, control="")
    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    assert verdicts(results) == {"dept": "compliant"}
    assert option[0] in results["run"]["selection"]
    assert "1 selected check" in result.stdout.str()
    (clause,) = (clause for clause in results["clauses"] if clause["id"] == "10.D")
    assert clause["standing"] != "compliant"


def test_a_left_out_file_is_told(suite, pytester) -> None:
    pytester.mkdir("tests").joinpath("test_more.py").write_text("def test_plain(): pass\n")
    result, _ = suite(GOOD, "--ignore", "tests/test_it.py", control="10.D/*")
    assert result.ret == 5
    assert "--ignore" in result.stdout.str()


@pytest.mark.parametrize("place", ["tests", "tests/", ".", "tests/test_it.py"])
def test_a_place_that_leaves_nothing_out_is_no_selection(suite, pytester, place: str) -> None:
    suite(GOOD)
    result = pytester.runpytest_subprocess("--inventory", "city.yml", "--clause", "10.D", place, timeout=60)
    assert result.ret == 0, result.stdout.str()
    assert published(pytester.path / "reports")["run"]["selection"] == "--clause 10.D"


@pytest.mark.parametrize("option", ["--fixtures", "--fixtures-per-test", "--collect-only", "--cache-show", "--setup-plan"])
def test_asking_pytest_about_the_suite_begins_no_run(suite, pytester, option: str) -> None:
    _, before = suite(GOOD)
    suite(GOOD, option)
    assert published(pytester.path / "reports") == before


def test_workers_are_refused(suite, pytester) -> None:
    if find_spec("xdist") is None:  # as pytest-xdist names its options
        pytester.makeconftest(
            "def pytest_addoption(parser):\n"
            "    parser.getgroup('xdist')._addoption('-n', '--numprocesses', dest='numprocesses', type=int)\n"
        )
    result, results = suite(GOOD, "-n", "2")
    assert result.ret == 4
    assert "leave out -n" in result.stderr.str()
    assert results == {}
    assert not (pytester.path / "reports").exists()


def test_a_plan_that_cannot_be_written_ends_incomplete(suite, pytester) -> None:
    pytester.makeconftest(
        "import pytest\nfrom ordinance.underway import AUDIT\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtestloop(session):\n"
        "    session.config.stash[AUDIT].folder.path.joinpath('plan.json').mkdir()\n"
    )
    result, results = suite(GOOD)
    assert result.ret == 2
    assert "plan.json" in result.stdout.str()
    assert set(verdicts(results).values()) == {"not-run"}


def test_a_look_for_a_decided_control_is_not_in_the_plan(suite) -> None:
    decided = INVENTORY.replace(
        "dept: {accounts",
        "dept: {ansible_host: 192.0.2.9, ansible_user: x, ssh_key: env:K, "
        "host_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHGWBIbzVpncKZ7IO7bkz5BkWF3j4+GIpSGhJPlePRx], accounts",
    )
    result, _ = suite(GOOD, "--plan", inventory=decided)
    assert "192.0.2.9" in result.stdout.str()
    decided += (
        "registers:\n  not_applicable:\n"
        "    - {control: 10.D/password-age, decided_by: Chief Information Officer, reason: single sign-on, until: 2199-01-01}\n"
    )
    result, _ = suite(GOOD, "--plan", inventory=decided)
    assert "192.0.2.9" not in result.stdout.str()


def test_the_plugin_sleeps_outside_the_suites(pytester) -> None:
    pytester.makepyfile("def test_plain(): pass")
    result = pytester.runpytest_subprocess(timeout=60)
    assert result.ret == 0
    assert not (pytester.path / "reports").exists()
