"""Which packets each match of iptables means, by iptables-extensions(8): hits, misses, and what cannot be told."""

import pytest

from ordinance.proof.read.iptables import read_iptables
from ordinance.proof.walk import Walk
from selftest.proof.read.meaning import BLOCK, EITHER, PASS, Meaning, icmp, packet

V6 = ("2001:db8::7", "2001:db8:1::9")


def forward(*rules: str, chains: tuple[str, ...] = (), head: str = "", six: bool = False, ipsets: str | None = None) -> Meaning:
    text = "\n".join(
        [
            head or "#",
            "*filter",
            ":INPUT DROP [0:0]",
            ":FORWARD DROP [0:0]",
            ":OUTPUT ACCEPT [0:0]",
            *chains,
            *rules,
            "COMMIT",
            "",
        ]
    )
    return Meaning(read_iptables(None if six else text, text if six else None, ipsets))


ACCEPTS = [
    ("-s 192.0.2.0/24", packet("192.0.2.255"), packet("192.0.3.0")),
    ("! -s 192.0.2.0/24", packet("192.0.3.0"), packet("192.0.2.0")),
    ("-s ! 192.0.2.0/24", packet("192.0.3.0"), packet("192.0.2.0")),
    ("-s 192.0.2.7", packet("192.0.2.7"), packet("192.0.2.8")),
    ("-s 192.0.2.7/255.255.255.255", packet("192.0.2.7"), packet("192.0.2.8")),
    ("-s 10.0.5.0/255.0.255.0", packet("10.99.5.1"), packet("10.99.6.1")),
    ("-d 10.0.0.0/8,172.16.0.0/12", packet(destination="172.31.0.1"), packet(destination="172.32.0.1")),
    ("-i eth0", packet(iif="eth0"), packet(iif="eth01")),
    ("! -i eth0", packet(iif="eth1"), packet(iif="eth0")),
    ("-i eth+", packet(iif="eth12"), packet(iif="et")),
    ("-o ppp+", packet(oif="ppp0"), packet(oif="eth0")),
    ("-p tcp", packet(protocol=6), packet(protocol=17)),
    ("! -p tcp", packet(protocol=17), packet(protocol=6)),
    ("-p 47", packet(protocol=47), packet(protocol=50)),
    ("-p ALL -s 192.0.2.7", packet(protocol=99), packet("192.0.2.8")),
    ("-f", packet(fragoff=1, thdr=0), packet(fragoff=0x2000)),
    ("! -f", packet(fragoff=0x4000), packet(fragoff=0x2001)),
    ("-p tcp -m tcp --dport 25", packet(dport=25), packet(dport=26)),
    ("-p tcp -m tcp --dport 25", packet(dport=25), packet(dport=25, thdr=0)),
    ("-p tcp -m tcp ! --dport 25", packet(dport=26), packet(dport=25)),
    ("-p tcp --dport smtp", packet(dport=25), packet(dport=26)),
    ("-p udp -m udp --sport 1024:", packet(protocol=17, sport=65535), packet(protocol=17, sport=1023)),
    ("-p udp -m udp --sport :1023", packet(protocol=17, sport=0), packet(protocol=17, sport=1024)),
    ("-p tcp -m tcp --sport 20:21", packet(sport=21), packet(sport=22)),
    ("-p sctp -m sctp --dport 2905", packet(protocol=132, dport=2905), packet(protocol=132, dport=1)),
    ("-p tcp -m tcp --syn", packet(flags="syn"), packet(flags="syn ack")),
    ("-p tcp -m tcp --syn", packet(flags="syn ecn cwr"), packet(flags="")),
    ("-p tcp -m tcp ! --syn", packet(flags="ack"), packet(flags="syn")),
    ("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", packet(flags="syn psh"), packet(flags="syn fin")),
    ("-p tcp -m tcp --tcp-flags ALL NONE", packet(flags="ecn"), packet(flags="fin")),
    ("-p tcp -m multiport --dports 25,119,6000:6010", packet(dport=6005), packet(dport=6011)),
    ("-p tcp -m multiport ! --dports 25,119", packet(dport=80), packet(dport=119)),
    ("-p tcp -m multiport --ports 25", packet(sport=25, dport=1), packet(sport=1, dport=2)),
    ("-p udp -m multiport --sports 53,123", packet(protocol=17, sport=123), packet(protocol=17, dport=123)),
    ("-p icmp -m icmp --icmp-type 8", packet(protocol=1, sport=icmp(8, 3)), packet(protocol=1, sport=icmp(0))),
    ("-p icmp -m icmp --icmp-type 3/4", packet(protocol=1, sport=icmp(3, 4)), packet(protocol=1, sport=icmp(3, 3))),
    ("-p icmp -m icmp --icmp-type port-unreachable", packet(protocol=1, sport=icmp(3, 3)), packet(protocol=1, sport=icmp(3, 4))),
    ("-p icmp -m icmp --icmp-type any", packet(protocol=1, sport=icmp(99)), packet(protocol=6)),
    ("-p icmp -m icmp ! --icmp-type 8", packet(protocol=1, sport=icmp(0)), packet(protocol=1, sport=icmp(8))),
    ("-m state --state RELATED,ESTABLISHED", packet(ct="established"), packet(ct="new")),
    ("-m conntrack ! --ctstate INVALID", packet(ct="untracked"), packet(ct="invalid")),
    ("-m conntrack --ctstate NEW,UNTRACKED", packet(ct="untracked"), packet(ct="related")),
    ("-m iprange --src-range 192.0.2.5-192.0.2.9", packet("192.0.2.9"), packet("192.0.2.10")),
    ("-m iprange ! --dst-range 10.0.0.0-10.0.0.9", packet(destination="10.0.0.10"), packet(destination="10.0.0.9")),
    ('-m comment --comment "-j DROP \\"x\\" ! -s 1.2.3.4" -s 192.0.2.7', packet("192.0.2.7"), packet("192.0.2.8")),
    ("-m time --timestart 22:00 --timestop 06:00", packet(second=5 * 3600), packet(second=12 * 3600)),
    (
        "-m time --timestart 08:00:00 --timestop 17:00:00 --datestop 2038-01-19T03:14:07",
        packet(second=17 * 3600),
        packet(second=17 * 3600 + 1),
    ),
    ("-m time --weekdays Sat,Sun", packet(day=6), packet(day=5)),
    ("-m time ! --weekdays 6,7", packet(day=1), packet(day=0)),
    (
        "-s 192.0.2.7 -d 198.51.100.9 -p tcp -m tcp --dport 25 -c 5 300",
        packet(dport=25),
        packet(destination="198.51.100.8", dport=25),
    ),
]


@pytest.mark.parametrize(("match", "hit", "miss"), ACCEPTS, ids=[f"{number} {row[0]}" for number, row in enumerate(ACCEPTS)])
def test_an_accepting_rule_passes_what_its_match_means_and_nothing_else(match: str, hit: dict, miss: dict) -> None:
    meaning = forward(f"-A FORWARD {match} -j ACCEPT")
    assert meaning.fate("forward", hit) == PASS
    assert meaning.fate("forward", miss) == BLOCK


SIX = [
    ("-s 2001:db8::/32", packet(*V6), packet("2001:db9::1", V6[1])),
    ("-p ipv6-icmp -m icmp6 --icmpv6-type 135", packet(*V6, 58, sport=icmp(135)), packet(*V6, 58, sport=icmp(136))),
    ("-p icmpv6 --icmpv6-type router-advertisement", packet(*V6, 58, sport=icmp(134)), packet(*V6, 58, sport=icmp(133))),
    ("-s 2001:db8::7/ffff:ffff:ffff:ffff:ffff:ffff:ffff:f0ff", packet("2001:db8::a07", V6[1]), packet("2001:db8::1007", V6[1])),
    ("-p tcp -m tcp --dport 25", packet(*V6, dport=25), packet(*V6, dport=24)),
]


@pytest.mark.parametrize(("match", "hit", "miss"), SIX, ids=[row[0] for row in SIX])
def test_of_ip6tables_too(match: str, hit: dict, miss: dict) -> None:
    meaning = forward(f"-A FORWARD {match} -j ACCEPT", six=True)
    assert meaning.fate("forward", hit) == PASS
    assert meaning.fate("forward", miss) == BLOCK


UNKNOWN = [
    "-m mac --mac-source 02:00:00:00:00:01", "-m limit --limit 5/sec --limit-burst 3", "-m recent --name x --rcheck --seconds 60",
    "-m addrtype --dst-type LOCAL", "-m addrtype ! --dst-type LOCAL", "-m mark --mark 0x1/0xff", "-m set --match-set office src",
    "-m string --string -j --algo bm",
    '-m string --hex-string "|0d0a|" --algo kmp --to 90', "-m statistic --mode random --probability 0.5",
    "-m owner --uid-owner 0", "-m geoip --source-country DE,FR",
    "-m nonesuch --this that --these those", "-m socket --transparent",
    "-m rpfilter --invert", "-m conntrack --ctstate DNAT", "-m conntrack --ctdir REPLY", "-m physdev --physdev-in eth0",
    "-m time --datestart 2026-01-01T00:00:00", "-m time --timestart 08:00 --kerneltz", "-m policy --dir in --pol ipsec",
    "-m u32 --u32 0&0xFFFF=0x100:0xFFFF", "-p tcp -m tcp --tcp-option 2", "-p tcp --dport nonesuch-service",
    "-s mail.example.org",
    "-p nonesuch", "-m hashlimit --hashlimit-upto 5/sec --hashlimit-name x",
    "-m connlimit --connlimit-above 3", "-m length --length 0:99",
    "-p sctp -m sctp --chunk-types any INIT", "-m pkttype --pkt-type multicast", "-m ttl --ttl-lt 5",
]  # fmt: skip


@pytest.mark.parametrize("match", UNKNOWN)
def test_what_is_not_understood_may_hold_or_not(match: str) -> None:
    protocol = 132 if "sctp" in match else 6
    assert forward(f"-A FORWARD {match} -j ACCEPT").fate("forward", packet(protocol=protocol)) == EITHER


def test_what_is_understood_beside_an_unknown_still_counts() -> None:
    meaning = forward("-A FORWARD -s 192.0.2.7 -m mac --mac-source 02:00:00:00:00:01 -j ACCEPT")
    assert meaning.fate("forward", packet("192.0.2.8")) == BLOCK


FLOW = [
    (("-A FORWARD -j u", "-A FORWARD -j ACCEPT", "-A u -s 192.0.2.7 -j RETURN", "-A u -j DROP"), PASS),
    (("-A FORWARD -g u", "-A FORWARD -j ACCEPT", "-A u -s 192.0.2.7 -j RETURN", "-A u -j DROP"), BLOCK),
    (("-A FORWARD -j u", "-A FORWARD -j ACCEPT", "-A u -g v", "-A u -j DROP", "-A v -s 10.0.0.1 -j DROP"), PASS),
    (("-A FORWARD -j u", "-A FORWARD -j ACCEPT", "-A u -j v", "-A u -j DROP", "-A v -s 10.0.0.1 -j DROP"), BLOCK),
    (("-A FORWARD -j LOG --log-prefix \"-j DROP \" --log-level 4", "-A FORWARD -j ACCEPT"), PASS),
    (("-A FORWARD -j REJECT --reject-with icmp-port-unreachable", "-A FORWARD -j ACCEPT"), BLOCK),
    (("-A FORWARD -s 192.0.2.7", "-A FORWARD -j ACCEPT"), PASS),
    (("-A FORWARD -j MARK --set-xmark 0x1/0xffffffff", "-A FORWARD -j ACCEPT"), PASS),
    (("-A FORWARD -p tcp -j TCPMSS --clamp-mss-to-pmtu", "-A FORWARD -j ACCEPT"), PASS),
    (("-A FORWARD -j NFQUEUE --queue-num 3", "-A FORWARD -j ACCEPT"), EITHER),
    (("-A FORWARD -j NONESUCH --with this", "-A FORWARD -j ACCEPT"), EITHER),
    (("-A FORWARD -j ACCEPT -s 192.0.2.7",), PASS),
    (("-A FORWARD -j RETURN", "-A FORWARD -j ACCEPT"), BLOCK),
    (("[3:180] -A FORWARD -j ACCEPT",), PASS),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "fate"), FLOW)
def test_targets(rules: tuple[str, ...], fate: str) -> None:
    assert forward(*rules, chains=(":u - [0:0]", ":v - [0:0]")).fate("forward", packet()) == fate


def test_a_family_that_is_not_given_is_not_empty() -> None:
    assert forward("-A FORWARD -j ACCEPT").fate("forward", packet(*V6)) == EITHER
    assert forward("-A FORWARD -j ACCEPT", six=True).fate("input", packet()) == EITHER


@pytest.mark.parametrize(
    ("head", "fate"),
    [
        ("# Generated by iptables-save v1.8.9 (nf_tables) on Wed Nov 25 17:48:40 2026", EITHER),
        ("# Generated by iptables-save v1.8.9 (legacy) on Wed Nov 25 17:48:40 2026", BLOCK),
        ("# Generated by iptables-save v1.4.21 on Wed Nov 25 17:48:40 2015", BLOCK),
        ("# by hand", EITHER),
    ],
)
def test_a_later_fragment_has_ports_only_where_nftables_may_compare_its_bytes(head: str, fate: str) -> None:
    meaning = forward("-A FORWARD -p tcp -m tcp --dport 25 -j ACCEPT", head=head)
    assert meaning.fate("forward", packet(dport=25, fragoff=100)) == fate
    assert meaning.fate("forward", packet(dport=26, fragoff=100)) == BLOCK


def test_where_connections_are_tracked_no_fragment_is_seen() -> None:
    assert forward("-A FORWARD -m state --state NEW -j ACCEPT").ruleset.tracked == (0,)
    assert forward("-A FORWARD -p tcp --dport 25 -j ACCEPT").ruleset.tracked == ()


def test_rules_that_iptables_save_left_out_are_a_taint() -> None:
    ruleset = forward(head="# Table `nat' is incompatible, use 'nft' tool.").ruleset
    assert ruleset.taints == ("iptables-save:1: Table `nat' is incompatible, use 'nft' tool.",)


def test_a_rule_keeps_its_place_and_its_text() -> None:
    rule = forward("-A FORWARD -j ACCEPT").ruleset.chains["ip filter FORWARD"].rules[0]
    assert (str(rule.where), rule.text) == ("iptables-save:6", "-A FORWARD -j ACCEPT")


def test_an_unknown_before_translation_is_not_the_same_as_after_it() -> None:
    match = "-m addrtype --dst-type LOCAL -j DROP"
    tables = {"mangle": "PREROUTING", "filter": "FORWARD"}
    text = "".join(f"*{table}\n:{chain} ACCEPT [0:0]\n-A {chain} {match}\nCOMMIT\n" for table, chain in tables.items())
    chains = read_iptables(text, None).chains
    assert [chains[f"ip {name}"].rules[0].statements[0].fresh for name in ("mangle PREROUTING", "filter FORWARD")] == [
        True,
        False,
    ]


# what the differential test against the kernel found


def test_what_has_no_header_may_be_dropped_by_a_rule_that_only_asks_for_it() -> None:
    of = forward("-A FORWARD -p tcp -m multiport --dports 22 -j ACCEPT", "-A FORWARD -j ACCEPT")
    assert of.fate("forward", packet(thdr=0)) == EITHER
    assert of.fate("forward", packet(fragoff=1)) == EITHER
    assert of.fate("forward", packet(dport=80)) == PASS


def test_without_a_rule_that_reads_it_nobody_misses_a_header() -> None:
    assert forward("-A FORWARD -p tcp -j ACCEPT").fate("forward", packet(thdr=0)) == PASS


def test_of_ipv6_a_later_fragment_may_fail_every_match_of_ports() -> None:
    of = forward("-A FORWARD -p tcp -m multiport --dports 22 -j DROP", "-A FORWARD -j ACCEPT", six=True)
    assert of.fate("forward", packet(*V6, dport=22, ext6=1)) == EITHER
    assert of.fate("forward", packet(*V6, dport=22)) == BLOCK


def test_of_a_later_fragment_one_match_may_hold_where_another_does_not() -> None:
    rules = (
        "-A FORWARD -p tcp -m multiport --dports 25 -j ACCEPT",
        "-A FORWARD -p tcp -m tcp ! --syn -j DROP",
        "-A FORWARD -j ACCEPT",
    )
    later = packet(dport=25, flags="fin ack", fragoff=100, iif="f0", oif="f1")
    ruleset = forward(*rules).ruleset
    outcome = Walk([ruleset]).path(ruleset, "forward")
    assert outcome.space.holds(outcome.may, later)
    assert not outcome.space.holds(outcome.must, later)
