"""9.A.1, "except where authorised by ITD": what the ruleset lets in of telnet and FTP is what the register says, and no more.

An authorisation that the ruleset does not use, and one whose last day is over, break nothing; both are told. An authorisation
without a source opens its port to everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from ordinance.allowed.policy import Opening, openings, outside
from ordinance.inventory.model import Inventory
from ordinance.judge.barred import Barred, guarded_ports
from ordinance.judge.ruleset import told
from ordinance.judge.ruleset_read import NotRead, Read, firewall, running
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated
from ordinance.law.model import Profile
from ordinance.proof.fields import CT_STATES
from ordinance.proof.policy import PROTOCOLS, Policy, Service
from ordinance.proof.space import NONE
from ordinance.proof.verdict import prove
from ordinance.sight.rulesets import RulesetSighting

#: States of a packet that belongs to no connection yet.
BEGINNING = tuple((CT_STATES[name],) * 2 for name in ("invalid", "new", "untracked"))
RULE = "9.A.1: telnet and FTP are blocked except where authorised by ITD"


def authorisations(target: str, sighting: RulesetSighting, inventory: Inventory, profile: Profile, today: date) -> Verdict:
    """Judge what the firewall `target` lets in on guarded ports."""
    try:
        seen, host = firewall(target, sighting, inventory)
        found = running(seen, host)
    except NotRead as why:
        return Unproven(f"{target}: {why}")
    live, lapsed = openings(inventory, today), openings(inventory, today, lapsed=True)
    services = tuple(opening.service for opening in live if opening.service is not None)
    policy = Barred(services, outside(seen, host), RULE, ports=guarded_ports(profile))
    answer = prove(found.outcomes, policy, found.refused)
    wrong = tuple(f"authorisation {o.entry.id} cannot be compared with a ruleset: {o.wrong}" for o in live if o.wrong)
    verdict = told(target, answer, found, wrong, RULE)
    if isinstance(verdict, Violated):
        open_yet = [_lapsed(opening) for opening in lapsed if _used(opening.service, found, policy)]
        return replace(verdict, reason="; ".join([verdict.reason, *open_yet]))
    if not isinstance(verdict, Compliant):
        return verdict
    used = [opening for opening in live if _used(opening.service, found, policy)]
    evidence = (*verdict.evidence, *_register(live, used, found), *(Evidence(_lapsed(o), found.observations) for o in lapsed))
    return Compliant(f"{target}: {_headline(live, used)}", evidence, verdict.witnesses)


def _used(service: Service | None, found: Read, policy: Policy) -> bool:
    """Whether the ruleset may let anything in from outside that one authorisation opens."""
    if service is None:
        return False
    number = PROTOCOLS[service.protocol]
    alone = Policy((service,), policy.outside, icmp=False, later_fragments=False, stateless_replies=False)
    for outcome in found.outcomes:
        space = outcome.space
        port = space.box({"l4proto": ((number, number),), "dport": service.ports, "ct": BEGINNING})
        opened = space.all_of([port, alone.allowed(space, stateful=False), policy.from_outside(space)])
        if space.both(opened, outcome.may) != NONE:
            return True
    return False


def _register(live: Sequence[Opening], used: Sequence[Opening], found: Read) -> Iterator[Evidence]:
    for opening in live:
        way = "lets it in" if opening in used else "does not let it in: it is not used"
        source = f" from {opening.entry.source}" if opening.entry.source else " from anywhere"
        text = f"authorisation {opening.entry.id}, {opening.entry.target}{source}, until {opening.entry.until}: the ruleset {way}"
        yield Evidence(text, found.observations)


def _lapsed(opening: Opening) -> str:
    entry = opening.entry
    return f"authorisation {entry.id} of {entry.target} by {entry.approved_by} expired on {entry.until}"


def _headline(live: Sequence[Opening], used: Sequence[Opening]) -> str:
    if not live:
        return "the ruleset lets no telnet and no FTP in, and the register authorises none"
    return f"the ruleset lets in what the register authorises of telnet and FTP, and no more ({len(used)} of {len(live)} in use)"
