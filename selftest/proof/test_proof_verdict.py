"""Proved only when nothing that may pass is outside the policy; a violation only with a packet that must pass; else neither."""

from ipaddress import ip_address

import pytest
from nft_rules import forward, ruleset

from ordinance.proof.policy import Policy, Service
from ordinance.proof.verdict import CannotProve, Proved, Violation, prove
from ordinance.proof.walk import HOOKS, Walk

MAIL4, MAIL6 = "198.51.100.5", "2001:db8:100:1::5"
SMTP = Service((ip_address(MAIL4), ip_address(MAIL6)), "tcp", ((25, 25),), "SMTP on a mail gateway")
POLICY = Policy((SMTP,), ("out0",))
GOOD = f"ct state established,related accept\nip daddr {MAIL4} tcp dport 25 accept\nip6 daddr {MAIL6} tcp dport 25 accept\n"


def verdict(rules, declared="", before="", policy=POLICY, hooks=("forward",)):
    found = forward(rules, declared, before)
    walk = Walk([found])
    return prove([walk.path(found, hook) for hook in hooks], policy)


def test_smtp_to_the_gateway_is_all_that_passes():
    assert isinstance(verdict(GOOD), Proved)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            'meta hour "02:00"-"03:00" ip daddr 198.51.100.9 tcp dport 23 accept',
            "a TCP packet from 192.0.2.7 port any to 198.51.100.9 port 23 (in by out0) between 02:00 and 03:00 is accepted by "
            "chain inet t f, rule handle 5: meta hour 02:00-03:00 ip daddr 198.51.100.9 tcp dport 23 accept",
        ),
        (
            "ip saddr 203.0.113.77 accept",
            "a TCP packet from 203.0.113.77 port any to 198.51.100.5 port 23 (in by out0)",
        ),
        (
            "ip6 daddr 2001:db8:100:2::1 udp dport 161 accept",
            "a UDP packet from 2001:db8:ffff:7::7 port any to 2001:db8:100:2::1 port",
        ),
        ("meta l4proto gre accept", "a GRE packet from 192.0.2.7 to 198.51.100.5 (in by out0) is accepted"),
        (
            f"ip daddr {MAIL4} tcp dport 26 accept",
            f"a TCP packet from 192.0.2.7 port any to {MAIL4} port 26 (in by out0) is accepted",
        ),
    ],
)
def test_a_violation_is_a_packet_in_words(rule, sentence):
    found = verdict(GOOD + rule)
    assert isinstance(found, Violation)
    assert found.counterexample.sentence.startswith(sentence)


def test_an_element_of_a_set_is_an_address_like_any_other():
    declared = "set s { type ipv4_addr; elements = { 198.51.100.9 }; }"
    found = verdict(GOOD + "ip daddr @s tcp dport 23 accept", declared)
    assert isinstance(found, Violation)
    assert found.groups[0].regions == ("IPv4 TCP port 23 from any address to 198.51.100.9 in by out0",)


def test_every_violating_region_is_told_by_its_rule():
    found = verdict(GOOD + "ip daddr 198.51.100.9 tcp dport { 23, 80-90 } accept\nudp dport 69 accept")
    assert isinstance(found, Violation)
    assert [(group.by[0].rule.where.handle, group.regions) for group in found.groups] == [
        (6, ("IPv4 TCP port 23, 80-90 from any address to 198.51.100.9 in by out0",)),
        (
            7,
            (
                "IPv4 UDP port 69 from any address to any address in by out0",
                "IPv6 UDP port 69 from any address to any address in by out0",
            ),
        ),
    ]


def test_what_comes_from_inside_is_not_judged():
    assert isinstance(verdict(GOOD + 'iifname "in0" accept'), Proved)
    assert isinstance(verdict(GOOD + 'iifname "o*" accept'), Violation)
    assert isinstance(verdict(GOOD + 'iifname "in0" accept', policy=Policy((SMTP,), ())), Violation)


def test_a_later_base_chain_can_forbid_and_none_can_allow_again():
    second = "table ip g { chain f { type filter hook forward priority 10; policy accept; tcp dport 23 drop; }\n}\n"
    found = verdict("ip daddr 198.51.100.9 tcp dport 23 accept\n" + GOOD, before=second)
    assert isinstance(found, Proved)
    opens = "table ip g { chain f { type filter hook forward priority -10; policy accept; tcp dport 23 accept; }\n}\n"
    assert isinstance(verdict(GOOD, before=opens), Proved)


def test_what_is_not_tracked_has_no_state_and_is_judged_as_that():
    raw = "table inet raw {{ chain p {{ type filter hook prerouting priority {}; policy accept; tcp dport 23 notrack; }}\n}}\n"
    rules = "ct state untracked tcp dport 23 drop\ntcp dport 23 accept\n" + GOOD
    assert isinstance(verdict(rules), Violation)
    assert isinstance(verdict(rules, before=raw.format(-300)), Proved)
    assert isinstance(
        verdict("ct state new tcp dport 23 drop\n" + rules[rules.index("\n") :], before=raw.format(-300)), Violation
    )


def test_a_packet_that_must_pass_outweighs_an_unknown():
    found = verdict(GOOD + "meta mark 5 accept\ntcp dport 23 accept")
    assert isinstance(found, Violation)
    assert "tcp dport 23" in found.counterexample.sentence


def test_an_unknown_that_decides_is_named_with_its_rule():
    found = verdict(GOOD + "meta mark 5 tcp dport 23 accept")
    assert isinstance(found, CannotProve)
    assert "may be accepted by chain inet t f, rule handle" in found.reasons[0]
    assert 'it hangs on "meta mark 5" (chain inet t f, rule handle' in found.reasons[0]
    assert found.counterexample.packet["dport"] == 23


def test_an_unknown_that_only_blocks_more_changes_nothing():
    assert isinstance(verdict("limit rate over 5/second drop\nmeta mark 7 drop\n" + GOOD), Proved)


def test_a_limit_before_an_open_door_is_no_lock():
    found = verdict("limit rate over 5/second drop\ntcp dport 23 accept")
    assert isinstance(found, CannotProve)
    assert "limit rate over 5/second" in found.reasons[0]


def test_the_same_unknown_twice_is_one_unknown():
    assert isinstance(verdict("meta mark 5 drop\nmeta mark 5 tcp dport 23 accept"), Proved)
    assert isinstance(verdict("limit rate 5/second drop\nlimit rate 5/second tcp dport 23 accept"), CannotProve)


def test_a_mark_that_a_rule_sets_is_another_one_afterwards():
    assert isinstance(verdict("meta mark 5 drop\nmeta mark set 5\nmeta mark 5 tcp dport 23 accept"), CannotProve)


def test_a_rewritten_header_is_not_followed():
    found = verdict(GOOD + "udp dport 9 ip daddr set 198.51.100.9")
    assert isinstance(found, CannotProve)
    assert "not followed" in found.reasons[-1]


def test_destination_nat_is_told_both_ways():
    nat = "table ip n { chain p { type nat hook prerouting priority dstnat;\ntcp dport 2525 dnat to 198.51.100.9:23;\n}\n}\n"
    found = verdict(GOOD + "ip daddr 198.51.100.9 tcp dport 23 accept", before=nat)
    assert isinstance(found, Violation)
    found = verdict(GOOD + "ct status dnat accept", before=nat)
    assert isinstance(found, Violation)
    shown = found.counterexample
    assert "port 2525" in shown.sentence
    assert ", rewritten to 198.51.100.9 port 23 by rule handle 2 (tcp dport 2525 dnat to 198.51.100.9:23)," in shown.sentence
    assert (shown.original["dport"], shown.packet["dport"]) == (2525, 23)
    allowed = "table ip n { chain p { type nat hook prerouting priority dstnat;\ntcp dport 2525 dnat to 198.51.100.5:25;\n}\n}\n"
    assert isinstance(verdict(GOOD + "ct status dnat accept", before=allowed), Proved)


def test_a_redirect_reaches_the_firewall_itself():
    text = (
        "table inet t { chain p { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :8080; }\n"
        "chain i { type filter hook input priority 0; policy drop; tcp dport 8080 accept; }\n"
        "chain f { type filter hook forward priority 0; policy drop; }\n}\n"
    )
    found = ruleset(text)
    walk = Walk([found])
    got = prove([walk.path(found, hook) for hook in HOOKS], POLICY)
    assert isinstance(got, Violation)
    assert "for the firewall itself" in got.counterexample.sentence


def test_a_later_fragment_is_told_as_one():
    found = verdict(f"ip frag-off & 0x1fff != 0 accept\nip daddr {MAIL4} tcp dport 25 accept")
    assert isinstance(found, Violation)
    assert found.counterexample.sentence.startswith("a later fragment (offset 8 bytes) of a")
    only = f"ip daddr {MAIL4} tcp dport 25 accept"
    assert isinstance(verdict(only), Proved)
    strict = Policy((SMTP,), ("out0",), later_fragments=False)
    assert isinstance(verdict(only, policy=strict), Violation)


def test_no_ruleset_at_all_lets_everything_pass():
    found = ruleset("table inet t { }\n")
    walk = Walk([found])
    got = prove([walk.path(found, "forward")], POLICY)
    assert isinstance(got, Violation)
    assert "because no chain of hook forward decides" in got.counterexample.sentence


def test_a_refusal_of_the_gate_outweighs_everything():
    found = forward("tcp dport 23 accept")
    walk = Walk([found])
    assert isinstance(prove([walk.path(found, "forward")], POLICY, ["the kernel runs another program"]), CannotProve)
    assert isinstance(prove([], POLICY), CannotProve)


def test_icmp_is_a_reading():
    rules = GOOD + "icmp type echo-request accept"
    assert isinstance(verdict(rules), Proved)
    found = verdict(rules, policy=Policy((SMTP,), ("out0",), icmp=False))
    assert isinstance(found, Violation)
    assert found.counterexample.sentence.startswith("an ICMP echo-request (code 0) packet from 192.0.2.7 to 198.51.100.5")


PROXY = "table inet p { chain f { type filter hook forward priority -10; %s ct state untracked synproxy mss 1460 wscale 7; }\n}\n"
RAW = "table inet r { chain p { type filter hook prerouting priority raw; tcp flags & (syn | ack) == syn notrack; }\n}\n"


def test_what_a_syn_proxy_takes_goes_on_where_no_chain_that_is_followed_sees_it():
    found = verdict(GOOD, before=RAW + PROXY % "", hooks=("forward",))
    assert isinstance(found, CannotProve)
    assert any("synproxy" in reason for reason in found.reasons), found.reasons


def test_a_syn_proxy_that_no_packet_from_outside_meets_changes_nothing():
    assert isinstance(verdict(GOOD, before=RAW + PROXY % 'iifname "in0"'), Proved)
