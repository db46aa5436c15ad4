"""The results of a run: planned is reported, whatever happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from ordinance.errors import OrdinanceError
from ordinance.judge.verdict import Evidence, Verdict, Waived
from ordinance.record.results import build_plan, build_results, encode, read_results
from selftest.report import sample


def build(verdicts: dict[tuple[str, str], Verdict], facts=None, **changes):
    rows = [planned for planned, _ in sample.checks()]
    arguments = {"law": sample.LAW, "profile": sample.PROFILE, "inventory": sample.INVENTORY, "plan": rows} | changes
    return build_results(facts or sample.facts(), verdicts=verdicts, **arguments)


def waiver(until: date) -> Waived:
    return Waived("open, authorised", "Robin", until, (Evidence("open", ("o-000001",)),))


def test_every_verdict_arrives_with_its_reason_and_evidence():
    results = sample.make().results
    assert [check.verdict for check in results.checks] == [verdict.state.value for _, verdict in sample.checks()]
    assert results.run.counts == {
        "compliant": 2, "violated": 2, "unproven": 2, "not-applicable": 1, "waived": 1, "not-run": 1,
    }  # fmt: skip
    telnet = next(check for check in results.checks if check.control == "9.A.1/telnet-blocked")
    assert telnet.compliant_world == "No public address lets telnet through, over IPv4 or IPv6."
    assert [(piece.witness, piece.observations) for piece in telnet.evidence] == [(False, ["o-000003"]), (True, ["o-000001"])]
    assert (results.run.headline, results.run.exit_code, results.run.status) == ("violated", 1, "complete")
    assert (results.run.controls_covered, results.run.controls_in_policy) == (8, 12)


def test_no_verdict_means_not_run():
    results = build({})
    assert {check.verdict for check in results.checks} == {"not-run"}
    assert len(results.checks) == results.run.planned == 9
    assert (results.run.headline, results.run.exit_code) == ("unproven", 6)


def test_an_interrupted_run_is_incomplete_and_lists_its_violations():
    results = sample.make(stopped="interrupted by the keyboard").results
    assert (results.run.headline, results.run.exit_code, results.run.status) == ("incomplete", 2, "incomplete")
    assert results.run.counts["violated"] == 2
    assert results.run.valid_until == ""


def test_everything_compliant_is_zero():
    run = sample.compliant().results.run
    assert (run.headline, run.exit_code) == ("compliant", 0)


def test_an_empty_plan_is_nothing_to_check():
    run = build({}, plan=[]).run
    assert (run.headline, run.exit_code, run.valid_until) == ("nothing-to-check", 5, "")


def test_a_verdict_that_was_not_planned_is_a_defect():
    with pytest.raises(ValueError, match="not planned"):
        build({("9.A.1/telnet-blocked", "elsewhere"): sample.checks()[0][1]})


def test_a_check_planned_twice_is_a_defect():
    rows = [planned for planned, _ in sample.checks()]
    with pytest.raises(ValueError, match="twice"):
        build({}, plan=[*rows, rows[0]])


@pytest.mark.parametrize(("until", "verdict"), [(date(2026, 11, 23), "waived"), (date(2026, 11, 22), "violated")])
def test_a_waiver_holds_through_its_last_day_in_the_city(until: date, verdict: str):
    results = build({("9.A.1/ftp-blocked", "public-ipv4"): waiver(until)})
    check = next(check for check in results.checks if check.control == "9.A.1/ftp-blocked")
    assert check.verdict == verdict
    assert ("ended on 2026-11-22" in check.reason) == (verdict == "violated")


def test_the_city_day_is_not_the_utc_day():
    late = replace(sample.facts(), started=sample.STARTED + timedelta(hours=5))  # 24 November in UTC, still the 23rd there
    results = build({("9.A.1/ftp-blocked", "public-ipv4"): waiver(date(2026, 11, 23))}, late)
    assert results.run.counts["waived"] == 1


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (date(2026, 12, 31), "2026-11-24T20:16:47.250Z"),  # a day after the end
        (date(2026, 11, 23), "2026-11-24T08:00:00.000Z"),  # midnight in Los Angeles, when the waiver's last day ends
    ],
)
def test_results_are_valid_for_a_day_or_until_what_they_rest_on_ends(until: date, expected: str):
    assert build({("9.A.1/ftp-blocked", "public-ipv4"): waiver(until)}).run.valid_until == expected


def test_an_attestation_that_ends_tonight_ends_the_validity():
    registers = replace(sample.INVENTORY.registers, attestations=(replace(sample.ATTESTATIONS[0], until=date(2026, 11, 23)),))
    run = build({}, inventory=replace(sample.INVENTORY, registers=registers)).run
    assert run.valid_until == "2026-11-24T08:00:00.000Z"


def test_a_missing_attestation_changes_no_exit_code():
    bare = replace(sample.INVENTORY, registers=replace(sample.INVENTORY.registers, attestations=()))
    good = sample.compliant().results
    rows = [planned for planned, _ in sample.checks()]
    verdict = sample.checks()[0][1]
    results = build({planned.key: verdict for planned in rows}, inventory=bare)
    assert (results.run.exit_code, good.run.exit_code) == (0, 0)
    assert {clause.standing for clause in results.clauses if clause.disposition == "attested"} == {"unproven"}


@pytest.mark.parametrize(("choice", "words"), [("allowed", "is allowed"), ("violation", "Read strictly")])
def test_readings_follow_the_profile(choice: str, words: str):
    profile = replace(sample.PROFILE, public_web=choice, public_dns=choice)
    first, second, *_ = build({}, profile=profile).run.readings
    assert words in first and words in second


def test_scope_and_vantages_are_told():
    run = build({}).run
    assert run.scope == ["198.51.100.0/28", "2001:db8:100::/48", "never 198.51.100.14/32"]
    assert run.vantages[0] == {"name": "outside", "zone": "outside", "host": "outside"}
    assert run.parameters["telnet_tcp_ports"] == [23, 992] and "name" not in run.parameters


def test_results_are_read_back_as_they_were_written(tmp_path: Path):
    results = sample.make().results
    (tmp_path / "results.json").write_bytes(encode(results))
    assert read_results(tmp_path / "results.json") == results


@pytest.mark.parametrize("content", [None, b"", b"{}", b"INCOMPLETE\n"], ids=["missing", "empty", "no fields", "marker"])
def test_what_is_not_results_is_an_error_in_words(tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(OrdinanceError, match=r"results\.json"):
        read_results(tmp_path / "results.json")


def test_the_plan_names_every_check():
    rows = [planned for planned, _ in sample.checks()]
    record = build_plan(sample.facts(), profile=sample.PROFILE, inventory=sample.INVENTORY, plan=rows)
    assert len(record.checks) == 9
    assert record.checks[0] == {"control": "3.H/quota-set", "clause": "3.H", "target": "mail", "vantage": "here"}
