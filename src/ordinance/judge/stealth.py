"""9.A.2/inbound-tcp, beyond ordinary connections: what a filter without memory lets in.

A segment from a well-known source port, a bare ACK or FIN, a tiny fragment: where one of them reaches a host on a port that may
not be reached, the port is let through, whatever a sweep of ordinary connections says.
"""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.inventory.model import Inventory, PublicGroup
from ordinance.judge.crossing import crossing_breaches, crossing_evidence, crossing_witnesses, probe_doubts, watch_doubts
from ordinance.judge.inbound import RULE
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.sight.crossing import Crossing, CrossingSighting
from ordinance.sight.ports import listed


def without_holes(target: str, swept: Verdict, seen: CrossingSighting, inventory: Inventory) -> Verdict:
    """Join what ordinary connections showed of the public group `target` (`swept`) with the stealth pass."""
    group = next((group for group in inventory.public if group.name == target), None)
    if group is None or not isinstance(swept, Compliant | Violated | Unproven):
        return swept
    probes = tuple(probe for probe in seen.to(frozenset(map(str, group.addresses))) if not probe.control)
    breaches = crossing_breaches((probe for probe in probes if not _proxied(probe)), seen, inventory)
    if breaches:
        told = f"{target}: {listed(breaches.values())}; {RULE}"
        evidence = tuple(Evidence(text, seen.observations) for text in breaches.values())
        if isinstance(swept, Violated):
            return Violated(
                f"{swept.reason}; {told}", (*swept.evidence, *evidence), swept.witnesses, (*swept.breaches, *breaches)
            )
        return Violated(told, evidence, swept.witnesses, tuple(breaches))
    if not isinstance(swept, Compliant):
        return swept
    evidence = (*swept.evidence, *crossing_evidence(probes, seen))
    witnesses = (*swept.witnesses, *_witnesses(group, seen))
    doubts = tuple(dict.fromkeys(_doubts(group, seen, inventory)))
    if doubts:
        return Unproven(f"{target}: stealth holes were not all looked for: {listed(doubts)}", evidence, witnesses)
    return Compliant(f"{swept.reason}, and nothing gets in by source port, odd flags or fragments", evidence, witnesses)


def _proxied(probe: Crossing) -> bool:
    """Whether a firewall answered and was seen neither to send the probe on nor to take it for a flow: a SYN proxy."""
    return bool(probe.answered and probe.arrived and not probe.left and not probe.flows)


def _doubts(group: PublicGroup, seen: CrossingSighting, inventory: Inventory) -> Iterator[str]:
    versions = sorted({address.version for address in group.addresses})
    probes = [probe for probe in seen.to(frozenset(map(str, group.addresses))) if not probe.control]
    asked = {probe.address for probe in probes} | set(seen.unasked)
    yield from (f"{address} was not asked" for address in map(str, group.addresses) if address not in asked)
    yield from watch_doubts(seen, versions, needed=False)
    if proxied := sum(map(_proxied, probes)):
        yield f"{proxied} probes were answered, and the firewall was not seen to send them on: a SYN proxy's word says nothing"
    # on a path that loses packets, those of a hole may be among the lost
    sound = [version for version in versions if not any(probe.silent for probe in seen.controls(version))]
    alive = frozenset(probe.address for version in sound for probe in seen.controls(version) if probe.answered)
    yield from probe_doubts(probes, seen, inventory, alive)


def _witnesses(group: PublicGroup, seen: CrossingSighting) -> Iterator[Witness]:
    versions = sorted({address.version for address in group.addresses})
    yield from crossing_witnesses(seen, versions)
