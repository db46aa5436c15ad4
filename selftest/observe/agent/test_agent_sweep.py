"""The connect sweep against real firewalls in namespaces; every fault is shown to be active."""

from __future__ import annotations

from typing import Any

from selftest.observe.agent.bed import Bed

USED4, USED6, UNUSED = ("198.51.100.5", "198.51.100.6"), ("2001:db8:100:1::5", "2001:db8:100:1::6"), "198.51.100.9"
CANARIES = [["198.51.100.5", 25, 1], ["198.51.100.6", 119, 1], ["2001:db8:100:1::5", 25, 1], ["2001:db8:100:1::6", 119, 1]]
FW = "203.0.113.1"
LAST = 4000


def sweep(net: Bed, addresses: tuple[str, ...] = (*USED4, UNUSED, *USED6), **more: Any) -> dict[str, Any]:
    per_round = {"4": 600, "6": 600}
    job = {
        "job": "sweep",
        "engine": "connect",
        "addresses": addresses,
        "canaries": CANARIES,
        "canaries_per_round": per_round,
        "miss_bound": 1e-4,
        "last_port": LAST,
        "seed": 5,
        "settle": 0.2,
        **more,
    }
    return net.agent(job, timeout=90)


def of(seen: dict[str, Any], address: str, *, silent: bool = False) -> dict[int, tuple[Any, ...]]:
    """Port -> (answer, by, type, code, hops) of one address."""
    return {
        port: (group["answer"], group["by"], group["type"], group["code"], group["hops"])
        for group in seen["answers"]
        if group["address"] == address and (silent or group["answer"] != "silent")
        for first, last in group["ports"]
        for port in range(first, last + 1)
    }


def test_behind_a_dropping_firewall_only_the_allowed_ports_are_open(net: Bed) -> None:
    seen = sweep(net)
    assert of(seen, "198.51.100.5") == {25: ("open", "", None, None, 1)}
    assert of(seen, "2001:db8:100:1::6") == {119: ("open", "", None, None, 1)}
    assert of(seen, UNUSED) == {}
    assert len(of(seen, UNUSED, silent=True)) == LAST
    assert seen["complete"]
    assert seen["voided"] == seen["local"] == 0
    assert {bound["family"]: bound["miss_bound"] <= 1e-4 for bound in seen["bounds"]} == {4: True, 6: True}
    assert all(canary["sent"] == canary["answered"] > 100 and canary["late_answered"] for canary in seen["canaries"])
    assert seen["progress"][-1]["total_ports"] > 0


def test_every_refusal_has_its_sender_and_every_reset_its_distance(net: Bed) -> None:
    net.filter(
        "tcp dport { 50, 3131 } accept; tcp dport 1000 reject with tcp reset; tcp dport 1004 reject; "
        "tcp dport 1005 reject with icmpx admin-prohibited;"
    )
    seen = sweep(net)
    assert of(seen, "198.51.100.6") == {
        50: ("rst", "", None, None, 1),
        119: ("open", "", None, None, 1),
        1000: ("rst", "", None, None, 0),
        1004: ("icmp", FW, 3, 3, None),
        1005: ("icmp", FW, 3, 13, None),
        3131: ("open", "", None, None, 1),
    }
    six = of(seen, "2001:db8:100:1::5")
    assert six[50] == six[3131] == ("rst", "", None, None, 1)
    assert six[1000] == ("rst", "", None, None, 0)
    assert six[1004] == ("icmp", "2001:db8:ffff::1", 1, 4, None)
    assert six[1005] == ("icmp", "2001:db8:ffff::1", 1, 1, None)


def test_a_port_let_through_to_an_unused_address_is_heard_seconds_later(net: Bed) -> None:
    quiet = "198.51.100.11"  # of which no earlier test can still be told
    net.filter(f"ip daddr {quiet} tcp dport 777 counter accept;")
    seen = sweep(net, (quiet, "198.51.100.5"), settle=4.0)
    assert of(seen, quiet) == {777: ("icmp", FW, 3, 1, None)}
    assert net.counters()[0] > 0


def test_a_lone_open_port_of_ipv6_is_found(net: Bed) -> None:
    net.filter("ip6 daddr 2001:db8:100:1::6 tcp dport 3999 accept;")
    assert of(sweep(net), "2001:db8:100:1::6")[3999] == ("open", "", None, None, 1)


def test_a_rate_limiter_hides_no_port_from_random_canaries(net: Bed) -> None:
    """Evenly spaced canaries once reported no loss behind a limiter, and 21 of 38 open ports were found."""
    chosen = (7, 511, 1023, 1499, 2001, 2345, 2719, 2999)
    servers = [f"tcp,{address},{port}" for address in USED4 for port in chosen]
    net.serve("dmz", *servers)
    try:
        limiter = "tcp flags syn / syn,ack,rst,fin limit rate over 2500/second burst 300 packets counter drop;"
        open_set = f"tcp dport {{ {', '.join(map(str, chosen))} }} accept;"
        net.filter(limiter + open_set)
        seen = sweep(net, USED4, last_port=3000, canaries=CANARIES[:2], canaries_per_round={"4": 400})
    finally:
        net.servers.pop().kill()
    assert net.counters()[0] > 1000, "the limiter dropped nothing"
    assert seen["voided"] > 0
    found = {(address, port) for address in USED4 for port, answer in of(seen, address).items() if answer[0] == "open"}
    assert found >= {(address, port) for address in USED4 for port in chosen}
    assert seen["complete"]
    assert seen["bounds"][0]["miss_bound"] <= 1e-4


def test_loss_both_ways_makes_more_rounds_not_misses(net: Bed) -> None:
    net.filter("tcp dport { 3131, 23 } accept;")
    net.also("""
        table ip l { chain pre { type filter hook prerouting priority -400;
          iifname { f0, f1 } meta l4proto tcp numgen random mod 100 < 10 counter drop; }; }""")
    seen = sweep(net, USED4, last_port=3200, canaries=CANARIES[:2], canaries_per_round={"4": 600})
    assert net.counters()[-1] > 100, "nothing was lost"
    assert of(seen, "198.51.100.6").keys() == {23, 119, 3131}
    assert seen["complete"]
    assert seen["bounds"][0]["rounds"] >= 4
    assert seen["bounds"][0]["miss_bound"] <= 1e-4


def test_dead_witnesses_end_the_sweep_before_it_claims_anything(net: Bed) -> None:
    net.filter(allowed="counter drop;")
    seen = sweep(net)
    assert net.counters()[0] > 0
    assert not seen["complete"]
    assert "canaries answered" in seen["why_incomplete"]
    assert all(group["answer"] == "unasked" for group in seen["answers"])


def test_a_vantage_barred_half_way_is_incomplete(net: Bed) -> None:
    net.filter("ip saddr 203.0.113.20 quota over 300 kbytes counter drop;")
    seen = sweep(net, USED4, canaries=CANARIES[:2], canaries_per_round={"4": 600}, rate=3000, last_port=6000)
    assert net.counters()[0] > 0, "the quota never bit"
    assert not seen["complete"]


def test_no_route_is_the_vantages_own_fault(net: Bed) -> None:
    seen = sweep(net, ("198.51.100.5", "10.9.9.9"), last_port=50, canaries=CANARIES[:1], canaries_per_round={"4": 600})
    assert "silent" in {answer[0] for answer in of(seen, "10.9.9.9", silent=True).values()}  # there is a default route
    net.sh("out", "ip", "route", "add", "unreachable", "10.9.9.0/24")
    try:
        seen = sweep(net, ("198.51.100.5", "10.9.9.9"), last_port=50, canaries=CANARIES[:1], canaries_per_round={"4": 600})
    finally:
        net.sh("out", "ip", "route", "del", "unreachable", "10.9.9.0/24")
    assert {answer[0] for answer in of(seen, "10.9.9.9").values()} == {"local"}
    assert seen["local"] >= 50


def test_the_echo_shows_which_ports_the_vantage_cannot_send_to(net: Bed) -> None:
    net.also("table inet o { chain out { type filter hook output priority 0; tcp dport 445 counter drop; }; }", where="out")
    seen = sweep(net, ("198.51.100.5",), last_port=600, echo=["203.0.114.7"])
    assert net.counters("out")[0] > 0
    echoed = of(seen, "203.0.114.7", silent=True)
    assert [port for port, answer in echoed.items() if answer[0] != "open"] == [445]


def test_few_descriptors_and_few_source_ports_lose_nothing(net: Bed) -> None:
    net.filter("tcp dport 3131 accept;")
    before = net.sh("out", "cat", "/proc/sys/net/ipv4/ip_local_port_range").split()
    net.sh("out", "sh", "-c", "echo 40000 40255 > /proc/sys/net/ipv4/ip_local_port_range")
    try:
        seen = sweep(net, ("198.51.100.6",), in_flight=500, canaries=CANARIES[:2], canaries_per_round={"4": 600}, last_port=3500)
    finally:
        net.sh("out", "sh", "-c", f"echo {' '.join(before)} > /proc/sys/net/ipv4/ip_local_port_range")
    assert of(seen, "198.51.100.6").keys() == {119, 3131}
    assert len(of(seen, "198.51.100.6", silent=True)) == 3500
    assert seen["complete"]


def test_a_pace_is_kept_in_total_and_for_each_host(net: Bed) -> None:
    net.filter("tcp flags syn / syn,ack,rst,fin limit rate over 350/second burst 60 packets counter;")
    seen = sweep(
        net, USED4, last_port=700, canaries=CANARIES[:2], canaries_per_round={"4": 100}, per_host=150, rate=1000, miss_bound=0.05
    )
    assert seen["seconds"] > 700 / 150
    assert net.counters()[0] == 0, "faster than two hosts at 150 connects a second"
    assert seen["complete"]


def test_a_witness_that_is_down_from_the_start_voids_nothing_and_is_told(net: Bed) -> None:
    down = ["198.51.100.5", 26, 20.0]  # behind the same firewall, and nothing comes back
    seen = sweep(net, canaries=[down, *CANARIES])
    told = {(canary["address"], canary["port"]): canary for canary in seen["canaries"]}
    assert told["198.51.100.5", 26]["sent"] > 0
    assert told["198.51.100.5", 26]["answered"] == told["198.51.100.5", 26]["late_answered"] == 0
    assert seen["voided"] == 0
    assert all(bound["miss_bound"] <= 1e-4 for bound in seen["bounds"])
