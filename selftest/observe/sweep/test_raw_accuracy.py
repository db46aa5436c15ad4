"""The raw sweep through faults that are real and counted: every open port is found, or the silence is not called proven."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from selftest.observe.sweep.faults import FAULTS, dropped, right
from selftest.observe.sweep.field import CANARIES4, CANARIES6, Field, four, job, opened, outcomes, six, truth

FW4, FW6 = "203.0.113.1", "2001:db8:ffff::1"
SYN = "tcp flags syn / syn,ack,rst,fin"


@pytest.mark.parametrize("name", FAULTS)
def test_every_open_port_is_found_and_silence_proven(net: Field, name: str) -> None:
    load, least = FAULTS[name]
    load(net)
    seen = net.raw(job(16, last_port=3000))
    if least:
        assert dropped(net) > least / 100, "the fault was not active"
    assert opened(seen) == truth(16, last=3000)
    assert right(seen)
    assert all(bound["rounds"] >= 2 for bound in seen["bounds"])
    assert ("SYN" in name) <= (seen["voided"] > 0)


def test_a_limiter_below_the_pace_of_calibration_is_not_taken_for_the_path(net: Field) -> None:
    net.guard(f"{SYN} limit rate over 1000/second burst 20 packets counter drop;")
    seen = net.raw(job(2, last_port=200, canaries_per_round={"4": 400}))
    assert net.counters()[0] > 100, "the limiter dropped nothing"
    assert seen["quiet_loss"] < 0.05
    assert opened(seen) == truth(2, last=200)
    assert right(seen)


def test_a_limiter_for_each_destination_is_found_by_the_canaries_there(net: Field) -> None:
    limiter = f"{SYN} meter each {{ ip daddr limit rate over 1000/second burst 100 packets }} counter drop;"
    net.guard(limiter)
    seen = net.raw(job(16, last_port=1000))
    assert net.counters()[0] > 100, "the limiter dropped nothing"
    assert seen["voided"] > 0
    assert opened(seen) == truth(16, last=1000) or not right(seen)
    assert any(canary["answered"] for canary in seen["canaries"])


def test_a_vantage_barred_half_way_is_incomplete(net: Field) -> None:
    net.guard("ip saddr 203.0.113.20 quota over 300 kbytes counter drop;")
    seen = net.raw(job(4, last_port=5000, rate=4000))
    assert net.counters()[0] > 0, "the quota never bit"
    assert not right(seen)


def test_a_witness_that_is_asked_seldom_is_not_barred_by_loss_alone(net: Field) -> None:
    """Of these witnesses one is asked all the time, the others hardly ever: after the sweep each is asked until it answers."""
    net.guard("tcp flags syn / syn,ack,rst,fin numgen random mod 100 < 50 counter drop;")
    known = [[address, port, 0.01 if number else 100.0] for number, (address, port, _) in enumerate(CANARIES4)]
    seen = net.raw(job(1, last_port=100, canaries=known, canaries_per_round={"4": 400}))
    assert net.counters()[0] > 100, "nothing was lost"
    assert len(known) >= 8, "chance alone would do"
    assert all(canary["late_answered"] for canary in seen["canaries"])
    assert opened(seen) == truth(1, last=100)


def test_every_refusal_has_its_sender_and_every_reset_its_distance(net: Field) -> None:
    net.guard(
        "tcp dport 1000 counter reject with tcp reset; tcp dport 1004 reject; tcp dport 1005 reject with icmpx admin-prohibited; "
        "tcp dport 50 accept;"
    )
    seen = net.raw(job(2, addresses=[*four(2), *six(2)], canaries=[*job()["canaries"], *CANARIES6], last_port=1100))
    assert net.counters()[0] >= 4
    assert outcomes(seen, four(2)[1]) == {
        1: ("rst", "", None, None, 1),  # let through, and nobody there listens
        25: ("open", "", None, None, 1),
        50: ("rst", "", None, None, 1),
        119: ("open", "", None, None, 1),
        1000: ("rst", "", None, None, 0),
        1004: ("icmp", FW4, 3, 3, None),
        1005: ("icmp", FW4, 3, 13, None),
    }
    held = outcomes(seen, six(2)[1])
    assert held[50] == ("rst", "", None, None, 1)
    assert held[1000] == ("rst", "", None, None, 0)
    assert held[1004] == ("icmp", FW6, 1, 4, None)
    assert held[1005] == ("icmp", FW6, 1, 1, None)


def test_ipv6_is_swept_alike(net: Field) -> None:
    seen = net.raw(job(addresses=six(4), canaries=CANARIES6, first_port=30_000, last_port=33_000))
    assert opened(seen) == {("2001:db8:80::4", 31337)}
    assert right(seen)
    assert [bound["family"] for bound in seen["bounds"]] == [6]


def test_an_open_port_0_is_found_where_port_0_is_asked_for(net: Field) -> None:
    net.guard("tcp dport 0 accept;")
    net.also(
        f"table ip n {{ chain p {{ type nat hook prerouting priority dstnat; tcp dport 0 counter dnat to {four(4)[3]}:25; }}; }}",
        where="dmz",
    )
    seen = net.raw(job(2, first_port=0, last_port=30))
    assert net.counters("dmz")[0] > 0
    assert {(address, 0) for address in four(2)} <= opened(seen)


def test_our_port_tells_the_round(net: Field) -> None:
    net.guard()
    net.also(
        "table inet s { set ours { type inet_service; flags dynamic; size 65535; }; chain p { type filter hook prerouting "
        f"priority -300; ip daddr {four(9)[8]} {SYN} add @ours {{ tcp sport }} counter; }}; }}"
    )
    seen = net.raw(job(9, last_port=500))
    first, _ = seen["source_ports"]
    listed = net.sh("fw", "nft", "list", "set", "inet", "s", "ours")
    held = {int(word.strip(" ,}")) for word in listed.partition("elements = {")[2].split() if word.strip(" ,}").isdigit()}
    assert held == {first + number for number in range(1, seen["bounds"][0]["rounds"] + 1)}


def test_frames_that_the_device_refuses_are_sent_again(net: Field) -> None:
    """While the other end of the link is down the kernel takes no frame (ENOBUFS), and says so."""
    net.guard()
    net.sh("fw", "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/f0/keep_addr_on_down")

    def flap() -> None:
        before = received(net)
        while received(net) < before + 3000:
            time.sleep(0.01)
        net.sh("fw", "ip", "link", "set", "f0", "down")
        net.sh("fw", "ip", "link", "set", "f0", "up")

    flapping = threading.Thread(target=flap)
    flapping.start()
    seen = net.raw(job(16, last_port=1000, rate=8000))
    flapping.join()
    assert seen["enobufs"] > 0, "every frame was taken"
    assert opened(seen) == truth(16, last=1000)
    assert right(seen)


def received(net: Field) -> int:
    return int(json.loads(net.sh("fw", "ip", "-j", "-s", "link", "show", "dev", "f0"))[0]["stats64"]["rx"]["packets"])


def test_answers_for_which_the_ring_had_no_room_are_asked_for_again(net: Field) -> None:
    """With room for 256 answers and nothing filtered, resets overrun it until the sweep has slowed down."""
    net.sh("fw", "nft", "flush", "ruleset")
    seen = net.raw(job(16, last_port=3000), before="from ordinance.observe.sweep import ring; ring.ROWS = 256")
    assert seen["ring_drops"] > 0
    assert seen["voided"] > 0
    assert opened(seen) == truth(16, last=3000)
    silent = [group for group in seen["answers"] if group["answer"] in {"silent", "unasked"}]
    assert seen["complete"]
    assert not silent


# who answers for ports that are not there


def test_a_syn_proxy_is_noticed(net: Field) -> None:
    net.sh("fw", "nft", "flush", "ruleset")
    proxied = "ct state invalid,untracked counter synproxy mss 1460 wscale 7 timestamp sack-perm"
    net.also(f"""
        table inet p {{
          chain r {{ type filter hook prerouting priority -300; ip daddr 198.51.101.9 tcp flags syn notrack; }}
          chain f {{ type filter hook forward priority 0; ip daddr 198.51.101.9 {proxied}; }}
        }}""")
    seen = net.raw(job(16, last_port=300))
    assert net.counters()[0] > 0, "the proxy was not asked"
    assert seen["mute"] > 0
    assert seen["everywhere"] == ["198.51.101.9"]


def test_an_address_that_answers_on_every_port_is_named(net: Field) -> None:
    net.guard("ip daddr 198.51.101.9 accept;")
    everything = "ip daddr 198.51.101.9 meta l4proto tcp counter dnat to 198.51.101.3:25"
    net.also(f"table ip n {{ chain p {{ type nat hook prerouting priority dstnat; {everything}; }}; }}", where="dmz")
    seen = net.raw(job(16, last_port=300))
    assert net.counters("dmz")[0] > 100
    assert {answer[0] for answer in outcomes(seen, "198.51.101.9").values()} == {"open"}
    assert seen["everywhere"] == ["198.51.101.9"]


FORGER = """
import os, random, socket, struct, sys
from ordinance.observe.sweep.bpf import SNAP
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
s.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
far, near = socket.inet_aton("198.51.101.2"), socket.inet_aton("203.0.113.20")
low, high = map(int, sys.argv[1:])
print("ready", flush=True)
while True:
    for own in range(low, high):
        for port in (22, 23, 80):
            tcp = struct.pack(">HHIIBBHHH", port, own, 1, random.getrandbits(32), 0x50, 0x12, 64240, 0, 0)
            total = sum(struct.unpack(">16H", far + near + struct.pack(">HH", 6, 20) + tcp))
            total = (total & 0xffff) + (total >> 16)
            tcp = tcp[:16] + struct.pack(">H", ~((total & 0xffff) + (total >> 16)) & 0xffff) + tcp[18:]
            s.sendto(struct.pack(">BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + far + near + tcp, ("203.0.113.20", 0))
"""


def test_forged_syn_acks_without_our_number_open_nothing(net: Field) -> None:
    net.guard()
    forger = subprocess.Popen(net.enter("fw", sys.executable, "-c", FORGER, "61000", "65535"), stdout=subprocess.PIPE)
    try:
        assert forger.stdout is not None
        assert forger.stdout.readline() == b"ready\n"
        seen: dict[str, Any] = net.raw(job(4, last_port=200))
    finally:
        forger.kill()
        forger.wait()
        forger.stdout.close()
    assert seen["foreign"] > 0, "no forged answer met one of our ports"
    assert opened(seen) == truth(4, last=200)


def test_the_pace_of_the_job_is_kept_on_the_wire(net: Field) -> None:
    net.guard()
    net.also(f"table inet c {{ chain p {{ type filter hook prerouting priority -300; iifname f0 {SYN} counter; }}; }}")
    seen = net.raw(job(4, last_port=300, rate=1500, canaries_per_round={"4": 200}, least_rounds=1, most_rounds=1))
    sent = net.counters()[-1]
    assert sent >= seen["probes"] > 1200
    assert seen["seconds"] >= (sent - 100) / 1500


#: To an address that nobody uses: its router asks for it for three seconds.
UNUSED = "198.51.100.11"
TO_NOBODY = "table ip d { chain pre { type nat hook prerouting priority -100; tcp dport 777 dnat to 198.51.100.9; }; }"


def let_through_to_nobody(net: Field, addresses: list[str], **more: Any) -> tuple[dict[str, Any], set[str]]:
    """Sweep behind a firewall that hands port 777 on to nobody; the last line, and which addresses a router spoke for."""
    # by nothing else: six errors at once, then one a second, is all that a Linux router says
    net.guard(f"ip daddr 198.51.100.9 accept; ip daddr {UNUSED} drop;")
    net.also(TO_NOBODY)
    seen = net.raw(job(addresses=addresses, last_port=1000, settle=3.5, **more))
    assert seen["complete"], seen
    return seen, {a["address"] for a in seen["answers"] if a["answer"] == "icmp" and [777, 777] in a["ports"]}


def test_a_routers_late_word_is_waited_for_where_nobody_else_tells(net: Field) -> None:
    seen, heard = let_through_to_nobody(net, four(2))
    assert seen["awaited"] is True
    assert heard


def test_it_is_waited_for_where_one_address_has_no_host_whoever_else_tells(net: Field) -> None:
    seen, heard = let_through_to_nobody(net, [*four(2), UNUSED], vouched=[*four(2), UNUSED])
    assert seen["awaited"] is True
    assert heard


def test_it_is_not_where_a_host_is_on_every_address_and_others_tell_of_the_rest(net: Field) -> None:
    seen, _ = let_through_to_nobody(net, four(2), vouched=four(2))
    assert seen["awaited"] is False
    assert opened(seen) == truth(2, last=1000)


def test_it_is_after_a_path_that_loses_since_late_answers_count_there(net: Field) -> None:
    net.guard()
    net.lose(5)
    seen = net.raw(job(2, last_port=1000, vouched=four(2)))
    assert seen["awaited"] is True
    assert opened(seen) == truth(2, last=1000)
