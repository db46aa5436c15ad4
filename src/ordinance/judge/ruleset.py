"""9.A.2: for every packet that can arrive from outside, what the firewall's live ruleset accepts is within the policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from ordinance.errors import DataError
from ordinance.inventory.model import Host, Inventory
from ordinance.judge.allowed_in import inbound_policy, openings, unplaced
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.proof.gate import differences
from ordinance.proof.groups import Group
from ordinance.proof.ir import Ruleset
from ordinance.proof.read.nft import read_nft
from ordinance.proof.verdict import CannotProve, Proved, Violation, prove
from ordinance.proof.walk import HOOKS, Outcome, Walk
from ordinance.sight.rulesets import FirewallRules, Listing, RulesetSighting

RULE = "9.A.2: inbound only SMTP to mail gateways and NNTP to news hosts"
MOST_REGIONS = 12


@dataclass(frozen=True, slots=True)
class Read:
    """A ruleset of a firewall, read and walked; `refused` says why its listing is not to be trusted."""

    outcomes: tuple[Outcome, ...]
    refused: tuple[str, ...]
    observations: tuple[str, ...]
    witnesses: tuple[Witness, ...] = ()


class NotRead(Exception):
    """Why a ruleset cannot be judged at all."""


def ruleset_proof(target: str, sighting: RulesetSighting, inventory: Inventory, profile: Profile, today: date) -> Verdict:
    """Judge the running ruleset of the firewall `target`."""
    try:
        seen, host = firewall(target, sighting, inventory)
        found = running(seen, host)
    except NotRead as why:
        return Unproven(f"{target}: {why}")
    answer = prove(found.outcomes, inbound_policy(seen, host, inventory, profile, today), found.refused)
    return told(target, answer, found, doubts=_unreadable(inventory, today))


def firewall(target: str, sighting: RulesetSighting, inventory: Inventory) -> tuple[FirewallRules, Host]:
    """Find a firewall and what was read of it. Raises NotRead."""
    seen, host = sighting.of(target), inventory.hosts.get(target)
    if seen is None or host is None:
        raise NotRead("nobody read its ruleset")
    return seen, host


def running(seen: FirewallRules, host: Host) -> Read:
    """Read and walk what runs. Raises NotRead."""
    if seen.running is None:
        raise NotRead(f"its running ruleset was not read: {seen.unseen.get('running', 'nobody said why')}")
    if missing := unplaced(seen, host):
        raise NotRead(f"none of its devices that face outside carries {', '.join(missing)}: whose ruleset this is, is not known")
    ruleset = read(seen.running, f"ruleset of {seen.host}")
    outcomes = walked(Walk([ruleset]), ruleset)
    refused = differences(seen.running.program, seen.running.reloaded)
    found = Read(outcomes, refused, seen.running.observations)
    return replace(found, witnesses=_witness(seen, found))


def read(listing: Listing, source: str) -> Ruleset:
    """Read one listing. Raises NotRead."""
    try:
        return read_nft(listing.text, source)
    except DataError as error:
        raise NotRead(f"its listing cannot be read: {error}") from error


def walked(walk: Walk, ruleset: Ruleset) -> tuple[Outcome, ...]:
    """Walk one ruleset. Raises NotRead."""
    try:
        return tuple(walk.path(ruleset, hook) for hook in HOOKS)
    except DataError as error:
        raise NotRead(f"its ruleset is not one that a kernel would load: {error}") from error


def _witness(seen: FirewallRules, found: Read) -> tuple[Witness, ...]:
    """Say that the ruleset is the kernel's own of the identified device, where that was shown."""
    rules = sum(len(chain.rules) for chain in found.outcomes[0].ruleset.chains.values())
    if found.refused or not rules:
        return ()
    text = (
        f"the {rules} rules that {seen.host} listed ({seen.system}, by its pinned host key) make the program "
        f"that its kernel runs, for IPv4 and IPv6"
    )
    return (Witness(text, found.observations),)


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
