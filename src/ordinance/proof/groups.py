"""All packets of a set, grouped by the rules that accept them, each group in readable regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from ordinance.proof import wording
from ordinance.proof.fields import ICMP, ICMPV6, IPV4, IPV6, TOP, Range
from ordinance.proof.ir import Base, Rule
from ordinance.proof.space import NONE, Region, Set
from ordinance.proof.trace import Tracer
from ordinance.proof.walk import Outcome, bases, judged

#: What tells one region from another; addresses are told within each, for their combinations are far too many.
_COORDINATES = ("iif", "oif", "family", "l4proto", "dport", "sport", "second", "day")
MOST_REGIONS = 200
MOST_GROUPS = 500
MOST_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class Acceptor:
    """What accepted in one base chain: a rule, or (rule None) the policy."""

    chain: str
    rule: Rule | None

    def __str__(self) -> str:
        """Render as `chain input, rule fw.nft:12 handle 14: tcp dport 23 accept`."""
        if self.rule is None:
            return f"the policy of chain {wording.plain(self.chain)}"
        where = self.rule.where
        place = f"handle {where.handle}" if where.handle is not None else wording.plain(str(where))
        return f"chain {wording.plain(self.chain)}, rule {place}: {wording.plain(self.rule.text)}"


@dataclass(frozen=True, slots=True)
class Group:
    """Packets that the same rules accept."""

    by: tuple[Acceptor, ...]  #: in every base chain they meet; the policy of a chain only where no rule accepted in any
    packets: Set
    regions: tuple[str, ...]  #: in words
    more: int  #: regions beyond those told
    others: bool = False  #: a last group: accepted in more ways, which are not told one by one


def accepted_by(outcome: Outcome, packets: Set) -> tuple[list[tuple[tuple[Acceptor, ...], Set]], Set]:
    """Return which rules may accept which of `packets`, the base chains of the hook in order; and the rest of the packets.

    There is a rest beyond `MOST_GROUPS` ways: it would be long to find them all, and nobody would read them.
    """
    groups: list[tuple[tuple[Acceptor, ...], Set]] = [((), packets)]
    tracer = Tracer(outcome.walk, outcome.ruleset)
    untold = NONE
    for base in judged(outcome.ruleset, outcome.hook):
        split: list[tuple[tuple[Acceptor, ...], Set]] = []
        for by, held in groups:
            if len(split) >= MOST_GROUPS:
                untold = outcome.space.either(untold, held)
                continue
            found, rest = _split(outcome, tracer, base, by, held)
            split += found
            untold = outcome.space.either(untold, rest)
        groups = split
    return groups, untold


def _split(
    outcome: Outcome, tracer: Tracer, base: Base, by: tuple[Acceptor, ...], held: Set
) -> tuple[list[tuple[tuple[Acceptor, ...], Set]], Set]:
    """Return `held` by what accepts it in one base chain, and what was left when that had been enough."""
    space = outcome.space
    mine = space.ranges("family", [(family, family) for family in base.families])
    other = space.minus(held, mine)
    variables = outcome.walk.matcher.variables
    accepting = (hit for hit in tracer.base(base, held) if not hit.doubt and hit.nat is None)
    hits = list(islice(accepting, MOST_GROUPS + 1))
    sure = [(hit, space.forall(hit.packets, variables) if hit.sure else NONE) for hit in hits]
    known = space.any_of([packets for _, packets in sure])
    found: dict[Acceptor, Set] = {}
    for hit, certain in sure:  # who may accept what another one accepts for certain is not named
        doubtful = space.minus(space.exists(hit.packets, variables), known)
        acceptor = Acceptor(hit.chain.name, hit.rule)
        found[acceptor] = space.any_of([found.get(acceptor, NONE), certain, doubtful])
    split = [((*by, acceptor), packets) for acceptor, packets in found.items() if packets != NONE]
    rest = space.minus(space.both(held, mine), space.any_of(found.values())) if len(hits) > MOST_GROUPS else NONE
    return ([(by, other)] if other != NONE else []) + split, rest


def groups(outcome: Outcome, packets: Set) -> tuple[Group, ...]:
    """Return `packets` by accepting rules; rules come before policies, which accept whatever no rule decided.

    Beyond `MOST_GROUPS` the rest is one group, without names.
    """
    merged: dict[tuple[Acceptor, ...], Set] = {}
    accepted, untold = accepted_by(outcome, packets)
    for by, held in accepted:
        rules = tuple(acceptor for acceptor in by if acceptor.rule is not None)
        key = rules or by
        merged[key] = outcome.space.either(merged.get(key, NONE), held)
    found = [Group(by, held, *regions(outcome, held)) for by, held in list(merged.items())[:MOST_GROUPS]]
    rest = outcome.space.any_of([*list(merged.values())[MOST_GROUPS:], untold])
    if rest != NONE:
        found.append(Group((), rest, *regions(outcome, rest), others=True))
    return tuple(found)


def regions(outcome: Outcome, packets: Set) -> tuple[tuple[str, ...], int]:
    """Return a set in words, region by region, and how many regions there are beyond those told."""
    space = outcome.space
    told: list[str] = []
    count = 0
    for family in (IPV4, IPV6):
        mine = space.both(packets, space.ranges("family", [(family, family)]))
        for region in space.regions(space.only(_without_noise(outcome, mine), _COORDINATES)):
            count += 1
            if count <= MOST_REGIONS:
                told.append(_told(outcome, mine, region, family))
    return tuple(told), max(0, count - MOST_REGIONS)


def _without_noise(outcome: Outcome, packets: Set) -> Set:
    """Forget source ports where they are ports: only ICMP's type and code are worth a region of their own."""
    space = outcome.space
    typed = space.ranges("l4proto", [(ICMP, ICMP), (ICMPV6, ICMPV6)])
    ports = space.exists(space.minus(packets, typed), ["sport"])
    return space.either(ports, space.exists(space.both(packets, typed), ["dport"]))


def _told(outcome: Outcome, packets: Set, region: Region, family: int) -> str:
    space = outcome.space
    held = space.both(packets, space.box(region))
    parts = ["IPv4" if family == IPV4 else "IPv6", _protocols(region), *_ports(region)]
    for word, field in (("from", "saddr"), ("to", "daddr")):
        names = wording.addresses(space.values(held, field), family)
        more = f" and {len(names) - MOST_ADDRESSES} more" if len(names) > MOST_ADDRESSES else ""
        parts.append(f"{word} {', '.join(names[:MOST_ADDRESSES])}{more}")
    for field, word in (("iif", "in by"), ("oif", "out by")):
        if field in region and not _whole(region[field]):
            parts.append(f"{word} {wording.interfaces(region[field])}")
    if "second" in region:
        parts.append(wording.times(region["second"]))
    if "day" in region:
        parts.append(f"on {wording.days(region['day'])}")
    return " ".join(part for part in parts if part)


def _whole(ranges: tuple[Range, ...]) -> bool:
    return ranges in (((0, TOP["iif"]),), ((1, TOP["iif"]),), ((0, 0),))


def _protocols(region: Region) -> str:
    ranges = region.get("l4proto", ((0, TOP["l4proto"]),))
    numbers = [number for low, high in ranges for number in range(low, high + 1)]
    if len(numbers) > TOP["l4proto"]:
        return "any protocol"
    named = ", ".join(wording.protocol(number) for number in numbers[:6])
    return named if len(numbers) <= 6 else f"IP protocols {wording.numbers(ranges)}"  # noqa: PLR2004


def _ports(region: Region) -> Iterator[str]:
    ranges = region.get("l4proto", ())
    if "sport" in region and len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        yield "type " + ", ".join(_type(span) for span in region["sport"])
    elif "dport" in region:
        yield f"port {wording.numbers(region['dport'])}"


def _type(span: Range) -> str:
    low, high = span
    if low & 0xFF == 0 and high & 0xFF == 0xFF:  # noqa: PLR2004
        return str(low >> 8) if low >> 8 == high >> 8 else f"{low >> 8}-{high >> 8}"
    return f"{low >> 8} code {low & 0xFF}" if low == high else f"{low >> 8} code {low & 0xFF} to {high >> 8} code {high & 0xFF}"


def doubts(outcome: Outcome, packets: Set) -> tuple[str, ...]:
    """Return what the fate of `packets` hangs on: unknowns and effects not followed that they may meet, with their rules."""
    tracer = Tracer(outcome.walk, outcome.ruleset)
    found: dict[str, None] = {}
    before = bases(outcome.ruleset, "prerouting")
    for base in (*before, *judged(outcome.ruleset, outcome.hook)):
        held = packets if base not in before else outcome.space.exists(packets, ["nat", "daddr", "dport", "oif"])
        for hit in tracer.base(base, held):
            if hit.doubt:
                where = Acceptor(hit.chain.name, hit.rule)
                found[f'"{wording.plain(hit.doubt, 120)}" ({where})'] = None
    return tuple(found)
