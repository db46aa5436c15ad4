"""Peers that lie (open on every port, a SYN proxy, SYN-ACKs without a number of ours): right or unproven, never wrong."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from selftest.observe.sweep.field import SERVE, Field, four, job, opened, outcomes, truth

FORGER = str(Path(__file__).with_name("forger.py"))
LAST = 600
LIAR = four(16)[5]
#: The port that has an owner of its own there stays as it is.
EVERY_PORT = f"""
    table ip every {{ chain pre {{ type nat hook prerouting priority dstnat;
      ip daddr {LIAR} tcp dport != {{ 25, 119 }} counter redirect to :25; }}; }}"""
PROXY = """
    table inet proxy {
      chain raw { type filter hook prerouting priority raw; iifname f0 tcp flags syn counter notrack; };
      chain forward { type filter hook forward priority -10;
        iifname f0 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm; }; }"""


def test_an_address_that_answers_on_every_port_is_named_and_changes_nothing_for_its_neighbours(net: Field) -> None:
    net.guard(f"ip daddr {LIAR} accept;")
    net.also(EVERY_PORT, "dmz")
    seen = net.raw(job(8, last_port=LAST))
    assert net.counters("dmz")[0] > LAST / 2, "the redirect must have been at work"
    assert seen["everywhere"] == [LIAR]
    assert {place for place in opened(seen) if place[0] != LIAR} == {place for place in truth(8, LAST) if place[0] != LIAR}
    assert {port for address, port in opened(seen) if address == LIAR} == set(range(1, LAST + 1))


def test_behind_a_syn_proxy_nothing_is_claimed(net: Field) -> None:
    net.sh("fw", "sh", "-c", "echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose")
    net.also(PROXY)
    seen = net.raw(job(4, last_port=LAST))
    assert max(net.counters()) > 0, "the proxy must have been asked"
    assert not seen["complete"] or seen["everywhere"] == four(4), "silence must not be vouched for"
    assert seen["mute"] > 0, "its SYN-ACKs have no window"


@contextlib.contextmanager
def forger(net: Field) -> Iterator[None]:
    process = subprocess.Popen(net.enter("fw", sys.executable, FORGER, "f0", LIAR), stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_syn_acks_that_show_no_number_of_ours_are_counted_and_not_believed(net: Field) -> None:
    net.guard(f"ip daddr {LIAR} drop;")
    with forger(net):
        seen = net.raw(job(8, last_port=LAST))
    assert seen["foreign"] >= LAST, "the forger must have answered"
    assert outcomes(seen, LIAR) == {}
    assert opened(seen) == {place for place in truth(8, LAST) if place[0] != LIAR}
    assert seen["everywhere"] == []


def test_the_guard_of_these_tests_serves_what_the_truth_says(net: Field) -> None:
    """Without a liar, the same sweep finds the same."""
    assert "accept" in SERVE
    assert opened(net.raw(job(8, last_port=LAST))) == truth(8, LAST)
