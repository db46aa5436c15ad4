"""What the options of every rule mean: addresses, interfaces, protocol, fragments (iptables(8), PARAMETERS)."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ordinance.proof.fields import IPV4, interface
from ordinance.proof.ir import ALWAYS, NEVER, In, Match, Not, Unknown
from ordinance.proof.read.iptables.options import Option
from ordinance.proof.read.making import FIRST, masked, network, protocol, some, unless
from ordinance.proof.read.numbers import PROTOCOLS
from ordinance.proof.read.text import LineError, decimal, shown

_FIELD = {"source": "saddr", "destination": "daddr", "in": "iif", "out": "oif"}
_MOST_PROTOCOL = 255


def general(option: Option, version: int) -> Match:
    """Return what an option of every rule asks of a packet of one family. Raises LineError."""
    match option.name:
        case "source" | "destination":
            return unless(addresses(_FIELD[option.name], option.values[0], version), option.negated)
        case "in" | "out":
            return unless(_interface(_FIELD[option.name], option.values[0]), option.negated)
        case "protocol":
            return _protocol(option.values[0], option.negated)
        case "fragment":
            return _fragment(option, version)
        case _:  # -4 and -6: this text is of one family
            return ALWAYS if (option.name == "ipv4") == (version == IPV4) else NEVER


def number_of_protocol(text: str) -> int | None:
    """Return the number of a protocol (0: any), or None for a name that is not known. Raises LineError."""
    text = text.lower()
    if text[:1].isdigit():
        number = decimal(text, _MOST_PROTOCOL)
        if number is None:
            raise LineError(f"{shown(text)} is no number of a protocol", f"0 to {_MOST_PROTOCOL}")
        return number
    return 0 if text in ("all", "ip", "hopopt") else PROTOCOLS.get(text)


def _protocol(text: str, negated: bool) -> Match:
    number = number_of_protocol(text)
    if number is None:
        return unless(Unknown(f"-p {text}"), negated)
    if number == 0:  # "the number zero is equivalent to all"; the kernel never compares it
        return ALWAYS
    return unless(protocol(number), negated)


def _fragment(option: Option, version: int) -> Match:
    if version != IPV4:
        raise LineError("-f is of IPv4 only", "of IPv6, the match is called frag")
    return unless(Not(FIRST), option.negated)


def _interface(field: str, name: str) -> Match:
    if name in ("+", ""):
        return ALWAYS
    try:
        return In(field, (interface(name.removesuffix("+"), wildcard=name.endswith("+")),))
    except ValueError as error:
        raise LineError(
            f"{shown(name)} cannot be the name of an interface", "at most 15 bytes, as `ip link` prints it"
        ) from error


def addresses(field: str, text: str, version: int) -> Match:
    """Return the match of a list of addresses with masks: `10.0.0.0/8`, `10.0.0.0/255.0.255.0`, `10.0.0.1,10.0.0.2`.

    Raises LineError.
    """
    return some(_address(field, part, version) for part in text.split(","))


@lru_cache(maxsize=1 << 14)  # rulesets name few addresses, but often
def _address(field: str, text: str, version: int) -> Match:
    base, slash, mask = text.partition("/")
    try:
        address = ip_address(base)
    except ValueError:
        if base and all(char.isalnum() or char in "-._" for char in base) and any(char.isalpha() for char in base):
            return Unknown(f"{field} {text}")  # a host's name: what it was when the rule was loaded is not in the text
        raise LineError(f"{shown(text)} is no address", "write 192.0.2.0/24 or 2001:db8::/32") from None
    if (address.version == 4) != (version == IPV4):  # noqa: PLR2004 - IP's version
        raise LineError(f"{shown(text)} is of the other family", "give iptables-save and ip6tables-save as two texts")
    try:
        if slash and not mask.isdigit():
            return masked(field, address, _mask(mask, address))
        return network(field, ip_network(text, strict=False))
    except ValueError:
        raise LineError(f"{shown(mask)} is no mask", "write a length, as /24, or a mask, as /255.255.255.0") from None


def _mask(text: str, address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return IPv4Address(text) if isinstance(address, IPv4Address) else IPv6Address(text)
