"""What a ruleset says of one address: which ports it opens, to whom, and where it translates them to."""

from __future__ import annotations

from ipaddress import ip_address

from ordinance.allowed.policy import outside
from ordinance.judge import ruleset_read
from ordinance.judge.rules_at import Doorway
from ordinance.proof.policy import Policy
from ordinance.sight.ports import Range
from selftest.judge.perimeter_city import MAIL, WWW
from selftest.judge.rulesets_made import CITY, listing, seen

EVERY_PORT = ((0, 65_535),)


def doorway(rules: str, address: str = WWW, transport: str = "tcp", before: str = "", own: str = "") -> Doorway:
    read, host = seen(listing(rules, before, own)).firewalls[0], CITY.hosts["fw"]
    return Doorway(ruleset_read.running(read, host), Policy((), outside(read, host)), ip_address(address), transport)


def opened(
    rules: str, address: str = WWW, transport: str = "tcp", before: str = ""
) -> tuple[tuple[Range, ...], tuple[Range, ...]]:
    """To somebody, and to everybody."""
    found = doorway(rules, address, transport, before)
    return found.anybody(), found.everybody()


def translating(*rules: str, first: str = "") -> str:
    nat = "\n".join(f'iifname "out0" {rule}' for rule in rules)
    chains = f"chain f {{\n type filter hook prerouting priority raw;\n {first}\n}}\n" if first else ""
    return f"table ip t {{\n {chains} chain p {{\n type nat hook prerouting priority dstnat;\n {nat}\n}}\n}}\n"


def targets(*rules: str) -> set[tuple[str, int]]:
    found = doorway("accept", before=translating(*rules)).translated(8080)
    return {(str(address), port) for address, port in found}


def test_the_ports_that_are_opened_and_no_others() -> None:
    assert opened(f"ip daddr {WWW} tcp dport {{ 80, 443 }} accept") == (((80, 80), (443, 443)),) * 2
    assert opened(f"ip daddr {WWW} tcp dport 80 accept", MAIL) == ((), ())
    assert opened(f"ip daddr {WWW} tcp dport 80 accept", transport="udp") == ((), ())
    assert opened(f"ip daddr {WWW} udp dport 53 accept", transport="udp") == (((53, 53),),) * 2


def test_an_address_that_is_opened_whole_is_open_on_every_port() -> None:
    assert opened(f"ip daddr {WWW} accept") == (EVERY_PORT, EVERY_PORT)
    assert opened(f"ip saddr 192.0.2.30 ip daddr {WWW} accept") == (EVERY_PORT, ())


def test_a_port_that_only_some_may_ask_is_not_open_to_everybody() -> None:
    assert opened(f"ip saddr 192.0.2.30 ip daddr {WWW} tcp dport 80 accept") == (((80, 80),), ())
    assert opened('meta hour "02:00"-"03:00" tcp dport 80 accept') == (((80, 80),), ())


def test_segments_that_begin_no_connection_open_no_port() -> None:
    assert opened("tcp flags & (syn | ack) == ack tcp dport 2222 accept") == ((), ())
    assert opened("tcp flags & (syn | ack) == syn tcp dport 2222 accept") == (((2222, 2222),),) * 2


def test_what_the_firewall_takes_itself_and_what_it_forwards_are_both_opened() -> None:
    found = doorway("tcp dport 80 accept", own="tcp dport 22 accept;")
    assert found.anybody() == found.everybody() == ((22, 22), (80, 80))


def test_a_port_that_is_reached_by_translation_alone_is_not_its_own() -> None:
    hidden = translating(f"ip daddr {WWW} tcp dport 8080 dnat to {MAIL}:22", first=f"ip daddr {MAIL} tcp dport 22 drop")
    rules = f"ip daddr {MAIL} tcp dport {{ 22, 25 }} accept"
    assert opened(rules, MAIL, before=hidden) == (((25, 25),),) * 2
    assert opened(rules, MAIL) == (((22, 22), (25, 25)),) * 2


def test_where_a_port_is_translated_to() -> None:
    ask = f"ip daddr {WWW} tcp dport 8080"
    assert targets(f"{ask} dnat to 10.9.9.9:22") == {("10.9.9.9", 22)}
    assert targets(f"{ask} dnat to 10.9.9.9") == {("10.9.9.9", 8080)}
    assert targets(f"ip daddr {WWW} tcp dport 8081 dnat to 10.9.9.9:22") == set()
    assert targets(f"{ask} ip saddr 192.0.2.30 dnat to 10.9.9.8:22", f"{ask} dnat to 10.9.9.9:22") == {
        ("10.9.9.8", 22),
        ("10.9.9.9", 22),
    }


def test_an_address_of_several_that_a_port_is_translated_to_is_not_known() -> None:
    ask = f"ip daddr {WWW} tcp dport 8080"
    assert targets(f"{ask} dnat to 10.9.9.8-10.9.9.15:22") == {("None", 22)}


def test_each_of_several_addresses_is_told_where_those_between_do_not_pass() -> None:
    ask = f"ip daddr {WWW} tcp dport 8080 dnat to 10.9.9.9-10.9.9.11"
    found = doorway("ip daddr != 10.9.9.10 accept", before=translating(ask)).translated(8080)
    assert {str(address) for address, _ in found} == {"10.9.9.9", "10.9.9.11"}


def test_a_port_that_is_redirected_to_the_firewall_itself_is_translated() -> None:
    assert targets(f"ip daddr {WWW} tcp dport 8080 redirect to :22") == {("None", 22)}


def test_the_first_of_several_ports_is_told() -> None:
    ask = f"ip daddr {WWW} tcp dport 8080"
    assert targets(f"{ask} dnat to 10.9.9.9:1000-1999") == {("10.9.9.9", 1000)}
    assert targets(f"{ask} dnat to 10.9.9.9:0-65535") == {("10.9.9.9", 0)}


def test_what_would_not_pass_after_translation_is_not_translated() -> None:
    ask = f"ip daddr {WWW} tcp dport 8080 dnat to 10.9.9.9:22"
    assert doorway("ip daddr 10.9.9.9 tcp dport 23 accept", before=translating(ask)).translated(8080) == ()
