"""Which packets an IP set means, by ipset(8)."""

import pytest

from ordinance.errors import DataError
from ordinance.proof.read.ipset import read_ipsets
from selftest.proof.read.meaning import BLOCK, EITHER, PASS, packet
from selftest.proof.read.test_iptables_meaning import V6, forward

SETS = """create hosts hash:ip family inet hashsize 1024 maxelem 65536
add hosts 192.0.2.7
create nets hash:net family inet hashsize 1024 maxelem 65536 comment
add nets 10.0.0.0/8 comment "not nomatch, nor timeout 5"
add nets 10.1.0.0/16 nomatch
add nets 10.1.2.0/24
create six hash:net family inet6 hashsize 1024 maxelem 65536
add six 2001:db8::/32
create pairs hash:ip,port family inet hashsize 1024 maxelem 65536
add pairs 192.0.2.7,tcp:25
add pairs 192.0.2.7,udp:53
add pairs 192.0.2.7,icmp:echo-request
add pairs 192.0.2.7,gre:0
create trios hash:net,port,net family inet hashsize 1024 maxelem 65536
add trios 192.0.2.0/24,tcp:25,198.51.100.0/24
create ports bitmap:port range 0-1024
add ports 25
create nat24 hash:ip family inet netmask 24 hashsize 64 maxelem 64
add nat24 192.0.2.0
create range bitmap:ip range 192.0.2.0/24
add range 192.0.2.5-192.0.2.9
create all list:set size 8
add all hosts
add all nets
create brief hash:ip family inet timeout 300 hashsize 64 maxelem 64
add brief 192.0.2.7 timeout 200
create macs hash:mac hashsize 64 maxelem 64
add macs 02:00:00:00:00:01
"""

ROWS = [
    ("--match-set hosts src", packet("192.0.2.7"), PASS),
    ("--match-set hosts src", packet("192.0.2.8"), BLOCK),
    ("! --match-set hosts src", packet("192.0.2.8"), PASS),
    ("--match-set hosts dst", packet("192.0.2.7"), BLOCK),
    ("--match-set nets src", packet("10.9.9.9"), PASS),
    ("--match-set nets src", packet("10.1.9.9"), BLOCK),
    ("--match-set nets src", packet("10.1.2.9"), PASS),
    ("--match-set six src", packet("10.1.2.9"), BLOCK),
    ("! --match-set six src", packet("10.1.2.9"), PASS),
    ("--match-set pairs src,dst", packet("192.0.2.7", dport=25), PASS),
    ("--match-set pairs src,src", packet("192.0.2.7", dport=25), BLOCK),
    ("--match-set pairs src,dst", packet("192.0.2.7", protocol=17, dport=25), BLOCK),
    ("--match-set pairs src,dst", packet("192.0.2.7", protocol=1, sport=8 << 8), PASS),
    ("--match-set pairs src,dst", packet("192.0.2.7", protocol=47, thdr=0), PASS),
    ("--match-set pairs src,dst", packet("192.0.2.7", dport=25, fragoff=9), BLOCK),
    ("--match-set pairs src", packet("192.0.2.7", dport=25), EITHER),
    ("--match-set trios src,dst,dst", packet("192.0.2.9", dport=25), PASS),
    ("--match-set trios src,dst,src", packet("192.0.2.9", dport=25), BLOCK),
    ("--match-set ports dst", packet(protocol=17, dport=25), PASS),
    ("--match-set ports dst", packet(protocol=132, dport=25), BLOCK),
    ("--match-set nat24 src", packet("192.0.2.200"), PASS),
    ("--match-set range src", packet("192.0.2.9"), PASS),
    ("--match-set range src", packet("192.0.2.10"), BLOCK),
    ("--match-set all src", packet("10.9.9.9"), PASS),
    ("--match-set all src", packet("10.1.9.9"), BLOCK),
    ("--match-set brief src", packet("192.0.2.7"), EITHER),
    ("--match-set macs src", packet(), EITHER),
    ("--match-set nonesuch src", packet(), EITHER),
    ("--match-set hosts src --return-nomatch", packet("192.0.2.7"), EITHER),
]  # fmt: skip


@pytest.mark.parametrize(("match", "of", "fate"), ROWS, ids=[f"{number} {row[0]}" for number, row in enumerate(ROWS)])
def test_a_set_means_its_members(match: str, of: dict, fate: str) -> None:
    assert forward(f"-A FORWARD -m set {match} -j ACCEPT", ipsets=SETS).fate("forward", of) == fate


def test_a_set_of_the_other_family() -> None:
    meaning = forward("-A FORWARD -m set --match-set six src -j ACCEPT", ipsets=SETS, six=True)
    assert meaning.fate("forward", packet(*V6)) == PASS
    assert meaning.fate("forward", packet("2001:db9::1", V6[1])) == BLOCK


def test_a_set_that_rules_change_is_an_unknown() -> None:
    meaning = forward("-A FORWARD -j SET --add-set hosts dst", "-A FORWARD -m set --match-set hosts src -j ACCEPT", ipsets=SETS)
    assert meaning.fate("forward", packet("192.0.2.8")) == EITHER


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("add x 1.2.3.4", 'ipset save:1: no set is called "x"; create it first: create x hash:net'),
        ("create x hash:ip family inet\nfoo", 'ipset save:2: "foo" is no line of `ipset save`; write what `ipset save` prints'),
        ("create x 5", 'ipset save:1: no set is of the type "5"'),
        ("create x hash:ip\ncreate x hash:ip", 'ipset save:2: the set "x" is created twice; keep one'),
    ],
)
def test_what_is_no_listing_of_sets_is_refused(text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        read_ipsets(text, "ipset save")
    assert said in str(error.value)


def test_a_member_that_cannot_be_read_makes_its_set_unknown() -> None:
    meaning = forward("-A FORWARD -m set --match-set x src -j ACCEPT", ipsets="create x hash:ip family inet\nadd x nonsense\n")
    assert meaning.fate("forward", packet("192.0.2.8")) == EITHER
