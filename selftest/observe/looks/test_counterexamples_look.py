"""Look "counterexamples": what a ruleset lets through is sent from a vantage that can; else nothing is, and it says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from ordinance.inventory.model import Scope
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.looks.counterexamples import CLOCK, counterexamples
from ordinance.sight.counterexamples import CounterexampleSighting
from ordinance.sight.perimeter import Answer
from ordinance.sight.rulesets import Device, Listing, RulesetSighting
from selftest.judge.perimeter_city import PROFILE, WWW
from selftest.judge.rulesets_made import GOOD, city, listing, seen
from selftest.observe.looks.city_looks import Town, context

OWN = "cb007114"  # 203.0.113.20
OPEN = GOOD + f"ip daddr {WWW} tcp dport 8443 accept"
NIGHT = GOOD + f"meta day 3 ip daddr {WWW} tcp dport 23 accept"
REPLY = {"answer": "open", "by": "", "type": None, "code": None, "hops": 2, "times": 5}


def careful(job: Mapping[str, Any]) -> dict[str, Any]:
    def port(spec: Mapping[str, Any], *replies: Any) -> dict[str, Any]:
        return {
            "transport": spec["transport"],
            "port": spec["port"],
            "sent": 5,
            "silent": 5 - 5 * len(replies),
            "replies": replies,
        }

    control = {"sent": 5, "answered": 5, "hops": 2}
    told = [
        {
            "address": target["address"], "miss_bound": 1e-5, "slow_decoys": 0, "control": control,
            "ports": [port(spec, REPLY) for spec in target["ports"]], "decoys": [port(spec) for spec in target["decoys"]],
        }
        for target in job["targets"]
    ]  # fmt: skip
    return {"targets": told}


def a_town(own: str = OWN, clock: tuple[int, bytes] = (0, b"3 12 00 00\n"), **more: Any) -> Town:
    agent = {"own": lambda job: {"own": {address: "" if ":" in address else own for address in job["addresses"]}}}
    return Town(agent={**agent, "careful": careful}, commands={("fw", CLOCK[-1]): clock}, **more)


def look(town: Town, rulesets: RulesetSighting | Callable[[str], Any], inventory: Any = None) -> CounterexampleSighting:
    sight = rulesets if callable(rulesets) else lambda name: rulesets
    return counterexamples(replace(context(town, inventory or city(), sight), profile=PROFILE))


def jobs(town: Town) -> list[str]:
    return [job["job"] for job in town.jobs]


def test_a_packet_that_is_let_through_is_sent_with_care() -> None:
    town = a_town()
    sent = look(town, seen(listing(OPEN))).of("fw")
    assert sent is not None and sent.careful is not None
    assert (sent.source, sent.careful.address, sent.unsent) == ("203.0.113.20", WWW, "")
    assert [(port.transport, port.port, port.replies[0].answer) for port in sent.careful.ports] == [("tcp", 8443, Answer.OPEN)]
    assert (sent.careful.control_address, sent.careful.control_port) == (WWW, 80)
    assert sent.careful.decoys[0].port != 8443
    assert jobs(town) == ["own", "careful"]


def test_a_datagram_holds_the_question_of_its_port() -> None:
    town = a_town()
    sent = look(town, seen(listing(GOOD + f"ip daddr {WWW} udp dport {{ 161, 5999 }} accept"))).of("fw")
    assert sent is not None and sent.careful is not None
    (spec,) = town.jobs[-1]["targets"][0]["ports"]
    assert (spec["transport"], spec["port"]) == ("udp", 161)
    assert len(spec["payload_b64"]) > 20


@pytest.mark.parametrize(
    "rulesets",
    [
        seen(),
        RulesetSighting(),
        RulesetSighting(firewalls=(replaced(seen().firewalls[0], running=None),)),
        seen(Listing(text="{", program="", reloaded="", observations=("o-6",))),
        seen(replaced(listing(OPEN), program="[ another ]")),
        seen(listing(OPEN), devices=(Device(name="lo", index=1),)),
        seen(listing(GOOD + "meta mark 7 accept")),
    ],
    ids=["compliant", "nobody looked", "not read", "broken", "a listing that lies", "whose is it", "cannot be proved"],
)
def test_where_nothing_is_certainly_let_through_nothing_is_sent(rulesets: RulesetSighting) -> None:
    town = a_town()
    assert look(town, rulesets) == CounterexampleSighting(vantage="outside")
    assert town.jobs == [] and town.count == 0


@pytest.mark.parametrize(
    ("rules", "town", "words"),
    [
        (GOOD + "ip saddr 192.0.2.0/24 tcp dport 23 accept", a_town(), "an address of the vantage outside (203.0.113.20)"),
        (GOOD + "ip protocol gre accept", a_town(), "none of these packets begins a TCP connection"),
        (OPEN, a_town(own=""), "none of these packets goes to an address that the inventory names"),
        (OPEN, a_town(own="zz"), "what makes no sense"),
        (OPEN, a_town(python3=False), "no python3"),
        (OPEN, a_town(dead_vantages=frozenset({"outside"})), "outside is gone"),
        (NIGHT, a_town(clock=(0, b"4 12 00 00")), "at another time"),
        (NIGHT, a_town(clock=(0, b"3 23 59 30")), "what time it is there is not known"),
        (NIGHT, a_town(clock=(1, b"")), "what time it is there is not known"),
    ],
)
def test_what_cannot_be_sent_says_why(rules: str, town: Town, words: str) -> None:
    sent = look(town, seen(listing(rules))).of("fw")
    assert sent is not None and sent.careful is None
    assert words in sent.unsent
    assert "careful" not in jobs(town)


def test_what_passes_now_alone_is_sent_now() -> None:
    sent = look(a_town(), seen(listing(NIGHT))).of("fw")
    assert sent is not None and sent.careful is not None
    assert sent.careful.ports[0].port == 23


def test_an_address_out_of_scope_is_not_sent_to() -> None:
    inventory = city()
    barred = replace(inventory, scope=Scope(inventory.scope.allow, inventory.scope.allow))
    town = a_town()
    sent = look(town, seen(listing(OPEN)), barred).of("fw")
    assert sent is not None
    assert "its scope admits" in sent.unsent
    assert all(not job.get("addresses") for job in town.jobs)


def test_rulesets_that_could_not_be_read_at_all_leave_their_reason() -> None:
    def gone(name: str) -> Any:
        raise CouldNotLook(Unseen.VANTAGE, "here is gone")

    assert "here is gone" in look(a_town(), gone).unseen


@pytest.mark.parametrize("when", ["rulesets", "vantage", "clock"])
def test_a_halted_run_stops(when: str) -> None:
    def stop(*_: Any, **__: Any) -> Any:
        raise CouldNotLook(Unseen.HALTED, "stopped")

    town = a_town()
    if when != "rulesets":
        setattr(town, {"vantage": "at", "clock": "host"}[when], stop)
    with pytest.raises(CouldNotLook) as caught:
        look(town, stop if when == "rulesets" else seen(listing(OPEN)))
    assert caught.value.reason is Unseen.HALTED
