"""One port as three witnesses tell it: what of it is a finding, and what is declared or authorised."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import ip_address
from typing import Any

import pytest

from ordinance.inventory.model import Inventory
from ordinance.judge import stories
from ordinance.judge.rules_at import Lets
from ordinance.judge.stories import PortStory, Probe
from ordinance.sight.listeners import HostListeners
from selftest.judge.perimeter_city import MAIL, UNUSED, WWW
from selftest.judge.rulesets_made import CITY, TODAY, authorisation, city, listener, telling

OVER = date(2026, 11, 24)
ALSO = listener(8443)
USUAL = telling("www", listener(80))


def story(**more: Any) -> PortStory:
    values: dict[str, Any] = {
        "address": ip_address(WWW),
        "port": 8443,
        "probe": Probe.OPEN,
        "lets": Lets.EVERYBODY,
        "host": CITY.hosts["www"],
        "listener": None,
    }
    return PortStory(**{**values, **more})


def found(port: PortStory, inventory: Inventory = CITY, told: HostListeners | None = USUAL) -> list[str]:
    return list(stories.findings(port, told, inventory, TODAY))


# -- a port that is open --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "denied"),
    [
        (telling("www", listener(80)), True),
        (telling("www", listener(80), by_snmp=None, unseen={"snmp": "no user"}), True),
        (telling("www", listener(80), by_ssh=None, unseen={"ssh": "gone"}), True),
        (telling("www", by_ssh=None, by_snmp=None), False),
        (telling("www"), False),
        (None, False),
    ],
    ids=["both", "SSH alone", "SNMP alone", "none was asked", "none named one", "nobody asked"],
)
def test_one_witness_is_enough_to_deny_an_open_port(told: HostListeners | None, denied: bool) -> None:
    words = [f"{WWW}:8443/tcp is open, and www does not say that it listens there"]
    assert found(story(), told=told) == (words if denied else [])


@pytest.mark.parametrize(
    ("by_ssh", "by_snmp", "words"),
    [
        ((80, 8443), (80,), "as SSH says, and not as SNMP says"),
        ((80,), (80, 8443), "as SNMP says, and not as SSH says"),
    ],
)
def test_who_says_it_and_who_does_not_is_told(by_ssh: tuple[int, ...], by_snmp: tuple[int, ...], words: str) -> None:
    told = telling("www", by_ssh=tuple(map(listener, by_ssh)), by_snmp=tuple(map(listener, by_snmp)))
    said = found(story(listener=ALSO), told=told)
    assert said[0] == f"{WWW}:8443/tcp: www listens there {words}"


def test_what_nobody_told_of_is_not_contradicted() -> None:
    words = f"{WWW}:8443/tcp: www listens there, the ruleset lets everybody in, and the inventory knows no such service"
    assert found(story(listener=ALSO), told=None) == [words]


# -- what is declared or authorised ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "until", "known"),
    [
        (f"{WWW}:8443/tcp", TODAY, True),
        (f"{WWW}:8443/tcp", OVER, False),
        (f"{WWW}:8444/tcp", TODAY, False),
        (f"{MAIL}:8443/tcp", TODAY, False),
        ("www", TODAY, False),
    ],
    ids=["this port", "expired", "another port", "another host", "no port"],
)
def test_an_authorisation_declares_its_own_port_of_its_own_host(target: str, until: date, known: bool) -> None:
    told = telling("www", listener(80), ALSO)
    said = found(story(listener=ALSO), city(authorisation(target, until=until)), told)
    assert ["the inventory knows no such service" in text for text in said] == ([] if known else [True])


# -- a port that is translated --------------------------------------------------------------------------------------------------


def translated(*to: tuple[str | None, int], port: int = 8080, probe: Probe = Probe.OPEN) -> PortStory:
    inside = tuple((ip_address(address) if address else None, number) for address, number in to)
    return story(port=port, probe=probe, lets=Lets.NOBODY, inside=inside)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ((None, 22), "is translated to an address that is not known port 22, which is no host's of the inventory"),
        ((UNUSED, 22), f"is translated to {UNUSED} port 22, which is no host's of the inventory"),
        ((MAIL, 22), f"is translated to mail ({MAIL}:22/tcp), where the inventory declares no public service"),
    ],
)
def test_a_translation_to_where_no_public_service_is_is_a_finding(to: tuple[str | None, int], words: str) -> None:
    assert found(translated(to)) == [f"{WWW}:8080/tcp {words}"]
    assert found(translated(to, probe=Probe.CROSSED)) == [f"{WWW}:8080/tcp {words}"]
    assert found(translated((MAIL, 25), to)) == [f"{WWW}:8080/tcp {words}"], "a good one beside it excuses nothing"
    assert found(translated(to, probe=Probe.SILENT)) == []


@pytest.mark.parametrize(
    ("port", "to", "entry", "known"),
    [
        (8080, (MAIL, 25), None, True),
        (8080, (MAIL, 26), None, False),
        (80, (MAIL, 22), None, True),
        (81, (MAIL, 22), None, False),
        (8080, (MAIL, 22), authorisation(f"{MAIL}:22/tcp"), True),
        (8080, (MAIL, 22), authorisation(f"{WWW}:8080/tcp"), True),
        (8080, (MAIL, 22), authorisation(f"{MAIL}:22/tcp", until=OVER), False),
        (8080, (MAIL, 22), authorisation(f"{WWW}:8080/tcp", until=OVER), False),
        (8080, (MAIL, 22), authorisation(f"{WWW}:22/tcp"), False),
    ],
)
def test_a_translation_is_explained_by_what_is_declared_at_either_end(
    port: int, to: tuple[str, int], entry: Any, known: bool
) -> None:
    assert (found(translated(to, port=port), city(*([entry] if entry else []))) == []) is known


def test_a_service_that_is_not_for_outside_explains_no_translation() -> None:
    within = tuple(replace(service, seen_from=frozenset({"office"})) for service in CITY.services)
    assert len(found(translated((MAIL, 25)), replace(CITY, services=within))) == 1
