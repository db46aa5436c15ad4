"""Which packets an access list of IOS lets through, by the vendor's documents: each row names its source."""

import pytest

from ordinance.proof.read.ios import read_ios
from selftest.proof.read import cisco_sources as by
from selftest.proof.read.meaning import BLOCK, EITHER, PASS, Meaning, icmp, packet

V6 = ("2001:db8::7", "2001:db8:1::9")
INTERFACE = """interface GigabitEthernet0/1
 ip address 192.0.2.1 255.255.255.0
 ip access-group {name} in
 ipv6 traffic-filter {name} in
"""
GROUPS = """object-group network WEB
 description the web servers
 host 198.51.100.9
 10.1.0.0 255.255.0.0
 range 203.0.113.5 203.0.113.8
 group-object MORE
object-group network MORE
 host 192.0.2.99
object-group service SVC
 tcp eq www
 tcp source gt 1023 eq smtp
 udp range 5000 5010
 tcp-udp eq domain
 icmp echo
 gre
 group-object SVC2
object-group service SVC2
 tcp 8080
time-range NIGHT
 periodic weekdays 2:00 to 3:00
time-range WEEK
 periodic Monday 8:00 to Friday 17:00
time-range ONCE
 absolute start 08:00 1 January 2026
"""


def behind(entries: str, header: str = "ip access-list extended X") -> Meaning:
    """A ruleset whose one interface has these entries bound inward."""
    lines = "\n".join(f" {line}" for line in entries.split("\n"))
    return Meaning(read_ios(f"{GROUPS}{header}\n{lines}\n{INTERFACE.format(name='X')}", "r.cfg"))


def inward(*args: object, **fields: object) -> dict[str, int]:
    return packet(*args, **{"iif": "Gi0/1", "oif": "Gi0/2", **fields})  # type: ignore[arg-type]


NIGHT, NOON = 2 * 3600 + 1800, 12 * 3600
PERMITS = [
    ("permit ip any any", inward(protocol=99), None, by.LISTS),
    ("permit tcp any any", inward(), inward(protocol=17), by.LISTS),
    ("permit 47 any any", inward(protocol=47), inward(protocol=50), by.LISTS),
    ("permit ahp any any", inward(protocol=51), inward(protocol=50), by.LISTS),
    ("permit ip host 192.0.2.7 any", inward("192.0.2.7"), inward("192.0.2.8"), by.LISTS),
    ("permit ip 192.0.2.0 0.0.0.255 any", inward("192.0.2.255"), inward("192.0.3.0"), by.STANDARD),
    ("permit ip 10.0.5.0 0.255.0.255 any", inward("10.77.5.9"), inward("10.77.6.9"), by.STANDARD),
    ("permit ip 192.0.2.9 0.0.0.254 any", inward("192.0.2.77"), inward("192.0.2.78"), by.STANDARD),
    ("permit tcp any any eq smtp", inward(dport=25), inward(dport=26), by.LISTS),
    ("permit tcp any any eq 25 www 8080", inward(dport=8080), inward(dport=26), by.PORTS),
    ("permit tcp any any neq 25 80", inward(dport=26), inward(dport=80), by.PORTS),
    ("permit tcp any any gt 1023", inward(dport=1024), inward(dport=1023), by.LISTS),
    ("permit tcp any any lt 1024", inward(dport=1023), inward(dport=1024), by.LISTS),
    ("permit udp any any range 5000 5010", inward(protocol=17, dport=5010), inward(protocol=17, dport=5011), by.LISTS),
    ("permit tcp any eq ftp-data any gt 1023", inward(sport=20, dport=2000), inward(sport=21, dport=2000), by.LISTS),
    ("permit udp any any eq snmptrap", inward(protocol=17, dport=162), inward(protocol=17, dport=161), by.LISTS),
    ("permit tcp any any established", inward(flags="ack"), inward(flags="syn"), by.LISTS),
    ("permit tcp any any established", inward(flags="rst"), inward(flags="fin"), by.LISTS),
    ("permit tcp any any match-all +syn -ack", inward(flags="syn"), inward(flags="syn ack"), by.FLAGS),
    ("permit tcp any any match-any +syn +rst", inward(flags="rst ack"), inward(flags="ack"), by.FLAGS),
    ("permit tcp any any syn", inward(flags="syn ack"), inward(flags="ack"), by.LISTS),
    ("permit icmp any any echo", inward(protocol=1, sport=icmp(8, 5)), inward(protocol=1, sport=icmp(0)), by.LISTS),
    (
        "permit icmp any any port-unreachable",
        inward(protocol=1, sport=icmp(3, 3)),
        inward(protocol=1, sport=icmp(3, 1)),
        by.LISTS,
    ),
    ("permit icmp any any 3 4", inward(protocol=1, sport=icmp(3, 4)), inward(protocol=1, sport=icmp(3, 3)), by.LISTS),
    ("permit icmp any any 3", inward(protocol=1, sport=icmp(3, 9)), inward(protocol=1, sport=icmp(4)), by.LISTS),
    ("permit tcp any any eq 25 log-input", inward(dport=25), inward(dport=26), by.LISTS),
    ("permit ip any object-group WEB", inward(destination="10.1.9.9"), inward(destination="10.2.0.0"), by.GROUPS),
    ("permit ip any object-group WEB", inward(destination="203.0.113.8"), inward(destination="203.0.113.9"), by.GROUPS),
    ("permit ip any object-group WEB", inward(destination="192.0.2.99"), inward(destination="192.0.2.98"), by.GROUPS),
    ("permit object-group SVC any any", inward(dport=80), inward(dport=81), by.GROUPS),
    ("permit object-group SVC any any", inward(dport=25, sport=1024), inward(dport=25, sport=1023), by.GROUPS),
    ("permit object-group SVC any any", inward(protocol=17, dport=53), inward(protocol=17, dport=54), by.GROUPS),
    ("permit object-group SVC any any", inward(dport=8080), inward(protocol=17, dport=8080), by.GROUPS),
    ("permit object-group SVC any any", inward(protocol=1, sport=icmp(8)), inward(protocol=1, sport=icmp(0)), by.GROUPS),
    ("permit object-group SVC any any", inward(protocol=47), inward(protocol=48), by.GROUPS),
    ("permit ip any any time-range NIGHT", inward(second=NIGHT, day=5), inward(second=NIGHT, day=6), by.TIMES),
    ("permit ip any any time-range NIGHT", inward(second=NIGHT, day=1), inward(second=NOON, day=1), by.TIMES),
    ("permit ip any any time-range WEEK", inward(second=60, day=3), inward(second=60, day=1), by.TIMES),
    ("permit ip any any time-range WEEK", inward(second=NOON, day=5), inward(second=18 * 3600, day=5), by.TIMES),
    ("permit ip any any reflect OUT timeout 60", inward(), None, by.REFLEXIVE),
    # fragments
    ("permit tcp any any eq 25", inward(dport=80, fragoff=9), inward(protocol=17, fragoff=9), by.FRAGMENTS),
    ("deny tcp any any eq 25\npermit ip any any", inward(dport=25, fragoff=9), inward(dport=25), by.FRAGMENTS),
    ("deny tcp any any\npermit ip any any", inward(protocol=17), inward(fragoff=9), by.FRAGMENTS),
    ("deny ip any any fragments\npermit tcp any any", inward(fragoff=0x2000), inward(fragoff=0x2001), by.WHITE_PAPER),
    ("permit ip any any fragments", inward(fragoff=1), inward(fragoff=0x2000), by.WHITE_PAPER),
    # order
    ("20 permit ip any any\n10 deny tcp any any eq 23", inward(dport=22), inward(dport=23), by.SEQUENCE),
    ("permit ip any any\n5 deny tcp any any eq 23", inward(dport=22), inward(dport=23), by.SEQUENCE),
    ("remark permit ip any any\npermit tcp any any eq 25", inward(dport=25), inward(dport=26), by.LISTS),
]


@pytest.mark.parametrize(("entries", "hit", "miss", "source"), PERMITS, ids=[f"{n} {row[0]}" for n, row in enumerate(PERMITS)])
def test_an_extended_list_passes_what_its_entries_mean(entries: str, hit: dict, miss: dict | None, source: str) -> None:
    meaning = behind(entries)
    assert meaning.fate("forward", hit) == PASS, source
    assert miss is None or meaning.fate("forward", miss) == BLOCK, source


UNKNOWN = [
    ("permit ip any any dscp ef", by.LISTS),
    ("permit ip any any precedence critical log", by.LISTS),
    ("permit ip any any tos max-reliability", by.LISTS),
    ("permit ip any any ttl eq 1", by.FLAGS),
    ("permit ip any any ttl range 1 5", by.FLAGS),
    ("permit ip any any option record-route", by.FLAGS),
    ("permit ip any any time-range ONCE", by.TIMES),
    ("permit ip any any time-range NONESUCH", by.TIMES),
    ("dynamic DYN timeout 5 permit ip any any", by.DYNAMIC),
    ("evaluate OUT", by.REFLEXIVE),
    ("permit igmp any any dvmrp", by.LISTS),
    ("permit ip any any words of a newer release", by.LISTS),
]


@pytest.mark.parametrize(("entries", "source"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_what_is_not_understood_may_hold_or_not(entries: str, source: str) -> None:
    assert behind(entries).fate("forward", inward(protocol=2 if "igmp" in entries else 6)) == EITHER, source


STANDARD = [
    ("permit 192.0.2.7", inward("192.0.2.7"), inward("192.0.2.8")),
    ("permit host 192.0.2.7", inward("192.0.2.7"), inward("192.0.2.8")),
    ("permit 192.0.2.0 0.0.0.255 log", inward("192.0.2.9"), inward("192.0.3.9")),
    ("deny 192.0.2.7\npermit any", inward("192.0.2.8"), inward("192.0.2.7")),
    ("30 permit any\n20 deny host 192.0.2.7", inward("192.0.2.8"), inward("192.0.2.7")),
]


@pytest.mark.parametrize(("entries", "hit", "miss"), STANDARD, ids=[row[0] for row in STANDARD])
def test_a_standard_list_asks_for_sources_only(entries: str, hit: dict, miss: dict) -> None:
    meaning = behind(entries, "ip access-list standard X")
    assert (meaning.fate("forward", hit), meaning.fate("forward", miss)) == (PASS, BLOCK), by.STANDARD


SIX = [
    ("permit tcp any host 2001:db8:1::9 eq 25", inward(*V6, dport=25), inward(*V6, dport=26)),
    ("permit ipv6 2001:db8::/64 any", inward(*V6), inward("2001:db8:0:1::7", V6[1])),
    ("permit icmp any any echo-request", inward(*V6, 58, sport=icmp(128)), inward(*V6, 58, sport=icmp(129))),
    ("permit tcp any any eq 25", inward(*V6, 58, sport=icmp(135)), inward(*V6, 58, sport=icmp(133))),
    ("permit tcp any any eq 25", inward(*V6, 58, sport=icmp(136)), inward(*V6, 58, sport=icmp(137))),
    ("deny icmp any any nd-na\npermit ipv6 any any", inward(*V6, 58, sport=icmp(135)), inward(*V6, 58, sport=icmp(136))),
    ("sequence 20 permit ipv6 any any\nsequence 10 deny tcp any any", inward(*V6, 17), inward(*V6)),
]


@pytest.mark.parametrize(("entries", "hit", "miss"), SIX, ids=[f"{n} {row[0]}" for n, row in enumerate(SIX)])
def test_a_list_of_ipv6_ends_with_its_implicit_permits(entries: str, hit: dict, miss: dict) -> None:
    meaning = behind(entries, "ipv6 access-list X")
    assert (meaning.fate("forward", hit), meaning.fate("forward", miss)) == (PASS, BLOCK), by.IPV6
    assert meaning.fate("forward", inward()) == PASS, "IPv4 has no list of its own here"


def test_behind_an_extension_header_there_may_be_a_later_fragment() -> None:
    meaning = behind("deny tcp any any eq 25\npermit ipv6 any any", "ipv6 access-list X")
    assert meaning.fate("forward", inward(*V6, dport=25)) == BLOCK
    assert meaning.fate("forward", inward(*V6, dport=25, ext6=1)) == EITHER


BOTH_WAYS = """access-list 101 permit tcp any any
access-list 102 deny tcp any any eq 23
access-list 102 permit ip any any
access-list 7 permit 192.0.2.0 0.0.0.255
interface GigabitEthernet0/1
 ip access-group 101 in
interface GigabitEthernet0/2
 ip access-group 102 out
interface Vlan7
 ip access-group 7 in
interface Vlan8
 ip access-group 150 in
interface Vlan9
 ip access-group EMPTY in
ip access-list extended EMPTY
 remark nothing yet
"""
WAYS = [
    ("forward", packet(iif="Gi0/1", oif="Gi0/2", dport=22), PASS),
    ("forward", packet(iif="Gi0/1", oif="Gi0/2", dport=23), BLOCK),
    ("forward", packet(iif="Gi0/1", oif="Vl7", dport=23), PASS),
    ("forward", packet(iif="Gi0/1", oif="Gi0/2", protocol=17), BLOCK),
    ("forward", packet(iif="Gi0/9", oif="Gi0/2", protocol=17), PASS),
    ("forward", packet(iif="Gi0/2", oif="Gi0/1", protocol=17), PASS),
    ("forward", packet("192.0.2.9", iif="Vl7", oif="Gi0/1"), PASS),
    ("forward", packet("192.0.3.9", iif="Vl7", oif="Gi0/1"), BLOCK),
    ("input", packet(iif="Gi0/1", protocol=17), BLOCK),
    ("input", packet(iif="Gi0/2", dport=23), PASS),
    ("forward", packet(iif="Vl8", oif="Gi0/1"), PASS),
    ("forward", packet(iif="Vl9", oif="Gi0/1"), PASS),
    ("forward", packet(*V6, iif="Gi0/1", oif="Gi0/2"), PASS),
]


@pytest.mark.parametrize(("hook", "of", "fate"), WAYS)
def test_a_packet_meets_the_list_of_the_interface_it_comes_by_then_that_it_leaves_by(hook: str, of: dict, fate: str) -> None:
    assert Meaning(read_ios(BOTH_WAYS, "r.cfg")).fate(hook, of) == fate, by.RULES


def test_an_interface_whose_list_is_missing_or_empty_is_noted() -> None:
    notes = read_ios(BOTH_WAYS, "r.cfg").notes
    assert "Vlan8: the list 150 is not in the text or is empty, and lets everything pass" in notes
    assert "Vlan9: the list EMPTY is not in the text or is empty, and lets everything pass" in notes


def test_whether_an_entry_with_groups_counts_for_the_router_itself_is_unknown() -> None:
    meaning = behind("deny ip any object-group WEB\npermit ip any any")
    assert meaning.fate("forward", inward(destination="198.51.100.9")) == BLOCK
    assert meaning.fate("input", packet(iif="Gi0/1", destination="198.51.100.9")) == EITHER, by.GROUPS


def test_an_entry_keeps_its_place_and_the_implicit_deny_that_of_its_list() -> None:
    ruleset = read_ios(BOTH_WAYS, "r.cfg")
    entry, _, deny = ruleset.chains["ip access-list 102"].rules
    assert (str(entry.where), entry.text) == ("r.cfg:2", "access-list 102 deny tcp any any eq 23")
    assert (str(deny.where), deny.text) == ("r.cfg:2", "access-list 102 deny tcp any any eq 23 (implicit deny at its end)")


def test_commands_that_are_not_known_are_taints_and_never_left_out() -> None:
    text = (
        BOTH_WAYS
        + "interface Vlan10\n zone-member security IN\n ip inspect FW in\nfrobnicate all packets\nhostname r\nip routing\n"
    )
    ruleset = read_ios(text, "r.cfg")
    line = text.split("\n").index("frobnicate all packets") + 1
    assert ruleset.taints == (f"r.cfg:{line}: frobnicate all packets",)
    texts = [rule.text for rule in ruleset.chains["ip lists bound in"].rules]
    assert {"Vlan10: zone-member security IN", "Vlan10: ip inspect FW in"} <= set(texts)


def test_translation_of_destinations_is_a_taint_and_of_sources_is_none() -> None:
    static = "ip nat inside source static tcp 10.0.0.1 25 198.51.100.1 25"
    text = (
        BOTH_WAYS
        + f"ip nat pool P 1.1.1.1 1.1.1.2 netmask 255.255.255.0\nip nat inside source list 7 pool P overload\n{static}\n"
    )
    assert [taint.split(": ", 1)[1] for taint in read_ios(text, "r.cfg").taints] == [static]


def test_a_banner_holds_no_commands() -> None:
    macro = "macro name m\naccess-list 101 permit ip any any\n@\n"
    other = "aaa authentication fail-message ^Caccess-list 101\n permit ip any any^C\n"
    text = f"{macro}{other}banner motd ^C\naccess-list 101 permit ip any any\n^C\nbanner login # one line #\n{BOTH_WAYS}"
    assert Meaning(read_ios(text, "r.cfg")).fate("forward", packet(iif="Gi0/1", oif="Vl7", protocol=17)) == BLOCK


def test_long_names_of_interfaces_are_told_apart() -> None:
    text = "access-list 5 permit any\n"
    for number in (1, 2):
        text += f"interface TenGigabitEthernet1/0/48.400{number}\n ip access-group 5 in\n"
    notes = read_ios(text, "r.cfg").notes
    assert notes == ("Te1/0/48.4001 is TenGigabitEthernet1/0/48.4001", "Te1/0/48.4002 is TenGigabitEthernet1/0/48.4002")
