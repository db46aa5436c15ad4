"""9.A.1: telnet and FTP are blocked at the firewall, on every public address, over IPv4 and IPv6.

Any answer from a guarded port, or a packet that crossed to a host where nobody listens, is a violation. Silence is obedience only
with the proof around it: identity of a service on the path before and after, the outside echo on that very port, a control that
answered in the same moments, and a decoy port that is not open. At an address that nobody is seen to use it needs more: the
declared ruleset of every firewall beside it.
"""

from __future__ import annotations

from ordinance.inventory.model import Inventory, PublicGroup
from ordinance.judge.blocked_case import Case, Rule
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated
from ordinance.law.model import Profile
from ordinance.sight.perimeter import GuardedSighting, family
from ordinance.sight.ports import listed

MOST_EVIDENCE = 40


def telnet_blocked(target: str, seen: GuardedSighting, inventory: Inventory, profile: Profile) -> Verdict:
    """Judge telnet (RFC 854; with TLS on 992) on the public group `target`."""
    ports = tuple(("tcp", port) for port in profile.telnet_tcp_ports)
    return blocked(target, Rule("telnet", ports, "9.A.1: telnet is blocked at the firewall"), seen, inventory, profile)


def ftp_blocked(target: str, seen: GuardedSighting, inventory: Inventory, profile: Profile) -> Verdict:
    """Judge FTP (RFC 959; with TLS on 990) and TFTP (RFC 1350) on the public group `target`."""
    tcp = tuple(("tcp", port) for port in profile.ftp_tcp_ports)
    ports = (*tcp, *(("udp", port) for port in profile.tftp_udp_ports))
    return blocked(target, Rule("FTP", ports, "9.A.1: FTP is blocked at the firewall"), seen, inventory, profile)


def blocked(target: str, rule: Rule, seen: GuardedSighting, inventory: Inventory, profile: Profile) -> Verdict:
    """Judge one rule on one public group: one address in breach breaks it, one unprovable leaves it unproven."""
    group = next((group for group in inventory.public if group.name == target), None)
    if group is None or not group.addresses or not rule.ports:
        return Unproven(f"{target}: the inventory or the profile names no address or no port to ask")
    case = Case(rule, seen, inventory, profile, _hops(group, seen))
    names = [str(address) for address in group.addresses]
    breaches = tuple(breach for name in names for breach in case.breaches(name))
    witnesses = tuple(case.witnesses(names))
    if breaches:
        told = listed(text for _, text, _ in breaches)
        evidence = tuple(Evidence(text, observations) for _, text, observations in breaches[:MOST_EVIDENCE])
        return Violated(f"{target}: {told}; {rule.sentence}", evidence, witnesses, tuple(name for name, _, _ in breaches))
    doubts = tuple(dict.fromkeys(doubt for name in names for doubt in case.doubts(name)))
    evidence = tuple(Evidence(*said) for name in names if (said := case.said(name)))
    if doubts or not witnesses or not evidence:
        return Unproven(f"{target}: {listed(doubts) or 'nothing was seen'}", evidence, witnesses)
    return Compliant(f"no address of {target} lets {rule.what} through ({len(names)} addresses asked)", evidence, witnesses)


def _hops(group: PublicGroup, seen: GuardedSighting) -> dict[int, int]:
    """How near the nearest host of the group is, by family: resets from nearer are no host's."""
    hops: dict[int, int] = {}
    for address in map(str, group.addresses):
        guarded = seen.of(address)
        near = guarded.careful.control_hops if guarded and guarded.careful else None
        if near is not None:
            hops[family(address)] = min(near, hops.get(family(address), near))
    return hops
