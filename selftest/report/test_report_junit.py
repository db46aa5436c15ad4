"""JUnit: one case for each planned check, and no way to read an incomplete run as a good one."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from ordinance.record.model import Results
from ordinance.report.junit import render
from selftest.report import sample
from selftest.report.poison import PAYLOADS, everywhere


def suite(results: Results) -> ET.Element:
    found = ET.fromstring(render(results)).find("testsuite")
    assert found is not None
    return found


def properties(case: ET.Element) -> dict[str, str]:
    return {str(item.get("name")): str(item.get("value")) for item in case.iter("property")}


def test_every_planned_check_is_one_case():
    root = suite(sample.make().results)
    cases = list(root.iter("testcase"))
    assert [(case.get("classname"), case.get("name")) for case in cases] == [
        (planned.clause, f"{planned.control}[{planned.target}]") for planned, _ in sample.checks()
    ]
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "9", "failures": "2", "errors": "3", "skipped": "1",
    }  # fmt: skip


def test_each_verdict_has_its_outcome():
    cases = suite(sample.make().results).iter("testcase")
    found = {
        (properties(case)["verdict"], next((child.tag for child in case if child.tag != "properties"), "")) for case in cases
    }
    assert found == {
        ("compliant", "system-out"), ("violated", "failure"), ("unproven", "error"), ("not-run", "error"),
        ("not-applicable", "skipped"), ("waived", "system-out"),
    }  # fmt: skip


def test_properties_name_control_clause_target_verdict_and_vantage():
    case = list(suite(sample.make().results).iter("testcase"))[5]
    assert properties(case) == {
        "control": "9.A.1/ftp-blocked", "clause": "9.A.1", "target": "public-ipv4", "verdict": "waived", "vantage": "outside",
        "decided_by": "Robin Hale, ITD", "until": "2026-12-31",
    }  # fmt: skip


def test_a_failure_tells_the_whole_story():
    failure = next(suite(sample.make().results).iter("failure"))
    assert failure.get("message") == "198.51.100.5 answers on TCP 23; required: no public address lets telnet through (9.A.1)"
    text = failure.text or ""
    for part in ("required: No public address", "(clause 9.A.1)", "seen: connected", "[o-000003]", "witness: the outside echo"):
        assert part in text


@pytest.mark.parametrize(
    "results",
    [
        sample.make(stopped="killed").results,
        sample.build_results(
            sample.facts(), law=sample.LAW, profile=sample.PROFILE, inventory=sample.INVENTORY, plan=[], verdicts={}
        ),
    ],
    ids=["incomplete", "nothing to check"],
)
def test_a_run_that_proves_nothing_has_an_error_of_its_own(results: Results):
    root = suite(results)
    last = list(root.iter("testcase"))[-1]
    assert last.get("name") == "run[complete]" and last.find("error") is not None
    tags = Counter(child.tag for case in root.iter("testcase") for child in case)
    assert root.get("errors") == str(tags["error"]) and root.get("tests") == str(len(list(root.iter("testcase"))))


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_hostile_text_changes_no_element(payload: str):
    def shape(results: Results) -> list[tuple[str, list[str]]]:
        return [(node.tag, sorted(node.attrib)) for node in ET.fromstring(render(results)).iter()]

    def change(text: str) -> str:
        return text if text in ("complete", "incomplete", "not-run", "not-applicable") else text + payload

    made = sample.make(stopped="why").results
    assert shape(everywhere(made, change)) == shape(everywhere(made, lambda text: change(text).replace(payload, "harmless")))


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_hostile_text_leaves_no_character_that_xml_forbids(payload: str):
    text = render(everywhere(sample.make().results, lambda word: word + payload)).decode("utf-8")
    assert not re.search("[\x00-\x08\x0b\x0c\x0d-\x1f\x7f-\x9f\u202a-\u202e\ufffe\uffff\ud800-\udfff]", text)
