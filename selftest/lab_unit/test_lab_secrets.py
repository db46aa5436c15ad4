"""The lab's secrets: complete, fresh each time but for the SSH host keys, and certificates good for their own names."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ordinance.lab.secretfiles import read_secrets, write_secrets
from ordinance.lab.secrets import host_key, make_secrets, public_line
from ordinance.lab.topofile import read_topology

TOPOLOGY = read_topology(Path(__file__).parents[2] / "lab" / "topology.yml")
ALWAYS = {f"{host}.ssh-host-key{half}" for host in TOPOLOGY.hosts for half in ("", ".pub")}


@pytest.fixture(scope="module")
def made():
    return make_secrets(TOPOLOGY)


def test_every_secret_of_the_city_is_there(made):
    boxes = {f"{box}-password" for box in ("probe", "probe2", "alice", "bob", "carol", "manager", "director")}
    keys = {"ssh-key", "ssh-key.pub", "snmp-auth", "snmp-priv", "ca.pem", "ca.key"}
    tls = {f"{host}.{half}.pem" for host in TOPOLOGY.hosts for half in ("cert", "key")}
    assert made.keys() == boxes | keys | tls | ALWAYS


def test_all_but_the_host_keys_are_new_each_time(made):
    again = make_secrets(TOPOLOGY)
    public = {name for name in ALWAYS if name.endswith(".pub")}
    assert {name for name in made if made[name] == again[name]} - ALWAYS == set()
    assert {name: made[name] for name in public} == {name: again[name] for name in public}


def test_the_host_key_of_a_name_never_changes():
    assert public_line(host_key("mail")) == ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAGDMHBuw5VA3sRIb+7IRgdpFk2c6jdo6l+vKx/+698m")


def test_private_and_public_halves_belong_together(made):
    key = load_ssh_private_key(made["ssh-key"].encode(), None)
    assert made["ssh-key.pub"].startswith(public_line(key))
    assert public_line(load_ssh_private_key(made["mail.ssh-host-key"].encode(), None)) == public_line(host_key("mail"))


@pytest.mark.parametrize(
    ("host", "name", "good"),
    [
        ("mail", "mail.city.example", True),
        ("mail", "www.city.example", False),
        ("www", "www.city.example", True),
        ("www", "city.example", True),
        ("www", "mail.city.example", False),
        ("intranet", "intranet.city.example", True),
        ("intranet", "city.example", False),
    ],
)
def test_a_certificate_is_good_for_its_own_names_only(made, host, name, good):
    ca = x509.load_pem_x509_certificate(made["ca.pem"].encode())
    leaf = x509.load_pem_x509_certificate(made[f"{host}.cert.pem"].encode())
    verifier = PolicyBuilder().store(Store([ca])).build_server_verifier(x509.DNSName(name))
    if good:
        assert verifier.verify(leaf, [])[-1] == ca
    else:
        with pytest.raises(VerificationError):
            verifier.verify(leaf, [])


def test_certificates_are_valid_for_thirty_days_from_now(made):
    leaf = x509.load_pem_x509_certificate(made["mail.cert.pem"].encode())
    left = leaf.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)
    assert leaf.not_valid_before_utc < datetime.now(UTC)


def test_secrets_on_disk_are_for_their_owner_alone(tmp_path):
    folder = tmp_path / "secrets"
    write_secrets(folder, {"a": "1", "b.pem": "2\n"})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert read_secrets(folder) == {"a": "1", "b.pem": "2\n"}


def test_old_secrets_do_not_outlive_a_new_start(tmp_path):
    write_secrets(tmp_path / "secrets", {"old": "1"})
    write_secrets(tmp_path / "secrets", {"new": "2"})
    assert read_secrets(tmp_path / "secrets") == {"new": "2"}
