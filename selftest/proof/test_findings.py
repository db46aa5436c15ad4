"""What a differential test against the kernel found, each as it must be read or refused (docs/decisions/proof.md)."""

import json

import pytest
from nft_rules import FORWARD, fate, forward, listed, outcome, packet, ruleset

from ordinance.errors import DataError
from ordinance.proof.read.nft import read_nft


def test_f1_a_later_fragment_passes_a_port_when_nothing_is_tracked():
    of = outcome(forward("tcp dport 25 accept"))
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=25, fragoff=185)) == "passes"
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=26, fragoff=185)) == "blocked"


def test_f1_connection_tracking_puts_fragments_together_first():
    of = outcome(forward("ct state established accept\ntcp dport 25 accept"))
    assert not of.space.holds(of.world, packet("192.0.2.7", "198.51.100.5", dport=25, fragoff=185))
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=25)) == "passes"


def test_f1_tracking_in_one_family_says_nothing_of_the_other():
    tracked4 = "table ip a { chain f { type filter hook forward priority 5; ct state established accept; }\n}\n"
    of = outcome(forward("tcp dport 25 accept", before=tracked4))
    assert not of.space.holds(of.world, packet("192.0.2.7", "198.51.100.5", dport=25, fragoff=185))
    assert fate(of, packet("2001:db8::7", "2001:db8:100::5", dport=25, fragoff=185)) == "passes"


def test_f1_translating_tracks_only_the_family_of_its_addresses():
    nat = "table inet a { chain p { type nat hook prerouting priority dstnat; dnat ip to 198.51.100.5; }\n}\n"
    of = outcome(forward("accept", before=nat))
    assert not of.space.holds(of.world, packet("192.0.2.7", "198.51.100.5", dport=25, fragoff=185))
    assert fate(of, packet("2001:db8::7", "2001:db8:100::5", dport=25, fragoff=185)) == "passes"


def test_f2_what_a_verdict_map_misses_leaves_the_rule():
    of = outcome(forward("tcp dport vmap { 22 : drop } accept\ntcp dport 80 accept"))
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=25)) == "blocked"
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=80)) == "passes"


def test_f2_continue_in_a_verdict_map_stays_in_the_rule():
    of = outcome(forward("tcp dport vmap { 22 : continue } accept"))
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=22)) == "passes"
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=25)) == "blocked"


@pytest.mark.parametrize(
    ("rule", "v4", "v6"),
    [
        ("meta nfproto ipv6 reject", "passes", "blocked"),
        ("reject with icmp port-unreachable", "blocked", "passes"),
        ("reject with icmpx admin-prohibited", "blocked", "blocked"),
        ("reject", "blocked", "blocked"),
    ],
)
def test_f3_a_typed_reject_hides_its_family(rule, v4, v6):
    of = outcome(forward(f"{rule}\naccept"))
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=25)) == v4
    assert fate(of, packet("2001:db8::7", "2001:db8:100::5", dport=25)) == v6


def test_f3_a_reset_answers_tcp_only():
    of = outcome(forward("reject with tcp reset\naccept"))
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=25)) == "blocked"
    assert fate(of, packet("192.0.2.7", "198.51.100.5", 17, dport=25)) == "passes"


def test_f6_an_interface_whose_name_the_listing_lost_is_unknown():
    of = outcome(forward('iifname { "a*", "b" } accept'))
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=25, iif="zz")) == "unknown"


def test_f7_an_anonymous_chain_may_do_anything():
    of = outcome(forward("ip daddr 10.0.0.1 jump { tcp dport 25 accept; }"))
    assert fate(of, packet("192.0.2.7", "10.0.0.1", dport=25)) == "unknown"
    assert fate(of, packet("192.0.2.7", "10.0.0.2", dport=25)) == "blocked"


def test_f8_a_match_of_iptables_whose_arguments_are_lost_may_do_anything():
    text = "table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; accept; }\n}\n"
    document = json.loads(listed(text))
    rule = next(item["rule"] for item in document["nftables"] if "rule" in item)
    rule["expr"].insert(0, {"xt": {"type": "match", "name": "multiport"}})
    of = outcome(read_nft(json.dumps(document), "x.json"))
    assert fate(of, packet("192.0.2.7", "198.51.100.5", dport=25)) == "unknown"


@pytest.mark.parametrize("flags", ['"dynamic"', '["dynamic"]', '["interval", "timeout"]', "null", "5", "[null]", "[[]]"])
def test_a_set_whose_flags_are_odd_or_that_changes_by_itself_is_unknown(flags):
    rules = "ip saddr @s accept"
    text = listed(FORWARD.format(rules=rules, declared="set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }"))
    assert text.count('"flags": ["interval"]') == 1
    point = packet("10.0.0.1", "198.51.100.5")
    assert fate(outcome(read_nft(text, "fw")), point) == "passes"
    odd = text.replace('"flags": ["interval"]', f'"flags": {flags}')
    assert fate(outcome(read_nft(odd, "fw")), point) == "unknown"


def test_a_dormant_table_decides_nothing():
    text = "table inet t {{ {0}\nchain f {{ type filter hook forward priority 0; policy drop; }}\n}}\n"
    of = outcome(ruleset(text.format("")))
    assert fate(of, packet("192.0.2.7", "198.51.100.5")) == "blocked"
    try:
        of = outcome(ruleset(text.format("flags dormant;")))
    except DataError as error:  # nft 1.0.6 lists the flag as whatever bytes stand there, which may not even be JSON
        assert "not JSON" in str(error) or "cannot be decoded" in str(error)
    else:
        assert of.taints or fate(of, packet("192.0.2.7", "198.51.100.5")) == "passes"
