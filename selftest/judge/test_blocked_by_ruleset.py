"""9.A.1, and 9.A.2 of every TCP port: what the probes saw, together with the rulesets that are declared."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from ordinance.judge.blocked_by_ruleset import ftp_by_rulesets, joined, tcp_by_rulesets, telnet_by_rulesets
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Violated, Witness
from ordinance.sight.rulesets import RulesetSighting
from selftest.judge.perimeter_city import MAIL, MAIL6, PROFILE, WWW
from selftest.judge.rulesets_made import (
    CITY,
    FTP_FOR_ONE,
    GOOD,
    NOT_READ,
    TELNET_FOR_ONE,
    TODAY,
    authorisation,
    city,
    listing,
    other_program,
    seen,
)

SILENT = Compliant("no telnet", (Evidence("silence", ("o-1",)),), (Witness("port 25 answered", ("o-2",)),))
UNSEEN = Unproven("public: the echo is dead")
OPEN = Violated("public: 198.51.100.8 port 23 is open", (Evidence("open", ("o-1",)),), (), ("198.51.100.8:23/tcp",))


def telnet(probed: Any, rules: str = GOOD, sighting: RulesetSighting | None = None) -> Any:
    return joined("public", probed, telnet_by_rulesets("public", sighting or seen(listing(rules)), CITY, PROFILE, TODAY))


def test_probe_and_ruleset_agree_that_telnet_is_blocked() -> None:
    verdict = telnet(SILENT)
    assert isinstance(verdict, Compliant)
    assert "so does the ruleset of fw" in verdict.reason
    assert len(verdict.witnesses) == 2


@pytest.mark.parametrize(
    ("probed", "rules", "breaches"),
    [
        (SILENT, TELNET_FOR_ONE, ("fw:ruleset",)),
        (UNSEEN, TELNET_FOR_ONE, ("fw:ruleset",)),
        (OPEN, GOOD, ("198.51.100.8:23/tcp",)),
        (OPEN, TELNET_FOR_ONE, ("198.51.100.8:23/tcp", "fw:ruleset")),
    ],
)
def test_either_of_them_can_find_telnet(probed: Any, rules: str, breaches: tuple[str, ...]) -> None:
    verdict = telnet(probed, rules)
    assert isinstance(verdict, Violated)
    assert verdict.breaches == breaches


def test_silence_is_not_enough_where_a_declared_ruleset_could_not_be_read() -> None:
    verdict = telnet(SILENT, sighting=NOT_READ)
    assert isinstance(verdict, Unproven)
    assert "fw is gone" in verdict.reason
    assert telnet(UNSEEN) is UNSEEN


@pytest.mark.parametrize("judge", [telnet_by_rulesets, ftp_by_rulesets, tcp_by_rulesets])
def test_what_the_kernel_does_not_run_proves_no_port_blocked(judge: Any) -> None:
    verdict = judge("public", other_program(), CITY, PROFILE, TODAY)["fw"]
    assert isinstance(verdict, Unproven)
    assert "the kernel runs another program" in verdict.reason


TWO = replace(CITY, hosts={**CITY.hosts, "fx": replace(CITY.hosts["fw"], name="fx")})


def two(first: RulesetSighting, second: RulesetSighting) -> dict[str, Any]:
    both = RulesetSighting(firewalls=(*first.firewalls, replaced(second.firewalls[0], host="fx")))
    return telnet_by_rulesets("public", both, TWO, PROFILE, TODAY)


def test_every_firewall_that_declares_a_ruleset_is_asked() -> None:
    verdicts = two(NOT_READ, seen(listing(TELNET_FOR_ONE)))
    assert {name: type(verdict) for name, verdict in verdicts.items()} == {"fw": Unproven, "fx": Violated}
    assert isinstance(joined("public", SILENT, verdicts), Violated)
    agreed = joined("public", SILENT, two(seen(), seen()))
    assert isinstance(agreed, Compliant)
    assert "and so do the rulesets of fw, fx" in agreed.reason


@pytest.mark.parametrize(
    ("until", "source", "kind"),
    [(TODAY, "192.0.2.30", Compliant), (date(2026, 11, 24), "192.0.2.30", Violated), (TODAY, "192.0.2.31", Violated)],
    ids=["on its last day", "expired", "another source"],
)
def test_telnet_by_the_ruleset_is_what_is_authorised(until: date, source: str, kind: type) -> None:
    entry = authorisation(f"{WWW}:23/tcp", source, until, control="9.A.1/telnet-blocked")
    rules = GOOD + f"ip saddr 192.0.2.30 ip daddr {WWW} tcp dport 23 accept"
    verdict = joined("public", SILENT, telnet_by_rulesets("public", seen(listing(rules)), city(entry), PROFILE, TODAY))
    assert isinstance(verdict, kind), verdict.reason
    assert kind is not Violated or "9.A.1: telnet is blocked at the firewall" in verdict.reason


def test_where_no_ruleset_is_declared_the_probes_stand_alone() -> None:
    bare = replace(CITY, hosts={**CITY.hosts, "fw": replace(CITY.hosts["fw"], ruleset=None)})
    assert joined("public", SILENT, telnet_by_rulesets("public", seen(), bare, PROFILE, TODAY)) == SILENT


def test_a_group_of_both_families_is_barred_in_both() -> None:
    both = replace(CITY, public=(replace(CITY.public[0], addresses=(*CITY.public[0].addresses, ip_address(MAIL6))),))
    six = replace(CITY, public=(replace(CITY.public[0], addresses=(ip_address(MAIL6),)),))
    telnet6 = seen(listing(GOOD + f"ip6 daddr {MAIL6} tcp dport 23 accept"))
    telnet4 = seen(listing(GOOD + f"ip daddr {MAIL} tcp dport 23 accept"))
    for sighting, of, kind in (
        (telnet6, both, Violated),
        (telnet6, six, Violated),
        (telnet6, CITY, Compliant),
        (telnet4, both, Violated),
        (telnet4, six, Compliant),
    ):
        assert isinstance(telnet_by_rulesets("public", sighting, of, PROFILE, TODAY)["fw"], kind)


def test_the_other_clause_is_not_broken() -> None:
    assert isinstance(
        joined("public", SILENT, ftp_by_rulesets("public", seen(listing(TELNET_FOR_ONE)), CITY, PROFILE, TODAY)), Compliant
    )


@pytest.mark.parametrize(
    ("rules", "entries", "kind"),
    [
        (GOOD, (), Compliant),
        (GOOD + f"ip daddr {WWW} tcp dport 21 accept", (), Violated),
        (GOOD + "ip daddr 198.51.100.9 udp dport 69 accept", (), Violated),
        (GOOD + "ip daddr 198.51.100.9 tcp dport 2222 accept", (), Compliant),
        (FTP_FOR_ONE, (), Violated),
        (FTP_FOR_ONE, (authorisation(),), Compliant),
        (FTP_FOR_ONE, (authorisation(until=TODAY),), Compliant),
        (FTP_FOR_ONE, (authorisation(until=date(2026, 11, 24)),), Violated),
        (FTP_FOR_ONE, (authorisation(source="192.0.2.31"),), Violated),
    ],
    ids=["none", "FTP", "TFTP", "another port", "not authorised", "authorised", "on its last day", "expired", "another source"],
)
def test_ftp_by_the_ruleset_is_what_is_authorised(rules: str, entries: Any, kind: type) -> None:
    proven = ftp_by_rulesets("public", seen(listing(rules)), city(*entries), PROFILE, TODAY)
    verdict = joined("public", SILENT, proven)
    assert isinstance(verdict, kind), verdict.reason
    assert kind is not Violated or "9.A.1: FTP is blocked at the firewall" in verdict.reason


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        (GOOD, Compliant),
        (GOOD + "ip daddr 198.51.100.9 tcp dport 2222 accept", Violated),  # nobody has the address: no probe is answered
        (GOOD + "ip saddr 192.0.2.9 tcp dport 2222 accept", Violated),
        (GOOD + "ip daddr 198.51.100.9 udp dport 2222 accept", Compliant),
        (GOOD + "ip daddr 10.20.0.81 tcp dport 80 accept", Compliant),  # another group's, and the ruleset proof's
        (GOOD + "meta mark 7 tcp dport 2222 accept", Unproven),
    ],
)
def test_every_tcp_port_of_a_group_is_held_against_the_ruleset(rules: str, kind: type) -> None:
    proven = tcp_by_rulesets("public", seen(listing(rules)), CITY, PROFILE, TODAY)
    assert isinstance(joined("public", SILENT, proven), kind)


@pytest.mark.parametrize(("judge", "rules"), [(telnet_by_rulesets, TELNET_FOR_ONE), (ftp_by_rulesets, FTP_FOR_ONE)])
def test_a_group_answers_for_its_own_addresses(judge: Any, rules: str) -> None:
    other = replace(CITY, public=(replace(CITY.public[0], addresses=CITY.public[0].addresses[:1]),))
    assert isinstance(judge("public", seen(listing(rules)), CITY, PROFILE, TODAY)["fw"], Violated)
    assert isinstance(judge("public", seen(listing(rules)), other, PROFILE, TODAY)["fw"], Compliant)


@pytest.mark.parametrize(("until", "kind"), [(TODAY, Compliant), (date(2026, 11, 24), Violated)], ids=["last day", "expired"])
def test_all_tcp_by_the_ruleset_leaves_out_what_is_authorised(until: date, kind: type) -> None:
    proven = tcp_by_rulesets("public", seen(listing(FTP_FOR_ONE)), city(authorisation(until=until)), PROFILE, TODAY)
    assert isinstance(proven["fw"], kind)


@pytest.mark.parametrize("first", ["", "tcp dport 8024 dnat to 10.20.0.82:22"], ids=["the first rule", "the second"])
def test_telnet_that_only_translation_reaches_is_barred_as_well(first: str) -> None:
    """Where a translated packet was going before is not known any more: it counts for every group of its family."""
    chain = "table ip t {\n chain p {\n type nat hook prerouting priority dstnat;\n"
    before = f'{chain}{first}\niifname "out0" ip daddr {WWW} tcp dport 8023 dnat to 10.20.0.81:23\n}}\n}}\n'
    rules = GOOD + "ip daddr 10.20.0.81 tcp dport 23 accept"
    verdict = telnet_by_rulesets("public", seen(listing(rules, before)), CITY, PROFILE, TODAY)["fw"]
    assert isinstance(verdict, Violated)
    assert "rewritten to 10.20.0.81 port 23" in verdict.reason
