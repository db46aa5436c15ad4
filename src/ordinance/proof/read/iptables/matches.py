"""What the matches of a rule ask of a packet. What is not known here is an unknown of its own, spelled as the rule spells it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from ordinance.proof.fields import CT_STATES, IPV4
from ordinance.proof.ir import All, Either, In, Match, Not, Unknown
from ordinance.proof.read.iptables.clock import clock
from ordinance.proof.read.iptables.context import Context
from ordinance.proof.read.iptables.general import general, number_of_protocol
from ordinance.proof.read.iptables.modules import FRESH, OF_PROTOCOL
from ordinance.proof.read.iptables.options import Option, Parsed
from ordinance.proof.read.iptables.transport import icmp_option, multiport, port_option, tcp_flags
from ordinance.proof.read.making import every, some, span, unless
from ordinance.proof.read.text import LineError, OpaqueError, shown

_WITH_PORTS = ("tcp", "udp", "udplite", "sctp", "dccp")
_PORT_OPTIONS = ("sport", "dport", "source-port", "destination-port")
#: Tables that are met after destination NAT and mangling only.
_AFTER_NAT = ("filter", "security")
_IS = {name: number for number, name in OF_PROTOCOL.items()}


def matches(rule: Parsed, context: Context) -> list[Match]:
    """Return everything that a rule asks of a packet. Raises LineError."""
    found = [_general(option, context) for option in rule.of("")]
    for module in dict.fromkeys(rule.used):
        found.extend(_module(module, rule, context))
    return found if context.table in _AFTER_NAT else [_alone(match) for match in found]


def _alone(match: Match) -> Match:
    """Of a table whose rules are met before the packet is rewritten, no unknown is the same as one that is met afterwards."""
    match match:
        case Unknown(selector):
            return Unknown(selector, fresh=True)
        case All(parts):
            return All(tuple(map(_alone, parts)))
        case Either(parts):
            return Either(tuple(map(_alone, parts)))
        case Not(part):
            return Not(_alone(part))
    return match


def _general(option: Option, context: Context) -> Match:
    """An interface that is not decided yet, or no longer known, where the rule is met makes its match an unknown.

    (Of other tables than nat, the walk itself knows that prerouting has no outgoing interface.)
    """
    blind = {"in": "POSTROUTING", "out": "PREROUTING"}.get(option.name)
    if blind in context.roots and (option.name == "in" or context.table == "nat"):
        return Unknown(f"{spelled(option)} in {blind}", fresh=True)
    return general(option, context.version)


def _module(module: str, rule: Parsed, context: Context) -> list[Match]:
    options = rule.of(module)
    if module in ("comment", "standard"):
        return []
    if module in rule.unread or not (module in _READERS or module in _WITH_PORTS):
        return [_opaque(module, options, fresh=module in FRESH or module in rule.unread)]
    _check_protocol(module, rule, context)
    if module in ("set", "time"):
        try:
            return _READERS[module](options, context)
        except OpaqueError:
            return [_opaque(module, options, fresh=module == "set" and _changes(options, context))]
    return [_one(module, option, context) for option in options]


def _one(module: str, option: Option, context: Context) -> Match:
    try:
        if module in _WITH_PORTS:
            return _transport(option, context)
        return _READERS[module]([option], context)[0]
    except OpaqueError:
        return _opaque(module, [option], fresh=False)


def _check_protocol(module: str, rule: Parsed, context: Context) -> None:
    """A match of the transport header is refused by iptables itself unless the rule says -p."""
    if module not in _IS and module != "multiport":
        return
    if (module == "icmp") != (context.version == IPV4) and module in ("icmp", "icmp6"):
        raise LineError(f"the match {shown(module)} is of the other family", f"not in {context.tool}-save")
    of_rule = [option for option in rule.of("") if option.name == "protocol" and not option.negated]
    number = number_of_protocol(of_rule[0].values[0]) if of_rule else None
    allowed = {_IS[name] for name in _WITH_PORTS} if module == "multiport" else {_IS[module]}
    if module == "udp":
        allowed.add(_IS["udplite"])
    if number not in allowed:
        wanted = "tcp, -p udp, -p sctp, -p dccp or -p udplite" if module == "multiport" else module
        raise LineError(f"the match {shown(module)} without its protocol", f"say -p {wanted} in the rule")


def _opaque(module: str, options: list[Option], fresh: bool) -> Match:
    """One option alone keeps its "!" outside, so that a rule and its opposite are known to be opposites."""
    if len(options) == 1:
        bare = Option(module, options[0].name, False, options[0].values)
        return unless(Unknown(f"-m {module} {spelled(bare)}", fresh), options[0].negated)
    return Unknown(" ".join([f"-m {module}", *map(spelled, options)]), fresh)


def spelled(option: Option) -> str:
    """Return an option as a rule writes it."""
    sign = "! " if option.negated else ""
    dashes = "--" if option.module or len(option.name) > 1 else "-"
    return " ".join([f"{sign}{dashes}{option.name}", *option.values])


def _transport(option: Option, context: Context) -> Match:
    if option.name in _PORT_OPTIONS:
        return port_option(option, context.later)
    if option.name in ("tcp-flags", "syn"):
        return tcp_flags(option, context.later)
    raise OpaqueError


def _multiport(options: list[Option], context: Context) -> list[Match]:
    return [multiport(option, context.later) for option in options]


def _icmp(options: list[Option], context: Context) -> list[Match]:
    return [icmp_option(option, context.version, context.later) for option in options]


def _state(options: list[Option], _context: Context) -> list[Match]:
    """xt_conntrack(8): the other options of conntrack say something of the connection, not of the packet."""
    found: list[Match] = []
    for option in options:
        if option.name not in ("state", "ctstate"):
            raise OpaqueError
        found.append(unless(some(_one_state(name) for name in option.values[0].split(",")), option.negated))
    return found


def _one_state(name: str) -> Match:
    if name.upper() in ("SNAT", "DNAT"):
        return Unknown(f"--ctstate {name}")
    if name.lower() not in CT_STATES:
        raise LineError(f"{shown(name)} is no state of a connection", f"{', '.join(CT_STATES).upper()}, SNAT or DNAT")
    number = CT_STATES[name.lower()]
    return In("ct", ((number, number),))


def _iprange(options: list[Option], context: Context) -> list[Match]:
    return [_range(option, context) for option in options]


def _range(option: Option, context: Context) -> Match:
    low, dash, high = option.values[0].partition("-")
    wrong = LineError(f"{shown(option.values[0])} is no range of addresses", "write 192.0.2.1-192.0.2.9")
    try:
        first, last = ip_address(low), ip_address(high if dash else low)
    except ValueError:
        raise wrong from None
    if first.version != last.version or (first.version == 4) != (context.version == IPV4):  # noqa: PLR2004 - IP's version
        raise wrong
    return unless(span("saddr" if option.name.startswith("src") else "daddr", first, last), option.negated)


def _sets(options: list[Option], context: Context) -> list[Match]:
    """Without its members, or with conditions on counters, a set is an unknown; so is one that rules change."""
    if any(option.name not in ("match-set", "set") for option in options) or context.sets is None or _changes(options, context):
        raise OpaqueError
    sets = context.sets
    return [
        unless(sets.match(option.values[0], option.values[1].split(","), context.version), option.negated) for option in options
    ]


def _changes(options: list[Option], context: Context) -> bool:
    return any(option.values and option.values[0] in context.changing for option in options)


def _time(options: list[Option], _context: Context) -> list[Match]:
    return [every(*clock(options))]


_READERS: dict[str, Callable[[list[Option], Context], list[Match]]] = {
    "multiport": _multiport,
    "icmp": _icmp,
    "icmp6": _icmp,
    "state": _state,
    "conntrack": _state,
    "iprange": _iprange,
    "set": _sets,
    "time": _time,
}
