"""The topology file: what it means, and each way of getting it wrong with its line."""

from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

import pytest

from ordinance.errors import DataError
from ordinance.lab.topofile import read_topology
from ordinance.lab.topology import Nic, Route

GOOD = """\
domain: city.example
networks:
  dmz: {ipv4: 198.51.100.0/28, ipv6: "2001:db8:1::/64"}
  inside: {ipv4: 10.20.0.0/24, ipv6: "2001:db8:2::/64"}
hosts:
  fw:
    forward: true
    nics:
      dmz0: {network: dmz, addresses: [198.51.100.1/28, "2001:db8:1::1/64"]}
      in0: {network: inside, addresses: [10.20.0.1/24]}
  www:
    nics:
      eth0:
        network: dmz
        addresses: [198.51.100.8/28]
    routes:
      - {to: default, via: 198.51.100.1}
      - {to: 10.20.0.0/16, via: 198.51.100.1}
"""


@pytest.fixture
def read(tmp_path):
    def reader(text):
        path = tmp_path / "topology.yml"
        path.write_text(text)
        return read_topology(path)

    return reader


def test_a_good_file_becomes_values(read):
    topology = read(GOOD)
    fw, www = topology.hosts["fw"], topology.hosts["www"]
    assert topology.domain == "city.example"
    assert (fw.forward, www.forward) == (True, False)
    assert fw.nics[0] == Nic("dmz0", "dmz", (ip_interface("198.51.100.1/28"), ip_interface("2001:db8:1::1/64")))
    assert fw.addresses == tuple(map(ip_address, ("198.51.100.1", "2001:db8:1::1", "10.20.0.1")))
    gateway = ip_address("198.51.100.1")
    assert www.routes == (Route(ip_network("0.0.0.0/0"), gateway), Route(ip_network("10.20.0.0/16"), gateway))


def test_the_citys_own_file_is_good():
    topology = read_topology(Path(__file__).parents[2] / "lab" / "topology.yml")
    assert {"fw", "mail", "news", "www", "intranet", "itd", "outside"} <= topology.hosts.keys()
    assert [host.name for host in topology.hosts.values() if host.forward] == ["fw"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("domain: city.example", "domain: city", 1, "no such name"),
        ("domain: city.example\n", "", 1, 'the key "domain" is missing'),
        ("198.51.100.0/28, ipv6", "198.51.100.1/28, ipv6", 3, "has host bits set"),
        ("ipv4: 198.51.100.0/28", 'ipv4: "2001:db8::/64"', 3, "is not IPv4"),
        ("    forward: true", "    forwards: true", 7, 'unknown key "forwards"'),
        ("forward: true", "forward: yes", 7, "boolean to some readers"),
        ("  fw:", "  Fw_1:", 6, "no such name"),
        ("      dmz0:", "      averylongcardname:", 9, "no such name"),
        ("network: dmz,", "network: dmzz,", 9, 'there is no network "dmzz"'),
        ("198.51.100.1/28, ", "198.51.100.300/28, ", 9, "does not appear to be"),
        ("198.51.100.1/28, ", "198.51.100.1, ", 9, "has no prefix length"),
        ("198.51.100.1/28, ", "198.51.100.1/24, ", 9, "is not in the network dmz"),
        ("10.20.0.1/24", "10.21.0.1/24", 10, "is not in the network inside"),
        ("198.51.100.8/28", "198.51.100.1/28", 15, "already an address of fw"),
        ("to: default", "to: everywhere", 17, "does not appear to be"),
        ("default, via: 198.51.100.1", 'default, via: "2001:db8:9::1"', 17, "none of this host's networks"),
        ("10.20.0.0/16, via: 198.51.100.1", "10.20.0.0/16, via: 10.20.0.1", 18, "none of this host's networks"),
        ("to: 10.20.0.0/16", 'to: "2001:db8:2::/64"', 18, "cannot lead to"),
        ("  www:", "  fw:", 11, "stands twice"),
    ],
)
def test_each_mistake_is_said_with_its_line(read, old, new, line, said):
    assert old in GOOD
    with pytest.raises(DataError) as caught:
        read(GOOD.replace(old, new, 1))
    found = [problem for problem in caught.value.problems if said in problem.what]
    assert found, str(caught.value)
    assert [problem.line for problem in found] == [line]
    assert all(problem.right and problem.file.endswith("topology.yml") for problem in found)


def test_all_mistakes_are_said_at_once(read):
    with pytest.raises(DataError) as caught:
        read(GOOD.replace("network: inside", "network: outside").replace("198.51.100.8/28", "198.51.100.1/28"))
    assert [problem.line for problem in caught.value.problems] == [10, 15]


def test_a_city_without_hosts_is_no_city(read):
    with pytest.raises(DataError, match="there is no host"):
        read(GOOD.partition("hosts:")[0] + "hosts: {}\n")
