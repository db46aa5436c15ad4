"""9.A.2: the packet of a violation that was really sent, and what came back of it, beside the proof."""

from __future__ import annotations

from typing import Any

import pytest

from ordinance.judge.ruleset import ruleset_proof
from ordinance.judge.verdict import Violated
from ordinance.sight.counterexamples import CounterexampleSighting, SentPacket
from ordinance.sight.perimeter import Answer, CarefulAddress, CarefulPort, Reply
from ordinance.sight.rulesets import RulesetSighting
from selftest.judge.perimeter_city import PROFILE, WWW
from selftest.judge.rulesets_made import CITY, GOOD, NOT_READ, TODAY, listing, seen

ANSWERED = Reply(answer=Answer.OPEN, times=7)
FROM_HOST, ON_THE_WAY = (Reply(answer=Answer.RST, hops=hops, times=7) for hops in (2, 1))
PROHIBITED = Reply(answer=Answer.ICMP, by="203.0.113.1", icmp=(3, 13), times=7)
LET_IN = GOOD + f"ip daddr {WWW} tcp dport 8443 accept"


def proof(sighting: RulesetSighting) -> Any:
    return ruleset_proof("fw", sighting, CITY, PROFILE, TODAY)


def sent(*replies: Reply, transport: str = "tcp", **changed: Any) -> CounterexampleSighting:
    port = CarefulPort(
        address=WWW, transport=transport, port=8443, sent=7, silent=0 if replies else 7, replies=replies
    )  # fmt: skip
    careful = CarefulAddress(
        address=WWW, ports=(port,), decoys=(), control_address=WWW, control_port=80, control_sent=7, control_answered=7,
        control_hops=2, miss_bound=1e-5, observation="o-9",
    )  # fmt: skip
    packet = SentPacket(**{"host": "fw", "source": "203.0.113.20", "careful": careful, **changed})
    return CounterexampleSighting(vantage="outside", packets=(packet,))


@pytest.mark.parametrize(
    ("came_back", "said"),
    [
        (sent(ANSWERED), "sent from outside (203.0.113.20) to 198.51.100.8 tcp port 8443: open"),
        (sent(ANSWERED, transport="udp"), "udp port 8443: answered"),
        (sent(FROM_HOST), "the host itself refused (reset from 2 hops away): let through, nobody listens, so it crossed"),
        (sent(ON_THE_WAY), "refused by a reset from 1 hop away, the hosts are 2 hops away"),
        (sent(PROHIBITED), "prohibited: ICMP type 3 code 13 from 203.0.113.1"),
        (sent(), "no answer in 7 tries, while port 80 of 198.51.100.8 answered 7 of 7"),
        (sent(careful=None, unsent="these packets pass at another time"), "not sent: these packets pass at another time"),
        (CounterexampleSighting(vantage="outside"), "not sent: nobody tried"),
        (CounterexampleSighting(vantage="outside", unseen="the look failed"), "not sent: the look failed"),
    ],
)
def test_what_came_back_stands_beside_the_counterexample_and_changes_nothing(
    came_back: CounterexampleSighting, said: str
) -> None:
    verdict = ruleset_proof("fw", seen(listing(LET_IN)), CITY, PROFILE, TODAY, came_back)
    alone = proof(seen(listing(LET_IN)))
    assert isinstance(verdict, Violated)
    assert said in verdict.reason and verdict.reason.endswith("9.A.2: inbound only SMTP to mail gateways and NNTP to news hosts")
    assert said in verdict.evidence[1].text
    assert (verdict.evidence[0], *verdict.evidence[2:]) == alone.evidence
    assert verdict.reason.startswith(alone.reason.partition("; 9.A.2")[0])


@pytest.mark.parametrize("sighting", [seen(), NOT_READ, seen(listing("meta mark 7 accept"))])
def test_where_nothing_is_violated_what_came_back_says_nothing(sighting: RulesetSighting) -> None:
    assert ruleset_proof("fw", sighting, CITY, PROFILE, TODAY, sent(ANSWERED)) == proof(sighting)
