"""Of the packets that break a policy, one that a given sender can send: the first SYN of a TCP connection, or a UDP datagram."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ordinance.proof.fields import CT_STATES, IPV4, IPV6, TCP, UDP, Range, address_of, ip_range
from ordinance.proof.policy import Address, Policy
from ordinance.proof.space import NONE, Set, Space
from ordinance.proof.typical import example
from ordinance.proof.walk import Outcome

PROTOCOLS = {TCP: "tcp", UDP: "udp"}
#: Ports that a system gives to sockets which name none (RFC 6056, 3.2; Linux takes the middle of it).
EPHEMERAL: tuple[Range, ...] = ((32_768, 60_999),)
#: DF or not: a system sets it by what it knows of the way.
WHOLE: tuple[Range, ...] = ((0, 0), (0x4000, 0x4000))
SYN: tuple[Range, ...] = ((2, 2),)
STATES = tuple((CT_STATES[name],) * 2 for name in ("new", "untracked"))
EVER = ("second", "day")


@dataclass(frozen=True, slots=True)
class Way:
    """An address to send to, and the sender's own on the way there."""

    own: Address
    target: Address


@dataclass(frozen=True, slots=True)
class Sender:
    """Who would send. `now`: ranges of "second" and "day" (as in `fields`) that the sending falls into; None: nobody knows."""

    name: str
    ways: tuple[Way, ...]
    mute: tuple[int, ...] = ()  #: ports that no datagram may go to
    now: Mapping[str, tuple[Range, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Sendable:
    """A packet as it is to be sent."""

    own: Address
    target: Address
    protocol: str  #: "tcp" | "udp"
    port: int


@dataclass(frozen=True, slots=True)
class Breach:
    """Packets at one hook that break the policy, as the hook sees them. `here`: addresses of the device itself."""

    outcome: Outcome
    packets: Set
    here: tuple[Address, ...]


def sendable(breaches: Sequence[Breach], policy: Policy, sender: Sender) -> Sendable | str:
    """Return an ordinary packet of the first of `breaches` that has one this sender can send, or why none can be sent."""
    reasons: list[tuple[int, str]] = []
    for breach in breaches:
        space, left = breach.outcome.space, as_sent(breach)
        for number, (why, narrowed) in enumerate(_narrowed(breach, left, sender)):
            if narrowed == NONE:
                reasons.append((number, why))
                break
            left = narrowed
        else:
            return _chosen(breach.outcome, _preferred(space, left, policy), policy)
    return max(reasons)[1] if reasons else "there is no such packet"


def as_sent(breach: Breach) -> Set:
    """Return the packets before destination NAT; where a rule translates to any of several targets, to one of them at least.

    A packet for the device itself goes to an address that it has; one that it forwards goes to another.
    """
    outcome = breach.outcome
    space = outcome.space
    here = space.any_of([_at(space, "daddr", address) for address in breach.here])
    placed = here if outcome.hook == "input" else space.complement(here)
    untouched = space.box({"nat": ((0, 0),)})
    found = [space.all_of([breach.packets, untouched, placed])]
    for rewrite in outcome.rewrites:
        mine = space.both(breach.packets, space.box({"nat": ((rewrite.number,) * 2,)}))
        found.append(space.all_of([rewrite.before, untouched, space.exists(mine, rewrite.changed())]))
    return space.any_of(found)


def _narrowed(breach: Breach, of: Set, sender: Sender) -> Iterator[tuple[str, Set]]:
    """Yield what the sender leaves of a set, step by step, each with what it means when nothing is left."""
    space = breach.outcome.space
    of = _during(space, space.both(of, _begins(space, sender)), {"fragoff": WHOLE})
    yield "none of these packets begins a TCP connection or is a UDP datagram that may be sent", of
    targets = space.any_of([_at(space, "daddr", way.target) for way in sender.ways])
    of = space.both(of, targets)
    yield "none of these packets goes to an address that the inventory names and its scope admits", of
    ways = [space.both(_at(space, "daddr", way.target), _at(space, "saddr", way.own)) for way in sender.ways]
    of = space.both(of, space.any_of(ways))
    own = ", ".join(str(address) for address in dict.fromkeys(way.own for way in sender.ways))
    yield f"none of these packets comes from an address of {sender.name} ({own or 'it has none'})", of
    of = _during(space, of, {"sport": EPHEMERAL})
    yield "these packets come from certain source ports alone", of
    if sender.now is None:
        yield "these packets pass at certain times alone, and what time it is there is not known", space.forall(of, EVER)
    else:
        yield "these packets pass at another time", _during(space, of, sender.now)


def _begins(space: Space, sender: Sender) -> Set:
    plain = space.box({"l4ok": ((1, 1),), "thdr": ((1, 1),), "ext6": ((0, 0),), "ct": STATES, "dport": ((1, 65_535),)})
    tcp = space.box({"l4proto": ((TCP, TCP),), "flags": SYN})
    udp = space.box({"l4proto": ((UDP, UDP),)})
    spoken = space.complement(space.box({"dport": [(port, port) for port in sender.mute]}))
    return space.both(plain, space.either(tcp, space.both(udp, spoken)))


def _during(space: Space, of: Set, ranges: Mapping[str, tuple[Range, ...]]) -> Set:
    """Return the packets that are in `of` with every value in these ranges, which are then left open."""
    return space.forall(space.either(of, space.complement(space.box(ranges))), ranges)


def _at(space: Space, field: str, address: Address) -> Set:
    family = IPV4 if address.version == 4 else IPV6  # noqa: PLR2004 - IP versions
    return space.box({"family": ((family, family),), field: (ip_range(address),)})


def _preferred(space: Space, of: Set, policy: Policy) -> Set:
    """Keep to the addresses that the policy knows a service at, if it can be: somebody is there."""
    known = [address for service in policy.services for address in service.addresses]
    return space.both(of, space.any_of([_at(space, "daddr", address) for address in known])) or of


def _chosen(outcome: Outcome, of: Set, policy: Policy) -> Sendable:
    found = example(outcome, of, policy)
    if found is None:
        raise ValueError("no packet of an empty set can be sent")
    point = found.point
    family = point["family"]
    own, target = (address_of(point[field], family) for field in ("saddr", "daddr"))
    return Sendable(own, target, PROTOCOLS[point["l4proto"]], point["dport"])
