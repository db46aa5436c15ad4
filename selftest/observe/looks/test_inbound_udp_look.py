"""Look "inbound-udp": every admitted public address is asked for every service, while the firewall is watched."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from ordinance.inventory.model import Endpoint, Host, Pace, Scope, SecretRef
from ordinance.observe.api import CouldNotLook
from ordinance.observe.looks.inbound_udp import OTHERS, ROUNDS, inbound_udp
from ordinance.observe.protocols.udp_payloads import questions
from selftest.judge.perimeter_city import MAIL, UNUSED
from selftest.judge.test_inbound_udp import GROUP, ZONE, a_city
from selftest.observe.looks.city_looks import Town, context

EVERYWHERE = Scope((ip_network("0.0.0.0/0"), ip_network("::/0")))


def watched_city(**changed: Any) -> Any:
    city = a_city()
    ssh = Endpoint(ip_address("172.31.255.13"), 22, "root", SecretRef("env", "X"), ())
    fw: Host = replace(city.hosts["fw"], ssh=ssh)
    return replace(city, hosts={**city.hosts, "fw": fw}, scope=EVERYWHERE, **changed)


def datagrams(job: Mapping[str, Any]) -> dict[str, Any]:
    """Silence, but for the control."""
    told = []
    for index, target in enumerate(job["targets"]):
        open_ = {"answer": "open", "by": target["address"], "type": None, "code": None, "hops": None, "times": 3}
        replies = [open_] if target["control"] else []
        told.append({"index": index, "own_port": 30_000 + index, "sent": 3, "silent": 3, "replies": replies, "said_b64": ""})
    return {"targets": told, "complete": True}


def a_town() -> Town:
    town = Town()

    def watch(_: Mapping[str, Any]) -> dict[str, Any]:
        # the Town runs jobs one after another in threads: what the firewall saw is made from what is to be asked
        return {"seen": [[17, MAIL, 30_000 + 1, 3, 0], [17, ZONE, 1, 3, 3]], "flows": [], "tracks": True, "lost": 0}

    town.agent = {"own": lambda job: {"own": dict.fromkeys(job["addresses"], "cb007114")}, "datagrams": datagrams, "watch": watch}
    return town


def test_every_address_is_asked_for_every_service() -> None:
    town = a_town()
    seen = inbound_udp(context(town, watched_city()))
    job = next(job for job in town.jobs if job["job"] == "datagrams")
    services = len(list(questions(("public",)))) + OTHERS
    assert len(job["targets"]) == len(GROUP) * services
    assert {target["address"] for target in job["targets"]} == set(GROUP)
    assert job["rounds"] == ROUNDS
    assert not {target["port"] for target in job["targets"]} & set(range(9100, 9108))
    assert [probe.address for probe in seen.probes if probe.control] == [ZONE]
    assert seen.controls(4)[0].answered
    assert [watched.firewall for watched in seen.watched] == ["fw"]


def test_the_watcher_is_told_whom_to_watch_and_how_it_ends() -> None:
    town = a_town()
    inbound_udp(context(town, watched_city()))
    watch = next(job for job in town.jobs if job["job"] == "watch")
    job = next(job for job in town.jobs if job["job"] == "datagrams")
    assert (watch["own4_hex"], watch["own6_hex"]) == ("cb007114", "")
    assert bytes.fromhex(watch["farewell_hex"]) in base64.b64decode(job["farewell"]["payload_b64"])
    assert watch["seconds"] > job["seconds"]


def test_addresses_out_of_scope_are_not_asked_and_told() -> None:
    town = a_town()
    seen = inbound_udp(context(town, replace(watched_city(), scope=Scope((ip_network(f"{MAIL}/32"),)))))
    assert set(seen.unasked) == set(GROUP) - {MAIL}
    assert {probe.address for probe in seen.probes} == {MAIL}


def test_the_pace_of_the_inventory_is_handed_on() -> None:
    town = a_town()
    inbound_udp(context(town, watched_city(pace=Pace(per_host=5, total=40))))
    job = next(job for job in town.jobs if job["job"] == "datagrams")
    assert (job["rate"], job["per_host"]) == (40.0, 5)
    assert job["seconds"] > ROUNDS * len(job["targets"]) / 25.0


def test_a_firewall_that_cannot_be_watched_is_told_with_its_reason() -> None:
    town = a_town()
    town.agent["watch"] = lambda _: {"seen": "nonsense"}
    seen = inbound_udp(context(town, watched_city()))
    assert "makes no sense" in seen.watched[0].unseen
    assert not any(probe.arrived for probe in seen.probes if probe.address == UNUSED)


def test_a_dead_vantage_is_could_not_look() -> None:
    town = a_town()
    town.dead_vantages = frozenset({"outside"})
    with pytest.raises(CouldNotLook):
        inbound_udp(context(town, watched_city()))
