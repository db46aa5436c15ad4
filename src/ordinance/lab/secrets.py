"""The lab's secrets, made anew at each start; only the SSH host keys are always the same. Kept by `secretfiles`."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ordinance.lab.certificates import Authority
from ordinance.lab.topology import Topology

MAILBOXES = ("probe", "probe2", "alice", "bob", "carol", "manager", "director")
#: Names besides HOST.DOMAIN that a host's certificate carries; "" is the domain itself.
EXTRA_NAMES: Mapping[str, tuple[str, ...]] = {"www": ("www", ""), "intranet": ("intranet",)}
#: Long enough for a SNMPv3 passphrase (RFC 3414 section 11.2: at least 8), without characters that a configuration file quotes.
_PASSWORD_BYTES = 15


def host_key(host: str) -> Ed25519PrivateKey:
    """Return the SSH host key of `host`: always the same, so that an inventory can pin it; it protects nothing but the lab."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"ordinance lab host key {host}".encode()).digest())


def public_line(key: Ed25519PrivateKey) -> str:
    """Return the public half as in known_hosts and authorized_keys: `ssh-ed25519 AAAA...`."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _private_text(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def make_secrets(topology: Topology) -> dict[str, str]:
    """Make every secret of a lab: name -> text."""
    made = {f"{box}-password": secrets.token_hex(_PASSWORD_BYTES) for box in MAILBOXES}
    made |= {name: secrets.token_hex(_PASSWORD_BYTES) for name in ("snmp-auth", "snmp-priv")}
    key = Ed25519PrivateKey.generate()
    made["ssh-key"] = _private_text(key)
    made["ssh-key.pub"] = f"{public_line(key)} ordinance-lab"
    for host in topology.hosts:
        made[f"{host}.ssh-host-key"] = _private_text(host_key(host))
        made[f"{host}.ssh-host-key.pub"] = f"{public_line(host_key(host))} {host}"
    return made | _certificates(topology)


def _certificates(topology: Topology) -> dict[str, str]:
    authority = Authority.new(f"{topology.domain} lab CA")
    made = {"ca.pem": authority.certificate_pem, "ca.key": authority.key_pem}
    for host in topology.hosts:
        extra = [f"{label}.{topology.domain}" if label else topology.domain for label in EXTRA_NAMES.get(host, ())]
        names = list(dict.fromkeys([f"{host}.{topology.domain}", *extra]))
        made[f"{host}.cert.pem"], made[f"{host}.key.pem"] = authority.issue(names)
    return made
