"""Probes, rulesets and listeners: what fits together, what is a finding, and each witness that did not answer."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec.structs import replace as replaced

from ordinance.inventory.model import Inventory
from ordinance.judge.verdict import Compliant, Unproven, Violated
from ordinance.judge.witnesses import Sightings, witnesses_agree
from ordinance.sight.listeners import ListenerSighting
from ordinance.sight.perimeter import Answer, Reply, SweepSighting
from ordinance.sight.rulesets import RulesetSighting
from selftest.judge.perimeter_city import MAIL, MAIL6, OPEN, PROFILE, RST_HOST, UNUSED, WWW, answered, icmp, sweep, swept
from selftest.judge.rulesets_made import GOOD, TODAY, authorisation, city, heard, listener, listing, seen, telling

CITY = city()
#: Its mail gateway's IPv6 address is public too.
SIX = replace(CITY, public=(replace(CITY.public[0], addresses=(*CITY.public[0].addresses, ip_address(MAIL6))),))
ONLY_80 = GOOD.replace("{ 80, 443 }", "80")
ALSO_8443 = ONLY_80 + f"ip daddr {WWW} tcp dport 8443 accept"


def translated(to: str) -> str:
    chain = "table ip t {\n chain p {\n type nat hook prerouting priority dstnat;\n"
    return f'{chain}iifname "out0" ip daddr {WWW} tcp dport 8080 dnat to {to}\n}}\n}}\n'


FLOW = (
    "ipv4     2 tcp      6 431999 ESTABLISHED src={source} dst={to} sport=40000 dport={port} "
    "src={to} dst={source} sport={port} dport=40000 [ASSURED] mark=0 use=1"
)

ICMP = (
    "ipv4     2 icmp     1 29 src=203.0.113.9 dst=198.51.100.8 type=8 code=0 id=7 "
    "src=198.51.100.8 dst=203.0.113.9 type=0 code=0 id=7 mark=0 use=1"
)
FLOW6 = FLOW.replace("ipv4     2", "ipv6     10")
#: Of UDP, one that is being closed, one of a host of the city, and one that may begin: no findings, and none hides one.
HARMLESS = (
    FLOW.replace("tcp      6 431999 ESTABLISHED", "udp      17 29").format(source="203.0.113.9", to=WWW, port=22),
    FLOW.replace("ESTABLISHED", "TIME_WAIT").format(source="203.0.113.9", to=WWW, port=22),
    FLOW.format(source="198.51.100.6", to=WWW, port=22),
    FLOW.format(source="203.0.113.9", to=WWW, port=80),
)
#: As the kernel tells a connection that a flowtable carries (nf_conntrack_standalone.c, ct_seq_show).
OFFLOADED = FLOW.replace("431999 ESTABLISHED ", "").replace("[ASSURED]", "[OFFLOAD]")


def judge(
    probed: SweepSighting | None = None, rules: RulesetSighting | None = None, heard_of: ListenerSighting | None = None,
    target: str = "public", inventory: Inventory = CITY,
) -> Any:  # fmt: skip
    saw = Sightings(probed or sweep(), rules or seen(listing(ONLY_80)), heard_of or heard())
    return witnesses_agree(target, saw, inventory, PROFILE, TODAY)


def open_at(address: str, *ports: int) -> SweepSighting:
    return sweep(swept(address, answered(OPEN, *ports)))


def test_one_story_of_every_port_is_compliant() -> None:
    verdict = judge()
    assert isinstance(verdict, Compliant)
    assert len(verdict.witnesses) >= 3
    assert any("www" in item.text and "443, 22" not in item.text for item in verdict.evidence)


def test_every_address_that_somebody_has_is_told_wherever_an_unused_one_stands() -> None:
    first = replace(CITY, public=(replace(CITY.public[0], addresses=CITY.public[0].addresses[::-1]),))
    told, turned = ({item.text for item in judge(inventory=city).evidence} for city in (CITY, first))
    assert turned == told
    assert (
        len([text for text in told if "open by probe, ruleset and listener alike" in text]) == len(CITY.public[0].addresses) - 1
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"probed": open_at(WWW, 8443)}, "open by the probe, and the ruleset lets nobody in"),
        ({"probed": sweep(swept(WWW, answered(RST_HOST, 8443)))}, "let through by the probe, and the ruleset lets nobody in"),
        (
            {"probed": sweep(swept(WWW, answered(icmp((3, 3), by=WWW), 8443)))},
            "let through by the probe, and the ruleset lets nobody in",
        ),
        ({"probed": open_at(WWW, 8443), "rules": seen(listing(ALSO_8443))}, "www does not say that it listens there"),
        (
            {"probed": open_at(UNUSED, 8443), "rules": seen(listing(ONLY_80 + f"ip daddr {UNUSED} tcp dport 8443 accept"))},
            "nobody known does not say",
        ),
        (
            {
                "probed": open_at(WWW, 8443),
                "rules": seen(listing(ALSO_8443)),
                "heard_of": heard(www=telling("www", listener(80), replaced(listener(8443), transport="udp"))),
            },
            "www does not say that it listens there",
        ),
        (
            {
                "probed": open_at(WWW, 8443),
                "rules": seen(listing(ALSO_8443)),
                "heard_of": heard(www=telling("www", listener(80), listener(8443, address="127.0.0.1"))),
            },
            "www does not say that it listens there",
        ),
        (
            {
                "probed": open_at(WWW, 8443),
                "rules": seen(listing(ALSO_8443)),
                "heard_of": heard(www=telling("www", listener(80), listener(8443, process="httpd"))),
            },
            "www listens there (httpd), the ruleset lets everybody in, and the inventory knows no such service",
        ),
        (
            {
                "rules": seen(listing(ONLY_80 + f"ip saddr 192.0.2.9 ip daddr {WWW} tcp dport 8443 accept")),
                "heard_of": heard(www=telling("www", listener(80), listener(8443))),
            },
            "lets some sources, or at some times in",
        ),
        (
            {"rules": seen(listing(ONLY_80 + f"ip daddr {WWW} tcp dport 443 accept")), "heard_of": heard()},
            "silent to the probe, though the ruleset lets everybody in and www listens there",
        ),
        (
            {"heard_of": heard(www=telling("www", listener(80), by_snmp=(listener(22),)))},
            "www listens there as SSH says, and not as SNMP says",
        ),
        (
            {"probed": open_at(WWW, 8080), "rules": seen(listing(ONLY_80, translated("10.9.9.9:22")))},
            "",
        ),
        (
            {
                "probed": open_at(WWW, 8080),
                "rules": seen(listing(ONLY_80 + "ip daddr 10.9.9.9 accept", translated("10.9.9.9:22"))),
            },
            "is translated to 10.9.9.9 port 22, which is no host's of the inventory",
        ),
        (
            {
                "probed": open_at(WWW, 8080),
                "rules": seen(listing(ONLY_80 + f"ip daddr {MAIL} tcp dport 22 accept", translated(f"{MAIL}:22"))),
                "heard_of": heard(mail=telling("mail", listener(25))),
            },
            f"is translated to mail ({MAIL}:22/tcp), where the inventory declares no public service",
        ),
        (
            {"rules": seen(listing(ONLY_80), flows=(FLOW.format(source="203.0.113.9", to=WWW, port=22),))},
            f"a connection of 203.0.113.9 to {WWW}:22/tcp is open, and the ruleset would not let it begin",
        ),
        (
            {"rules": seen(listing(ONLY_80), flows=(OFFLOADED.format(source="203.0.113.9", to=WWW, port=22),))},
            f"a connection of 203.0.113.9 to {WWW}:22/tcp is open, and the ruleset would not let it begin",
        ),
        (
            {"rules": seen(listing(ONLY_80), flows=(*HARMLESS, FLOW.format(source="203.0.113.9", to=WWW, port=22)))},
            f"a connection of 203.0.113.9 to {WWW}:22/tcp is open, and the ruleset would not let it begin",
        ),
        (
            {
                "rules": seen(listing(ONLY_80), flows=(FLOW6.format(source="2001:db8:ffff::9", to=MAIL6, port=22),)),
                "inventory": SIX,
            },
            f"a connection of 2001:db8:ffff::9 to [{MAIL6}]:22/tcp is open, and the ruleset would not let it begin",
        ),
    ],
)
def test_what_does_not_fit_together_is_a_finding(given: dict[str, Any], words: str) -> None:
    verdict = judge(**given)
    assert isinstance(verdict, Violated)
    assert words in " ".join(item.text for item in verdict.evidence)
    assert verdict.breaches


@pytest.mark.parametrize(
    "given",
    [
        {"probed": sweep(swept(WWW, answered(RST_HOST, 8443))), "rules": seen(listing(ALSO_8443))},  # let through, nobody listens
        {"probed": sweep(swept(WWW, answered(icmp((3, 1)), 8443)))},  # a router's word that a filter may say as well
        {"heard_of": heard(www=telling("www", listener(80), listener(8443), listener(22)))},  # behind the firewall
        {"heard_of": heard(www=telling("www", listener(80), by_snmp=None, unseen={"snmp": "no user"}))},
        {"heard_of": heard(www=telling("www", listener(80, address="*")))},
        {"rules": seen(listing(ONLY_80), flows=(FLOW.format(source="203.0.113.9", to=WWW, port=80),))},
        {"rules": seen(listing(ONLY_80), flows=HARMLESS)},
        {"rules": seen(listing(ONLY_80), flows=(FLOW.format(source="198.51.100.6", to=WWW, port=22), ICMP))},
        {"rules": seen(listing(ONLY_80 + f"ip daddr {UNUSED} tcp dport 8443 accept"))},  # nobody has the address
        {
            "rules": seen(listing(ONLY_80 + f"ip saddr 192.0.2.30 ip daddr {WWW} tcp dport 21 accept")),
            "heard_of": heard(www=telling("www", listener(80), listener(21))),
            "inventory": city(authorisation()),
        },
    ],
)
def test_what_can_be_explained_is_none(given: dict[str, Any]) -> None:
    assert isinstance(judge(**given), Compliant)


@pytest.mark.parametrize("seen", [
    sweep(leave_out=(WWW,)),
    sweep(swept(WWW, answered(Reply(answer=Answer.UNASKED), (1, 65_535)))),
], ids=["not swept", "not asked"])  # fmt: skip
def test_a_port_that_was_not_asked_was_not_silent(seen: SweepSighting) -> None:
    """The ruleset lets everybody in to the web server, which listens: that is no finding, and nothing is proven either."""
    assert isinstance(judge(seen), Unproven)


def test_a_connection_over_ipv6_that_may_begin_is_no_finding() -> None:
    rules = listing(ONLY_80 + f"ip6 daddr {MAIL6} tcp dport 25 accept")
    flow = FLOW6.format(source="2001:db8:ffff::9", to=MAIL6, port=25)
    verdict = judge(rules=seen(rules, flows=(flow,)), inventory=SIX)
    assert isinstance(verdict, Unproven), "nobody swept IPv6"
    assert "may have been missed" in verdict.reason


def blind() -> RulesetSighting:
    return RulesetSighting(firewalls=(replaced(seen().firewalls[0], running=None, unseen={"running": "fw is gone"}),))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"target": "elsewhere"}, "names no address"),
        ({"rules": RulesetSighting()}, "nobody read its ruleset"),
        ({"rules": blind()}, "fw is gone"),
        ({"rules": seen(listing(ONLY_80), flows=None, unseen={"flows": "no such file"})}, "the connections of fw were not read"),
        ({"probed": sweep(complete=False, why_incomplete="interrupted")}, "interrupted"),
        ({"heard_of": ListenerSighting()}, "nobody asked mail for its listeners"),
        (
            {"heard_of": heard(news=telling("news", by_ssh=None, by_snmp=None, unseen={"ssh": "gone", "snmp": "mute"}))},
            "news did not tell its listeners",
        ),
        ({"heard_of": heard(news=telling("news", by_ssh=(), by_snmp=None, unseen={"snmp": "mute"}))}, "news did not tell"),
        ({"heard_of": heard(news=telling("news", by_ssh=(), by_snmp=()))}, "it named none at all"),
        ({"rules": seen(listing(ONLY_80), flows=("no flow at all",))}, "the first: no flow at all"),
        ({"rules": seen(listing(ONLY_80), flows=("ipv4     2 tcp      6 9 ESTABLISHED half a line",))}, "could not be read"),
    ],
)
def test_a_witness_that_did_not_answer_proves_nothing(given: dict[str, Any], words: str) -> None:
    verdict = judge(**given)
    assert isinstance(verdict, Unproven)
    assert words in verdict.reason
