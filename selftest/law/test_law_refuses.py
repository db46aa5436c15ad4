"""A policy that does not fit together is refused: file, line, what is wrong, what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordinance.errors import DataError
from ordinance.law.load import load_law, load_profile

PROFILES = Path(__file__).resolve().parents[2] / "policy/profiles"

CLAUSES = """\
title: T
clauses:
  - id: "1"
    title: A
    disposition: attested
    why: No system shows it.
    text: >-
      First words.

      Second words.
  - id: 9.A.1
    title: B
    disposition: tested
    text: Telnet.
    controls: [9.A.1/telnet]
"""
CONTROLS = """\
controls:
  - id: 9.A.1/telnet
    clause: 9.A.1
    compliant_world: No telnet.
    witness: The echo answers.
    vantage: outside
    covered: true
    targets: public-groups
    looks: [guarded-ports]
"""


def _policy(folder: Path, clauses: str = CLAUSES, controls: str = CONTROLS) -> Path:
    (folder / "clauses.yml").write_text(clauses)
    (folder / "controls.yml").write_text(controls)
    return folder


def test_a_policy_that_fits_together_is_read(tmp_path: Path) -> None:
    law = load_law(_policy(tmp_path))
    assert law.clauses["1"].text == "First words.\nSecond words."
    assert law.controls["9.A.1/telnet"].looks == ("guarded-ports",)


# which file, old, new, line, what, right
FAULTS = {
    "unknown key": ("clauses", "    title: A", "    titel: A", 4, 'unknown key "titel"', '"title"?'),
    "clause number": ("clauses", "id: 9.A.1\n", "id: 9-A-1\n", 11, "is not the number of a clause", "as 9.A.1"),
    "number unquoted": ("clauses", 'id: "1"', "id: 1", 3, "expected text, got a whole number", "in quotes"),
    "disposition": ("clauses", "disposition: tested", "disposition: test", 13, "not one of the words", "tested or attested"),
    "clause twice": ("clauses", 'id: "1"', "id: 9.A.1", 11, "9.A.1 stands twice", "keep one"),
    "no reason": ("clauses", "    why: No system shows it.\n", "", 5, "is attested without a reason", "write why"),
    "attested with controls": (
        "clauses",
        "disposition: tested",
        "disposition: attested\n    why: X.",
        16,
        "but has controls",
        "tested",
    ),
    "tested by nothing": ("clauses", "    controls: [9.A.1/telnet]\n", "", 13, "is tested by no control", "list its controls"),
    "tested with a why": (
        "clauses",
        "    text: Telnet.",
        "    why: X.\n    text: T",
        14,
        "the clause 9.A.1 is tested",
        "human_part",
    ),
    "human part of attested": ("clauses", "    why: No", "    human_part: X.\n    why: No", 6, "is not tested", "write why"),
    "control unknown": ("clauses", "[9.A.1/telnet]", "[9.A.1/telnet, 9.A.1/ftp]", 15, "no control 9.A.1/ftp", "controls.yml"),
    "control not listed": ("clauses", "[9.A.1/telnet]", "[9.A.1/ftp]", 2, "does not list 9.A.1/telnet", "list it there"),
    "no clause": ("controls", "clause: 9.A.1", "clause: 9.A.7", 3, "no clause 9.A.7", "clauses.yml"),
    "clause of another": ("controls", "clause: 9.A.1", 'clause: "1"', 3, "belongs to another clause", "write 9.A.1"),
    "not a sentence": ("controls", "No telnet.", "no telnet", 4, "not a sentence", "full stop"),
    "covered without looks": ("controls", "    looks: [guarded-ports]\n", "", 7, "names no targets or no looks", "name both"),
    "not covered with looks": ("controls", "covered: true", "covered: false", 7, "not covered but names", "leave both out"),
    "a look twice": ("controls", "[guarded-ports]", "[guarded-ports, guarded-ports]", 9, "names a look twice", "once"),
    "covered in words": ("controls", "covered: true", "covered: yes", 7, "`yes` is a boolean to some", "write true"),
    "control name": ("controls", "id: 9.A.1/telnet", "id: telnet", 2, "is not the name of a control", "CLAUSE/slug"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_policy_that_does_not_fit_is_refused(tmp_path: Path, fault: str) -> None:
    which, old, new, line, what, right = FAULTS[fault]
    _policy(tmp_path)
    path = tmp_path / f"{which}.yml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    with pytest.raises(DataError) as caught:
        load_law(tmp_path)
    assert any(what in problem.what and right in problem.right and problem.line == line for problem in caught.value.problems), (
        str(caught.value)
    )


def test_problems_of_both_files_come_at_once(tmp_path: Path) -> None:
    _policy(tmp_path, CLAUSES.replace("title: T", "titel: T"), CONTROLS.replace("vantage", "vantege"))
    with pytest.raises(DataError) as caught:
        load_law(tmp_path)
    assert {Path(problem.file).name for problem in caught.value.problems} == {"clauses.yml", "controls.yml"}


def test_a_policy_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"clauses\.yml: cannot be read"):
        load_law(tmp_path)


# old, new, what, right
PROFILE_FAULTS = {
    "reading": ("public_web: allowed", "public_web: alowed", "not one of the words", 'did you mean "allowed"?'),
    "port": ("telnet_tcp_ports: [23, 992]", "telnet_tcp_ports: [23, 0]", "expected int >= 1", "1 to 65535"),
    "size in words": ("message_size_max: 10485760", "message_size_max: 10 MiB", "expected a whole number, got text", "1 or more"),
    "size with groups": ("message_size_max: 10485760", "message_size_max: 10_485_760", "readers take differently", "decimal"),
    "no days": ("password_max_days: 90\n", "", 'the key "password_max_days" is missing', "a number of days"),
    "generous bound": ("miss_bound: 1e-4", "miss_bound: 0.01", "expected float <= 0.0001", "at most 1e-4"),
    "bound of nothing": ("miss_bound: 1e-4", "miss_bound: 0", "expected float > 0", "above 0"),
    "unknown parameter": (
        "retention_days",
        "retention_day: 3\nretention_days",
        'unknown key "retention_day"',
        '"retention_days"?',
    ),
}


@pytest.mark.parametrize(("old", "new", "what", "right"), PROFILE_FAULTS.values(), ids=PROFILE_FAULTS)
def test_a_wrong_profile_is_refused(tmp_path: Path, old: str, new: str, what: str, right: str) -> None:
    text = (PROFILES / "default.yml").read_text()
    assert text.count(old) == 1
    path = tmp_path / "mine.yml"
    path.write_text(text.replace(old, new))
    with pytest.raises(DataError) as caught:
        load_profile(path)
    (problem,) = caught.value.problems
    assert problem.line > 0
    assert what in problem.what
    assert right in problem.right


def test_a_profile_is_read_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text((PROFILES / "default.yml").read_text().replace("password_max_days: 90", "password_max_days: 30"))
    assert load_profile(path).password_max_days == 30


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(DataError, match='no profile is named "defualt"; did you mean "default"'):
        load_profile("defualt")


def test_a_profile_calls_itself_what_its_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/other.yml").write_text((PROFILES / "default.yml").read_text())
    with pytest.raises(DataError, match='calls itself "default"; write name: other'):
        load_profile("other", tmp_path)
