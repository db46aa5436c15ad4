"""9.A.2/inbound-protocols and the stealth pass over hand-written probes: good, bad, and each way of not knowing."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from ordinance.judge.crossing import control_hops, crossed
from ordinance.judge.inbound_protocols import inbound_protocols
from ordinance.judge.stealth import without_holes
from ordinance.judge.verdict import Compliant, Evidence, NotRun, Unproven, Verdict, Violated, Witness
from ordinance.sight.crossing import Crossing, CrossingSighting, Watched
from ordinance.sight.perimeter import Answer, Reply
from selftest.judge.perimeter_city import ALL, FW, MAIL, MAIL6, NEWS, OUTER, UNUSED, WWW, icmp, inventory

CITY = inventory()
SYN_ACK = Reply(answer=Answer.OPEN, by=WWW, hops=1, times=3)
RST_BEHIND, RST_BEFORE, RST_NOWHERE = (Reply(answer=Answer.RST, hops=hops) for hops in (1, 0, None))
CONTROL = Crossing(
    address=WWW, what="SYN to port 80", sent=3, silent=0, replies=(SYN_ACK,), control=True, arrived=3, left=3, flows=1
)
WATCHED = Watched(firewall="fw", tracks=True, observation="o-w")
BLIND = Watched(firewall="fw", unseen="tool: there is no python3")


def probe(address: str = MAIL, *replies: Reply, **more: Any) -> Crossing:
    values: dict[str, Any] = {"address": address, "what": "GRE", "sent": 3, "silent": 3, "arrived": 3}
    return Crossing(**{**values, "replies": replies, **more})


def sighting(*given: Crossing, control: Crossing | None = CONTROL, **more: Any) -> CrossingSighting:
    held = {p.address: p for p in (*(probe(address) for address in ALL), *given)}
    values: dict[str, Any] = {"vantage": "outside", "watched": (WATCHED,), "complete": True, "observations": ("o-1",)}
    return CrossingSighting(**{**values, "probes": (*held.values(), *((control,) if control else ())), **more})


def judged(*given: Crossing, **more: Any) -> Verdict:
    return inbound_protocols("public", sighting(*given, **more), CITY)


BAD = [
    (probe(MAIL, icmp((3, 2), by=MAIL)), "behind the firewall"),
    (probe(MAIL, Reply(answer=Answer.OPEN, by=MAIL), left=3), "answers"),
    (probe(MAIL, Reply(answer=Answer.OPEN, by=MAIL), flows=1), "answers"),
    (probe(MAIL, RST_BEHIND), "the host itself refused"),
    (probe(MAIL, left=1), "sent it on"),
    (probe(UNUSED, flows=1), "took it for a flow"),
    (probe(FW, flows=1), "took it for a flow"),
]
DNS = Crossing(
    address=WWW, what="DNS question", sent=3, silent=0, replies=(Reply(answer=Answer.OPEN, by=WWW, times=3),), control=True,
    arrived=3, left=3, flows=1,
)  # fmt: skip
UNKNOWN: list[tuple[tuple[Crossing, ...], dict[str, Any], str]] = [
    ((probe(MAIL, arrived=0),), {}, "silence proves nothing"),
    ((probe(MAIL, sent=0, arrived=0),), {}, "could not send"),
    ((), {"complete": False}, "not all sent"),
    ((), {"unsent": "the vantage may not make raw packets"}, "may not make raw packets"),
    ((), {"control": None}, "no public service is declared over IPv4"),
    ((), {"control": replace(CONTROL, replies=())}, "meant to answer, did not"),
    ((), {"control": replace(CONTROL, flows=0)}, "may be blind"),
    ((), {"watched": (replace(WATCHED, lost=1),)}, "missed 1 packets"),
    ((), {"watched": (replace(WATCHED, tracks=False),)}, "could not be read"),
]


def test_protocols_that_arrive_and_end_are_compliant() -> None:
    verdict = judged()
    assert isinstance(verdict, Compliant), verdict.reason
    assert isinstance(judged(probe(MAIL, icmp((3, 2)))), Compliant), "the firewall's own refusal, which was seen to end there"
    assert isinstance(judged(probe(MAIL, RST_BEFORE)), Compliant)


@pytest.mark.parametrize(("bad", "word"), BAD)
def test_a_protocol_that_crosses_is_a_violation(bad: Crossing, word: str) -> None:
    verdict = judged(bad, complete=False)
    assert isinstance(verdict, Violated), verdict.reason
    assert word in verdict.reason
    assert verdict.breaches == (f"{bad.address}/GRE",)


@pytest.mark.parametrize(("given", "more", "word"), [*UNKNOWN, ((), {"watched": (BLIND,)}, "there is no python3")])
def test_what_was_not_seen_of_protocols_is_unproven(given: tuple[Crossing, ...], more: dict[str, Any], word: str) -> None:
    verdict = judged(*given, **more)
    assert isinstance(verdict, Unproven), verdict.reason
    assert word in verdict.reason


def test_an_address_that_was_not_asked_and_a_group_that_is_not_there() -> None:
    seen = CrossingSighting(vantage="outside", probes=(CONTROL,), watched=(WATCHED,), complete=True, observations=("o-1",))
    assert f"{MAIL} was not asked" in inbound_protocols("public", seen, CITY).reason
    assert isinstance(inbound_protocols("nobody", seen, CITY), Unproven)


# -- the stealth pass, joined to the sweep ---------------------------------------------------------------------------------------

SWEPT = Compliant("swept", (Evidence("swept", ("o-s",)),), (Witness("canary", ("o-s",)),))


def joined(*given: Crossing, swept: Verdict = SWEPT, **more: Any) -> Verdict:
    return without_holes("public", swept, sighting(*given, **more), CITY)


def test_a_sweep_without_holes_stays_compliant_and_says_so() -> None:
    verdict = joined()
    assert isinstance(verdict, Compliant), verdict.reason
    assert "source port" in verdict.reason
    assert len(verdict.witnesses) == 2


@pytest.mark.parametrize(("bad", "word"), BAD)
def test_a_hole_is_a_violation_whatever_the_sweep_said(bad: Crossing, word: str) -> None:
    for swept in (SWEPT, Unproven("not swept")):
        verdict = joined(bad, swept=swept)
        assert isinstance(verdict, Violated), verdict.reason
        assert word in verdict.reason


def test_a_hole_is_added_to_what_the_sweep_found() -> None:
    verdict = joined(probe(MAIL, left=1), swept=Violated("port 23", (Evidence("23", ("o-s",)),), (), ("x:23/tcp",)))
    assert isinstance(verdict, Violated)
    assert verdict.breaches == ("x:23/tcp", f"{MAIL}/GRE")
    assert verdict.reason.startswith("port 23; ")


def test_what_the_sweep_could_not_say_stays_so() -> None:
    for swept in (Unproven("not swept"), Violated("port 23", (Evidence("23", ("o-s",)),)), NotRun()):
        assert joined(swept=swept) == swept


@pytest.mark.parametrize(("given", "more", "word"), [case for case in UNKNOWN if "watched" not in case[1]])
def test_holes_that_were_not_looked_for_are_unproven(given: tuple[Crossing, ...], more: dict[str, Any], word: str) -> None:
    verdict = joined(*given, **more)
    assert isinstance(verdict, Unproven), verdict.reason
    assert word in verdict.reason


def test_without_a_watcher_only_hosts_that_answer_are_proven() -> None:
    """A live host answers every one of these segments; an unused address answers nothing, whatever reaches it."""
    verdict = joined(*(probe(address, arrived=0) for address in ALL), watched=(BLIND,))
    assert isinstance(verdict, Unproven)
    assert f"{UNUSED}: no answer" in verdict.reason
    assert f"{WWW}:" not in verdict.reason


def test_a_handshake_that_the_firewall_made_itself_is_no_hole() -> None:
    verdict = joined(probe(MAIL, Reply(answer=Answer.OPEN, by=MAIL)))
    assert isinstance(verdict, Unproven)
    assert "1 probes were answered, and the firewall was not seen to send them on" in verdict.reason
    unwatched = joined(probe(MAIL, Reply(answer=Answer.OPEN, by=MAIL), arrived=0), watched=(BLIND,))
    assert isinstance(unwatched, Violated), "nobody saw that it was not sent on"


def test_without_a_watcher_silence_on_a_path_that_loses_packets_is_none() -> None:
    lossy = replace(CONTROL, silent=1)
    verdict = joined(probe(WWW, arrived=0), watched=(BLIND,), control=lossy)
    assert isinstance(verdict, Unproven)
    assert f"{WWW}: no answer" in verdict.reason
    assert isinstance(joined(control=lossy), Compliant), "what was seen to arrive was not lost"


def test_without_a_watcher_a_reset_from_nowhere_is_not_taken_for_the_firewalls() -> None:
    alone = [probe(WWW, RST_NOWHERE, arrived=0)]
    assert f"{WWW}: no answer" in joined(*alone, watched=(BLIND,)).reason
    assert f"{WWW}: no answer" not in joined(probe(WWW, RST_BEFORE, arrived=0), watched=(BLIND,)).reason


def test_the_sender_of_a_refusal_is_told_by_its_hops() -> None:
    assert isinstance(joined(probe(UNUSED, RST_BEFORE)), Compliant)
    assert isinstance(joined(probe(UNUSED, RST_BEHIND)), Violated), "as far as the nearest host of its family"
    assert isinstance(joined(probe(MAIL, icmp((3, 13), by=OUTER))), Compliant)


def test_where_a_syn_proxy_sends_no_syn_on_a_question_to_the_name_server_is_the_witness() -> None:
    proxied = replace(CONTROL, left=0, flows=0)
    seen = sighting(control=proxied)
    assert isinstance(inbound_protocols("public", seen, CITY), Unproven)
    verdict = inbound_protocols("public", replace(seen, probes=(*seen.probes, DNS)), CITY)
    assert isinstance(verdict, Compliant), verdict.reason
    assert [witness.text for witness in verdict.witnesses] == [
        f"{WWW} DNS question, meant to cross, answered and was seen to cross the firewall"
    ]


def test_a_probe_of_which_a_copy_arrived_was_sent_though_the_vantage_could_not_send_another() -> None:
    local = Reply(answer=Answer.LOCAL, by="ICMP of its own")
    assert isinstance(judged(probe(MAIL, local)), Compliant)
    assert isinstance(judged(probe(MAIL, local, arrived=0)), Unproven)


# -- how far a host is, and whose word counts ------------------------------------------------------------------------------------

ALL6 = (*ALL, MAIL6)
CITY6 = inventory(ALL6)


def control(address: str, hops: int | None, **more: Any) -> Crossing:
    return replace(CONTROL, address=address, replies=(replace(SYN_ACK, by=address, hops=hops),), **more)


def with_controls(*controls: Crossing, probes: tuple[Crossing, ...] = (), **more: Any) -> CrossingSighting:
    seen = sighting(*(probe(address) for address in ALL6), *probes, control=None, **more)
    return replace(seen, probes=(*seen.probes, *controls))


HOPS: list[tuple[str, str, tuple[Crossing, ...], int | None]] = [
    ("by its own control, though another host is nearer", MAIL, (control(MAIL, 5), control(WWW, 2)), 5),
    ("by the nearest host, where it has none", MAIL, (control(NEWS, 4), control(WWW, 2)), 2),
    ("by the nearest host, where its own does not say", MAIL, (control(MAIL, None), control(NEWS, 4), control(WWW, 3)), 3),
    ("never by a host of the other family", MAIL, (control(MAIL6, 1), control(NEWS, 4)), 4),
    ("not known, where only IPv6 answers", MAIL, (control(MAIL6, 1),), None),
    ("not known, where only IPv4 answers", MAIL6, (control(MAIL, 1),), None),
    ("not known without any control", MAIL, (), None),
]


@pytest.mark.parametrize(("how", "address", "controls", "hops"), HOPS, ids=[row[0] for row in HOPS])
def test_how_far_a_host_is(how: str, address: str, controls: tuple[Crossing, ...], hops: int | None) -> None:
    assert control_hops(address, with_controls(*controls)) == hops


def test_each_family_has_a_witness_of_its_own() -> None:
    verdict = inbound_protocols("public", with_controls(control(WWW, 1), control(MAIL6, 1)), CITY6)
    assert isinstance(verdict, Compliant), verdict.reason
    assert [witness.text.split(" ")[0] for witness in verdict.witnesses] == [WWW, MAIL6]
    for there, missing in ((WWW, 6), (MAIL6, 4)):
        verdict = inbound_protocols("public", with_controls(control(there, 1)), CITY6)
        assert isinstance(verdict, Unproven)
        assert f"no public service is declared over IPv{missing} whose probe shows that the looking works" in verdict.reason
        assert [witness.text.split(" ")[0] for witness in verdict.witnesses] == [there]


def test_a_firewall_that_was_not_watched_hides_no_loss_of_the_next() -> None:
    verdict = joined(watched=(BLIND, replace(WATCHED, firewall="fw2", lost=2)))
    assert isinstance(verdict, Unproven)
    assert "the watcher on fw2 missed 2 packets" in verdict.reason


def test_of_many_probes_without_an_end_three_are_named() -> None:
    kinds = [probe(MAIL, what=what, arrived=0) for what in ("GRE", "ESP", "AH", "SCTP", "IPIP")]
    seen = replace(sighting(), probes=(*sighting().probes, *kinds))
    assert f"{MAIL}: no answer to GRE, ESP, AH and 2 more, and no firewall" in inbound_protocols("public", seen, CITY).reason
    local = Reply(answer=Answer.LOCAL, by="EPERM")
    unsent = [replace(kind, replies=(local,)) for kind in kinds]
    seen = replace(sighting(), probes=(*sighting().probes, *unsent))
    told = inbound_protocols("public", seen, CITY).reason
    assert f"outside could not send to {MAIL}: GRE (EPERM), ESP (EPERM), AH (EPERM) and 2 more" in told


def test_a_reset_is_compared_with_the_hops_of_its_own_host() -> None:
    """Nearer than its host is a device on the way, however near another host may be."""
    reset = replace(RST_BEHIND, hops=3)
    assert crossed(probe(MAIL, reset), with_controls(control(MAIL, 5), control(WWW, 2)), CITY) == ""
    assert "the host itself refused" in crossed(probe(MAIL, reset), with_controls(control(MAIL, 3), control(WWW, 9)), CITY)


WORDS: list[tuple[str, str, bool]] = [
    ("a router's, outside the city", OUTER, True),
    ("the firewall's", FW, True),
    ("a host's of the city, which is behind the firewall", NEWS, False),
    ("the asked host's own", MAIL, False),
]


@pytest.mark.parametrize(("whose", "by", "ends"), WORDS, ids=[row[0] for row in WORDS])
def test_whose_word_that_nobody_is_there_shows_a_crossing(whose: str, by: str, ends: bool) -> None:
    """A filter may say it as well; a host behind the firewall can say it of a packet that has crossed only."""
    how = crossed(probe(MAIL, icmp((3, 1), by=by)), with_controls(control(WWW, 1)), CITY)
    assert (how == "") is ends
    assert ends or "is let through: ICMP type 3 code 1" in how


def test_a_path_that_loses_packets_says_nothing_of_the_other_family() -> None:
    """A live host answers, and its silence is the firewall's; on a path that loses packets it is nobody's."""
    unwatched = tuple(probe(address, arrived=0) for address in ALL6)
    seen = with_controls(control(MAIL6, 1), control(WWW, 1, silent=1), probes=unwatched, watched=(BLIND,))
    verdict = without_holes("public", SWEPT, seen, CITY6)
    assert isinstance(verdict, Unproven)
    assert f"{WWW}: no answer" in verdict.reason
    assert f"{MAIL6}: no answer" not in verdict.reason
    seen = with_controls(control(MAIL6, 1, silent=1), control(WWW, 1), probes=unwatched, watched=(BLIND,))
    verdict = without_holes("public", SWEPT, seen, CITY6)
    assert f"{MAIL6}: no answer" in verdict.reason
    assert f"{WWW}: no answer" not in verdict.reason


def test_of_several_kinds_of_probe_all_are_named() -> None:
    kinds = tuple(probe(address, what=what) for address in ALL for what in ("GRE", "ESP"))
    seen = CrossingSighting(vantage="outside", probes=(*kinds, CONTROL), watched=(WATCHED,), complete=True, observations=("o-1",))
    verdict = inbound_protocols("public", seen, CITY)
    assert isinstance(verdict, Compliant)
    assert verdict.reason == f"of GRE, ESP nothing is let through to {len(ALL)} addresses"


def test_no_stealth_pass_makes_a_sweep_of_no_public_group_compliant() -> None:
    assert without_holes("nobody", SWEPT, sighting(), CITY) is SWEPT
    assert isinstance(without_holes("nobody", Unproven("not swept"), sighting(probe(MAIL, left=1)), CITY), Unproven)
