"""What the target of a rule does with a packet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ordinance.proof.fields import IPV4, IPV6, Range, ip_range
from ordinance.proof.ir import Havoc, Kind, Nat, NatKind, Notrack, Statement, Taint, Verdict
from ordinance.proof.read.iptables.modules import PASSED_BY, TARGETS
from ordinance.proof.read.iptables.options import Parsed
from ordinance.proof.read.numbers import MOST_PORT
from ordinance.proof.read.text import LineError, decimal, shown

_SIMPLE = {"ACCEPT": Kind.ACCEPT, "DROP": Kind.DROP, "RETURN": Kind.RETURN, "REJECT": Kind.REJECT, "TARPIT": Kind.DROP}
#: They let the packet go on, but a copy goes elsewhere, or the packet itself goes on changed.
TAINTS = {"TEE", "TPROXY", "DNPT", "SNPT"}


def statements(rule: Parsed, key_of: dict[str, str]) -> tuple[Statement, ...]:
    """Return what the target of a rule does. `key_of`: the chains of its table. Raises LineError."""
    name = rule.target
    if not name or name in PASSED_BY:
        return ()
    if name in key_of:
        return (Verdict(Kind.GOTO if rule.goto else Kind.JUMP, key_of[name]),)
    if rule.goto:
        raise LineError(f"-g to {shown(name)}, which is no chain of this table", f"declare it: :{name} - [0:0]")
    return _of_target(rule, name)


def _of_target(rule: Parsed, name: str) -> tuple[Statement, ...]:
    if name in _SIMPLE:
        return (Verdict(_SIMPLE[name]),)
    if name in ("DNAT", "REDIRECT", "NETMAP", "SNAT", "MASQUERADE"):
        return (_nat(rule),)
    if name in ("NOTRACK", "CT"):
        return (Notrack(),) if name == "NOTRACK" or any(option.name == "notrack" for option in rule.target_options) else ()
    if name not in TARGETS and not name.isupper():
        raise LineError(f"-j {shown(name)}, which is neither a chain of this table nor a target", f"declare it: :{name} - [0:0]")
    what = " ".join([f"-j {name}", *(f"--{option.name} {' '.join(option.values)}".rstrip() for option in rule.target_options)])
    return (Taint(what),) if name in TAINTS else (Havoc(what),)


def _nat(rule: Parsed) -> Nat:
    values = {option.name: option.values[0] for option in rule.target_options if option.values}
    match rule.target:
        case "SNAT" | "MASQUERADE":
            return Nat(NatKind.SNAT if rule.target == "SNAT" else NatKind.MASQUERADE)
        case "REDIRECT":
            return Nat(NatKind.REDIRECT, ports=_ports(values["to-ports"]) if "to-ports" in values else ())
        case "NETMAP":
            return _netmap(values.get("to", ""))
    wanted = [option.values[0] for option in rule.target_options if option.name == "to-destination"]
    if not wanted:
        raise LineError("DNAT without --to-destination", "say where to: --to-destination 192.0.2.1:25")
    return _dnat(wanted)


def _dnat(wanted: list[str]) -> Nat:
    """Several destinations (kernels before 2.6.11) are one of them; which is not known."""
    addresses: list[Range] = []
    ports: list[Range] = []
    families = set()
    for text in wanted:
        address, port = _split(text)
        if address:
            first, last = _address_range(address)
            families.add(IPV4 if first.version == 4 else IPV6)  # noqa: PLR2004 - IP's version
            addresses.append(ip_range(first, last))
        if port:
            ports.extend(_ports(port.split("/")[0]))
    if len(families) > 1:
        raise LineError("DNAT to addresses of two families", "give one")
    return Nat(NatKind.DNAT, tuple(addresses), tuple(ports), families.pop() if families else None)


def _split(text: str) -> tuple[str, str]:
    """`a`, `a-b`, `a:port`, `:port`, `[v6]:port`, `v6`."""
    if text.startswith("["):
        inside, _, after = text[1:].partition("]")
        return inside, after.removeprefix(":")
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return address, port
    return text, ""


def _address_range(text: str) -> tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]:
    low, dash, high = text.partition("-")
    try:
        first, last = ip_address(low), ip_address(high if dash else low)
    except ValueError:
        raise LineError(f"{shown(text)} is no address to translate to", "write 192.0.2.1 or [2001:db8::1]:25") from None
    if first.version != last.version or int(first) > int(last):
        raise LineError(f"the range {shown(text)} goes backwards", "write the lower address first")
    return first, last


def _ports(text: str) -> tuple[Range, ...]:
    low, dash, high = text.partition("-")
    first, last = decimal(low, MOST_PORT), decimal(high if dash else low, MOST_PORT)
    if first is None or last is None:
        raise LineError(f"{shown(text)} is no port to translate to", "write 25 or 8000-8010")
    return ((first, last),) if first <= last else ((0, MOST_PORT),)  # the kernel takes a backward range as it comes


def _netmap(text: str) -> Nat:
    try:
        net = ip_network(text, strict=False)
    except ValueError:
        raise LineError(f"NETMAP to {shown(text)}", "say where to: --to 192.0.2.0/24") from None
    version = IPV4 if net.version == 4 else IPV6  # noqa: PLR2004 - IP's version
    return Nat(NatKind.DNAT, (ip_range(net.network_address, net.broadcast_address),), (), version)
