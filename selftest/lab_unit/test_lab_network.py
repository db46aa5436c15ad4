"""Cables, addresses and switches as ip-batch lines; the nsenter command line."""

import os

import pytest

from ordinance.lab import ns
from ordinance.lab.errors import LabError
from ordinance.lab.network import addresses, cables, run_batch, switches
from ordinance.lab.topofile import read_topology

TOPOLOGY = """\
domain: city.example
networks:
  dmz: {ipv4: 198.51.100.0/28, ipv6: "2001:db8:1::/64"}
hosts:
  fw:
    forward: true
    nics: {dmz0: {network: dmz, addresses: [198.51.100.1/28]}}
  www:
    nics: {eth0: {network: dmz, addresses: [198.51.100.8/28, "2001:db8:1::8/64"]}}
    routes: [{to: default, via: 198.51.100.1}]
"""


@pytest.fixture
def topology(tmp_path):
    (tmp_path / "t.yml").write_text(TOPOLOGY)
    return read_topology(tmp_path / "t.yml")


def test_every_card_gets_a_cable_into_its_own_host(topology):
    lines = list(cables(topology, {"fw": 7, "www": 9}))
    assert "link add v0 type veth peer name dmz0 netns 7" in lines
    assert "link add v1 type veth peer name eth0 netns 9" in lines
    assert lines.index("link set br-dmz up") < lines.index("link set v0 master br-dmz up")


def test_ipv6_addresses_skip_duplicate_detection_and_routes_come_last(topology):
    assert list(addresses(topology.hosts["www"])) == [
        "link set lo up",
        "addr add 198.51.100.8/28 dev eth0",
        "addr add 2001:db8:1::8/64 dev eth0 nodad",
        "link set eth0 up",
        "route add 0.0.0.0/0 via 198.51.100.1",
    ]


def test_forwarding_is_written_in_every_host(topology):
    for name, value in (("fw", "1"), ("www", "0")):
        values = switches(topology.hosts[name])
        assert values["ipv4/ip_forward"] == values["ipv6/conf/all/forwarding"] == value


def test_duplicate_detection_is_off_before_the_link_is_up(topology):
    values = switches(topology.hosts["www"])
    assert values["ipv6/conf/eth0/accept_dad"] == values["ipv6/conf/eth0/dad_transmits"] == "0"


def test_a_batch_that_fails_says_what_ip_said(tmp_path):
    fake = tmp_path / "ip"
    fake.write_text('#!/bin/sh\nread line\necho "cannot $line" >&2\nexit 1\n')
    fake.chmod(0o755)
    with pytest.raises(LabError, match="ip -batch failed: cannot fly"):
        run_batch(str(fake), ["fly"])


def test_a_host_is_entered_with_all_its_spaces_and_a_clean_environment():
    argv = ns.enter_argv(os.getpid(), ["id", "-u"], "/usr/bin/nsenter")
    assert argv[:3] == ["/usr/bin/nsenter", "--target", str(os.getpid())]
    assert "--user" not in argv  # our own user namespace
    assert "--all" not in argv
    assert argv[-2:] == ["id", "-u"]
    assert argv[argv.index("--") + 1 : argv.index("--") + 3] == ["/usr/bin/env", "-i"]


def test_a_system_call_that_fails_names_itself_and_its_arguments(tmp_path):
    with pytest.raises(OSError, match=r"mount nosuchfs on .*\(a=b\): "):
        ns.mount("x", tmp_path, "nosuchfs", 0, "a=b")
