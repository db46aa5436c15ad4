"""The HTML report: what a reader must find, and that nothing from the record acts."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree.ElementTree import Element

import html5lib
import pytest

from ordinance.record.model import Observation, Results
from ordinance.report import words
from ordinance.report.html import render
from ordinance.report.view import LINKS_A_PIECE
from selftest.report import sample
from selftest.report.poison import PAYLOADS, everywhere

#: Words the report takes for our own: to spoil them is a case of its own.
WORDS_OF_OURS = {*words.WORDS, "tested", "complete", "incomplete", "nothing-to-check", "in force", "not in force"}


def page(made: sample.Sample) -> str:
    return render(made.results, made.observations)


def tree(html: str) -> Element:
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)


def shape(element: Element) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    return [(str(node.tag), tuple(sorted((str(k), v) for k, v in node.attrib.items()))) for node in element.iter()]


def words_of(element: Element) -> str:
    return re.sub(r"\s+", " ", "".join(element.itertext()))


def by_id(root: Element, name: str) -> Element:
    found = [node for node in root.iter() if node.get("id") == name]
    assert len(found) == 1, name
    return found[0]


@pytest.fixture(scope="module")
def everything() -> Element:
    return tree(page(sample.make()))


def test_it_is_sound_html_with_a_policy_that_lets_nothing_run(everything: Element):
    tags = Counter(str(node.tag) for node in everything.iter())
    assert not tags.keys() & {"script", "iframe", "object", "embed", "link", "base", "form", "img", "a:href"}
    csp = next(node for node in everything.iter("meta") if node.get("http-equiv") == "Content-Security-Policy")
    assert csp.get("content") == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert not any(name.startswith("on") for node in everything.iter() for name in node.attrib)


def test_every_link_stays_on_the_page_and_leads_somewhere(everything: Element):
    links = [node.get("href", "") for node in everything.iter("a")]
    ids = [node.get("id") for node in everything.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    assert links and all(link.startswith("#") and link[1:] in ids for link in links)


def test_nothing_is_loaded_from_anywhere():
    html = page(sample.make())
    assert not re.search(r"src=|xlink|@import|url\(|http:|https:", html)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (sample.make(), "Not compliant: 2 violated, 2 unproven, 1 not run of 9 checks"),
        (sample.compliant(), "Compliant: 9 of 9 checks"),
        (sample.make(stopped="Ctrl-C"), "INCOMPLETE: 8 of 9 checks settled before the run ended; 2 violated, 2 unproven"),
        (sample.make(selection="--clause 9"), "Not compliant: 2 violated, 2 unproven, 1 not run of 9 selected checks"),
    ],
)
def test_the_headline_comes_first(made: sample.Sample, sentence: str):
    root = tree(page(made))
    heading = next(iter(root.iter("h1")))
    assert words_of(heading).replace("\u00a0", " ").strip() == sentence
    assert next(iter(root.iter("title"))).text == f"{sentence} \u2013 City of Example"


def test_the_order_is_that_of_urgency(everything: Element):
    sections = [node.get("id") for node in everything.iter("section")]
    assert sections == [
        "coverage", "violated", "unproven", "waived", "not-run",
        "clauses", "untested", "readings", "how", "verify", "observations",
    ]  # fmt: skip


def test_what_is_compliant_throughout_has_no_findings():
    sections = [node.get("id") for node in tree(page(sample.compliant())).iter("section")]
    assert sections == ["coverage", "clauses", "untested", "readings", "how", "verify", "observations"]


def test_every_clause_stands_there_with_its_own_words(everything: Element):
    text = words_of(by_id(everything, "clauses"))
    for clause in sample.CLAUSES:
        assert clause.title in text and clause.text in text and clause.why in text


def test_a_clause_is_open_when_a_check_of_it_needs_a_reader(everything: Element):
    opened = {
        words_of(next(iter(node.iter("bdi"))))
        for node in by_id(everything, "clauses").iter("details")
        if node.get("open") is not None
    }
    assert opened == {"3.H", "3.I", "9.A.1", "10.D"}


def test_every_check_says_what_was_seen_from_where_and_by_what_witness(everything: Element):
    for number, (planned, verdict) in enumerate(sample.checks(), 1):
        text = words_of(by_id(everything, f"check-{number}"))
        for part in (planned.control, planned.target, verdict.reason, *(item.text for item in verdict.evidence)):
            assert part in text
        assert all(item.text in text for item in verdict.witnesses)
        assert ("Witness:" in text) == bool(verdict.witnesses)
        assert {"outside": "from outside", "here": "from here (zone management"}[planned.vantage] in text


def test_cited_observations_are_in_the_appendix_and_no_others(everything: Element):
    text = words_of(by_id(everything, "observations"))
    assert "o-000003" in text and "connected; the peer said \\xff\\xfb\\x01 login:" in text
    assert "o-000008" not in text


def test_an_observation_that_is_not_in_the_journal_is_told(everything: Element):
    assert "1 cited observation is not in the journal" in words_of(by_id(everything, "check-9"))


def test_what_could_not_be_tested_is_listed(everything: Element):
    text = words_of(by_id(everything, "untested"))
    for part in (
        "Not covered yet 4 controls", "9.A.2/inbound-udp", "Attestation missing or expired 2 clauses; 1 attested",
        "was stated by Dana Okafor, Public Records Manager, until 2026-05-31", "Not testable 1 clause", "2 unproven checks",
    ):  # fmt: skip
        assert part in text


def test_times_are_told_in_the_city_and_in_utc(everything: Element):
    text = words_of(everything)
    assert "Monday 23 November 2026, 12:15:00 PST (2026-11-23 20:15:00 UTC), for 1 min 47 s" in text
    assert "Tuesday 24 November 2026, 12:16:47 PST (2026-11-24 20:16:47 UTC)" in text


def test_an_incomplete_run_is_not_valid_for_anything():
    text = words_of(tree(page(sample.make(stopped="interrupted by the keyboard"))))
    assert "not valid: this run proves nothing" in text
    assert "Why it ended: interrupted by the keyboard" in text


def test_scope_versions_parameters_readings_and_hashes_are_told(everything: Element):
    text = words_of(everything)
    for part in ("never 198.51.100.14/32", "pytest9.2.0", "10,485,760", "Read together", "ab" * 32, "cd" * 32):
        assert part in text.replace("pytest 9.2.0", "pytest9.2.0")


def test_every_verdict_has_its_word_beside_its_shape(everything: Element):
    for node in everything.iter("span"):
        if (node.get("class") or "").startswith("verdict"):
            assert words_of(node).strip()
            assert next(iter(node)).tag.endswith("}svg")


def test_a_verdict_that_is_not_one_of_ours_is_shown_as_unproven():
    made = sample.compliant()
    checks = [everywhere(check, lambda text: "splendid" if text == "compliant" else text) for check in made.results.checks]
    root = tree(render(Results(run=made.results.run, clauses=made.results.clauses, checks=checks), made.observations))
    assert len(list(by_id(root, "unproven").iter("article"))) == 9


def test_what_passes_a_firewall_is_drawn_way_by_way(everything: Element):
    drawn = [node for node in everything.iter("{http://www.w3.org/2000/svg}svg") if node.get("class") == "zones"]
    assert len(drawn) == 1
    ways = list(drawn[0].iter("{http://www.w3.org/2000/svg}g"))
    assert [way.get("class") for way in ways] == [None, "beyond", None]
    assert "Beyond the policy: from outside (out0) to inside (in0): TCP 23 over IPv6 only" in words_of(ways[1])
    assert words_of(ways[2]).count("...") == 2  # four hundred ports: in the picture, and in its title
    places = [int(next(way.iter("{http://www.w3.org/2000/svg}rect")).get("y", "")) for way in ways]
    assert places == sorted(set(places))


def test_evidence_with_many_observations_links_some_and_counts_the_rest():
    made = sample.make()
    seen = [sample.observation(number, "x", "connect", "ok", "y") for number in range(1, 41)]
    piece = made.results.checks[0].evidence[0]
    many = type(piece)(text="many", witness=False, observations=[item.id for item in seen])
    check = made.results.checks[0]
    changed = everywhere(check, str)
    changed = type(check)(**{name: getattr(changed, name) for name in check.__struct_fields__} | {"evidence": [many]})
    root = tree(render(Results(run=made.results.run, clauses=made.results.clauses, checks=[changed]), seen))
    block = by_id(root, "check-1")
    assert len(list(block.iter("a"))) == LINKS_A_PIECE
    assert f"and {40 - LINKS_A_PIECE} more in the journal" in words_of(block)


def spoilt(payload: str, made: sample.Sample) -> tuple[Results, list[Observation]]:
    def change(text: str) -> str:
        return text if text in WORDS_OF_OURS else text + payload

    return everywhere(made.results, change), [everywhere(item, change) for item in made.observations]


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_hostile_text_in_every_field_changes_no_tag_and_no_attribute(payload: str):
    harmless = "harm.less" if "." in payload else "harmless"  # what comes before the dot of a clause is its section
    hostile = shape(tree(render(*spoilt(payload, sample.make()))))
    assert hostile == shape(tree(render(*spoilt(harmless, sample.make()))))


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_hostile_text_leaves_no_character_that_acts(payload: str):
    html = render(*spoilt(payload, sample.make()))
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]", html
    )
    html.encode("utf-8")
    assert len(html) < 3_000_000


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_hostile_verdicts_and_standings_never_look_compliant(payload: str):
    def change(text: str) -> str:
        return text + payload

    made = sample.compliant()
    root = tree(render(everywhere(made.results, change), made.observations))
    assert not [node for node in root.iter("span") if "compliant" in (node.get("class") or "").split()]
    assert not words_of(next(iter(root.iter("h1")))).strip().startswith("Compliant")
