"""Established connections that the ruleset would not let begin any more: a rule that is gone does not end what it let in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from ordinance.inventory.model import Address, Inventory, PublicGroup
from ordinance.judge.attribution import place
from ordinance.judge.rules_at import FIRST, SYN
from ordinance.judge.ruleset_read import Read
from ordinance.proof.fields import IPV4, IPV6, TCP, Range, ip_range
from ordinance.proof.policy import Policy
from ordinance.proof.space import NONE

#: nf_conntrack(5) of procfs: family, its number, protocol, its number, seconds left, state, then both directions.
#: A flow that a flowtable carries (offloaded) has neither seconds nor state.
_FLOW = re.compile(
    r"ipv[46]\s+\d+\s+(tcp|udp)\s+\d+\s+(?:\d+\s+)?(?:([A-Z_]+)\s+)?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)"
    r".*?src=(\S+) dst=\S+ sport=(\d+)"
)
_OTHER = re.compile(r"(?:ipv[46]|unknown)\s+\d+\s+(\S+)\s+\d+\s")
_OPEN = {"ESTABLISHED", None}


def outliving(
    flows: tuple[str, ...], read: Read, policy: Policy, group: PublicGroup, inventory: Inventory
) -> Iterator[tuple[str, str]]:
    """Yield TCP connections from outside to the group's addresses, or translated from them, that no rule lets begin."""
    own = {address for host in inventory.hosts.values() for address in (*host.addresses, *host.outer_addresses)}
    own |= {host.ssh.address for host in inventory.hosts.values() if host.ssh is not None}
    for line in flows:
        found = _FLOW.match(line)
        if found is None or found[1] != "tcp" or found[2] not in _OPEN:
            continue
        source, asked, answers = ip_address(found[3]), ip_address(found[4]), ip_address(found[7])
        if source in own or asked not in group.addresses:
            continue
        if not _may_begin(read, policy, source, answers, (int(found[5]), int(found[8]))):
            where = place(str(asked), int(found[6]))
            yield where, f"a connection of {source} to {where} is open, and the ruleset would not let it begin"


def unread(flows: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines that may be a TCP connection and cannot be read as one."""
    for line in flows:
        other = _OTHER.match(line)
        if not _FLOW.match(line) and (other is None or other[1] == "tcp"):
            yield line


def _may_begin(read: Read, policy: Policy, source: Address, target: Address, ports: tuple[int, int]) -> bool:
    """Whether the first packet of a flow may pass; `ports`: its own and the one that answers, after translation."""
    family = IPV4 if target.version == 4 else IPV6  # noqa: PLR2004 - IP versions
    packet: dict[str, tuple[Range, ...]] = {
        **FIRST, "flags": SYN, "family": ((family, family),), "l4proto": ((TCP, TCP),),
        "saddr": (ip_range(source),), "daddr": (ip_range(target),),
        "sport": ((ports[0], ports[0]),), "dport": ((ports[1], ports[1]),),
    }  # fmt: skip
    for outcome in read.outcomes:
        space = outcome.space
        if space.all_of([space.box(packet), policy.from_outside(space), outcome.may]) != NONE:
            return True
    return False
