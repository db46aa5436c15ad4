"""Where a clause stands: no better than what was looked at, and what somebody states."""

from __future__ import annotations

from datetime import date

import pytest

from ordinance.inventory.model import Attestation
from ordinance.law.model import Clause, Control, Disposition, Law
from ordinance.record.clauses import clause_records
from ordinance.record.model import CheckRecord

TODAY = date(2026, 11, 23)


def law(how: str, *, built: int = 0, later: int = 0, human: str = "") -> Law:
    names = [f"1/c{number}" for number in range(built + later)]
    controls = {
        name: Control(name, "1", "the compliant world", "", "here", "", (), number < built) for number, name in enumerate(names)
    }
    return Law("Policy", {"1": Clause("1", "Title", "Text", Disposition(how), "", tuple(names), human)}, controls)


def check(verdict: str, number: int = 0) -> CheckRecord:
    return CheckRecord(control=f"1/c{number}", clause="1", target="t", vantage="here", verdict=verdict, reason="so")


def attestation(given: date, until: date, clause: str = "1") -> Attestation:
    return Attestation(clause, "Dana", given, "memo", until)


LIVE = attestation(date(2026, 1, 1), TODAY)
EXPIRED = attestation(date(2026, 1, 1), date(2026, 11, 22))
EARLY = attestation(date(2026, 11, 24), date(2027, 1, 1))

CHECKS = [
    (["compliant"], "compliant"),
    (["compliant", "violated", "unproven", "not-run"], "violated"),
    (["compliant", "unproven"], "unproven"),
    (["compliant", "not-run"], "unproven"),
    (["not-run", "not-run"], "not-run"),
    (["compliant", "waived"], "waived"),
    (["compliant", "not-applicable"], "compliant"),
    (["not-applicable"], "not-applicable"),
    (["not-applicable", "unproven"], "unproven"),
]


def standing(law: Law, checks: list[CheckRecord] = [], attestations: tuple[Attestation, ...] = ()) -> str:  # noqa: B006
    return clause_records(law, checks, attestations, TODAY)[0].standing


@pytest.mark.parametrize(("verdicts", "expected"), CHECKS)
def test_the_worst_verdict_is_the_standing(verdicts: list[str], expected: str):
    assert standing(law("tested", built=1), [check(verdict) for verdict in verdicts]) == expected


@pytest.mark.parametrize(
    ("built", "later", "made", "expected"),
    [(2, 0, 2, "compliant"), (2, 1, 2, "compliant-in-part"), (2, 0, 1, "compliant-in-part")],
    ids=["everything", "one control is not built", "one control was not selected"],
)
def test_compliant_needs_every_control(built: int, later: int, made: int, expected: str):
    checks = [check("compliant", number) for number in range(made)]
    assert standing(law("tested", built=built, later=later), checks) == expected


def test_compliant_needs_every_target_of_a_control():
    records = clause_records(law("tested", built=1), [check("compliant")], (), TODAY, left_out={"1/c0"})
    assert records[0].standing == "compliant-in-part"


@pytest.mark.parametrize(
    ("register", "expected"), [((), "compliant-in-part"), ((EXPIRED,), "compliant-in-part"), ((LIVE,), "compliant")]
)
def test_the_human_part_must_be_attested(register: tuple[Attestation, ...], expected: str):
    assert standing(law("tested", built=1, human="that nobody tells"), [check("compliant")], register) == expected


@pytest.mark.parametrize(
    ("register", "expected"),
    [
        ((LIVE,), "attested"), ((), "unproven"), ((EXPIRED,), "unproven"), ((EARLY,), "unproven"), ((EXPIRED, LIVE), "attested"),
        ((attestation(date(2026, 1, 1), TODAY, "1.A"),), "unproven"), ((attestation(TODAY, TODAY),), "attested"),
    ],
    ids=["live", "missing", "expired", "not yet", "renewed", "of another clause", "its only day"],
)  # fmt: skip
def test_an_attested_clause_needs_an_attestation_in_force(register: tuple[Attestation, ...], expected: str):
    assert standing(law("attested"), attestations=register) == expected


def test_an_expired_attestation_is_shown_as_such():
    record = clause_records(law("attested"), [], (EXPIRED,), TODAY)[0]
    assert record.attestation == {
        "by": "Dana", "on": "2026-01-01", "reference": "memo", "until": "2026-11-22", "state": "not in force",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (law("tested", later=2), "not-covered-yet"),
        (law("tested", built=1), "not-selected"),
        (law("not-testable"), "not-testable"),
    ],
    ids=["nothing built", "nothing selected", "not testable"],
)
def test_a_clause_without_checks_is_never_compliant(policy: Law, expected: str):
    assert standing(policy) == expected


def test_a_check_on_an_attested_clause_outweighs_the_attestation():
    assert standing(law("attested", built=1), [check("violated")], (LIVE,)) == "violated"
