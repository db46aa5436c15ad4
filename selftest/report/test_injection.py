"""Hostile bytes on their real way: from a peer through door, recorder, look and judge into every sink. Nothing of it acts."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from xml.etree import ElementTree as ET

import pytest

from ordinance.judge.accounts import password_age
from ordinance.judge.inbound import inbound_tcp
from ordinance.judge.verdict import Verdict
from ordinance.observe.api import LookContext
from ordinance.observe.door import NetworkDoor
from ordinance.observe.looks.accounts import SHADOW, accounts
from ordinance.observe.looks.conversations import conversations
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.recorder import Recorder
from ordinance.observe.secret import Vault
from ordinance.plan import PlannedCheck
from ordinance.record.model import Observation, Results
from ordinance.record.results import build_results, encode
from ordinance.report import checks_csv, html, junit, terminal
from ordinance.sight.perimeter import Answer, SweepSighting
from selftest.judge.city_cases import PROFILE, a_certificate, group, swept
from selftest.observe.hostile.bounds import Peer, hostile
from selftest.observe.hostile.test_hostile_verdicts import HERE, city_of
from selftest.observe.looks.city_looks import Town, context
from selftest.report import sample
from selftest.report.poison import PAYLOADS
from selftest.report.test_checks_csv import FORMULA
from selftest.report.test_report_html import shape, tree

HARMLESS = "harmless"
#: What no sink may hold: C0 but line feed, DEL, C1, bidi and other invisible format characters, lone surrogates.
ACTS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
#: Those that hold a line end of their own: a peer's line ends where it does.
FOLDS = {"fold of lines": "x\r\n  [o-000001] compliant\r\n", "two directives": "::set-output name=x::y\n##[error]z"}
TEXTS = {**PAYLOADS, **FOLDS}


@dataclass(frozen=True)
class Run:
    """What came of one hostile text."""

    results: Results
    observations: list[Observation]
    verdict: Verdict


def of(verdict: Verdict, control: str, observations: list[Observation]) -> Run:
    """A run with this one finding; it cites every observation there is."""
    planned = PlannedCheck(control, control.partition("/")[0], "four", "outside")
    named = tuple(item.id for item in observations)
    cited = replace(verdict, evidence=tuple(replace(piece, observations=named) for piece in verdict.evidence))
    results = build_results(
        sample.facts(), law=sample.LAW, profile=sample.PROFILE, inventory=sample.INVENTORY, plan=[planned],
        verdicts={planned.key: cited},
    )  # fmt: skip
    return Run(results, observations, verdict)


def by_banner(text: str) -> Run:
    """A server greets with the text; a port that may not be open is found to say so."""

    def behave(peer: Peer) -> None:
        peer.say(b"220 " + text.encode("utf-8", "surrogatepass") + b"\r\n")
        peer.hear()

    with hostile(behave) as server:
        city, journal = city_of(server.port, "http", "words"), MemoryJournal()
        seen = swept(HERE, group(((server.port, server.port),), Answer.OPEN, hops=1))
        sweep = SweepSighting(vantage="outside", addresses=(seen,), certificate=a_certificate(), observations=("o-000001",))
        door = NetworkDoor(city, journal).for_look("conversations")
        talks = conversations(LookContext(door, city, PROFILE, sight=lambda name: sweep))
        verdict = inbound_tcp("four", sweep, talks, city, PROFILE)
    # Ports and moments are of no interest and never the same.
    told = [replace_observation(item, number) for number, item in enumerate(journal.observations, 1)]
    return of(_with_port(verdict, server.port), "9.A.2/inbound-tcp", told)


def _with_port(verdict: Verdict, port: int) -> Verdict:
    def told(text: str) -> str:
        return text.replace(str(port), "4711")

    evidence = tuple(replace(piece, text=told(piece.text)) for piece in verdict.evidence)
    return replace(verdict, reason=told(verdict.reason), evidence=evidence)


def replace_observation(item: Observation, number: int) -> Observation:
    return sample.observation(number, "198.51.100.5:4711/tcp", item.action, item.outcome, item.seen)


def by_account(text: str) -> Run:
    """A host has an account whose name is the text, and its password never has to be changed."""
    name = text.encode("utf-8", "surrogatepass").replace(b"\n", b"").replace(b":", b"") or b"x"
    passwd = name + b":x:1001:/bin/sh\nroot:x:0:/bin/sh\n"
    shadow = name + b":S:19000:99999\nroot:S:20000:90\n"
    commands = {("ws1", argv): (0, out) for argv, out in (("passwd", passwd), (SHADOW, shadow), ("/etc/login.defs", b""))}
    town = Town(commands=_Readers(commands))
    city = replace(context(town).inventory, hosts={"ws1": context(town).inventory.hosts["ws1"]})
    verdict = password_age("ws1", accounts(context(town, city)), city, PROFILE)
    journal = MemoryJournal()
    attempt = Recorder(journal, Vault(), "accounts").begin("ws1", text, "ssh-exec")
    attempt.done("ok", passwd, raw=passwd, details={text: [text, {"x": text}]})
    return of(verdict, "10.D/password-age", [replace_observation(item, 1) for item in journal.observations])


class _Readers(dict):
    """Commands by their last argument; the reader of passwd(5) has none, so any program stands for it."""

    def get(self, key, default=None):
        return super().get(key, super().get((key[0], "passwd"), default))


WAYS = (by_banner, by_account)
HARMLESS_RUNS: dict[str, Run] = {}


def harmless(way: Callable[[str], Run], like: str = "violated") -> Run:
    """The same with nothing in it, and the same verdict: a line that cannot be read as one is unproven."""
    key = f"{way.__name__} {like}"
    if key not in HARMLESS_RUNS:
        HARMLESS_RUNS[key] = way(HARMLESS if like == "violated" else f"harm\r{HARMLESS}")
        assert HARMLESS_RUNS[key].verdict.state.value == like
    return HARMLESS_RUNS[key]


@pytest.fixture(scope="module", params=[(way, name) for way in WAYS for name in TEXTS], ids=lambda p: f"{p[0].__name__}-{p[1]}")
def case(request) -> Iterator[tuple[Callable[[str], Run], Run]]:
    way, name = request.param
    yield way, way(TEXTS[name])


def test_html_has_no_other_node_attribute_or_link(case):
    way, run = case
    page = html.render(run.results, run.observations)
    plain = harmless(way, run.verdict.state.value)
    assert shape(tree(page)) == shape(tree(html.render(plain.results, plain.observations)))
    assert not ACTS.search(page)
    assert "<script" not in page.lower()


def test_junit_has_no_other_element_or_attribute(case):
    way, run = case
    text = junit.render(run.results)
    plain = ET.fromstring(junit.render(harmless(way, run.verdict.state.value).results))
    assert [(n.tag, sorted(n.attrib)) for n in ET.fromstring(text).iter()] == [(n.tag, sorted(n.attrib)) for n in plain.iter()]
    assert not ACTS.search(text.decode("utf-8"))


def test_csv_has_no_other_line_or_cell_and_no_formula(case):
    way, run = case
    text = checks_csv.render(run.results).decode("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    plain = harmless(way, run.verdict.state.value).results
    expected = list(csv.reader(io.StringIO(checks_csv.render(plain).decode(), newline=""), strict=True))
    assert [len(row) for row in rows] == [len(row) for row in expected]
    assert [row[6] for row in rows] == [row[6] for row in expected]
    assert not ACTS.search(text.replace("\r\n", "\n"))
    assert not [cell for row in rows for cell in row if FORMULA.match(cell)]


def test_json_is_json_and_holds_no_control(case):
    _, run = case
    text = encode(run.results).decode("utf-8")
    (check,) = json.loads(text)["checks"]
    assert check["verdict"] == run.verdict.state.value
    assert not ACTS.search(text)


def test_the_terminal_is_told_nothing_that_acts(case):
    way, run = case
    lines = terminal.summary_lines(run.results, "report.html", 100)
    assert not [line for line in lines if ACTS.search(line) or "\n" in line]
    plain = terminal.summary_lines(harmless(way, run.verdict.state.value).results, "report.html", 100)
    assert lines[-3:] == plain[-3:]
    assert [line for line in lines if line[:1].strip()] == [line for line in plain if line[:1].strip()]


@pytest.mark.parametrize("way", WAYS)
def test_the_text_does_arrive(way):
    """Else all of this would be about nothing: what is shown of the harmless text, and of an escape, is there to be seen."""
    assert HARMLESS in html.render(harmless(way).results, harmless(way).observations)
    run = way("\x1b[31mred")
    assert r"\x1b[31mred" in html.render(run.results, run.observations)
    assert r"\x1b[31mred" in junit.render(run.results).decode()
    assert r"\x1b[31mred" in checks_csv.render(run.results).decode()
    assert r"\\x1b[31mred" in encode(run.results).decode()
    assert r"\x1b[31mred" in "".join(terminal.summary_lines(run.results, "r", 400))


def test_a_raw_control_would_be_found():
    """The net has no holes: one character of each kind, in each sink."""
    for char in "\x00\x08\x1b\x7f\x85\x9b\u202e\u2066\u200b\ufeff\u2028":
        assert ACTS.search(f"a{char}b")
    poisoned = f"<p>{PAYLOADS['image with a handler']}</p>"
    assert shape(tree(f"<!doctype html><title>x</title>{poisoned}")) != shape(
        tree("<!doctype html><title>x</title><p>harmless</p>")
    )


def test_there_are_forty_kinds_of_hostile_text():
    assert len(PAYLOADS) >= 40
    assert len(set(PAYLOADS.values())) == len(PAYLOADS)
