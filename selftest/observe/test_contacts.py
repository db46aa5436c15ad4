"""What `--plan` says would be contacted is what the looks do contact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ordinance.inventory.load import load
from ordinance.inventory.model import Vantage
from ordinance.law.load import load_profile
from ordinance.observe.contacts import contacts

ROOT = Path(__file__).resolve().parents[2]
#: (look, vantage, target) of dialogues and requests as the journal of a compliant run of the embedded city has them.
SEEN = [
    ("guarded-ports", "outside", "2001:db8:100:1::6 tcp 119"),
    ("intranet-inside", "here", "10.20.0.81 tcp 80"),
    ("intranet-inside", "workstation", "2001:db8:100:2::81 tcp 80"),
    ("mail-full", "here", "198.51.100.5 tcp 587"),
    ("mail-full", "here", "198.51.100.5 tcp 993"),
    ("mail-full", "outside", "198.51.100.5 tcp 25"),
    ("mail-limits", "here", "198.51.100.5 tcp 25"),
    ("mail-limits", "here", "2001:db8:100:1::5 tcp 25"),
    ("mail-limits", "outside", "2001:db8:100:1::5 tcp 25"),
    ("mail-limits", "here", "198.51.100.5 tcp 587"),
    ("mail-limits", "here", "198.51.100.5 tcp 993"),
    ("mail-quota", "here", "198.51.100.5 tcp 993"),
    ("management-plane", "here", "172.31.255.13 udp 161"),
    ("management-plane", "outside", "198.51.100.8 tcp 80"),
    ("management-plane", "outside", "2001:db8:100:1::8 tcp 80"),
    ("perimeter-sweep", "outside", "203.0.113.7 tcp 1-65535"),
    ("public-names", "outside", "2001:db8:100:1::3 tcp+udp 53"),
]


@pytest.fixture(scope="module")
def city():
    return load(ROOT / "inventory" / "lab.yml")


def told(city, *looks: str) -> set[tuple[str, str, str]]:
    return {(row.look, row.vantage, row.target) for row in contacts(looks, city, load_profile("default"))}


@pytest.mark.parametrize(("look", "vantage", "target"), SEEN)
def test_what_a_run_contacts_is_told_beforehand(city, look: str, vantage: str, target: str) -> None:
    assert (look, vantage, target) in told(city, look)


@pytest.mark.parametrize("look", ["conversations", "intranet-inside"])
def test_a_look_that_another_rests_on_is_told_as_well(city, look: str) -> None:
    assert ("perimeter-sweep", "outside", "198.51.100.0 tcp 1-65535") in told(city, look)


def test_a_packet_that_may_be_sent_is_told_with_the_reading_that_it_rests_on(city) -> None:
    rows = contacts(("counterexamples",), city, load_profile("default"))
    assert {row.look for row in rows} == {"the vantage itself", "rulesets", "counterexamples"}
    (packet,) = [row for row in rows if row.look == "counterexamples" and row.vantage == "outside"]
    assert "a packet that the ruleset of fw lets through beyond the policy, if there is one" in packet.what


def test_messages_are_offered_to_the_gateway_from_outside_alone(city) -> None:
    rows = contacts(("mail-limits",), city, load_profile("default"))
    offered = {(row.vantage, row.target) for row in rows if row.what.startswith("messages to")}
    assert offered == {("outside", "198.51.100.5 tcp 25")}


def test_a_vantage_that_no_look_uses_is_not_told(city) -> None:
    more = replace(city, vantages={**city.vantages, "cellar": Vantage("cellar", "inside", "dept")})
    assert "cellar" not in {vantage for _, vantage, _ in told(more, "intranet-inside")}
