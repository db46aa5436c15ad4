"""The simulated city is what lab/README.md says it is, seen from where it matters."""

import json
import random
import time
from pathlib import Path

import pytest

OUTSIDE_SEES = {
    25: ("198.51.100.5", "2001:db8:100:1::5"),
    119: ("198.51.100.6", "2001:db8:100:1::6"),
    80: ("198.51.100.8", "2001:db8:100:1::8"),
    443: ("198.51.100.8", "2001:db8:100:1::8"),
    53: ("198.51.100.3", "2001:db8:100:1::3"),
}
PUBLIC = [f"198.51.100.{last}" for last in (1, 3, 4, 5, 6, 8, 10)] + [
    f"2001:db8:100:1::{last:x}" for last in (1, 3, 4, 5, 6, 8, 0x10)
]
ECHO = ("203.0.113.7", "2001:db8:ffff::7")
CANARY = "INTRANET-CANARY-7f3a9c"
CITY_HOSTS = ("fw", "dns", "mail", "news", "www", "proxy", "intranet", "dept", "broadcast", "ws1", "itd")
MANAGEMENT = {
    "internet": 10, "outside": 11, "contractor": 12, "fw": 13, "mail": 14, "news": 15, "www": 16, "dns": 17, "proxy": 18,
    "intranet": 19, "dept": 20, "broadcast": 21, "ws1": 22, "itd": 23,
}  # fmt: skip


def run(city, host, *argv, timeout=30):
    """Run a program in a host; its output as text."""
    done = city.exec(host, list(argv), timeout=timeout)
    return done.stdout.decode(errors="replace")


def script(city, host, name, questions, timeout=60):
    """Run one of the scripts beside this file in a host."""
    source = Path(__file__).with_name(name).read_text()
    done = city.exec(host, ["python3", "-IS", "-c", source], stdin=json.dumps(questions).encode(), timeout=timeout)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def peek(city, host, *targets, kind="tcp", **how):
    """States and words of the targets, each an (address, port), seen from a host."""
    return [tuple(answer) for answer in script(city, host, "peek.py", [{"kind": kind, "to": to, **how} for to in targets])]


def mailbox(city, do, user="probe", **order):
    """Use a mailbox from the auditor's desk."""
    secret = city.secret(f"{user.partition('@')[0]}-password")
    return script(city, "itd", "peek_mail.py", {"do": do, "ca": city.secret("ca.pem"), "user": user, "password": secret, **order})


def dig(city, host, server, *question):
    """What dig prints: status and records."""
    return run(city, host, "dig", "+tries=1", "+time=3", f"@{server}", *question)


# ---- from outside


@pytest.mark.parametrize(("port", "words"), [(25, "220 mail.city.example ESMTP"), (119, "news.city.example InterNetNews")])
def test_mail_and_news_greet_the_outside_by_name(city, port, words):
    for state, said in peek(city, "outside", *((address, port) for address in OUTSIDE_SEES[port]), greeted=True):
        assert state == "open"
        assert words in said


@pytest.mark.parametrize(
    "url", ["http://198.51.100.8/", "http://[2001:db8:100:1::8]/", "https://198.51.100.8/", "https://[2001:db8:100:1::8]/"]
)
def test_the_internet_server_shows_the_home_page(city, url):
    page = run(city, "outside", "curl", "-sk", url)
    assert "Welcome to the City of Example" in page
    assert CANARY not in page


def test_nothing_else_of_the_public_addresses_answers_outside(city):
    ports = (20, 21, 22, 23, 25, 53, 69, 80, 119, 143, 443, 563, 587, 990, 992, 993, 3128, 8000, 31337)
    forbidden = [(address, port) for address in PUBLIC for port in ports if address not in OUTSIDE_SEES.get(port, ())]
    seen = peek(city, "outside", *forbidden)
    assert {to: state for to, (state, _said) in zip(forbidden, seen, strict=True) if state != "filtered"} == {}


def test_the_firewall_itself_is_not_administered_from_outside(city):
    addresses = ("203.0.113.1", "2001:db8:ffff::1", "198.51.100.1", "2001:db8:100:1::1")
    assert {state for state, _said in peek(city, "outside", *((a, 22) for a in addresses))} == {"filtered"}
    assert {state for state, _said in peek(city, "outside", *((a, 161) for a in addresses), kind="udp", send="?")} == {
        "no answer"
    }


def test_the_intranet_is_not_reachable_from_outside(city):
    targets = [(address, port) for address in ("10.20.0.81", "2001:db8:100:2::81") for port in (22, 80, 443)]
    assert {state for state, _said in peek(city, "outside", *targets)} == {"filtered"}


def test_the_firewall_counts_what_it_drops(city):
    before = dropped(city)
    peek(city, "outside", ("198.51.100.5", 23), ("10.20.0.81", 80))
    after = dropped(city)
    assert after["inbound_dropped"] > before["inbound_dropped"]
    assert after["to_inside_dropped"] > before["to_inside_dropped"]


def dropped(city):
    """Packets of each named counter of the firewall."""
    objects = json.loads(run(city, "fw", "nft", "-j", "list", "counters"))["nftables"]
    return {item["counter"]["name"]: item["counter"]["packets"] for item in objects if "counter" in item}


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_the_echo_answers_on_every_port(city, kind):
    ports = [22, 25, 53, 7, 1, 65535, *random.sample(range(1, 65536), 5)]
    words = "anyone there?"
    for answer in peek(city, "outside", *((address, port) for address in ECHO for port in ports), kind=kind, send=words):
        assert answer == ("open", words)


HAMMER = """
import socket
for family, address in ((socket.AF_INET, "203.0.113.7"), (socket.AF_INET6, "2001:db8:ffff::7")):
    for number in range(5000):
        port = 1 + number * 13 % 65535
        with socket.create_connection((address, port), 5):
            pass
"""


def test_the_echo_outlives_ten_thousand_quick_connections(city):
    done = city.exec("outside", ["python3", "-IS", "-c", HAMMER], timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    assert peek(city, "outside", (ECHO[0], 4242), send="still?") == [("open", "still?")]


ONE_SOURCE_PORT = """
import socket
open_ones = []
for port in range(2000, 2200):
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    peer.bind(("", 15000))
    peer.settimeout(2)
    peer.connect(("203.0.113.7", port))
    open_ones.append(peer)
print(len(open_ones))
"""


def test_the_echo_tells_connections_from_one_source_port_apart(city):
    assert run(city, "outside", "python3", "-IS", "-c", ONE_SOURCE_PORT) == "200\n"


@pytest.mark.parametrize("host", ["outside", "contractor"])
def test_a_place_outside_may_hold_many_connections(city, host):
    assert int(run(city, host, "cat", "/proc/sys/net/ipv4/ip_local_port_range").split()[0]) <= 16384
    pid = run(city, host, "cat", "/run/sshd.pid").strip()
    limit = next(line for line in run(city, host, "cat", f"/proc/{pid}/limits").splitlines() if line.startswith("Max open files"))
    soft, hard = limit.split()[3:5]
    assert soft == hard


# ---- the public zone


@pytest.mark.parametrize("server", OUTSIDE_SEES[53])
def test_the_public_zone_names_what_is_public(city, server):
    for name, last in (
        ("city.example", 8),
        ("www.city.example", 8),
        ("mail.city.example", 5),
        ("news.city.example", 6),
        ("ns.city.example", 3),
    ):
        assert dig(city, "outside", server, "+short", name, "A").split() == [f"198.51.100.{last}"]
        assert dig(city, "outside", server, "+short", "+tcp", name, "AAAA").split() == [f"2001:db8:100:1::{last}"]
    assert dig(city, "outside", server, "+short", "city.example", "MX").split() == ["10", "mail.city.example."]
    assert dig(city, "outside", server, "+short", "-x", "198.51.100.5").split() == ["mail.city.example."]
    assert dig(city, "outside", server, "+short", "-x", "2001:db8:100:1::5").split() == ["mail.city.example."]


@pytest.mark.parametrize("server", OUTSIDE_SEES[53])
@pytest.mark.parametrize(
    "question", [("intranet.city.example", "A"), ("intranet.city.example", "AAAA"), ("-x", "2001:db8:100:2::81")]
)
def test_the_public_zone_does_not_know_the_intranet(city, server, question):
    answer = dig(city, "outside", server, *question)
    assert "status: NXDOMAIN" in answer
    assert " aa" in answer


def test_nobody_gets_the_public_zone_as_a_whole(city):
    for zone in ("city.example", "100.51.198.in-addr.arpa", "0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa"):
        assert "Transfer failed" in dig(city, "outside", "198.51.100.3", zone, "AXFR")


def test_the_public_server_tells_no_version_and_is_no_resolver(city):
    assert "nsd" not in dig(city, "outside", "198.51.100.3", "version.bind", "CH", "TXT").lower()
    assert "status: REFUSED" in dig(city, "outside", "198.51.100.3", "ordinary.example", "A")


def test_the_internet_finds_the_city_by_its_provider(city):
    assert dig(city, "outside", "203.0.113.10", "+short", "www.city.example", "A").split() == ["198.51.100.8"]
    assert "status: NXDOMAIN" in dig(city, "outside", "203.0.113.10", "intranet.city.example", "A")


# ---- inside


@pytest.mark.parametrize("host", ["ws1", "itd"])
def test_inside_the_intranet_has_a_name_and_is_served(city, host):
    for server in ("198.51.100.4", "2001:db8:100:1::4"):
        assert dig(city, host, server, "+short", "intranet.city.example", "A").split() == ["10.20.0.81"]
        assert dig(city, host, server, "+short", "intranet.city.example", "AAAA").split() == ["2001:db8:100:2::81"]
        assert dig(city, host, server, "+short", "-x", "10.20.0.81").split() == ["intranet.city.example."]
    for url in (
        "http://intranet.city.example/",
        "https://10.20.0.81/",
        "http://[2001:db8:100:2::81]/",
        "http://10.20.0.81/no/such",
    ):
        assert CANARY in run(city, host, "curl", "-sk", url)


def test_the_resolver_is_for_the_city_only(city):
    assert {state for state, _said in peek(city, "outside", ("198.51.100.4", 53), ("2001:db8:100:1::4", 53))} == {"filtered"}
    refused = dig(city, "dns", "198.51.100.4", "-b", "172.31.255.17", "intranet.city.example")
    assert "status: REFUSED" in refused


@pytest.mark.parametrize("host", ["ws1", "itd"])
def test_staff_reach_mail_news_and_the_web_of_the_city(city, host):
    mail = [(address, port) for address in OUTSIDE_SEES[25] for port in (25, 143, 587, 993)]
    others = [(address, port) for port in (80, 119, 443) for address in OUTSIDE_SEES[port]]
    assert {state for state, _said in peek(city, host, *mail, *others)} == {"open"}


@pytest.mark.parametrize("host", ["ws1", "itd"])
def test_staff_do_not_reach_the_outside_directly(city, host):
    targets = [
        (address, port) for address in ("203.0.113.82", "203.0.113.80", "2001:db8:ffff::82", *ECHO) for port in (23, 80, 443)
    ]
    targets += [("203.0.113.10", 53), ("198.51.100.5", 22), ("198.51.100.4", 22)]
    assert {state for state, _said in peek(city, host, *targets)} == {"filtered"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://ordinary.example/", "200"),
        ("http://mail.google.com/", "403"),
        ("http://pandora.com/", "403"),
        ("http://203.0.113.81/", "403"),  # refused by what the answer is, not by its name
        ("http://intranet.city.example/", "403"),
    ],
)
def test_the_proxy_lets_staff_to_ordinary_sites_only(city, url, code):
    got = run(city, "ws1", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-x", "http://198.51.100.10:3128", url)
    assert got == code


@pytest.mark.parametrize(
    ("url", "code"), [("https://ordinary.example/", "200"), ("https://mail.google.com/", "403"), ("https://pandora.com/", "403")]
)
def test_the_proxy_decides_tunnels_by_name(city, url, code):
    got = run(
        city, "ws1", "curl", "-sk", "-o", "/dev/null", "-w", "%{http_connect}", "-x", "http://[2001:db8:100:1::10]:3128", url
    )
    assert got == code


def test_the_broadcast_server_answers(city):
    for url in ("http://10.20.0.90:8000/", "http://[2001:db8:100:2::90]:8000/"):
        assert "Server: Icecast" in run(city, "ws1", "curl", "-si", url)
    owner = run(city, "broadcast", "ps", "-C", "icecast2", "-o", "user=")
    assert owner.split() == ["icecast2"]


def test_outsiders_read_news_and_staff_post(city):
    assert peek(city, "outside", ("198.51.100.6", 119), greeted=True)[0][1].endswith("(no posting)\r\n")
    assert peek(city, "ws1", ("198.51.100.6", 119), greeted=True)[0][1].endswith("(posting ok)\r\n")
    assert "city.announce" in peek(city, "outside", ("198.51.100.6", 119), greeted=True, send="LIST\r\n")[0][1]


# ---- mail


@pytest.mark.parametrize("user", ["probe", "probe@city.example", "alice", "probe2"])
def test_mailboxes_are_limited(city, user):
    limit = 4096 if user.startswith("probe") and not user.startswith("probe2") else 5120
    assert mailbox(city, "quota", user)[1] == limit


def test_every_mailbox_has_a_limit_in_the_store(city):
    lines = run(city, "mail", "doveadm", "-f", "tab", "quota", "get", "-A").splitlines()[1:]
    limits = {line.split("\t")[0]: line.split("\t")[4] for line in lines if "\tSTORAGE\t" in line}
    boxes = ("alice", "bob", "carol", "manager", "director", "probe2")
    assert limits == {**dict.fromkeys(boxes, "5120"), "probe": "4096"}


def test_the_size_of_messages_is_limited(city):
    assert mailbox(city, "limits", size=1_048_577) == ["1048576", "1048576", 552]


def test_a_full_mailbox_neither_receives_nor_sends_until_it_is_emptied(city):
    send = {"sender": "probe@city.example", "recipient": "probe2@city.example"}
    mailbox(city, "empty")
    assert mailbox(city, "submission", **send)[0] == 250
    try:
        assert mailbox(city, "fill") == 4 * 1024 * 1024
        for do, order in (("inbound", {"recipient": "probe@city.example"}), ("submission", send)):
            code, text = mailbox(city, do, **order)
            assert code == 552
            assert "5.2.2" in text
    finally:
        mailbox(city, "empty")
    assert mailbox(city, "inbound", recipient="probe@city.example")[0] == 250
    assert mailbox(city, "submission", **send)[0] == 250


@pytest.mark.parametrize(("user", "sender", "code"), [("alice", "alice@city.example", 250), ("alice", "bob@city.example", 553)])
def test_staff_send_as_themselves(city, user, sender, code):
    assert mailbox(city, "submission", user, sender=sender, recipient="carol@city.example")[0] == code


@pytest.mark.parametrize(("user", "code"), [("manager", 250), ("alice", 554)])
def test_only_the_city_manager_writes_to_all_staff(city, user, code):
    assert mailbox(city, "submission", user, sender=f"{user}@city.example", recipient="all-staff@city.example")[0] == code


def test_mail_to_a_partner_reaches_it(city):
    subject = f"partner {random.randrange(10**9)}"
    mailbox(city, "send", "alice", sender="alice@city.example", recipient="someone@partner.example", subject=subject)
    deadline = time.monotonic() + 15
    while city.exec("internet", ["grep", "-rqF", subject, "/var/spool/sink"]).returncode != 0:
        assert time.monotonic() < deadline, "the partner's mail host has not got the message"
        time.sleep(0.05)


# ---- administration and accounts


@pytest.mark.parametrize("host", sorted(MANAGEMENT))
def test_every_host_is_administered_over_the_management_network(city, host):
    address = f"172.31.255.{MANAGEMENT[host]}"
    ((state, said),) = peek(city, "itd", (address, 22), greeted=True)
    assert (state, said[:8]) == ("open", "SSH-2.0-")
    keys = ("-a", "SHA-256", "-A", city.secret("snmp-auth"), "-x", "AES", "-X", city.secret("snmp-priv"))
    name = run(city, "itd", "snmpget", "-v3", "-l", "authPriv", "-u", "audit", *keys, "-Oqv", address, "1.3.6.1.2.1.1.5.0")
    assert name.strip().strip('"') == host


def test_snmp_needs_privacy_and_a_key(city):
    keys = ("-a", "SHA-256", "-A", city.secret("snmp-auth"))
    refused = city.exec(
        "itd", ["snmpget", "-v3", "-l", "authNoPriv", "-u", "audit", *keys, "172.31.255.13", "1.3.6.1.2.1.1.5.0"], timeout=30
    )
    assert refused.returncode != 0
    silent = city.exec("itd", ["snmpget", "-v2c", "-c", "public", "-t1", "-r0", "172.31.255.13", "1.3.6.1.2.1.1.5.0"], timeout=30)
    assert silent.returncode != 0


@pytest.mark.parametrize("host", CITY_HOSTS)
def test_people_and_nobody_else_can_log_in_and_must_change_their_passwords(city, host):
    lines = [line.split(":") for line in run(city, host, "cat", "/etc/shadow").splitlines()]
    people = {line[0]: line for line in lines if line[1].startswith("$")}
    assert set(people) == {"dana", "alice", "bob"} if host == "ws1" else {"dana"} == set(people)
    assert {line[1] for line in lines if line[0] not in people} <= {"*", "!", "!*"}
    today = int(run(city, host, "date", "+%s")) // 86_400
    assert {(line[3], line[4]) for line in people.values()} == {("0", "90")}
    assert {today - int(line[2]) for line in people.values()} <= {20, 21}
    assert "PASS_MAX_DAYS\t90" in run(city, host, "cat", "/etc/login.defs")
    uids = {line.split(":")[0]: int(line.split(":")[2]) for line in run(city, host, "cat", "/etc/passwd").splitlines()}
    assert {name for name, uid in uids.items() if 1000 <= uid <= 60_000} == set(people)
