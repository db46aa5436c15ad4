"""9.A.1, the other witness: a probe asks from one place at one moment, the ruleset answers for every place and every moment.

Where a firewall's ruleset is declared it must agree: a port that it opens to anybody breaks the clause though every probe met
silence, and a ruleset of which nothing can be said leaves the clause unproven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ordinance.allowed.policy import openings, outside, services
from ordinance.inventory.model import Inventory
from ordinance.judge.barred import Barred, Ports, ftp_ports, telnet_ports
from ordinance.judge.ruleset import told
from ordinance.judge.ruleset_read import NotRead, firewall, running
from ordinance.judge.verdict import Compliant, Unproven, Verdict, Violated
from ordinance.law.model import Profile
from ordinance.proof.policy import Service
from ordinance.proof.verdict import prove
from ordinance.sight.rulesets import RulesetSighting


@dataclass(frozen=True, slots=True)
class _Clause:
    ports: Ports
    rule: str
    allowed: tuple[Service, ...] = ()  #: besides what is authorised


def telnet_by_rulesets(
    target: str, sighting: RulesetSighting, inventory: Inventory, profile: Profile, today: date
) -> dict[str, Verdict]:
    """Judge telnet on the public group `target` by every declared ruleset; verdicts by firewall."""
    clause = _Clause(telnet_ports(profile), "9.A.1: telnet is blocked at the firewall")
    return _by_rulesets(target, clause, sighting, inventory, today)


def ftp_by_rulesets(
    target: str, sighting: RulesetSighting, inventory: Inventory, profile: Profile, today: date
) -> dict[str, Verdict]:
    """Judge FTP and TFTP on the public group `target` by every declared ruleset; verdicts by firewall."""
    clause = _Clause(ftp_ports(profile), "9.A.1: FTP is blocked at the firewall")
    return _by_rulesets(target, clause, sighting, inventory, today)


def tcp_by_rulesets(
    target: str, sighting: RulesetSighting, inventory: Inventory, profile: Profile, today: date
) -> dict[str, Verdict]:
    """Judge all TCP of the public group `target` by every declared ruleset; verdicts by firewall.

    A port let through to an address that nobody uses answers by an ICMP error alone, which its router may withhold (a limit
    that all who probe share): there a probe's silence is worth less than a ruleset's word.
    """
    clause = _Clause((), "9.A.2: inbound only SMTP to mail gateways and NNTP to news hosts", services(inventory, profile, today))
    return _by_rulesets(target, clause, sighting, inventory, today)


def _by_rulesets(
    target: str, clause: _Clause, sighting: RulesetSighting, inventory: Inventory, today: date
) -> dict[str, Verdict]:
    addresses = tuple(address for group in inventory.public if group.name == target for address in group.addresses)
    opened = tuple(opening.service for opening in openings(inventory, today) if opening.service is not None)
    verdicts: dict[str, Verdict] = {}
    for name in [host.name for host in inventory.with_role("firewalls") if host.ruleset is not None]:
        try:
            seen, host = firewall(name, sighting, inventory)
            found = running(seen, host)
        except NotRead as why:
            verdicts[name] = Unproven(f"{name}: {why}")
            continue
        policy = Barred((*clause.allowed, *opened), outside(seen, host), clause.rule, ports=clause.ports, addresses=addresses)
        verdicts[name] = told(name, prove(found.outcomes, policy, found.refused), found, rule=clause.rule)
    return verdicts


def joined(target: str, probed: Verdict, proven: dict[str, Verdict]) -> Verdict:
    """Join the probes' verdict with the rulesets': a violation of either is one, compliant takes all of them."""
    verdicts = [probed, *proven.values()]
    evidence = tuple(item for verdict in verdicts for item in verdict.evidence)
    witnesses = tuple(item for verdict in verdicts for item in verdict.witnesses)
    violated = [verdict for verdict in verdicts if isinstance(verdict, Violated)]
    if violated:
        broken = tuple(f"{name}:ruleset" for name, verdict in proven.items() if isinstance(verdict, Violated))
        named = probed.breaches or (target,) if isinstance(probed, Violated) else ()
        held = tuple(item for verdict in violated for item in verdict.evidence)
        return Violated(_reasons(violated), held, witnesses, (*named, *broken))
    others = [verdict for verdict in verdicts if not isinstance(verdict, Compliant)]
    if len(others) == 1 and others[0] is probed:
        return probed
    if others:
        return Unproven(f"{target}: {_reasons(others)}", evidence, witnesses)
    agreed = f", and so {'do the rulesets' if len(proven) > 1 else 'does the ruleset'} of {', '.join(proven)}" if proven else ""
    return Compliant(f"{probed.reason}{agreed}", evidence, witnesses)


def _reasons(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(dict.fromkeys(verdict.reason for verdict in verdicts))
