"""9.A.2: no IP protocol but those of the allowed services is let through: no tunnel, no IPsec, no SCTP, no odd IPv6 header."""

from __future__ import annotations

from ordinance.inventory.model import Inventory
from ordinance.judge.crossing import crossing_breaches, crossing_evidence, crossing_witnesses, probe_doubts, watch_doubts
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated
from ordinance.sight.crossing import CrossingSighting
from ordinance.sight.ports import listed

RULE = "9.A.2: inbound only e-mail and newsgroups, which are TCP"


def inbound_protocols(target: str, seen: CrossingSighting, inventory: Inventory) -> Verdict:
    """Judge the public group `target`."""
    group = next((group for group in inventory.public if group.name == target), None)
    if group is None or not group.addresses:
        return Unproven(f"{target}: the inventory names no address")
    versions = sorted({address.version for address in group.addresses})
    probes = tuple(probe for probe in seen.to(frozenset(map(str, group.addresses))) if not probe.control)
    breaches = crossing_breaches(probes, seen, inventory)
    witnesses = tuple(crossing_witnesses(seen, versions))
    if breaches:
        evidence = tuple(Evidence(text, seen.observations) for text in breaches.values())
        return Violated(f"{target}: {listed(breaches.values())}; {RULE}", evidence, witnesses, tuple(breaches))
    asked = {probe.address for probe in probes} | set(seen.unasked)
    missing = [f"{address} was not asked" for address in map(str, group.addresses) if address not in asked]
    doubts = (*missing, *watch_doubts(seen, versions), *probe_doubts(probes, seen, inventory))
    evidence = tuple(crossing_evidence(probes, seen))
    if doubts or not witnesses or not evidence:
        return Unproven(f"{target}: {listed(dict.fromkeys(doubts)) or 'nothing was seen'}", evidence, witnesses)
    kinds = ", ".join(dict.fromkeys(probe.what for probe in probes))
    return Compliant(f"of {kinds} nothing is let through to {len(group.addresses)} addresses", evidence, witnesses)
