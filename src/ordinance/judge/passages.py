"""What may begin between the zones of a firewall, by its ruleset: the data of a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import product

from ordinance.inventory.model import Host, Inventory
from ordinance.judge.ruleset_read import Read
from ordinance.judge.verdict import Passage, Passages
from ordinance.proof import wording
from ordinance.proof.fields import CT_STATES, ICMP, ICMPV6, TCP, TOP, UDP, Range, interface
from ordinance.proof.policy import Policy
from ordinance.proof.space import NONE, Set
from ordinance.proof.walk import Outcome
from ordinance.sight.rulesets import Device, FirewallRules

BEGINNING: dict[str, tuple[Range, ...]] = {
    "ct": tuple((CT_STATES[name],) * 2 for name in ("invalid", "new", "untracked")), "fragoff": ((0, 0), (0x4000, 0x4000))
}  # fmt: skip
ITSELF = "the firewall itself"
#: Ranges of ports that are written out, and protocols that are named.
MOST_PORTS, MOST_PROTOCOLS = 10, 6
COLUMNS, MOST_LINES = 74, 6
_ALL_PORTS = ((0, TOP["dport"]),)
_BOTH = 2


def passages(seen: FirewallRules, host: Host, inventory: Inventory, found: Read, policy: Policy) -> Passages:
    """Return what may begin from each device to each other, and to the firewall itself."""
    devices = [device for device in seen.devices if device.name != "lo"]
    names = {device.name: _zone(device, host, inventory, policy) for device in devices}
    rows = []
    for outcome in found.outcomes:
        beyond = outcome.space.minus(outcome.may, policy.allowed(outcome.space, outcome.ruleset.stateful))
        targets = names if outcome.hook == "forward" else {"": ITSELF}
        for (source, begun), (target, told) in product(names.items(), targets.items()):
            passing = _between(outcome, outcome.may, source, target)
            if passing != NONE:
                wrong = _between(outcome, beyond, source, target) != NONE
                rows.append(Passage(begun, told, _lines(_words(outcome, passing)), wrong))
    text = f"what may begin between the {len(names)} zones of {host.name}, by its ruleset"
    return Passages(text, found.observations, tuple(rows))


def _lines(words: Iterable[str]) -> tuple[str, ...]:
    lines = textwrap.wrap("; ".join(words), COLUMNS)
    return tuple(lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], "and more"])


def _zone(device: Device, host: Host, inventory: Inventory, policy: Policy) -> str:
    """Name the zone behind a device."""
    public = {str(address) for group in inventory.public for address in group.addresses}
    managed = {str(endpoint.address) for endpoint in (host.ssh, host.snmp) if endpoint is not None}
    if device.name in policy.outside:
        return f"outside ({device.name})"
    kind = "management" if managed & {*device.addresses} else "public" if public & {*device.addresses} else "inside"
    return f"{kind} ({device.name})"


def _between(outcome: Outcome, of: Set, source: str, target: str) -> Set:
    """Return first packets from one device to another; no target: to the firewall itself."""
    out = {"oif": (interface(target),)} if target else {}
    return outcome.space.both(of, outcome.space.box({**BEGINNING, "iif": (interface(source),), **out}))


def _words(outcome: Outcome, passing: Set) -> Iterator[str]:
    """Tell a set by protocol, ports and family."""
    space = outcome.space
    found: dict[int, dict[int, tuple[Range, ...]]] = {}
    for family in range(_BOTH):
        mine = space.both(passing, space.ranges("family", [(family, family)]))
        for region in space.regions(space.only(mine, ("l4proto", "dport"))):
            for low, high in region.get("l4proto", ((0, TOP["l4proto"]),)):
                for number in range(low, high + 1):
                    held = found.setdefault(number, {})
                    held[family] = _merged((*held.get(family, ()), *region.get("dport", _ALL_PORTS)))
    if len(found) > TOP["l4proto"] // 2 and all(by == {0: _ALL_PORTS, 1: _ALL_PORTS} for by in found.values()):
        yield "everything"
        return
    for number in [number for number in (TCP, UDP) if number in found]:
        yield from _ports(number, found[number])
    others = [number for number in found if number not in (TCP, UDP)]
    for number in others[:MOST_PROTOCOLS]:
        only = (
            "" if len(found[number]) == _BOTH or number in (ICMP, ICMPV6) else f" over IPv{4 if 0 in found[number] else 6} only"
        )
        yield f"{wording.protocol(number)}{only}"
    if len(others) > MOST_PROTOCOLS:
        yield f"and {len(others) - MOST_PROTOCOLS} more protocols"


def _ports(number: int, by_family: dict[int, tuple[Range, ...]]) -> Iterator[str]:
    told = {family: _numbers(ranges) for family, ranges in by_family.items()}
    if len(set(told.values())) == 1 and len(told) == _BOTH:
        yield f"{wording.protocol(number)} {told[0]}"
        return
    for family, ports in told.items():
        yield f"{wording.protocol(number)} {ports} over IPv{4 if family == 0 else 6} only"


def _numbers(ranges: tuple[Range, ...]) -> str:
    if ranges == _ALL_PORTS:
        return "any port"
    more = f" and {len(ranges) - MOST_PORTS} more" if len(ranges) > MOST_PORTS else ""
    return wording.numbers(ranges[:MOST_PORTS]) + more


def _merged(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """Return ranges in order, those that touch as one."""
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return tuple(merged)
