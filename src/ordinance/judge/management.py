"""9.A.2: a firewall's management plane does not answer outside; its SNMP agent answers v3 authPriv and nothing less."""

from __future__ import annotations

from ordinance.inventory.model import Inventory
from ordinance.judge.management_outside import echo_witnesses, outside_breaches, outside_doubts, outside_evidence, way_witnesses
from ordinance.judge.management_snmp import snmp_breaches, snmp_doubts, snmp_evidence, snmp_witness
from ordinance.judge.verdict import Compliant, Unproven, Verdict, Violated
from ordinance.law.model import Profile
from ordinance.sight.management import ManagementSighting

RULE = "9.A.2: no management service of a firewall answers outside, and its SNMP takes v3 authPriv alone"


def management_plane(target: str, sighting: ManagementSighting, inventory: Inventory, profile: Profile) -> Verdict:
    """Judge the firewall `target`."""
    seen, host = sighting.of(target), inventory.hosts.get(target)
    if seen is None or host is None:
        return Unproven(f"{target}: nobody looked at its management plane")
    breaches = (*outside_breaches(seen, host, inventory), *snmp_breaches(seen))
    witnesses = (*snmp_witness(seen), *way_witnesses(seen))
    if breaches:
        found = tuple(evidence for _, evidence in breaches)
        told = "; ".join(dict.fromkeys(evidence.text for evidence in found))
        parts = tuple(dict.fromkeys(part for part, _ in breaches))
        return Violated(f"{target}: {told}; {RULE}", found, witnesses, parts)
    doubts = (*outside_doubts(seen, sighting, host, inventory, profile), *snmp_doubts(seen, profile))
    if doubts:
        return Unproven(f"{target}: {'; '.join(dict.fromkeys(doubts))}", witnesses=witnesses)
    evidence = (*outside_evidence(seen), *snmp_evidence(seen))
    reason = f"no management port of {target} answers outside, and its SNMP takes nothing less than v3 authPriv"
    return Compliant(reason, evidence, (*witnesses, *echo_witnesses(seen, sighting)))
