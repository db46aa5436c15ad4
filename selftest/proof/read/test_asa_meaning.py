"""Which packets an ASA lets through, by the vendor's documents: each row names its source."""

import pytest

from ordinance.proof.ir import Nat
from ordinance.proof.read.asa import read_asa
from selftest.proof.read import cisco_sources as by
from selftest.proof.read.meaning import BLOCK, EITHER, PASS, Meaning, icmp, packet

V6 = ("2001:db8::7", "2001:db8:1::9")
INTERFACES = """interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 203.0.113.1 255.255.255.0
!
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.0.0.1 255.255.255.0
!
interface GigabitEthernet0/2
 nameif dmz
 security-level 50
 ip address 198.51.100.1 255.255.255.0
!
interface GigabitEthernet0/3
 nameif partner
 security-level 50
 ip address dhcp
!
interface GigabitEthernet0/4
 no nameif
 no security-level
"""
OBJECTS = """names
name 198.51.100.77 mailhost
object network WEB
 host 198.51.100.9
object network DMZ
 subnet 198.51.100.0 255.255.255.0
object network SIX
 subnet 2001:db8:1::/64
object network SPAN
 range 198.51.100.20 198.51.100.29
object network NAMED
 fqdn v4 www.example.org
object service HIGH
 service tcp source gt 1023 destination eq 8080
object service PING
 service icmp echo
object-group network SERVERS
 description all of them
 network-object host 198.51.100.5
 network-object object SPAN
 network-object 198.51.100.64 255.255.255.240
 network-object 2001:db8:1::/64
 group-object MORE
object-group network MORE
 network-object host mailhost
object-group service PORTS tcp
 port-object eq www
 port-object range 8000 8010
 group-object TLS
object-group service TLS tcp
 port-object eq https
object-group service BOTHPORTS tcp-udp
 port-object eq domain
object-group service SVC
 service-object tcp destination eq smtp
 service-object udp destination range 5000 5010
 service-object icmp echo-reply
 service-object object HIGH
 service-object tcp-udp destination eq domain
 service-object esp
 group-object SVC2
object-group service SVC2
 service-object gre
object-group protocol PROTOS
 protocol-object tcp
 protocol-object udp
object-group icmp-type PINGS
 icmp-object echo
 icmp-object echo-reply
object-group user STAFF
 user EXAMPLE\\alice
time-range NIGHT
 periodic daily 2:00 to 3:00
"""


def asa(*lines: str) -> Meaning:
    return Meaning(read_asa(INTERFACES + OBJECTS + "\n".join(lines) + "\n", "asa.cfg"))


def inbound(*args: object, **fields: object) -> dict[str, int]:
    given = {"destination": "198.51.100.9"} if len(args) < 2 else {}
    return packet(*args, **{"iif": "outside", "oif": "dmz", **given, **fields})  # type: ignore[arg-type]


ENTRIES = [
    ("permit ip any any", inbound(protocol=99), None, by.ASA_EXTENDED),
    ("permit tcp any host 198.51.100.9 eq smtp", inbound(dport=25), inbound(dport=26), by.ASA_EXTENDED),
    (
        "permit tcp any host 198.51.100.9 eq smtp",
        inbound(dport=25),
        inbound(destination="198.51.100.8", dport=25),
        by.ASA_EXTENDED,
    ),
    ("permit tcp any host mailhost eq smtp", inbound(destination="198.51.100.77", dport=25), inbound(dport=25), by.ASA_EXTENDED),
    ("permit tcp 192.0.2.0 255.255.255.0 any", inbound("192.0.2.9"), inbound("192.0.3.9"), by.ASA_EXTENDED),
    ("permit tcp any 2001:db8:1::/64 eq 25", inbound(*V6, dport=25), inbound(V6[0], "2001:db8:2::9", dport=25), by.ASA_EXTENDED),
    ("permit tcp any4 any", inbound(), inbound(*V6), by.ASA_EXTENDED),
    ("permit tcp any6 any6", inbound(*V6), inbound(), by.ASA_EXTENDED),
    ("permit tcp any any", inbound(*V6), inbound(protocol=17), by.ASA_EXTENDED),
    ("permit tcp any any neq 23", inbound(dport=22), inbound(dport=23), by.ASA_EXTENDED),
    ("permit tcp any gt 1023 any lt 1024", inbound(sport=1024, dport=1023), inbound(sport=1023, dport=1023), by.ASA_EXTENDED),
    ("permit udp any any range 5000 5010", inbound(protocol=17, dport=5010), inbound(protocol=17, dport=5011), by.ASA_EXTENDED),
    ("permit udp any any eq radius", inbound(protocol=17, dport=1645), inbound(protocol=17, dport=1812), by.ASA_NAMES),
    ("permit tcp any any eq sqlnet", inbound(dport=1521), inbound(dport=1522), by.ASA_NAMES),
    ("permit icmp any any echo", inbound(protocol=1, sport=icmp(8)), inbound(protocol=1, sport=icmp(0)), by.ASA_EXTENDED),
    ("permit icmp any any unreachable 4", inbound(protocol=1, sport=icmp(3, 4)), None, by.ASA_EXTENDED),
    ("permit icmp6 any any echo", inbound(*V6, 58, sport=icmp(128)), inbound(*V6, 58, sport=icmp(129)), by.ASA_EXTENDED),
    (
        "permit icmp any any object-group PINGS",
        inbound(protocol=1, sport=icmp(0)),
        inbound(protocol=1, sport=icmp(3)),
        by.ASA_OBJECTS,
    ),
    ("permit ip any object WEB", inbound(), inbound(destination="198.51.100.8"), by.ASA_OBJECTS),
    ("permit ip any object DMZ", inbound(), inbound(destination="198.51.101.8"), by.ASA_OBJECTS),
    ("permit ip any object SIX", inbound(*V6), inbound(), by.ASA_OBJECTS),
    (
        "permit ip any object-group SERVERS",
        inbound(destination="198.51.100.29"),
        inbound(destination="198.51.100.30"),
        by.ASA_OBJECTS,
    ),
    (
        "permit ip any object-group SERVERS",
        inbound(destination="198.51.100.79"),
        inbound(destination="198.51.100.80"),
        by.ASA_OBJECTS,
    ),
    ("permit ip any object-group SERVERS", inbound(destination="198.51.100.77"), inbound(), by.ASA_OBJECTS),
    ("permit ip any object-group SERVERS", inbound(*V6), inbound(V6[0], "2001:db8:2::9"), by.ASA_OBJECTS),
    ("permit tcp any any object-group PORTS", inbound(dport=443), inbound(dport=444), by.ASA_OBJECTS),
    ("permit tcp any object-group PORTS any", inbound(sport=8010), inbound(sport=8011), by.ASA_OBJECTS),
    (
        "permit tcp any object-group SERVERS object-group PORTS",
        inbound(destination="198.51.100.5", dport=80),
        inbound(dport=80),
        by.ASA_OBJECTS,
    ),
    (
        "permit object-group PROTOS any any object-group BOTHPORTS",
        inbound(protocol=17, dport=53),
        inbound(protocol=1),
        by.ASA_OBJECTS,
    ),
    ("permit object HIGH any any", inbound(sport=2000, dport=8080), inbound(sport=20, dport=8080), by.ASA_OBJECTS),
    ("permit object PING any any", inbound(protocol=1, sport=icmp(8)), inbound(protocol=1, sport=icmp(0)), by.ASA_OBJECTS),
    ("permit object-group SVC any any", inbound(dport=25), inbound(dport=26), by.ASA_OBJECTS),
    ("permit object-group SVC any any", inbound(protocol=17, dport=5005), inbound(protocol=17, dport=25), by.ASA_OBJECTS),
    ("permit object-group SVC any any", inbound(protocol=17, dport=53), inbound(protocol=17, dport=54), by.ASA_OBJECTS),
    ("permit object-group SVC any any", inbound(protocol=47), inbound(protocol=48), by.ASA_OBJECTS),
    ("permit ip any interface dmz", inbound(destination="198.51.100.1"), inbound(), by.ASA_EXTENDED),
    ("permit ip any any log 4 interval 600 time-range NIGHT", inbound(second=2 * 3600), inbound(second=4 * 3600), by.TIMES),
    ("permit ip any any log disable", inbound(), None, by.ASA_EXTENDED),
    ("permit ip any any inactive", inbound(ct="established"), inbound(), by.ASA_EXTENDED),
]


@pytest.mark.parametrize(("entry", "hit", "miss", "source"), ENTRIES, ids=[f"{n} {row[0]}" for n, row in enumerate(ENTRIES)])
def test_a_list_passes_what_its_entries_mean(entry: str, hit: dict, miss: dict | None, source: str) -> None:
    meaning = asa(f"access-list OUT extended {entry}", "access-group OUT in interface outside")
    assert meaning.fate("forward", hit) == PASS, source
    assert miss is None or meaning.fate("forward", miss) == BLOCK, source


UNKNOWN = [
    "permit ip user EXAMPLE\\bob any any",
    "permit ip object-group-user STAFF any any",
    "permit ip security-group name HR any any",
    "permit ip any any time-range NONESUCH",
    "permit ip any object NAMED",
    "permit ip any interface partner",
    "permit tcp any any eq kerberos",
    "permit ip any any words of a newer release",
]


@pytest.mark.parametrize("entry", UNKNOWN)
def test_what_is_not_understood_may_hold_or_not(entry: str) -> None:
    meaning = asa(f"access-list OUT extended {entry}", "access-group OUT in interface outside")
    assert meaning.fate("forward", inbound()) == EITHER


def at(iif: str, oif: str, **fields: object) -> dict[str, int]:
    return packet(iif=iif, oif=oif, **fields)  # type: ignore[arg-type]


OUT = "access-list OUT extended permit tcp any any eq 25"
GLOBAL = ("access-list G extended permit tcp any any eq 80", "access-group G global")
DEVICE = [
    ((), at("inside", "outside"), PASS, by.ASA_PERMITS),
    ((), at("inside", "dmz"), PASS, by.ASA_LEVELS),
    ((), at("dmz", "inside"), BLOCK, by.ASA_LEVELS),
    ((), at("outside", "inside"), BLOCK, by.ASA_LEVELS),
    ((), at("outside", "inside", ct="established"), PASS, by.ASA_STATE),
    ((), at("outside", "inside", ct="related"), EITHER, by.ASA_STATE),
    ((), at("dmz", "partner"), BLOCK, by.ASA_LEVELS),
    (("same-security-traffic permit inter-interface",), at("dmz", "partner"), PASS, by.ASA_LEVELS),
    ((), at("inside", "inside"), BLOCK, by.ASA_LEVELS),
    (("same-security-traffic permit intra-interface",), at("inside", "inside"), PASS, by.ASA_LEVELS),
    ((), at("elsewhere", "outside"), BLOCK, by.ASA_LEVELS),
    ((), at("inside", "elsewhere"), BLOCK, by.ASA_LEVELS),
    # a list bound inward is in place of the levels
    ((OUT, "access-group OUT in interface outside"), at("outside", "inside", dport=25), PASS, by.ASA_ORDER),
    ((OUT, "access-group OUT in interface outside"), at("outside", "inside", dport=80), BLOCK, by.ASA_ORDER),
    ((OUT, "access-group OUT in interface inside"), at("inside", "outside", dport=80), BLOCK, by.ASA_ORDER),
    ((OUT, "access-group OUT in interface inside"), at("dmz", "outside", dport=80), PASS, by.ASA_ORDER),
    # but not of same-security-traffic
    ((OUT, "access-group OUT in interface dmz"), at("dmz", "partner", dport=25), BLOCK, by.ASA_LEVELS),
    # one bound outward comes on top
    ((OUT, "access-group OUT out interface outside"), at("inside", "outside", dport=25), PASS, by.ASA_PERMITS),
    ((OUT, "access-group OUT out interface outside"), at("inside", "outside", dport=80), BLOCK, by.ASA_PERMITS),
    ((OUT, "access-group OUT out interface inside"), at("outside", "inside", dport=25), BLOCK, by.ASA_PERMITS),
    # interface, then global, then deny
    (GLOBAL, at("outside", "inside", dport=80), PASS, by.ASA_ORDER),
    (GLOBAL, at("inside", "outside", dport=22), BLOCK, by.ASA_ORDER),
    ((*GLOBAL, OUT, "access-group OUT in interface outside"), at("outside", "inside", dport=80), PASS, by.ASA_ORDER),
    ((*GLOBAL, OUT, "access-group OUT in interface outside"), at("outside", "inside", dport=25), PASS, by.ASA_ORDER),
    ((*GLOBAL, OUT, "access-group OUT in interface outside"), at("outside", "inside", dport=22), BLOCK, by.ASA_ORDER),
    ((OUT, "access-group OUT in interface outside per-user-override"), at("outside", "inside"), EITHER, by.ASA_EXTENDED),
    ((OUT, "access-group OUT in interface outside control-plane"), at("inside", "outside", dport=80), PASS, by.ASA_BOX),
    (("access-list R remark nothing", "access-group R in interface inside"), at("inside", "outside"), BLOCK, by.ASA_ORDER),
    # tunnels
    (("crypto map M interface outside",), at("outside", "inside"), EITHER, by.ASA_VPN),
    (("crypto map M interface outside", "no sysopt connection permit-vpn"), at("outside", "inside"), BLOCK, by.ASA_VPN),
    (("webvpn", " enable outside"), at("outside", "inside"), EITHER, by.ASA_VPN),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "of", "fate", "source"), DEVICE)
def test_rules_levels_and_their_order(lines: tuple[str, ...], of: dict, fate: str, source: str) -> None:
    assert asa(*lines).fate("forward", of) == fate, source


def test_nothing_is_known_of_packets_to_the_asa_itself() -> None:
    assert asa().fate("input", packet(iif="outside")) == EITHER, by.ASA_BOX


def test_of_ipv6_before_version_9_nothing_is_known() -> None:
    meaning = Meaning(read_asa(f"ASA Version 8.4(7)\n{INTERFACES}{OBJECTS}: end\n", "asa.cfg"))
    assert meaning.fate("forward", at("outside", "inside")) == BLOCK
    assert meaning.fate("forward", packet(*V6, iif="outside", oif="inside")) == EITHER


STATIC = [
    ("object network WEB\n host 198.51.100.9\n nat (dmz,outside) static 203.0.113.9", "203.0.113.9", 80, ("198.51.100.9", None)),
    (
        "object network WEB\n host 198.51.100.9\n nat (dmz,outside) static interface service tcp 8080 www",
        "203.0.113.1",
        80,
        ("198.51.100.9", 8080),
    ),
    ("object network M\n host 203.0.113.8\nnat (dmz,outside) source static WEB M", "203.0.113.8", 80, ("198.51.100.9", None)),
    (
        "object network D\n subnet 198.51.100.0 255.255.255.0\n nat (any,any) static 203.0.113.0",
        "203.0.113.77",
        80,
        ("198.51.100.0", None),
    ),
]


@pytest.mark.parametrize(("lines", "to", "port", "real"), STATIC)
def test_static_translation_leads_to_the_real_address(lines: str, to: str, port: int, real: tuple[str, int | None]) -> None:
    meaning = asa(lines)
    rule = meaning.ruleset.chains["translations"].rules[0]
    assert meaning.met("translations", packet(destination=to, iif="outside", dport=port)) == [rule], by.ASA_NAT
    assert meaning.met("translations", packet(destination="203.0.114.9", iif="outside", dport=port)) == []
    nat = rule.statements[-1]
    assert isinstance(nat, Nat)
    assert nat.addresses[0][0] == packet(destination=real[0])["daddr"]
    assert nat.ports == (() if real[1] is None else ((real[1], real[1]),))


def test_an_access_list_is_of_real_addresses() -> None:
    nat = "object network WEB\n host 198.51.100.9\n nat (dmz,outside) static 203.0.113.9"
    meaning = asa(nat, "access-list OUT extended permit tcp any host 198.51.100.9 eq 80", "access-group OUT in interface outside")
    assert meaning.fate("forward", inbound(nat=1)) == PASS, by.ASA_REAL
    assert meaning.fate("forward", inbound(nat=0)) == EITHER, "the check of the way back may drop it"


UNREAD = [
    "nat (inside,outside) source static WEB SPAN destination static DMZ SPAN",
    "nat (inside,outside) source static WEB SPAN service HIGH HIGH",
    "nat (inside) 1 10.0.0.0 255.0.0.0",
    "established tcp 0 4000 permitto tcp 4001",
    "firewall transparent",
    "ipv6 access-list X permit ip any any",
    "static (dmz,outside) 203.0.113.9 198.51.100.9",
    "conduit permit ip any any",
    "frobnicate all packets",
]


@pytest.mark.parametrize("line", UNREAD)
def test_a_command_that_is_not_followed_is_a_taint(line: str) -> None:
    assert [taint.split(": ", 1)[1] for taint in asa(line).ruleset.taints] == [line]


HARMLESS = [
    "nat (inside,outside) source dynamic any interface",
    "nat (inside,outside) after-auto source dynamic any interface",
    "nat (inside,outside) 1 source static DMZ DMZ destination static WEB WEB no-proxy-arp route-lookup",
    "object network DMZ\n subnet 198.51.100.0 255.255.255.0\n nat (dmz,outside) dynamic interface",
    "hostname asa\nenable password x encrypted\nrouter ospf 1\n network 10.0.0.0 255.0.0.0\nbanner motd frobnicate all packets",
    "ipv6 route outside ::/0 2001:db8::1\nCryptochecksum:0123456789abcdef",
    "access-list S standard permit any4\naccess-list E ethertype permit any\naccess-list W webtype permit url any",
]


@pytest.mark.parametrize("lines", HARMLESS)
def test_translation_of_sources_and_settings_are_no_taint(lines: str) -> None:
    assert asa(lines).ruleset.taints == ()


def test_what_stands_beneath_an_interface_and_is_not_known_is_a_taint_of_its_packets() -> None:
    ruleset = read_asa(INTERFACES.replace(" ip address dhcp", " ip address dhcp\n bridge-group 1"), "asa.cfg")
    assert "bridge-group 1" in [rule.text for rule in ruleset.chains["access rules, in"].rules]
