"""The single values of an inventory file: what each must look like, and how its text becomes a value.

Every function takes the text of one value and returns it parsed, or raises WrongError.
A message never repeats what could be a secret.
"""

from __future__ import annotations

import re
from datetime import date
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from ordinance.inventory.model import Address, Network, SecretRef
from ordinance.strict import WrongError

_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)\Z")
_LONGEST_NAME = 253
_SECRET = re.compile(r"(?P<scheme>env|file|lab):(?P<name>.+)\Z")
_SECRET_NAMES = {
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z"),
    "file": re.compile(r"[^\x00-\x1f]+\Z"),
    "lab": re.compile(r"[a-z0-9][a-z0-9.-]*\Z"),
}
_KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
_ENGINE_ID = re.compile(r"[0-9a-f]{10,64}\Z")
_LEAST_RSA_BITS = 2048
_MAIL_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_LONGEST_LOCAL = 64
#: IPv6 addresses that stand for IPv4 ones: packets to them end as IPv4 packets, past what a scope says of IPv4.
_CLOTHED = tuple(IPv6Network(text) for text in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "2002::/16"))
#: Addresses that mean another machine on every machine, or none.
_ODD = tuple(
    (ip_network(text), what)
    for text, what in (
        ("127.0.0.0/8", "loopback addresses: the auditor's own machine"),
        ("::1/128", "loopback addresses: the auditor's own machine"),
        ("169.254.0.0/16", "link-local addresses: another machine on every network, in a cloud the provider's own services"),
        ("fe80::/10", "link-local addresses: another machine on every network"),
        ("240.0.0.0/4", "reserved addresses"),
    )
)
_PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_WIDEST_PRIVATE, _WIDEST_IPV4, _WIDEST_IPV6 = 8, 16, 32
REFERENCE_RIGHT = "write a reference: env:NAME, file:PATH, or lab:NAME in the embedded city"


def address(text: str) -> Address:
    """Return one IP address; multicast, unspecified and scoped addresses cannot be asked anything."""
    try:
        parsed = ip_address(text)
    except ValueError:
        raise WrongError(f"{_cut(text)} is not an IP address") from None
    if parsed.is_multicast or parsed.is_unspecified or parsed == ip_address("255.255.255.255"):
        raise WrongError(f"{text} is a multicast, unspecified or broadcast address", "name the address of one machine")
    if isinstance(parsed, IPv6Address) and any(parsed in network for network in _CLOTHED) and not parsed.is_loopback:
        right = f"write {parsed.ipv4_mapped}" if parsed.ipv4_mapped else "write the IPv4 address"
        raise WrongError(f"{text} is an IPv4 address in IPv6 clothing", right)
    if "%" in text:
        raise WrongError(
            f"{_cut(text)} has a zone index, which means something on one machine only", "leave out what follows the %"
        )
    return parsed


def network(text: str) -> Network:
    """Return one network with its prefix length and no host bits; an address stands for itself."""
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        loose = ip_network(text, strict=False)
    except ValueError:
        raise WrongError(f"{_cut(text)} is not a network") from None
    raise WrongError(f"{text} has bits set beyond its prefix", f"write {loose}, or a single address")


def scope_network(text: str) -> Network:
    """Return a network that a scope may admit: no wider than a city's, and every address in it that of one certain machine."""
    parsed = denied_network(text)
    _check_certain(parsed, text)
    widest = _widest(parsed)
    if parsed.prefixlen < widest:
        right = f"write networks of /{widest} or narrower"
        raise WrongError(f"{text} is wider than any city: a scope names what may be contacted", right)
    return parsed


def denied_network(text: str) -> Network:
    """Return a network that a scope shuts out; it may be wide, and hold what nobody could contact."""
    parsed = network(text)
    widest = _WIDEST_PRIVATE if isinstance(parsed, IPv4Network) else _WIDEST_IPV6
    if parsed.prefixlen < widest:
        raise WrongError(f"{text} is wider than any city, a slip of the pen", f"write networks of /{widest} or narrower")
    return parsed


def _widest(parsed: Network) -> int:
    """A city has at most a /16 of public IPv4 addresses; what is wider is a slip of the pen, and somebody else's machines."""
    if not isinstance(parsed, IPv4Network):
        return _WIDEST_IPV6
    return _WIDEST_PRIVATE if any(parsed.subnet_of(private) for private in _PRIVATE) else _WIDEST_IPV4


def _check_certain(parsed: Network, text: str) -> None:
    if parsed.is_multicast or parsed.network_address.is_unspecified or parsed.network_address == ip_address("255.255.255.255"):
        raise WrongError(f"{text} holds multicast, unspecified or broadcast addresses", "write the networks of single machines")
    for odd, what in _ODD:
        if parsed.version == odd.version and parsed.overlaps(odd):
            raise WrongError(f"{text} holds {what}", "write the networks of the city's own machines")
    if isinstance(parsed, IPv6Network) and any(parsed.overlaps(clothed) for clothed in _CLOTHED):
        raise WrongError(f"{text} holds IPv4 addresses in IPv6 clothing", "write IPv4 networks as such")


def host_name(text: str) -> str:
    """Return a host name (RFC 1123, section 2.1): labels of letters, digits and inner hyphens, not all digits."""
    labels = text.split(".")
    if len(text) > _LONGEST_NAME or not all(_LABEL.match(label) for label in labels) or labels[-1].isdigit():
        raise WrongError(f"{_cut(text)} is not a host name")
    return text


def reverse_zone(text: str) -> str:
    """Return the name of a reverse zone; RFC 2317 names with a slash are allowed."""
    if not text.endswith((".in-addr.arpa", ".ip6.arpa")):
        raise WrongError(f"{_cut(text)} is not a reverse zone")
    host_name(text.replace("/", "-"))
    return text


def group_name(text: str) -> str:
    """Return the name of an Ansible group."""
    if not re.match(r"[A-Za-z_][A-Za-z0-9_-]*\Z", text):
        raise WrongError(f"{_cut(text)} is not a group name")
    return text


def label(text: str) -> str:
    """Return a short name of our own: it becomes part of a check's name."""
    if not re.match(r"[a-z0-9][a-z0-9-]{0,62}\Z", text):
        raise WrongError(f"{_cut(text)} is not a short name")
    return text


def account(text: str) -> str:
    """Return the name of an account on a host."""
    if not re.match(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?\Z", text):
        raise WrongError(f"{_cut(text)} is not an account name")
    return text


def file_path(text: str) -> str:
    """Return the path of a file on a host: absolute, with no step back and nothing a terminal would not show."""
    if not re.match(r"/[\x21-\x7e]{1,1023}\Z", text) or ".." in text.split("/") or text.endswith("/"):
        raise WrongError(f"{_cut(text)} is not the full path of a file")
    return text


def mail_address(text: str) -> str:
    """Return a mail address: a dot-atom, @, a domain (RFC 5321, section 4.1.2, without quoted forms)."""
    local, at, domain = text.rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _MAIL_LOCAL.match(local):
        raise WrongError(f"{_cut(text)} is not a mail address")
    host_name(domain)
    return text


def day(text: str) -> date:
    """Return a calendar day."""
    if re.match(r"\d{4}-\d{2}-\d{2}\Z", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise WrongError(f"{_cut(text)} is not a day")


def secret(text: str) -> SecretRef:
    """Return where a secret is kept. The text itself may be a secret written here by mistake, so no message shows it."""
    match = _SECRET.match(text)
    if match is None:
        raise WrongError("a secret stands here in clear, or a reference is malformed (its text is not shown)", REFERENCE_RIGHT)
    scheme, name = match["scheme"], match["name"]
    if not _SECRET_NAMES[scheme].match(name):
        raise WrongError(f"the name after {scheme}: is malformed (it is not shown)", REFERENCE_RIGHT)
    return SecretRef(scheme, name)


def host_key(text: str) -> str:
    """Return a pinned host key as known_hosts has it: type and base64, without comment."""
    right = 'write the line of the host\'s public key file, as "ssh-ed25519 AAAA..."'
    parts = text.split()
    if parts[:1] and parts[0] not in _KEY_TYPES:
        raise WrongError("not an OpenSSH public key of a type that is accepted", f"{right}; types: {', '.join(_KEY_TYPES)}")
    try:
        key = load_ssh_public_key(" ".join(parts[:2]).encode())
    except (ValueError, UnsupportedAlgorithm):
        raise WrongError("not an OpenSSH public key", right) from None
    if isinstance(key, RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        raise WrongError(f"an RSA key of {key.key_size} bits", f"pin a key of {_LEAST_RSA_BITS} bits or more, or an Ed25519 key")
    return f"{parts[0]} {parts[1]}"


def engine_id(text: str) -> str:
    """Return an SNMP engine id (RFC 3411, SnmpEngineID): 5 to 32 octets, not all zero or all ones, in small hex digits."""
    right = "write what the agent says at its console: snmpget ... 1.3.6.1.6.3.10.2.1.1.0, as 80001f8804666f6f"
    digits = text.removeprefix("0x").replace(":", "").lower()
    if not _ENGINE_ID.match(digits) or len(digits) % 2 or set(digits) in ({"0"}, {"f"}):
        raise WrongError(f"{_cut(text)} is not an SNMP engine id", right)
    return digits


def time_zone(text: str) -> str:
    """Return a time zone of the tz database: days in the registers end at the city's midnight."""
    try:
        ZoneInfo(text)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise WrongError(f"{_cut(text)} is not a time zone that this machine knows") from None
    return text


def _cut(text: str) -> str:
    longest = 60
    return f'"{text}"' if len(text) <= longest else f'"{text[:longest]}..."'
