"""One packet out of a set, as ordinary as the set allows: whole, a first SYN, from an address for documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from ordinance.proof.fields import CT_STATES, FIELDS, IPV4, IPV6, TCP, TOP, UDP, Range, interface, ip_range
from ordinance.proof.policy import Policy
from ordinance.proof.space import Point, Region, Set, Space
from ordinance.proof.walk import Outcome

_EVERYDAY = (
    {"fragoff": ((0, 0),)},
    {"l4ok": ((1, 1),), "thdr": ((1, 1),)},
    {"ext6": ((0, 0),)},
    {"ct": ((CT_STATES["new"],) * 2,)},
    {"l4proto": ((TCP, TCP),)},
    {"l4proto": ((UDP, UDP),)},
    {"flags": ((2, 2),)},
    {"family": ((IPV4, IPV4),)},
)
#: Where an ordinary packet comes from: an address for documentation (RFC 5737, RFC 3849), or at least one of the Internet's
_SOURCES = (("192.0.2.7/32", "2001:db8:ffff:7::7/128"), ("192.0.2.0/24", "2001:db8::/32"), ("0.0.0.0/1", "2000::/3"))
_PORTS: tuple[dict[str, tuple[Range, ...]], ...] = (
    {"dport": ((23, 23),)},
    {"dport": ((22, 22),)},
    {"dport": ((1, 1023),)},
    {"sport": ((40000, 40000),)},
    {"sport": ((1024, TOP["sport"]),)},
    {"sport": ((8 << 8, 8 << 8),)},
)


@dataclass(frozen=True, slots=True)
class Example:
    """A packet of a set, with what of it does not matter and when it holds."""

    point: Point
    free: tuple[str, ...]  #: ports and interfaces that could as well be any other
    when: dict[str, tuple[Range, ...]]  #: seconds of the day and days of the week, where not all


def example(outcome: Outcome, of: Set, policy: Policy | None = None) -> Example | None:
    """Return an ordinary packet of `of`, or None of the empty set."""
    space = outcome.space
    point = space.witness(of, wishes(outcome, policy))
    if point is None:
        return None
    whole = {field.name: point.get(field.name, 0) for field in FIELDS}
    free = tuple(name for name in ("sport", "dport", "iif", "oif") if _any(space, of, whole, name, outcome.world))
    when = {name: ranges for name in ("second", "day") if (ranges := _ranges(space, of, whole, name))}
    return Example(whole, free, when)


def single(space: Space, point: Point, but: Sequence[str] = ()) -> Set:
    """Return the set of one packet; fields of `but` are left open."""
    names = {field.name for field in FIELDS} - {*but}
    return space.box({name: ((value, value),) for name, value in point.items() if name in names})


def wishes(outcome: Outcome, policy: Policy | None) -> Iterator[Set]:
    """Yield what an ordinary packet is like, the most important first."""
    space = outcome.space
    yield from (space.box(wish) for wish in _EVERYDAY)
    inside = [address for service in policy.services for address in service.addresses] if policy else []
    for nets in _SOURCES:
        yield space.any_of([_within(space, "saddr", net) for net in nets])
    yield space.any_of([_within(space, "daddr", str(address)) for address in dict.fromkeys(inside)])
    yield space.any_of([_within(space, "daddr", net) for net in _SOURCES[-1]])
    yield from (space.box(wish) for wish in _PORTS)
    named = [interface(name) for name in policy.outside if not name.endswith("*")] if policy else []
    yield space.ranges("iif", named)
    for field in ("iif", "oif"):
        yield space.ranges(field, _named(outcome, field))


def _within(space: Space, field: str, net: str) -> Set:
    found = ip_network(net)
    family = IPV4 if found.version == 4 else IPV6  # noqa: PLR2004
    return space.box({"family": ((family, family),), field: (ip_range(found.network_address, found.broadcast_address),)})


def _named(outcome: Outcome, field: str) -> tuple[Range, ...]:
    """Return the single interfaces that the ruleset names."""
    return outcome.walk.singles(outcome.ruleset).get(field, ())


def _any(space: Space, of: Set, point: Point, name: str, world: Set) -> bool:
    """Whether every value of a field, that there can be at all, gives a packet of the set; the others as in `point`."""
    rest = single(space, point, (name,))
    return space.both(rest, world) == space.both(space.both(rest, of), world)


def _ranges(space: Space, of: Set, point: Point, name: str) -> tuple[Range, ...]:
    regions: list[Region] = list(space.regions(space.only(space.both(of, single(space, point, (name,))), [name])))
    return regions[0].get(name, ()) if regions else ()
