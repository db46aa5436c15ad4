"""The law as data: complete, in the policy's own words, each clause dealt with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ordinance.law.load import load_law, load_profile, policy_folder
from ordinance.law.model import Disposition

LAW = load_law()
FOLDER = Path(__file__).resolve().parents[2] / "policy"
SOURCE = FOLDER / "policy-1.7.1.txt"

#: Headings of sections and of 8.B, which have no words of their own beside them.
HEADINGS = (
    "1. General Policy", "2. Public Records", "3. Retention and Management of E-Mail Messages",
    "4. Privacy, Access, and Ownership of E-Mail",
    "5. Attorney-Client Privileged Communications and Attorney Work Product", "6. Confidential Information",
    "7. Internet and Intranet Services", "8. Intellectual Property Rights", "B. Transfer of Information", "9. Security",
    "10. Employee/User Responsibilities",
)  # fmt: skip

CLAUSES = """
1 2 3.A 3.B 3.C 3.D 3.E 3.F 3.G 3.H 3.I 4 5 6 6.A 6.B 6.C 6.D 6.E 6.F 7 7.A 7.B 7.C 7.D 7.E 7.F 7.G 7.H 7.I 7.I.1 7.I.2 7.J
8.A 8.B.1 8.B.2 9.A 9.A.1 9.A.2 9.A.3 9.B 10.A 10.B 10.C 10.D 10.E 10.F 10.F.1 10.F.2 10.G 10.H 10.I 10.J 10.K
""".split()  # noqa: SIM905 - read as the policy counts

COVERED = {
    "3.H/quota-set": ("mail-store", "here", ("mail-quota",)),
    "3.H/full-cannot-receive": ("probe-mailbox", "here", ("mail-full",)),
    "3.H/full-cannot-send": ("probe-mailbox", "here", ("mail-full",)),
    "3.H/recovers": ("probe-mailbox", "here", ("mail-full",)),
    "3.I/limit-advertised": ("mail-gateways", "here", ("mail-limits",)),
    "3.I/limit-enforced": ("probe-mailbox", "here", ("mail-limits",)),
    "3.I/limit-enforced-undeclared": ("probe-mailbox", "here", ("mail-limits",)),
    "9.A.1/telnet-blocked": ("public-groups", "outside", ("guarded-ports", "rulesets")),
    "9.A.1/ftp-blocked": ("public-groups", "outside", ("guarded-ports", "rulesets")),
    "9.A.1/no-smuggled-service": ("public-groups", "outside", ("perimeter-sweep", "conversations")),
    "9.A.1/authorisations": ("firewalls", "here", ("rulesets",)),
    "9.A.2/inbound-tcp": ("public-groups", "outside", ("perimeter-sweep", "conversations", "stealth", "rulesets")),
    "9.A.2/inbound-udp": ("public-groups", "outside", ("inbound-udp",)),
    "9.A.2/inbound-protocols": ("public-groups", "outside", ("inbound-protocols",)),
    "9.A.2/speaks-what-it-says": ("public-groups", "outside", ("perimeter-sweep", "conversations")),
    "9.A.2/right-host": ("public-groups", "outside", ("perimeter-sweep", "conversations")),
    "9.A.2/ruleset-proof": ("firewalls", "here", ("rulesets", "counterexamples")),
    "9.A.2/saved-equals-running": ("firewalls", "here", ("rulesets",)),
    "9.A.2/witnesses-agree": ("public-groups", "outside", ("perimeter-sweep", "rulesets", "listeners")),
    "9.A.2/management-plane": ("firewalls", "outside", ("management-plane",)),
    "9.A.3/not-reachable": ("intranet-sites", "outside", ("perimeter-sweep", "conversations", "intranet-inside")),
    "9.A.3/not-named": ("public-zone", "outside", ("public-names", "perimeter-sweep", "conversations")),
    "9.A.3/through-internet-server": ("internet-servers", "outside", ("perimeter-sweep", "conversations")),
    "10.D/password-age": ("account-hosts", "here", ("accounts",)),
}


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _source() -> str:
    """Return the policy's words in one line, without page headers and markup."""
    text = SOURCE.read_text(encoding="utf-8")
    text = text.replace("**Use of E-Mail, Internet Services,\nand Other Electronic Media****1.7.1**", "")
    text = text.replace("Use of E-Mail, Internet Services, and Other Electronic Media\n\n1.7.1\n", "")
    text = re.sub(r"\[([^\]]+)\]\(#\)", r"\1", text).replace("**", "")
    return _words(re.sub(r"(?m)^\s*- (?=\S)", "", text))


def test_every_clause_of_the_policy_is_there_in_its_order():
    assert list(LAW.clauses) == CLAUSES


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_has_the_policy_s_own_words(clause):
    assert _words(LAW.clauses[clause].text) in _source()


def test_no_word_of_the_policy_is_left_out():
    rest = _source()
    rest = rest[rest.index("POLICY 1. General Policy") + len("POLICY ") : rest.index("Approved:")]
    for clause in sorted(LAW.clauses.values(), key=lambda clause: -len(clause.text)):
        assert rest.count(_words(clause.text)) == 1, clause.id
        rest = rest.replace(_words(clause.text), "|")
    for heading in HEADINGS:
        assert rest.count(heading) == 1, heading
        rest = rest.replace(heading, "|")
    assert re.fullmatch(r"(?:\||\s|[A-K]\.|\d\.)+", rest), rest


def test_every_clause_is_dealt_with_in_one_of_three_ways():
    for clause in LAW.clauses.values():
        assert bool(clause.controls) == (clause.disposition is Disposition.TESTED), clause.id
        assert bool(clause.why) == (clause.disposition is not Disposition.TESTED), clause.id


def test_the_clauses_that_a_person_must_attest_are_those_that_no_control_tests():
    attested = {clause.id for clause in LAW.clauses.values() if clause.disposition is Disposition.ATTESTED}
    assert attested == set(
        "1 2 3.A 3.E 3.F 5 6.A 6.B 6.D 6.E 6.F 7.B 7.C 7.E 7.F 7.G 7.I.1 8.A 8.B.1 8.B.2 9.B 10.E 10.F 10.F.1 10.F.2 10.H".split()  # noqa: SIM905
    )
    untestable = {clause.id for clause in LAW.clauses.values() if clause.disposition is Disposition.NOT_TESTABLE}
    assert untestable == {"6", "7", "7.I", "9.A"}  # they only introduce what follows them


def test_clause_4_is_tested_and_its_approvals_are_attested():
    assert LAW.clauses["4"].disposition is Disposition.TESTED
    assert "written approval" in LAW.clauses["4"].human_part
    assert "share" in LAW.clauses["10.D"].human_part


def test_the_covered_controls_are_those_that_are_built():
    covered = {c.id: (c.targets, c.vantage, c.looks) for c in LAW.controls.values() if c.covered}
    assert covered == COVERED


def test_all_controls_of_the_policy_are_named():
    assert len(LAW.controls) == 52
    assert {name for clause in LAW.clauses.values() for name in clause.controls} == set(LAW.controls)


def test_controls_stand_in_the_policy_s_order():
    order = [CLAUSES.index(control.clause) for control in LAW.controls.values()]
    assert order == sorted(order)


def test_a_control_says_its_compliant_world_and_its_witness_in_a_sentence():
    worlds = [control.compliant_world for control in LAW.controls.values()]
    assert len(set(worlds)) == len(worlds)
    for control in LAW.controls.values():
        for sentence in (control.compliant_world, control.witness):
            assert re.fullmatch(r"[A-Z].*\.", sentence), control.id
            assert "\n" not in sentence, control.id


def test_paragraphs_and_items_of_a_clause_keep_their_lines():
    lines = LAW.clauses["8.A"].text.splitlines()
    assert [line[:10] for line in lines] == [
        "It is the ", "EXCEPTION:", "1. Works d", "(a) Relate", "(b) Result", "For exampl", "2. Copyrig",
    ]  # fmt: skip


def test_the_default_profile_has_the_declared_readings_and_numbers():
    profile = load_profile("default")
    assert (profile.public_web, profile.public_dns) == ("allowed", "allowed")
    assert (profile.telnet_tcp_ports, profile.ftp_tcp_ports, profile.tftp_udp_ports) == ((23, 992), (20, 21, 990), (69,))
    assert (profile.smtp_ports, profile.nntp_ports, profile.web_ports, profile.dns_ports) == ((25,), (119, 563), (80, 443), (53,))
    assert (profile.message_size_max, profile.mailbox_quota_max) == (10 * 2**20, 2**30)
    assert (profile.password_max_days, profile.retention_days, profile.miss_bound) == (90, 90, 1e-4)


def test_the_strict_profile_differs_in_the_two_readings_alone():
    default, strict = load_profile("default"), load_profile("strict")
    differing = {name for name in default.__dataclass_fields__ if getattr(default, name) != getattr(strict, name)}
    assert differing == {"name", "public_web", "public_dns"}
    assert (strict.public_web, strict.public_dns) == ("violation", "violation")


def test_the_policy_is_found_by_the_environment_then_in_the_checkout(monkeypatch, tmp_path):
    monkeypatch.delenv("ORDINANCE_POLICY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert policy_folder() == FOLDER
    monkeypatch.setenv("ORDINANCE_POLICY", str(tmp_path))
    assert policy_folder() == tmp_path


def test_the_headings_of_sections_are_the_policys() -> None:
    source = SOURCE.read_text()
    for number, heading in LAW.sections.items():
        assert f"\n{number}. {heading}" in source
        assert number not in LAW.clauses
    first = {clause.split(".")[0] for clause in LAW.clauses}
    assert first == {*LAW.sections, *(number for number in LAW.clauses if "." not in number)}
