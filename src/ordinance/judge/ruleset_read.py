"""A firewall's ruleset out of what was read: whether it is its own and true, and what passes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ordinance.allowed.policy import unplaced
from ordinance.errors import DataError
from ordinance.inventory.model import Host, Inventory
from ordinance.judge.verdict import Witness
from ordinance.proof.gate import differences
from ordinance.proof.ir import Ruleset
from ordinance.proof.read.nft import read_nft
from ordinance.proof.walk import HOOKS, Outcome, Walk
from ordinance.sight.rulesets import FirewallRules, Listing, RulesetSighting


@dataclass(frozen=True, slots=True)
class Read:
    """A ruleset of a firewall, read and walked; `refused` says why its listing is not to be trusted."""

    outcomes: tuple[Outcome, ...]
    refused: tuple[str, ...]
    observations: tuple[str, ...]
    witnesses: tuple[Witness, ...] = ()


class NotRead(Exception):
    """Why a ruleset cannot be judged at all."""


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
