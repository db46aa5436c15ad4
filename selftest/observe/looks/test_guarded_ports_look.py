"""Look "guarded-ports": every public address and every guarded port is asked, with identities on both sides and a free decoy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from ordinance.inventory.model import Inventory, Scope, Service
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.looks import guarded_ports as module
from ordinance.observe.looks.guarded_ports import guarded_ports
from ordinance.sight.perimeter import GuardedSighting
from selftest.judge.perimeter_city import ALL, MAIL, MAIL6, NEWS, PROFILE, UNUSED, WWW, inventory
from selftest.observe.looks.city_looks import Town, context

GUARDED = [("tcp", port) for port in (23, 992, 20, 21, 990)] + [("udp", 69)]
ECHO = (ip_address("203.0.113.7"), ip_address("2001:db8:ffff::7"))


def a_city(**changed: Any) -> Inventory:
    return replace(
        inventory((*ALL, MAIL6)), echo=ECHO, **{"scope": Scope((ip_network("0.0.0.0/0"), ip_network("::/0"))), **changed}
    )


def careful(job: Mapping[str, Any]) -> dict[str, Any]:
    """Silence everywhere, and a control that answers."""
    silent = {"sent": 7, "silent": 7, "replies": []}
    control = {"sent": 7, "answered": 7, "hops": 1}
    return {
        "targets": [
            {
                "ports": [{**port, **silent} for port in target["ports"]],
                "decoys": [{**decoy, **silent} for decoy in target["decoys"]],
                "control": control,
                "miss_bound": 6e-5,
                "slow_decoys": 0,
            }
            for target in job["targets"]
        ]
    }


def echo(job: Mapping[str, Any]) -> dict[str, Any]:
    return {"echoes": [{**asked, "echoed": True, "said": "back"} for asked in job["echoes"]]}


def a_town() -> Town:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nWelcome"
    heard = {
        (MAIL, 25): b"220 mail ESMTP\r\n",
        (MAIL6, 25): b"220 mail ESMTP\r\n",
        (NEWS, 119): b"200 news server\r\n",
        (WWW, 80): page,
    }
    listeners = {key: lambda said, words=words: words for key, words in heard.items()}
    return Town(listeners=listeners, agent={"careful": careful, "echo": echo})


def look(town: Town, city: Inventory | None = None) -> GuardedSighting:
    looking = context(town, city or a_city())
    looking.profile = PROFILE
    return guarded_ports(looking)


def asked(town: Town) -> list[Mapping[str, Any]]:
    return next(job for job in town.jobs if job["job"] == "careful")["targets"]


def test_every_public_address_of_both_families_is_asked_on_every_guarded_port() -> None:
    town = a_town()
    seen = look(town)
    assert [target["address"] for target in asked(town)] == [*ALL, MAIL6]
    for target in asked(town):
        assert [(spec["transport"], spec["port"]) for spec in target["ports"]] == GUARDED
    for address in (*ALL, MAIL6):
        held = seen.of(address)
        assert held is not None
        assert held.careful is not None
        assert held.careful.miss_bound == 6e-5


def test_an_echo_of_each_family_is_asked_on_every_guarded_port() -> None:
    seen = look(a_town())
    assert {(proof.family, proof.transport, proof.port) for proof in seen.echoes} == {
        (v, *pair) for v in (4, 6) for pair in GUARDED
    }


def test_a_service_is_heard_before_and_heard_again_after() -> None:
    """Two conversations, with all the asking in between: who was there before is not said to be there after."""
    town = a_town()
    seen = look(town).of(MAIL)
    assert seen is not None
    assert seen.before is not None
    assert seen.after is not None
    assert (seen.before.proven, seen.after.proven) == (True, True)
    moments = [int(identity.observation.removeprefix("o-")) for identity in (seen.before, seen.after)]
    assert seen.careful is not None
    assert moments[0] < int(seen.careful.observation.removeprefix("o-")) < moments[1]


def test_a_service_that_goes_away_meanwhile_is_not_heard_after() -> None:
    town = a_town()

    def pulls_the_plug(job: Mapping[str, Any]) -> dict[str, Any]:
        del town.listeners[MAIL, 25]
        return careful(job)

    town.agent["careful"] = pulls_the_plug
    seen = look(town).of(MAIL)
    assert seen is not None
    assert seen.before is not None
    assert seen.after is not None
    assert (seen.before.proven, seen.after.proven) == (True, False)
    assert "no-answer" in seen.after.said


def test_an_address_without_a_service_has_a_neighbours_as_control() -> None:
    town = a_town()
    seen = look(town).of(UNUSED)
    assert seen is not None
    assert seen.careful is not None
    assert (seen.careful.control_address, seen.careful.own) == (WWW, False)
    assert seen.before is not None
    assert seen.before.address == WWW


def test_ipv6_has_no_ipv4_control() -> None:
    city = a_city()
    alone = replace(city, services=tuple(service for service in city.services if str(service.address) != MAIL6))
    seen = look(a_town(), alone).of(MAIL6)
    assert seen is not None
    assert (seen.before, seen.after) == (None, None)
    assert seen.careful is not None
    assert seen.careful.control_address == ""


def test_the_decoy_is_a_port_of_each_transport_on_which_nothing_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DECOYS", range(30_000, 30_004))
    taken = [Service("mail", ip_address(MAIL), port, "http", "x", frozenset({"here"})) for port in (30_000, 30_001, 30_003)]
    city = a_city()
    town = a_town()
    look(town, replace(city, services=(*city.services, *taken)))
    decoys = {target["address"]: target["decoys"] for target in asked(town)}
    assert [(spec["transport"], spec["port"]) for spec in decoys[MAIL]] == [("tcp", 30_002), ("udp", 30_002)]


def test_an_address_out_of_scope_is_not_asked_and_says_so() -> None:
    barred = Scope((ip_network("0.0.0.0/0"), ip_network("::/0")), (ip_network(f"{NEWS}/32"),))
    town = a_town()
    seen = look(town, a_city(scope=barred))
    assert NEWS not in [target["address"] for target in asked(town)]
    held = seen.of(NEWS)
    assert held is not None
    assert held.careful is None
    assert "not in the inventory's scope" in held.unseen


def test_without_an_agent_nothing_was_seen() -> None:
    town = a_town()
    town.python3 = False
    with pytest.raises(CouldNotLook) as caught:
        look(town)
    assert caught.value.reason is Unseen.TOOL


def test_a_service_that_did_not_say_in_time_who_it_is_is_asked_again() -> None:
    town, left = a_town(), [2]

    def late(said: bytes) -> bytes:
        left[0] -= 1
        if left[0] >= 0:
            raise CouldNotLook(Unseen.DEADLINE, "the deadline passed while receiving")
        return b"220 mail ESMTP\r\n"

    town.listeners[MAIL, 25] = late
    seen = look(town).of(MAIL)
    assert seen is not None
    assert seen.before is not None
    assert seen.before.proven
    left[0] = 99
    seen = look(town).of(MAIL)
    assert seen is not None
    assert seen.before is not None
    assert (seen.before.proven, seen.before.said.split(":")[0]) == (False, "deadline")


def all_open(job: Mapping[str, Any]) -> dict[str, Any]:
    """Handshakes of one address on every TCP port."""
    told = careful(job)
    reply = {"answer": "open", "by": "", "type": None, "code": None, "hops": None, "times": 7}
    for target, held in zip(job["targets"], told["targets"], strict=True):
        for port in [*held["ports"], *held["decoys"]] if target["address"] == UNUSED else ():
            if port["transport"] == "tcp":
                port.update(silent=0, replies=[reply])
    return told


def test_where_the_decoy_is_open_too_the_open_guarded_ports_are_talked_to() -> None:
    town = a_town()
    town.agent["careful"] = all_open
    town.listeners[UNUSED, 23] = lambda said: b"login: "
    town.listeners[UNUSED, 21] = lambda said: b"220 files\r\n" if not said else b"331 password\r\n"
    seen = look(town)
    held = seen.of(UNUSED)
    assert held is not None
    spoken = {one.port: one for one in held.spoken}
    assert sorted(spoken) == [20, 21, 23, 990, 992]
    assert (spoken[20].protocol, spoken[20].said.split(":")[0]) == ("", "no-answer")
    assert all(spoken[port].protocol for port in (21, 23))
    assert all(not other.spoken for other in seen.addresses if other.address != UNUSED)
