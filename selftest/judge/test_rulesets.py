"""What the proof of a ruleset makes of 9.A.1 and 9.A.2: green, red with the packet, and each way of not knowing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from ordinance.judge.authorised import authorisations
from ordinance.judge.blocked_by_ruleset import ftp_by_rulesets, joined, tcp_by_rulesets, telnet_by_rulesets
from ordinance.judge.ruleset import ruleset_proof
from ordinance.judge.saved import saved_equals_running
from ordinance.judge.verdict import Compliant, Evidence, Passages, Unproven, Violated, Witness
from ordinance.sight.counterexamples import CounterexampleSighting, SentPacket
from ordinance.sight.perimeter import Answer, CarefulAddress, CarefulPort, Reply
from ordinance.sight.rulesets import Device, Listing, RulesetSighting
from selftest.judge.perimeter_city import MAIL, MAIL6, PROFILE, WWW
from selftest.judge.rulesets_made import DEVICES, GOOD, TODAY, authorisation, city, listing, seen

CITY = city()
TELNET_FOR_ONE = GOOD + f"ip saddr 192.0.2.77 ip daddr {WWW} tcp dport 23 accept"
FTP_FOR_ONE = GOOD + f"ip saddr 192.0.2.30 ip daddr {WWW} tcp dport 21 accept"


def other_program() -> RulesetSighting:
    good = listing()
    changed = good.program.replace("cmp eq reg 1 0x00001900", "cmp eq reg 1 0x00001700")
    assert changed != good.program
    return seen(type(good)(text=good.text, program=changed, reloaded=good.reloaded, observations=good.observations))


def proof(sighting: RulesetSighting, inventory: Any = CITY) -> Any:
    return ruleset_proof("fw", sighting, inventory, PROFILE, TODAY)


# -- 9.A.2/ruleset-proof -------------------------------------------------------------------------------------------------------


def test_a_ruleset_within_the_policy_is_compliant_and_shows_whose_it_is() -> None:
    verdict = proof(seen())
    assert isinstance(verdict, Compliant)
    assert "only those that the policy allows pass" in verdict.reason
    assert "make the program that its kernel runs, for IPv4 and IPv6" in verdict.witnesses[0].text
    assert any("reading" in item.text for item in verdict.evidence)


@pytest.mark.parametrize(
    ("rules", "before", "said"),
    [
        (TELNET_FOR_ONE, "", "192.0.2.77"),
        (GOOD + 'meta hour "02:00"-"03:00" tcp dport 23 accept', "", "02:00"),
        (GOOD + "meta nfproto ipv6 tcp dport 8443 accept", "", "port 8443"),
        (GOOD + f"ip daddr {WWW} udp dport 53 accept", "", "UDP"),
        (GOOD + "ip protocol gre accept", "", "GRE"),
        (GOOD + f"ip daddr {MAIL} tcp dport 119 accept", "", "port 119"),
        ("accept", "", "accept"),
        (
            GOOD + "ip daddr 10.20.0.81 tcp dport 80 accept",
            "table ip t {\n chain p {\n type nat hook prerouting priority dstnat;\n"
            f'iifname "out0" ip daddr {WWW} tcp dport 8080 dnat to 10.20.0.81:80\n}}\n}}\n',
            "to 10.20.0.81 port 80",
        ),
    ],
    ids=["one source", "by night", "IPv6 only", "UDP", "another protocol", "the wrong host", "everything", "translated"],
)
def test_a_packet_beyond_the_policy_is_a_violation_and_is_shown(rules: str, before: str, said: str) -> None:
    verdict = proof(seen(listing(rules, before)))
    assert isinstance(verdict, Violated)
    assert said in verdict.reason
    assert "is accepted by" in verdict.reason


UNREAD = {"running": "vantage: fw is gone", "saved": "tool: no such file"}
NOT_READ = RulesetSighting(firewalls=(replaced(seen().firewalls[0], running=None, saved=None, unseen=UNREAD),))
BROKEN = Listing(text="{", program="", reloaded="", observations=("o-6",))


@pytest.mark.parametrize(
    ("sighting", "said"),
    [
        (RulesetSighting(), "nobody read its ruleset"),
        (NOT_READ, "fw is gone"),
        (other_program(), "the kernel runs another program than the listing says"),
        (seen(devices=DEVICES[:1]), "whose ruleset this is, is not known"),
        (seen(devices=(DEVICES[0], DEVICES[2])), "whose ruleset this is, is not known"),
        (seen(BROKEN), "cannot be read"),
        (seen(listing("limit rate 1/second accept")), "cannot prove"),
        (seen(listing("meta mark 7 accept")), "it hangs on"),
    ],
)
def test_what_is_not_known_is_not_proven(sighting: RulesetSighting, said: str) -> None:
    verdict = proof(sighting)
    assert isinstance(verdict, Unproven)
    assert said in verdict.reason


def test_a_device_of_which_the_inventory_says_nothing_faces_outside() -> None:
    more = (*DEVICES, Device(name="in9", index=9, addresses=("192.0.2.1",)))
    rules = GOOD + 'iifname "in9" tcp dport 22 accept'
    assert isinstance(proof(seen(listing(rules))), Violated | Compliant)
    verdict = proof(seen(listing(rules), devices=more))
    assert isinstance(verdict, Violated)
    assert "in9" in " ".join(item.text for item in verdict.evidence)


def test_an_exception_that_itd_authorised_is_within_the_policy_for_its_source_alone() -> None:
    assert isinstance(proof(seen(listing(FTP_FOR_ONE)), city(authorisation())), Compliant)
    assert isinstance(proof(seen(listing(FTP_FOR_ONE)), city(authorisation(source="192.0.2.31"))), Violated)
    assert isinstance(proof(seen(listing(FTP_FOR_ONE)), city(authorisation(until=date(2026, 11, 24)))), Violated)


@pytest.mark.parametrize("wrong", [{"target": "www"}, {"source": "the contractor"}])
def test_an_authorisation_that_cannot_be_compared_proves_nothing(wrong: dict[str, str]) -> None:
    verdict = proof(seen(), city(authorisation(**wrong)))
    assert isinstance(verdict, Unproven)
    assert "web-upload" in verdict.reason


def rows(rules: str, own: str = "", **more: Any) -> dict[tuple[str, str], tuple[tuple[str, ...], bool]]:
    verdict = proof(seen(listing(rules, own=own), **more))
    drawn = next(item for item in verdict.evidence if isinstance(item, Passages))
    return {(row.source, row.target): (row.what, row.beyond) for row in drawn.rows}


def test_what_passes_between_the_zones_is_told_for_a_picture() -> None:
    good = rows(GOOD)
    assert good["outside (out0)", "outside (out0)"] == (("TCP 25, 80, 119, 443 over IPv4 only",), False)
    assert good["public (in0)", "outside (out0)"] == (("everything",), False)
    assert not any(target == "the firewall itself" for _, target in good)
    bad = rows(GOOD + "ip protocol gre accept\nmeta nfproto ipv6 udp dport 53 accept")
    words = ("TCP 25, 80, 119, 443 over IPv4 only; UDP 53 over IPv6 only; GRE over IPv4", "only")
    assert bad["outside (out0)", "public (in0)"] == (words, True)


def test_what_passes_to_the_firewall_itself_is_told_by_the_device_it_comes_in_by() -> None:
    told = rows(GOOD, own='iifname "in0" tcp dport { 22, 23 } accept; iifname "out0" ip protocol ospf accept;')
    itself = {source: row for (source, target), row in told.items() if target == "the firewall itself"}
    assert itself == {
        "public (in0)": (("TCP 22-23",), False),
        "outside (out0)": (("IP protocol 89 over IPv4 only",), True),
    }


def test_what_passes_to_one_device_is_not_told_of_another() -> None:
    told = rows('iifname "out0" oifname "in0" tcp dport 8025 accept')
    assert told["outside (out0)", "public (in0)"] == (("TCP 8025",), True)
    assert ("outside (out0)", "outside (out0)") not in told


def test_a_long_list_of_what_passes_is_cut_and_says_so() -> None:
    ports = rows(GOOD + f"tcp dport {{ {', '.join(map(str, range(1000, 1024, 2)))} }} accept")
    assert ports["outside (out0)", "public (in0)"][0] == (
        "TCP 25, 80, 119, 443, 1000, 1002, 1004, 1006, 1008, 1010 and 6 more over",
        "IPv4 only; TCP 1000, 1002, 1004, 1006, 1008, 1010, 1012, 1014, 1016, 1018",
        "and 2 more over IPv6 only",
    )
    many = rows(GOOD + "ip protocol { 41, 47, 50, 51, 88, 89, 103, 112, 115, 132 } accept")
    assert "and 4 more protocols" in " ".join(many["outside (out0)", "public (in0)"][0])


def test_a_group_of_both_families_is_barred_in_both() -> None:
    both = replace(CITY, public=(replace(CITY.public[0], addresses=(*CITY.public[0].addresses, ip_address(MAIL6))),))
    six = replace(CITY, public=(replace(CITY.public[0], addresses=(ip_address(MAIL6),)),))
    telnet6 = seen(listing(GOOD + f"ip6 daddr {MAIL6} tcp dport 23 accept"))
    telnet4 = seen(listing(GOOD + f"ip daddr {MAIL} tcp dport 23 accept"))
    for sighting, of, kind in (
        (telnet6, both, Violated),
        (telnet6, six, Violated),
        (telnet6, CITY, Compliant),
        (telnet4, both, Violated),
        (telnet4, six, Compliant),
    ):
        assert isinstance(telnet_by_rulesets("public", sighting, of, PROFILE, TODAY)["fw"], kind)


# -- the packet that was really sent ------------------------------------------------------------------------------------------

ANSWERED = Reply(answer=Answer.OPEN, times=7)
FROM_HOST, ON_THE_WAY = (Reply(answer=Answer.RST, hops=hops, times=7) for hops in (2, 1))
PROHIBITED = Reply(answer=Answer.ICMP, by="203.0.113.1", icmp=(3, 13), times=7)
LET_IN = GOOD + f"ip daddr {WWW} tcp dport 8443 accept"


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


# -- 9.A.1/authorisations ------------------------------------------------------------------------------------------------------


def judged(rules: str, *entries: Any) -> Any:
    return authorisations("fw", seen(listing(rules)), city(*entries), PROFILE, TODAY)


@pytest.mark.parametrize(
    ("rules", "entries", "said"),
    [
        (GOOD, (), "the register authorises none"),
        (FTP_FOR_ONE, (authorisation(),), "1 of 1 in use"),
        (FTP_FOR_ONE, (authorisation(source="192.0.2.0/24, 203.0.113.9"),), "1 of 1 in use"),
        (FTP_FOR_ONE, (authorisation(source=""),), "1 of 1 in use"),
        (FTP_FOR_ONE, (authorisation(until=TODAY),), "1 of 1 in use"),
        (GOOD, (authorisation(),), "0 of 1 in use"),
    ],
)
def test_what_is_let_in_is_what_was_authorised(rules: str, entries: Any, said: str) -> None:
    verdict = judged(rules, *entries)
    assert isinstance(verdict, Compliant)
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("rules", "entries", "said"),
    [
        (FTP_FOR_ONE, (), "192.0.2.30"),
        (FTP_FOR_ONE, (authorisation(source="192.0.2.31"),), "192.0.2.30"),
        (
            FTP_FOR_ONE,
            (authorisation(until=date(2026, 11, 24)),),
            "web-upload of 198.51.100.8:21/tcp by Dana expired on 2026-11-24",
        ),
        (GOOD + f"ip daddr {WWW} tcp dport 21 accept", (authorisation(),), "port 21"),
        (GOOD + f"ip saddr 192.0.2.30 ip daddr {MAIL} tcp dport 21 accept", (authorisation(),), MAIL),
        (GOOD + "meta nfproto ipv6 tcp dport 992 accept", (authorisation(),), "port 992"),
        (GOOD + f"ip daddr {WWW} udp dport 69 accept", (), "UDP"),
    ],
    ids=["none", "another source", "expired", "any source", "another host", "IPv6", "TFTP"],
)
def test_what_is_let_in_beyond_the_register_is_a_violation(rules: str, entries: Any, said: str) -> None:
    verdict = judged(rules, *entries)
    assert isinstance(verdict, Violated)
    assert said in verdict.reason


def test_an_unread_ruleset_leaves_the_authorisations_unproven() -> None:
    assert isinstance(authorisations("fw", NOT_READ, CITY, PROFILE, TODAY), Unproven)


def test_what_the_kernel_does_not_run_says_nothing_of_the_authorisations() -> None:
    verdict = authorisations("fw", other_program(), CITY, PROFILE, TODAY)
    assert isinstance(verdict, Unproven)
    assert "the kernel runs another program" in verdict.reason


@pytest.mark.parametrize("wrong", [{"target": "www"}, {"source": "the contractor"}])
def test_what_the_register_says_must_be_comparable(wrong: dict[str, str]) -> None:
    verdict = authorisations("fw", seen(), city(authorisation(**wrong)), PROFILE, TODAY)
    assert isinstance(verdict, Unproven)
    assert "web-upload" in verdict.reason


# -- 9.A.1, with the probes ----------------------------------------------------------------------------------------------------

SILENT = Compliant("no telnet", (Evidence("silence", ("o-1",)),), (Witness("port 25 answered", ("o-2",)),))
UNSEEN = Unproven("public: the echo is dead")
OPEN = Violated("public: 198.51.100.8 port 23 is open", (Evidence("open", ("o-1",)),), (), ("198.51.100.8:23/tcp",))


def telnet(probed: Any, rules: str = GOOD, sighting: RulesetSighting | None = None) -> Any:
    return joined("public", probed, telnet_by_rulesets("public", sighting or seen(listing(rules)), CITY, PROFILE, TODAY))


def test_probe_and_ruleset_agree_that_telnet_is_blocked() -> None:
    verdict = telnet(SILENT)
    assert isinstance(verdict, Compliant)
    assert "so does the ruleset of fw" in verdict.reason
    assert len(verdict.witnesses) == 2


@pytest.mark.parametrize(
    ("probed", "rules", "breaches"),
    [
        (SILENT, TELNET_FOR_ONE, ("fw:ruleset",)),
        (UNSEEN, TELNET_FOR_ONE, ("fw:ruleset",)),
        (OPEN, GOOD, ("198.51.100.8:23/tcp",)),
        (OPEN, TELNET_FOR_ONE, ("198.51.100.8:23/tcp", "fw:ruleset")),
    ],
)
def test_either_of_them_can_find_telnet(probed: Any, rules: str, breaches: tuple[str, ...]) -> None:
    verdict = telnet(probed, rules)
    assert isinstance(verdict, Violated)
    assert verdict.breaches == breaches


def test_silence_is_not_enough_where_a_declared_ruleset_could_not_be_read() -> None:
    verdict = telnet(SILENT, sighting=NOT_READ)
    assert isinstance(verdict, Unproven)
    assert "fw is gone" in verdict.reason
    assert telnet(UNSEEN) is UNSEEN


@pytest.mark.parametrize("judge", [telnet_by_rulesets, ftp_by_rulesets, tcp_by_rulesets])
def test_what_the_kernel_does_not_run_proves_no_port_blocked(judge: Any) -> None:
    verdict = judge("public", other_program(), CITY, PROFILE, TODAY)["fw"]
    assert isinstance(verdict, Unproven)
    assert "the kernel runs another program" in verdict.reason


TWO = replace(CITY, hosts={**CITY.hosts, "fx": replace(CITY.hosts["fw"], name="fx")})


def two(first: RulesetSighting, second: RulesetSighting) -> dict[str, Any]:
    both = RulesetSighting(firewalls=(*first.firewalls, replaced(second.firewalls[0], host="fx")))
    return telnet_by_rulesets("public", both, TWO, PROFILE, TODAY)


def test_every_firewall_that_declares_a_ruleset_is_asked() -> None:
    verdicts = two(NOT_READ, seen(listing(TELNET_FOR_ONE)))
    assert {name: type(verdict) for name, verdict in verdicts.items()} == {"fw": Unproven, "fx": Violated}
    assert isinstance(joined("public", SILENT, verdicts), Violated)
    agreed = joined("public", SILENT, two(seen(), seen()))
    assert isinstance(agreed, Compliant)
    assert "and so do the rulesets of fw, fx" in agreed.reason


@pytest.mark.parametrize(
    ("until", "source", "kind"),
    [(TODAY, "192.0.2.30", Compliant), (date(2026, 11, 24), "192.0.2.30", Violated), (TODAY, "192.0.2.31", Violated)],
    ids=["on its last day", "expired", "another source"],
)
def test_telnet_by_the_ruleset_is_what_is_authorised(until: date, source: str, kind: type) -> None:
    entry = authorisation(f"{WWW}:23/tcp", source, until, control="9.A.1/telnet-blocked")
    rules = GOOD + f"ip saddr 192.0.2.30 ip daddr {WWW} tcp dport 23 accept"
    verdict = joined("public", SILENT, telnet_by_rulesets("public", seen(listing(rules)), city(entry), PROFILE, TODAY))
    assert isinstance(verdict, kind), verdict.reason
    assert kind is not Violated or "9.A.1: telnet is blocked at the firewall" in verdict.reason


def test_where_no_ruleset_is_declared_the_probes_stand_alone() -> None:
    bare = replace(CITY, hosts={**CITY.hosts, "fw": replace(CITY.hosts["fw"], ruleset=None)})
    assert joined("public", SILENT, telnet_by_rulesets("public", seen(), bare, PROFILE, TODAY)) == SILENT


def test_the_other_clause_is_not_broken() -> None:
    assert isinstance(
        joined("public", SILENT, ftp_by_rulesets("public", seen(listing(TELNET_FOR_ONE)), CITY, PROFILE, TODAY)), Compliant
    )


LET_UPLOAD = GOOD + f"ip saddr 192.0.2.30 ip daddr {WWW} tcp dport 21 accept"


@pytest.mark.parametrize(
    ("rules", "entries", "kind"),
    [
        (GOOD, (), Compliant),
        (GOOD + f"ip daddr {WWW} tcp dport 21 accept", (), Violated),
        (GOOD + "ip daddr 198.51.100.9 udp dport 69 accept", (), Violated),
        (GOOD + "ip daddr 198.51.100.9 tcp dport 2222 accept", (), Compliant),
        (LET_UPLOAD, (), Violated),
        (LET_UPLOAD, (authorisation(),), Compliant),
        (LET_UPLOAD, (authorisation(until=TODAY),), Compliant),
        (LET_UPLOAD, (authorisation(until=date(2026, 11, 24)),), Violated),
        (LET_UPLOAD, (authorisation(source="192.0.2.31"),), Violated),
    ],
    ids=["none", "FTP", "TFTP", "another port", "not authorised", "authorised", "on its last day", "expired", "another source"],
)
def test_ftp_by_the_ruleset_is_what_is_authorised(rules: str, entries: Any, kind: type) -> None:
    proven = ftp_by_rulesets("public", seen(listing(rules)), city(*entries), PROFILE, TODAY)
    verdict = joined("public", SILENT, proven)
    assert isinstance(verdict, kind), verdict.reason
    assert kind is not Violated or "9.A.1: FTP is blocked at the firewall" in verdict.reason


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        (GOOD, Compliant),
        (GOOD + "ip daddr 198.51.100.9 tcp dport 2222 accept", Violated),  # nobody has the address: no probe is answered
        (GOOD + "ip saddr 192.0.2.9 tcp dport 2222 accept", Violated),
        (GOOD + "ip daddr 198.51.100.9 udp dport 2222 accept", Compliant),
        (GOOD + "ip daddr 10.20.0.81 tcp dport 80 accept", Compliant),  # another group's, and the ruleset proof's
        (GOOD + "meta mark 7 tcp dport 2222 accept", Unproven),
    ],
)
def test_every_tcp_port_of_a_group_is_held_against_the_ruleset(rules: str, kind: type) -> None:
    proven = tcp_by_rulesets("public", seen(listing(rules)), CITY, PROFILE, TODAY)
    assert isinstance(joined("public", SILENT, proven), kind)


@pytest.mark.parametrize(("judge", "rules"), [(telnet_by_rulesets, TELNET_FOR_ONE), (ftp_by_rulesets, FTP_FOR_ONE)])
def test_a_group_answers_for_its_own_addresses(judge: Any, rules: str) -> None:
    other = replace(CITY, public=(replace(CITY.public[0], addresses=CITY.public[0].addresses[:1]),))
    assert isinstance(judge("public", seen(listing(rules)), CITY, PROFILE, TODAY)["fw"], Violated)
    assert isinstance(judge("public", seen(listing(rules)), other, PROFILE, TODAY)["fw"], Compliant)


@pytest.mark.parametrize(("until", "kind"), [(TODAY, Compliant), (date(2026, 11, 24), Violated)], ids=["last day", "expired"])
def test_all_tcp_by_the_ruleset_leaves_out_what_is_authorised(until: date, kind: type) -> None:
    proven = tcp_by_rulesets("public", seen(listing(FTP_FOR_ONE)), city(authorisation(until=until)), PROFILE, TODAY)
    assert isinstance(proven["fw"], kind)


# -- 9.A.2/saved-equals-running ------------------------------------------------------------------------------------------------


def restarted(running: str, saved: str) -> Any:
    return saved_equals_running("fw", seen(listing(running), listing(saved)), CITY)


def test_the_same_rules_in_other_words_are_equal() -> None:
    verdict = restarted(GOOD, GOOD.replace("{ 80, 443 }", "80") + f"ip daddr {WWW} tcp dport 443 accept")
    assert isinstance(verdict, Compliant)


@pytest.mark.parametrize(
    ("running", "saved", "said"),
    [
        (TELNET_FOR_ONE, GOOD, "passes by what runs and would be blocked after a restart"),
        (GOOD, TELNET_FOR_ONE, "is blocked by what runs and would pass after a restart"),
        (GOOD + "ip saddr 192.0.2.0/24 drop", GOOD, ""),
    ],
)
def test_a_difference_is_shown_as_a_packet(running: str, saved: str, said: str) -> None:
    verdict = restarted(running, saved)
    assert isinstance(verdict, Violated if said else Compliant)
    assert said in verdict.reason


def test_a_rule_that_hangs_on_what_nobody_knows_may_differ() -> None:
    assert isinstance(restarted(GOOD + "meta mark 7 accept", GOOD), Unproven)


@pytest.mark.parametrize("sighting", [RulesetSighting(), NOT_READ, other_program(), seen(saved=BROKEN)])
def test_a_ruleset_that_was_not_read_equals_nothing(sighting: RulesetSighting) -> None:
    assert isinstance(saved_equals_running("fw", sighting, CITY), Unproven)
