"""A firewall whose ruleset the inventory does not declare: silence of an address that nobody uses is then never compliant.

A port let through to it shows by a router's word alone, which is limited and shared by all who ask.
"""

import json

import pytest
import yaml
from test_plants import PLANTS, audit

from ordinance.lab.plants import plant

INBOUND = "9.A.2/inbound-tcp"
TELNET, FTP = "9.A.1/telnet-blocked", "9.A.1/ftp-blocked"
ALL = [INBOUND, TELNET, FTP]
#: The router no longer says that nobody is there; the counter shows that it kept it to itself.
MUTE = """
nft add table inet mute
nft 'add chain inet mute out { type filter hook output priority 0; }'
nft add rule inet mute out icmp type destination-unreachable icmp code host-unreachable counter drop
"""
UNUSED = "198.51.100.7"


def hosts_of(group):
    """Every host in a group of the inventory and the groups beneath it."""
    yield from (host for host in group.get("hosts", {}).values() if host)
    for beneath in group.get("children", {}).values():
        yield from hosts_of(beneath or {})


@pytest.fixture
def undeclared(small_inventory, tmp_path):
    """The same city; nobody said how its firewall's ruleset is read."""
    data = yaml.safe_load(small_inventory.read_text())
    (declared,) = [host for host in hosts_of(data["all"]) if "ruleset" in host]
    del declared["ruleset"]
    path = tmp_path / "undeclared.yml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def told(lab, inventory, reports):
    """What the audit says of what may come in, by control and public group."""
    _, _, said = audit(lab.name, inventory, reports, ALL)
    checks = json.loads((reports / "latest" / "results.json").read_text())["checks"]
    assert checks, said
    return {(check["control"], check["target"]): (check["verdict"], check["reason"]) for check in checks}


def test_an_unused_address_is_not_compliant_and_used_ones_are(hold_city, undeclared, tmp_path):
    said = told(hold_city("undeclared").lab, undeclared, tmp_path)
    for control in ALL:
        verdict, why = said[control, "public-ipv4"]
        assert verdict == "unproven", why
        assert f"{UNUSED}: nobody is seen to be there" in why
        assert said[control, "public-ipv6"][0] == "compliant", said  # a host answers on every address of it


def test_telnet_let_through_to_an_unused_address_is_never_compliant(hold_city, undeclared, tmp_path):
    lab = hold_city("undeclared").lab
    plant(lab, PLANTS["telnet-on-one-unused-address"])
    said = told(lab, undeclared, tmp_path)
    for control in (INBOUND, TELNET):
        verdict, why = said[control, "public-ipv4"]
        assert verdict in {"violated", "unproven"}, why
        assert UNUSED in why


def test_telnet_let_through_to_nobody_behind_a_router_that_keeps_it_to_itself_is_never_compliant(hold_city, undeclared, tmp_path):
    lab = hold_city("undeclared").lab
    plant(lab, PLANTS["telnet-on-one-unused-address"])
    assert lab.exec("fw", ["sh", "-ec", MUTE]).returncode == 0
    said = told(lab, undeclared, tmp_path)
    held_back = lab.exec("fw", ["nft", "list", "chain", "inet", "mute", "out"]).stdout.decode()
    assert "counter packets" in held_back and "packets 0 " not in held_back, held_back
    for control in (INBOUND, TELNET):
        verdict, why = said[control, "public-ipv4"]
        assert verdict == "unproven", why
        assert UNUSED in why
