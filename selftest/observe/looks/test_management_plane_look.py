"""Look "management-plane": what is asked of a firewall from both sides, and what the judge makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pyasn1.codec.ber import decoder
from pysnmp.proto.api import v1, v2c
from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message

from ordinance.inventory.model import Inventory, SecretRef, Service, SnmpUser
from ordinance.judge.management import management_plane as judge
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.looks.management_plane import management_plane, snmp_payloads
from ordinance.observe.protocols.snmp_payload import community_get, engine_discovery
from selftest.judge.city_cases import CITY, FW4, NS, PROFILE, WWW4
from selftest.observe.looks.city_looks import Town, context, one

KEY = SecretRef("env", "NONE")
USER = SnmpUser(one("172.31.255.13"), 161, "audit", KEY, KEY)
WITH_SNMP = replace(CITY, hosts={**CITY.hosts, "fw": replace(CITY.hosts["fw"], snmp=USER)})


def careful(
    open_ports: frozenset[tuple[str, int]] = frozenset(), dead: frozenset[str] = frozenset()
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def port(spec: dict[str, Any]) -> dict[str, Any]:
        is_open = (spec["transport"], spec["port"]) in open_ports
        reply = {"answer": "open", "by": "", "type": None, "code": None, "hops": None, "times": 7}
        told = {"transport": spec["transport"], "port": spec["port"], "sent": 7, "silent": 0 if is_open else 7}
        return {**told, "replies": [reply] if is_open else []}

    def answer(job: Mapping[str, Any]) -> dict[str, Any]:
        def control(target: Mapping[str, Any]) -> dict[str, Any]:
            is_dead = target["control"]["address"] in dead
            return {"sent": 12, "answered": 0, "hops": None} if is_dead else {"sent": 7, "answered": 7, "hops": 1}

        return {
            "targets": [
                {
                    "address": target["address"],
                    "ports": [port(spec) for spec in target["ports"]],
                    "decoys": [port(spec) for spec in target["decoys"]],
                    "control": control(target),
                    "miss_bound": 6e-5 if control(target)["answered"] else 1.0,
                    "slow_decoys": 0,
                }
                for target in job["targets"]
            ]
        }

    return answer


def echo(job: Mapping[str, Any]) -> dict[str, Any]:
    return {"echoes": [{**asked, "echoed": True, "said": ""} for asked in job["echoes"]]}


def agent(*accepted: str) -> Callable[..., dict[str, str]]:
    """An SNMP agent that takes v3 authPriv and whatever else is named."""

    def get(host: str, *, community: str | None, version: str, level: str) -> dict[str, str]:
        if (community or level) in ("authPriv", *accepted):
            return {"1.3.6.1.2.1.1.1.0": "Linux fw"}
        raise CouldNotLook(Unseen.NO_ANSWER if community else Unseen.CREDENTIALS, "no", "o-no")

    return get


def town(*accepted: str, ports: frozenset[tuple[str, int]] = frozenset(), **more: Any) -> Town:
    return Town(**{"agent": {"careful": careful(ports), "echo": echo}, "snmp": agent(*accepted), **more})


@pytest.mark.parametrize(
    ("system", "state"),
    [
        (town(), "compliant"),
        (town(ports=frozenset({("tcp", 22)})), "violated"),
        (town(ports=frozenset({("udp", 161)})), "violated"),
        (town("public"), "violated"),
        (town("noAuthNoPriv"), "violated"),
        (town("authNoPriv"), "violated"),
        (town(snmp=None), "unproven"),
        (town(python3=False), "unproven"),
        (town(dead_vantages=frozenset({"outside"})), "unproven"),
    ],
)
def test_what_the_judge_makes_of_it(system: Town, state: str) -> None:
    verdict = judge("fw", management_plane(context(system, WITH_SNMP)), WITH_SNMP, PROFILE)
    assert verdict.state.value == state, verdict.reason


def test_ports_are_asked_beside_a_public_service_behind_the_firewall() -> None:
    system = town()
    management_plane(context(system, WITH_SNMP))
    (target,) = next(job for job in system.jobs if job["job"] == "careful")["targets"]
    assert target["address"] == FW4
    assert target["control"] == {"address": WWW4, "port": 443}
    assert len([spec for spec in target["ports"] if spec["transport"] == "udp"]) == len(snmp_payloads(PROFILE))


def test_beside_a_dead_service_the_firewall_is_asked_again_beside_one_of_another_host() -> None:
    system = town(agent={"careful": careful(dead=frozenset({WWW4})), "echo": echo})
    zone = Service("ns", one(NS), 53, "dns", "", frozenset({"outside"}))
    city = replace(WITH_SNMP, services=(*WITH_SNMP.services, zone))
    verdict = judge("fw", management_plane(context(system, city)), city, PROFILE)
    assert verdict.state.value == "compliant", verdict.reason
    asked = [job["targets"][0]["control"]["address"] for job in system.jobs if job["job"] == "careful"]
    assert asked == [WWW4, NS]


def test_where_every_service_is_dead_nothing_is_proven() -> None:
    everybody = frozenset(str(service.address) for service in WITH_SNMP.services)
    system = town(agent={"careful": careful(dead=everybody), "echo": echo})
    verdict = judge("fw", management_plane(context(system, WITH_SNMP)), WITH_SNMP, PROFILE)
    assert (verdict.state.value, "is not proven" in verdict.reason) == ("unproven", True), verdict.reason


def test_what_answered_beside_a_dead_service_is_not_asked_away() -> None:
    system = town(agent={"careful": careful(frozenset({("tcp", 22)}), frozenset({WWW4})), "echo": echo})
    verdict = judge("fw", management_plane(context(system, WITH_SNMP)), WITH_SNMP, PROFILE)
    assert verdict.state.value == "violated", verdict.reason
    assert [job["job"] for job in system.jobs].count("careful") == 1


def test_an_address_without_a_way_there_is_unseen() -> None:
    city: Inventory = replace(WITH_SNMP, services=())
    (address,) = management_plane(context(town(), city)).firewalls[0].outer
    assert "proves the way" in address.unseen


def test_a_firewall_without_an_snmp_user_is_not_asked_by_snmp() -> None:
    seen = management_plane(context(town())).firewalls[0]
    assert (seen.before, seen.tries, seen.after) == (None, (), None)


def test_a_halted_run_stops() -> None:
    def stopped(host: str, **who: Any) -> dict[str, str]:
        raise CouldNotLook(Unseen.HALTED, "the run was interrupted")

    with pytest.raises(CouldNotLook):
        management_plane(context(town(snmp=stopped), WITH_SNMP))


@pytest.mark.parametrize(("version", "spec"), [("1", v1), ("2c", v2c)])
def test_a_community_request_is_what_pysnmp_reads(version: str, spec: Any) -> None:
    message, rest = decoder.decode(community_get(version, "public"), asn1Spec=spec.Message())
    assert not rest
    assert (bytes(message["community"]), str(message["data"][0][3][0][0])) == (b"public", "1.3.6.1.2.1.1.1.0")


def test_a_discovery_is_what_pysnmp_reads() -> None:
    message, rest = decoder.decode(engine_discovery(), asn1Spec=SNMPv3Message())
    assert not rest
    assert bytes(message["msgGlobalData"]["msgFlags"]) == b"\x04"


def test_a_community_too_long_to_be_a_default_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than"):
        community_get("1", "x" * 128)
