"""What a good inventory becomes: the two that are shipped, Ansible's rules, secrets by reference, the schema."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from ipaddress import ip_address
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from inventory_text import GOOD, KEY

from ordinance.errors import DataError
from ordinance.inventory.load import load
from ordinance.inventory.model import ROLES, Endpoint, SecretRef
from ordinance.inventory.schema import schema_text
from ordinance.law.load import load_law

ROOT = Path(__file__).resolve().parents[2]
SHORT = "city: {name: S, timezone: UTC}\npace: {per_host: 1, total: 1}\nscope: {allow: [192.0.2.0/24, 198.51.100.0/24]}\n"


def _load(folder: Path, text: str):
    path = folder / "city.yml"
    path.write_text(text)
    return load(path)


def test_the_embedded_city_has_every_role_and_its_whole_public_range():
    city = load(ROOT / "inventory/lab.yml")
    assert city.lab
    assert [role for role in ROLES if not city.with_role(role)] == []
    assert {group.name: len(group.addresses) for group in city.public} == {"public-ipv4": 16, "public-ipv6": 7}
    assert city.pace.per_host is None
    assert all(host.ssh is not None for host in city.hosts.values())


def test_the_embedded_city_pins_the_lab_s_own_host_keys():
    for name, host in load(ROOT / "inventory/lab.yml").hosts.items():
        seed = hashlib.sha256(f"ordinance lab host key {name}".encode()).digest()
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        assert host.ssh is not None
        assert host.ssh.host_keys == (public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),), name


def test_the_embedded_city_stands_where_the_topology_says():
    topology = yaml.safe_load((ROOT / "lab/topology.yml").read_text())["hosts"]
    for name, host in load(ROOT / "inventory/lab.yml").hosts.items():
        nics = topology[name]["nics"]
        cabled = {ip_address(text.partition("/")[0]) for nic in nics.values() for text in nic["addresses"]}
        assert {host.ssh.address, *host.addresses, *host.outer_addresses} <= cabled, name


def test_the_embedded_city_never_contacts_third_parties():
    city = load(ROOT / "inventory/lab.yml")
    for text in ("203.0.113.10", "203.0.113.80", "203.0.113.82", "2001:db8:ffff::81", "172.31.255.10", "8.8.8.8", "2001:db8::1"):
        assert not city.scope.admits(ip_address(text)), text


def test_the_embedded_city_attests_every_clause_that_a_person_must_attest():
    city = load(ROOT / "inventory/lab.yml")
    wanted = {clause.id for clause in load_law().clauses.values() if clause.disposition == "attested" or clause.human_part}
    assert wanted == {entry.clause for entry in city.registers.attestations}
    assert {entry.until.year for entry in city.registers.attestations} == {2027}


def test_the_template_loads_and_has_limits():
    city = load(ROOT / "inventory/example-city.yml")
    assert not city.lab
    assert city.pace.per_host and city.pace.total
    assert "lab" not in {host.ssh.key.scheme for host in city.hosts.values() if host.ssh}


def test_an_inventory_without_hosts_still_loads(tmp_path):
    city = _load(tmp_path, SHORT)
    assert (city.hosts, city.public, city.services) == ({}, (), ())


def test_a_good_inventory_becomes_parsed_values(tmp_path):
    city = _load(tmp_path, GOOD)
    mail = city.hosts["mail"]
    assert mail.ssh == Endpoint(ip_address("192.0.2.5"), 22, "audit", SecretRef("env", "AUDIT_KEY"), (KEY,))
    assert mail.groups == {"mail_gateways"}
    assert (mail.accounts, city.hosts["fw"].accounts) == (("dana",), None)
    assert city.registers.authorisations[0].until == date(2027, 1, 31)
    assert [str(address) for address in city.public[0].addresses[::7]] == ["198.51.100.0", "198.51.100.7"]
    assert city.probe_mailbox is not None
    assert (city.probe_mailbox.gateway_port, city.probe_mailbox.imap_port) == (25, 993)


def test_a_relative_secret_path_starts_at_the_inventory(tmp_path):
    snmp = _load(tmp_path, GOOD).hosts["fw"].snmp
    assert snmp is not None
    assert snmp.priv == SecretRef("file", str(tmp_path / "p"))


def test_the_comment_of_a_host_key_is_dropped(tmp_path):
    city = _load(tmp_path, GOOD.replace(KEY, KEY + " root@fw"))
    assert city.hosts["fw"].ssh.host_keys == (KEY,)


INHERITED = (
    SHORT
    + f"""\
all:
  vars: {{ansible_user: everybody, ansible_port: 1, ssh_key: env:K, host_keys: ["{KEY}"], accounts: [a]}}
  hosts:
    loose: {{ansible_host: 192.0.2.1}}
  children:
    region:
      vars: {{ansible_port: 2, accounts: [b]}}
      children:
        news_hosts:
          vars: {{ansible_port: 3}}
          hosts:
            inner: {{ansible_host: 192.0.2.2}}
            own: {{ansible_host: 192.0.2.3, ansible_port: 4}}
    aaa:
      vars: {{ansible_user: aaa}}
      hosts: {{inner: }}
    zzz:
      vars: {{ansible_user: zzz}}
      hosts: {{inner: , loose: }}
    later: {{children: {{news_hosts: }}}}
"""
)


def test_variables_are_inherited_as_in_ansible(tmp_path):
    hosts = _load(tmp_path, INHERITED).hosts
    seen = {name: (host.ssh.user, host.ssh.port, host.accounts) for name, host in hosts.items()}
    assert seen == {
        "loose": ("zzz", 1, ("a",)),
        "inner": ("zzz", 3, ("b",)),  # a deeper group wins; of two as deep, the later name
        "own": ("everybody", 4, ("b",)),  # the host's own value wins
    }
    assert hosts["inner"].groups == {"region", "news_hosts", "aaa", "zzz", "later"}


def test_a_plain_ansible_inventory_is_taken_as_it_is(tmp_path):
    text = SHORT + "all:\n  hosts:\n    a:\n      ansible_host: 192.0.2.1\n      ansible_python_interpreter: /usr/bin/python3\n" \
        "      ansible_ssh_common_args: -o X=y\n      ansible_become: true\n      ansible_become_password: '{{ vault }}'\n" \
        "  children:\n    ungrouped:\n    web: {hosts: {a: }}\n"  # fmt: skip
    host = _load(tmp_path, text).hosts["a"]
    assert (host.ssh, host.groups) == (None, {"web"})


LISTING = {
    "_meta": {"hostvars": {"mx": {"ansible_host": "192.0.2.9", "addresses": ["198.51.100.9"], "ansible_port": 2222}}},
    "all": {"children": ["ungrouped", "mail_gateways"]},
    "mail_gateways": {"hosts": ["mx"]},
}


def test_hosts_come_from_a_listing_of_ansible_s(tmp_path):
    (tmp_path / "hosts.json").write_text(json.dumps(LISTING, indent=4))
    own = f'hosts_from: hosts.json\nall: {{vars: {{ansible_user: a, ssh_key: env:K, host_keys: ["{KEY}"]}}}}\n'
    mail = _load(tmp_path, SHORT + own).with_role("mail_gateways")[0]
    assert (mail.name, mail.ssh.port, mail.ssh.user, mail.addresses) == ("mx", 2222, "a", (ip_address("198.51.100.9"),))


LISTING_FAULTS = {
    "no such file": (None, 0, "cannot be read"),
    "not a mapping": ("[]", 1, "not a listing of Ansible's"),
    "no host variables": ("{}", 1, "no _meta.hostvars"),
    "unknown variable": ('{"_meta": {"hostvars": {\n "a": {"colour": 1}}}}', 2, 'a: unknown key "colour"'),
    "host name": ('{"_meta": {"hostvars": {\n "a_b": {}}}}', 2, "is not a host name"),
    "password": ('{"_meta": {"hostvars": {\n "a": {"ansible_password": "hunter2"}}}}', 2, "ansible_password holds a secret"),
    "duplicate": ('{"_meta": {"hostvars": {"a": {},\n "a": {}}}}', 2, 'the key "a" stands twice'),
}


@pytest.mark.parametrize(("text", "line", "what"), LISTING_FAULTS.values(), ids=LISTING_FAULTS)
def test_a_wrong_listing_is_refused_with_its_own_line(tmp_path, text, line, what):
    if text is not None:
        (tmp_path / "hosts.json").write_text(text)
    with pytest.raises(DataError) as caught:
        _load(tmp_path, SHORT + "hosts_from: hosts.json\n")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "hosts.json"), line)
    assert what in problem.what
    assert "hunter2" not in str(problem)


def test_the_schema_in_the_tree_is_the_one_the_code_gives():
    assert (ROOT / "inventory/schema.json").read_text() == schema_text(), (
        "run: ordinance inventory schema --output inventory/schema.json"
    )


def test_the_schema_lets_ansible_variables_through_and_nothing_else():
    hosts = json.loads(schema_text())["$defs"]["HostVars"]
    assert hosts["patternProperties"] == {"^ansible_": {}}
    assert hosts["additionalProperties"] is False
