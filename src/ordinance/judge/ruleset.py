"""9.A.2: for every packet that can arrive from outside, what the firewall's live ruleset accepts is within the policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from ordinance.allowed.policy import inbound_policy, openings
from ordinance.inventory.model import Inventory
from ordinance.judge.counterexample import beside
from ordinance.judge.passages import passages
from ordinance.judge.ruleset_read import NotRead, Read, firewall, running
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated
from ordinance.law.model import Profile
from ordinance.proof.groups import Group
from ordinance.proof.verdict import CannotProve, Proved, Violation, prove
from ordinance.sight.counterexamples import CounterexampleSighting
from ordinance.sight.rulesets import RulesetSighting

RULE = "9.A.2: inbound only SMTP to mail gateways and NNTP to news hosts"
MOST_REGIONS = 12


def ruleset_proof(  # noqa: PLR0917 - two sightings, and what they are held against
    target: str,
    sighting: RulesetSighting,
    inventory: Inventory,
    profile: Profile,
    today: date,
    sent: CounterexampleSighting | None = None,
) -> Verdict:
    """Judge the running ruleset of the firewall `target`; what came back of a packet that was really sent stands beside it."""
    try:
        seen, host = firewall(target, sighting, inventory)
        found = running(seen, host)
    except NotRead as why:
        return Unproven(f"{target}: {why}")
    policy = inbound_policy(seen, host, inventory, profile, today)
    answer = prove(found.outcomes, policy, found.refused)
    verdict = beside(told(target, answer, found, doubts=_unreadable(inventory, today)), target, sent, inventory, RULE)
    if found.refused:
        return verdict
    return replace(verdict, evidence=(*verdict.evidence, passages(seen, host, inventory, found, policy)))


def told(
    target: str, answer: Proved | Violation | CannotProve, found: Read, doubts: tuple[str, ...] = (), rule: str = RULE
) -> Verdict:
    """Turn the answer of a proof into a verdict; `doubts` stand against "compliant" alone."""
    match answer:
        case Violation(counterexample, groups):
            evidence = (Evidence(counterexample.sentence, found.observations), *_groups(groups, found))
            return Violated(f"{target}: {counterexample.sentence}; {rule}", evidence, found.witnesses)
        case CannotProve(reasons):
            return Unproven(f"{target}: cannot prove: {'; '.join(reasons)}", witnesses=found.witnesses)
        case Proved(words, readings, _, notes):
            if doubts or not found.witnesses:
                return Unproven(f"{target}: {'; '.join(doubts) or 'the ruleset holds no rule'}", witnesses=found.witnesses)
            read_as = tuple(Evidence(f"reading: {text}", found.observations) for text in (*readings, *notes))
            return Compliant(f"{target}: {words}", (Evidence(words, found.observations), *read_as), found.witnesses)


def _groups(groups: tuple[Group, ...], found: Read) -> Iterator[Evidence]:
    for group in groups:
        by = " and ".join(map(str, group.by)) or "no chain that decides"
        for region in group.regions[:MOST_REGIONS]:
            yield Evidence(f"{by}: {region}", found.observations)
        more = group.more + max(0, len(group.regions) - MOST_REGIONS)
        if more:
            yield Evidence(f"{by}: and {more} more regions", found.observations)


def _unreadable(inventory: Inventory, today: date) -> tuple[str, ...]:
    wrong = [found for found in openings(inventory, today) if found.wrong]
    return tuple(f"authorisation {found.entry.id} opens nothing that can be proved: {found.wrong}" for found in wrong)
