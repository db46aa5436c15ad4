"""Look "perimeter-sweep": how many canaries are asked of whom, who is swept, and what the certificate says of it."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from ordinance.inventory.model import IntranetSite, Inventory, Scope, Service
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.looks.perimeter_sweep import (
    CANARIES,
    CANARIES_A_HEAVY_WITNESS,
    CANARIES_A_WITNESS_PACED,
    _canaries,
    _Plan,
    perimeter_sweep,
)
from ordinance.sight.perimeter import SweepSighting
from selftest.judge.perimeter_city import ALL, NEWS, PROFILE, inventory
from selftest.observe.looks.city_looks import Town, context


def plan(*protocols: str) -> _Plan:
    services = [
        Service(f"h{n}", ip_address(f"198.51.100.{n}"), 1, protocol, "x", frozenset({"outside"}))
        for n, protocol in enumerate(protocols, 1)
    ]
    return _Plan((), (), tuple(services), ())


@pytest.mark.parametrize(
    ("protocols", "paced", "canaries"),
    [
        (("http", "smtp"), False, CANARIES),
        (("dns",), False, CANARIES),
        (("smtp", "nntp"), False, 2 * CANARIES_A_HEAVY_WITNESS),
        (("http",), True, CANARIES_A_WITNESS_PACED),
        (("smtp",), True, CANARIES_A_HEAVY_WITNESS),
        ((), False, 0),
    ],
)
def test_mail_and_news_hosts_are_not_asked_thousands_of_times(protocols, paced, canaries) -> None:
    assert _canaries(4, plan(*protocols), paced=paced) == canaries
    assert _canaries(6, plan(*protocols), paced=paced) == 0


# -- the certificate ------------------------------------------------------------------------------------------------------------

ECHO4 = "203.0.113.7"


def last_line(job: Mapping[str, Any], *, echo: str = "open", **changed: Any) -> dict[str, Any]:
    """What the agent says at the end of a sweep in which everything is silent and the echo answers."""
    told = {"by": "", "type": None, "code": None, "hops": None}
    answers = [
        {**told, "address": address, "echo": False, "answer": "silent", "ports": [[1, 65_535]]} for address in job["addresses"]
    ]
    if job["echo"]:
        answers.append({**told, "address": job["echo"][0], "echo": True, "answer": echo, "ports": [[1, 65_535]]})
    canaries = [
        {"address": a, "port": port, "sent": 9, "answered": 9, "late_sent": 1, "late_answered": 1, "hops": 1}
        for a, port, _ in job["canaries"]
    ]
    known: dict[str, Any] = {
        "engine": "connect",
        "why": "no numpy there",
        "voided": 3,
        "requeued": 5,
        "local": 0,
        "probes": 9,
        "seconds": 1.5,
        "privileged": True,
    }
    bounds = [{"family": 4, "rounds": 2, "miss_bound": 1e-5}]
    return {
        "answers": answers, "canaries": canaries, "bounds": bounds, "complete": True, "why_incomplete": "", **known, **changed,
    }  # fmt: skip


def seen_by(city: Inventory, **changed: Any) -> tuple[SweepSighting, Town]:
    town = Town(agent={"sweep": lambda job: last_line(job, **changed)})
    looking = context(town, city)
    looking.profile = PROFILE
    return perimeter_sweep(looking), town


def a_city(*, deny: tuple[str, ...] = ()) -> Inventory:
    scope = Scope((ip_network("0.0.0.0/0"), ip_network("::/0")), tuple(ip_network(net) for net in deny))
    inside = IntranetSite("intranet", (ip_address("10.20.0.81"),), (), 80, "CANARY")
    return replace(inventory(), echo=(ip_address(ECHO4),), scope=scope, intranet=(inside,))


def test_public_and_intranet_addresses_are_swept_and_the_echo_beside_them() -> None:
    seen, town = seen_by(a_city())
    assert town.jobs[0]["addresses"] == [*ALL, "10.20.0.81"]
    assert town.jobs[0]["echo"] == [ECHO4]
    assert [address.address for address in seen.addresses] == [*ALL, "10.20.0.81"]
    certificate = seen.certificate
    assert (certificate.complete, certificate.unechoed, certificate.echo_families) == (True, (), (4,))
    assert certificate.ports_covered == certificate.ports_planned == 6 * 65_535
    assert (certificate.voided_windows, certificate.requeued, certificate.bounds[0].rounds) == (3, 5, 2)


def test_an_address_out_of_scope_leaves_the_sweep_incomplete() -> None:
    seen, town = seen_by(a_city(deny=(f"{NEWS}/32",)))
    assert NEWS not in town.jobs[0]["addresses"]
    assert not seen.certificate.complete
    assert seen.certificate.why_incomplete == "1 addresses are not in the inventory's scope"
    held = seen.of(NEWS)
    assert held is not None
    assert held.covered() == 0


@pytest.mark.parametrize("answer", ["silent", "rst", "icmp", "local"])
def test_ports_on_which_the_echo_did_not_answer_are_told(answer: str) -> None:
    seen, _ = seen_by(a_city(), echo=answer)
    assert [(group.family, group.ports) for group in seen.certificate.unechoed] == [(4, ((1, 65_535),))]


def test_why_the_agent_gave_up_stands_in_the_certificate() -> None:
    seen, _ = seen_by(a_city(), complete=False, why_incomplete="the time allowed was over")
    assert (seen.certificate.complete, seen.certificate.why_incomplete) == (False, "the time allowed was over")


def test_a_vantage_without_the_right_to_listen_says_so() -> None:
    seen, _ = seen_by(a_city(), privileged=False)
    assert (seen.certificate.hears_icmp, seen.certificate.reads_hops) == (False, False)


RAW = {"engine": "raw", "why": "it can", "ring_drops": 4, "asked_again": 3, "foreign": 2, "mute": 1, "contradictions": 5}


def test_the_raw_engine_and_what_it_noticed_stand_in_the_certificate() -> None:
    seen, _ = seen_by(a_city(), **RAW)
    by = seen.certificate.by
    assert by is not None
    assert seen.certificate.engine == "raw sweep, packet agent 1"
    assert (by.name, by.why, by.ring_drops, by.asked_again, by.lost) == ("raw", "it can", 4, 3, 1)
    assert (by.foreign, by.mute, by.contradictions) == (2, 1, 5)


def test_the_engine_that_connects_says_why_it_was_not_the_other() -> None:
    by = seen_by(a_city())[0].certificate.by
    assert by is not None
    assert (by.name, by.why, by.lost) == ("connect", "no numpy there", 0)


def test_coverage_is_told_by_family_and_protocol() -> None:
    by = seen_by(a_city(deny=(f"{NEWS}/32",)))[0].certificate.by
    assert by is not None
    told = [(part.family, part.protocol, part.addresses, part.planned, part.covered) for part in by.covered]
    assert told == [(4, "tcp", 6, 6 * 65_535, 5 * 65_535)]


@pytest.mark.parametrize("changed", [{"engine": "magic"}, {"why": 3}, {**RAW, "ring_drops": "x"}, {"engine": "raw"}])
def test_an_engine_that_makes_no_sense_is_no_certificate(changed: dict[str, Any]) -> None:
    with pytest.raises(CouldNotLook) as missed:
        seen_by(a_city(), **changed)
    assert missed.value.reason is Unseen.TOOL


def test_progress_says_which_engine_sweeps_and_why() -> None:
    town, said = Town(agent={"sweep": last_line}, lines=[{"engine": "connect", "why": "no numpy there"}]), list[str]()
    looking = context(town, a_city())
    looking.profile = PROFILE
    looking.progress = lambda done, total, text: said.append(text)
    perimeter_sweep(looking)
    assert said[-1].startswith("connect sweep from outside, ")
    assert said[-1].endswith(" (no numpy there)")


def test_public_addresses_are_vouched_for_where_every_firewalls_ruleset_is_declared() -> None:
    """Never the Intranet's: of its addresses no ruleset is asked."""
    _, town = seen_by(a_city())
    assert town.jobs[0]["vouched"] == list(ALL)
    _, town = seen_by(replace(inventory(declared=False), echo=(ip_address(ECHO4),)))
    assert town.jobs[0]["vouched"] == []


@pytest.mark.parametrize(("told", "awaited"), [({}, True), ({"awaited": True}, True), ({"awaited": False}, False)])
def test_whether_late_words_were_waited_for_stands_in_the_certificate(told: dict[str, bool], awaited: bool) -> None:
    seen, _ = seen_by(a_city(), **told)
    assert seen.certificate.awaited is awaited
