"""9.A.2: no UDP service of a public address answers or is let through, but the public zone's name server where it may.

E-mail and newsgroups need no UDP. Of the readings of the profile only the name server does; the public web is TCP's.
"""

from __future__ import annotations

from ipaddress import ip_address

from ordinance.inventory.model import Inventory
from ordinance.judge.attribution import place
from ordinance.judge.crossing import crossed, crossing_evidence, crossing_witnesses, probe_doubts, watch_doubts
from ordinance.judge.inbound import readings
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated
from ordinance.law.model import Profile
from ordinance.sight.crossing import Crossing, CrossingSighting
from ordinance.sight.ports import listed

RULE = "9.A.2: inbound only e-mail and newsgroups, neither of which is UDP"


def inbound_udp(target: str, seen: CrossingSighting, inventory: Inventory, profile: Profile) -> Verdict:
    """Judge the public group `target`."""
    group = next((group for group in inventory.public if group.name == target), None)
    if group is None or not group.addresses:
        return Unproven(f"{target}: the inventory names no address")
    versions = sorted({address.version for address in group.addresses})
    probes = seen.to(frozenset(map(str, group.addresses)))
    judged = tuple(probe for probe in probes if not _allowed(probe, inventory, profile))
    breaches = {
        place(probe.address, probe.port, "udp"): f"{place(probe.address, probe.port, 'udp')} ({probe.what}) {how}"
        for probe in judged
        if (how := crossed(probe, seen, inventory))
    }
    witnesses = tuple(crossing_witnesses(seen, versions))
    if breaches:
        evidence = tuple(Evidence(text, seen.observations) for text in breaches.values())
        return Violated(f"{target}: {listed(breaches.values())}; {RULE}", evidence, witnesses, tuple(breaches))
    asked = {probe.address for probe in probes} | set(seen.unasked)
    missing = [f"{address} was not asked" for address in map(str, group.addresses) if address not in asked]
    doubts = (*missing, *watch_doubts(seen, versions), *probe_doubts(judged, seen, inventory))
    evidence = tuple(crossing_evidence(judged, seen))
    if doubts or not witnesses or not evidence:
        return Unproven(f"{target}: {listed(dict.fromkeys(doubts)) or 'nothing was seen'}", evidence, witnesses)
    ports = len({probe.port for probe in judged})
    return Compliant(
        f"none of {ports} UDP ports of {len(group.addresses)} addresses answers or is let through", evidence, witnesses
    )


def _allowed(probe: Crossing, inventory: Inventory, profile: Profile) -> bool:
    servers = inventory.public_dns.servers if inventory.public_dns else ()
    is_zone = probe.port in profile.dns_ports and ip_address(probe.address) in servers
    return is_zone and probe.port in readings(probe.address, inventory, profile)
