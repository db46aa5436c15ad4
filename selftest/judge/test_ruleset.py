"""What the proof of a ruleset makes of 9.A.2: green, red with the packet, each way of not knowing, and what it draws."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ordinance.judge.ruleset import ruleset_proof
from ordinance.judge.verdict import Compliant, Passages, Unproven, Violated
from ordinance.sight.rulesets import Device, RulesetSighting
from selftest.judge.perimeter_city import FW, MAIL, PROFILE, WWW
from selftest.judge.rulesets_made import (
    BROKEN,
    CITY,
    DEVICES,
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


def proof(sighting: RulesetSighting, inventory: Any = CITY) -> Any:
    return ruleset_proof("fw", sighting, inventory, PROFILE, TODAY)


def test_a_ruleset_within_the_policy_is_compliant_and_shows_whose_it_is() -> None:
    verdict = proof(seen())
    assert isinstance(verdict, Compliant)
    assert "only those that the policy allows pass" in verdict.reason
    assert "make the program that its kernel runs, for IPv4 and IPv6" in verdict.witnesses[0].text
    assert any("reading" in item.text for item in verdict.evidence)


@pytest.mark.parametrize(
    ("rules", "before", "said"),
    [
        (TELNET_FOR_ONE, "", "192.0.2.77"),
        (GOOD + 'meta hour "02:00"-"03:00" tcp dport 23 accept', "", "02:00"),
        (GOOD + "meta nfproto ipv6 tcp dport 8443 accept", "", "port 8443"),
        (GOOD + f"ip daddr {WWW} udp dport 53 accept", "", "UDP"),
        (GOOD + "ip protocol gre accept", "", "GRE"),
        (GOOD + f"ip daddr {MAIL} tcp dport 119 accept", "", "port 119"),
        ("accept", "", "accept"),
        (
            GOOD + "ip daddr 10.20.0.81 tcp dport 80 accept",
            "table ip t {\n chain p {\n type nat hook prerouting priority dstnat;\n"
            f'iifname "out0" ip daddr {WWW} tcp dport 8080 dnat to 10.20.0.81:80\n}}\n}}\n',
            "to 10.20.0.81 port 80",
        ),
    ],
    ids=["one source", "by night", "IPv6 only", "UDP", "another protocol", "the wrong host", "everything", "translated"],
)
def test_a_packet_beyond_the_policy_is_a_violation_and_is_shown(rules: str, before: str, said: str) -> None:
    verdict = proof(seen(listing(rules, before)))
    assert isinstance(verdict, Violated)
    assert said in verdict.reason
    assert "is accepted by" in verdict.reason


@pytest.mark.parametrize(
    ("sighting", "said"),
    [
        (RulesetSighting(), "nobody read its ruleset"),
        (NOT_READ, "fw is gone"),
        (other_program(), "the kernel runs another program than the listing says"),
        (seen(devices=DEVICES[:1]), "whose ruleset this is, is not known"),
        (seen(devices=(DEVICES[0], DEVICES[2])), "whose ruleset this is, is not known"),
        (seen(BROKEN), "cannot be read"),
        (seen(listing("limit rate 1/second accept")), "cannot prove"),
        (seen(listing("meta mark 7 accept")), "it hangs on"),
    ],
)
def test_what_is_not_known_is_not_proven(sighting: RulesetSighting, said: str) -> None:
    verdict = proof(sighting)
    assert isinstance(verdict, Unproven)
    assert said in verdict.reason


def test_a_device_of_which_the_inventory_says_nothing_faces_outside() -> None:
    def by_in9(*more: Device) -> Any:
        return proof(seen(listing(GOOD + 'iifname "in9" tcp dport 22 accept'), devices=(*DEVICES, *more)))

    inner, unknown = (Device(name="in9", index=9, addresses=(address,)) for address in (FW, "192.0.2.1"))
    assert isinstance(by_in9(), Compliant)  # nothing comes in by a device that is not there
    assert isinstance(by_in9(inner), Compliant)
    verdict = by_in9(unknown)
    assert isinstance(verdict, Violated)
    assert "port 22 (in by in9) is accepted" in verdict.evidence[0].text


def test_an_exception_that_itd_authorised_is_within_the_policy_for_its_source_alone() -> None:
    assert isinstance(proof(seen(listing(FTP_FOR_ONE)), city(authorisation())), Compliant)
    assert isinstance(proof(seen(listing(FTP_FOR_ONE)), city(authorisation(source="192.0.2.31"))), Violated)
    assert isinstance(proof(seen(listing(FTP_FOR_ONE)), city(authorisation(until=date(2026, 11, 24)))), Violated)


@pytest.mark.parametrize("wrong", [{"target": "www"}, {"source": "the contractor"}])
def test_an_authorisation_that_cannot_be_compared_proves_nothing(wrong: dict[str, str]) -> None:
    verdict = proof(seen(), city(authorisation(**wrong)))
    assert isinstance(verdict, Unproven)
    assert "web-upload" in verdict.reason


def rows(rules: str, own: str = "", **more: Any) -> dict[tuple[str, str], tuple[tuple[str, ...], bool]]:
    verdict = proof(seen(listing(rules, own=own), **more))
    drawn = next(item for item in verdict.evidence if isinstance(item, Passages))
    return {(row.source, row.target): (row.what, row.beyond) for row in drawn.rows}


def test_what_passes_between_the_zones_is_told_for_a_picture() -> None:
    good = rows(GOOD)
    assert good["outside (out0)", "outside (out0)"] == (("TCP 25, 80, 119, 443 over IPv4 only",), False)
    assert good["public (in0)", "outside (out0)"] == (("everything",), False)
    assert not any(target == "the firewall itself" for _, target in good)
    bad = rows(GOOD + "ip protocol gre accept\nmeta nfproto ipv6 udp dport 53 accept")
    words = ("TCP 25, 80, 119, 443 over IPv4 only; UDP 53 over IPv6 only; GRE over IPv4", "only")
    assert bad["outside (out0)", "public (in0)"] == (words, True)


def test_what_passes_to_the_firewall_itself_is_told_by_the_device_it_comes_in_by() -> None:
    told = rows(GOOD, own='iifname "in0" tcp dport { 22, 23 } accept; iifname "out0" ip protocol ospf accept;')
    itself = {source: row for (source, target), row in told.items() if target == "the firewall itself"}
    assert itself == {
        "public (in0)": (("TCP 22-23",), False),
        "outside (out0)": (("IP protocol 89 over IPv4 only",), True),
    }


def test_what_passes_to_one_device_is_not_told_of_another() -> None:
    told = rows('iifname "out0" oifname "in0" tcp dport 8025 accept')
    assert told["outside (out0)", "public (in0)"] == (("TCP 8025",), True)
    assert ("outside (out0)", "outside (out0)") not in told


def test_a_long_list_of_what_passes_is_cut_and_says_so() -> None:
    ports = rows(GOOD + f"tcp dport {{ {', '.join(map(str, range(1000, 1024, 2)))} }} accept")
    assert ports["outside (out0)", "public (in0)"][0] == (
        "TCP 25, 80, 119, 443, 1000, 1002, 1004, 1006, 1008, 1010 and 6 more over",
        "IPv4 only; TCP 1000, 1002, 1004, 1006, 1008, 1010, 1012, 1014, 1016, 1018",
        "and 2 more over IPv6 only",
    )
    many = rows(GOOD + "ip protocol { 41, 47, 50, 51, 88, 89, 103, 112, 115, 132 } accept")
    assert "and 4 more protocols" in " ".join(many["outside (out0)", "public (in0)"][0])
