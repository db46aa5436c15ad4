"""A hundred thousand open ports, and a packet agent over there that floods or lies: bounded, and never good news."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address

import pytest

from ordinance.inventory.model import PublicGroup
from ordinance.judge.inbound import inbound_tcp
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.looks.conversations import MOST_A_HOST, conversations
from ordinance.observe.looks.perimeter_sweep import perimeter_sweep
from ordinance.observe.ssh_command import AgentLines
from ordinance.record.model import CheckRecord, EvidenceRecord
from ordinance.report import junit, terminal
from selftest.judge.city_cases import CITY, PROFILE
from selftest.observe.hostile.bounds import bounded
from selftest.observe.looks.city_looks import Town, context
from selftest.report import sample

ADDRESSES = ("198.51.100.8", "198.51.100.3", "198.51.100.9", "198.51.100.10")
CROWD = replace(
    CITY,
    public=(PublicGroup("four", tuple(map(ip_address, ADDRESSES))),),
    intranet=(), echo=(),
)  # fmt: skip
EVERY_OTHER = [[port, port] for port in range(1, 50_001, 2)]  # 25,000 on each of four addresses: no two stand together
THE_OTHERS = [*([port, port] for port in range(2, 50_000, 2)), [50_000, 65_535]]


def told(**changed):
    """The agent's last line after a sweep that found the ports open."""
    answers = [
        {
            "address": address, "echo": False, "answer": answer, "by": address, "type": None, "code": None, "hops": 1,
            "times": len(ports), "ports": ports,
        }
        for address in ADDRESSES
        for answer, ports in (("open", EVERY_OTHER), ("silent", THE_OTHERS))
    ]  # fmt: skip
    line = {
        "answers": answers, "complete": True, "why_incomplete": "", "probes": 10**6, "seconds": 60.0, "canaries": [],
        "bounds": [{"family": 4, "rounds": 3, "miss_bound": 1e-5}], "voided": 0, "requeued": 0, "local": 0, "privileged": True,
        "engine": "connect", "why": "no numpy there",
    }  # fmt: skip
    return {**line, **changed}


def test_100_000_open_ports_come_through_the_whole_way_as_a_violation():
    with bounded(25.0, memory=160 << 20):
        lines = AgentLines(lambda line: None)
        text = json.dumps({"done": True, **told()}).encode() + b"\n"
        for start in range(0, len(text), 32_768):
            lines.take(text[start : start + 32_768])
        town = Town(agent={"sweep": lambda job: lines.last})
        swept = perimeter_sweep(context(town, CROWD))
        assert sum(len(swept.open_ports(address)) for address in ADDRESSES) == 100_000
        talks = conversations(context(town, CROWD, lambda name: swept))
        assert len(talks.conversations) <= MOST_A_HOST * len(ADDRESSES) + len(CROWD.services)
        verdict = inbound_tcp("four", swept, talks, CROWD, PROFILE)
    assert verdict.state.value == "violated"
    assert len(verdict.reason) < 10_000
    assert len(verdict.evidence) <= 100


def test_a_finding_of_100_000_parts_makes_a_readable_report():
    made = sample.make().results
    text = ", ".join(f"198.51.100.8:{port}/tcp" for port in range(100_000))
    check = CheckRecord(
        control="9.A.2/inbound-tcp", clause="9.A.2", target="four", vantage="outside", verdict="violated", reason=text,
        evidence=[EvidenceRecord(text=text, witness=False, observations=["o-000001"])],
    )  # fmt: skip
    results = type(made)(run=made.run, clauses=made.clauses, checks=[check])
    with bounded(2.0):
        assert len(junit.render(results)) < 50_000
        assert len("\n".join(terminal.summary_lines(results, "r", 80))) < 20_000


def agent_lines(*pieces):
    lines = AgentLines(lambda line: None)
    for piece in pieces:
        lines.take(piece)
    lines.finish()
    return lines.last


FLOODS = [
    ("a line without end", [b"x" * 65_536] * 400, Unseen.TOO_MUCH),
    ("lines without end", [b'{"text": "' + b"x" * 4000 + b'"}\n'] * 20_000, Unseen.TOO_MUCH),
    ("no JSON", [b"<html>\n"], Unseen.TOOL),
    ("a list", [b"[1, 2]\n"], Unseen.TOOL),
    ("lists in lists", [b'{"a": ' + b"[" * 100_000 + b"\n"], Unseen.TOOL),
    ("no UTF-8", [b'{"a": "\xff\xfe"}\n'], Unseen.TOOL),
    ("a lone surrogate", [b'{"done": "\\ud800"}\n'], Unseen.TOOL),
    ("a number beyond every float", [b'{"done": 1e999}\n'], Unseen.TOOL),
    ("half a line", [b'{"done": true'], Unseen.TOOL),
    ("escapes", [b"\x1b[31m{}\n"], Unseen.TOOL),
]


@pytest.mark.parametrize(("pieces", "reason"), [case[1:] for case in FLOODS], ids=[case[0] for case in FLOODS])
def test_an_agent_that_floods_or_babbles_is_no_agent(pieces, reason):
    with bounded(3.0), pytest.raises(CouldNotLook) as refused:
        agent_lines(*pieces)
    assert refused.value.reason is reason
    assert "\x1b" not in refused.value.detail


LIES = [
    ("without answers", {"answers": None}),
    ("an address nobody asked about", {"answers": [{**told()["answers"][0], "address": "203.0.113.1"}]}),
    ("a port beyond all ports", {"answers": [{**told()["answers"][0], "ports": [[1, 10**9]]}]}),
    ("ports that are words", {"answers": [{**told()["answers"][0], "ports": [["a", "b"]]}]}),
    ("an answer of no kind", {"answers": [{**told()["answers"][0], "answer": "splendid"}]}),
    ("bounds of another kind", {"bounds": [{"family": "six"}]}),
    ("nothing at all", None),
]


@pytest.mark.parametrize("line", [case[1] for case in LIES], ids=[case[0] for case in LIES])
def test_an_agent_that_says_what_cannot_be_is_a_tool_that_failed(line):
    """Not a defect of ours, and above all no sweep."""
    said = {} if line is None else told(**line)
    with bounded(3.0), pytest.raises(CouldNotLook) as refused:
        perimeter_sweep(context(Town(agent={"sweep": lambda job: said}), CROWD))
    assert refused.value.reason is Unseen.TOOL
    assert refused.value.observation
