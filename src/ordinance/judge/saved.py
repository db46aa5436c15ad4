"""9.A.2: what a restart of a firewall would load lets the same packets pass as what runs."""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.errors import DataError
from ordinance.inventory.model import Inventory
from ordinance.judge.ruleset_read import NotRead, firewall, read
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.proof.diff import MAY_CHANGE, PASSES_NO_MORE, PASSES_NOW, Change, Difference, compare
from ordinance.proof.gate import differences
from ordinance.proof.ir import Ruleset
from ordinance.sight.rulesets import FirewallRules, Listing, RulesetSighting

RULE = "9.A.2: the limits on what comes in hold after a restart as before it"
FATES = {
    PASSES_NOW: "passes by what runs and would be blocked after a restart",
    PASSES_NO_MORE: "is blocked by what runs and would pass after a restart",
    MAY_CHANGE: "may have another fate after a restart",
}
MOST_REGIONS = 12


def saved_equals_running(target: str, sighting: RulesetSighting, inventory: Inventory) -> Verdict:
    """Judge the firewall `target`."""
    try:
        seen, _ = firewall(target, sighting, inventory)
        runs, saved = _listing(seen, "running", seen.running), _listing(seen, "saved", seen.saved)
        rulesets = read(saved, f"{seen.saved_file} of {target}"), read(runs, f"ruleset of {target}")
        refused = [
            f"the {name} listing: {why}" for name, listing in (("saved", saved), ("running", runs)) for why in _lies(listing)
        ]
        found = compare(*rulesets, refused, names=(seen.saved_file, "what runs"))
    except NotRead as why:
        return Unproven(f"{target}: {why}")
    except DataError as error:
        return Unproven(f"{target}: a ruleset is not one that a kernel would load: {error}")
    observations = (*runs.observations, *saved.observations)
    return _judged(target, seen, found, _witnesses(seen, rulesets, observations), observations)


def _judged(
    target: str, seen: FirewallRules, found: Difference, witnesses: tuple[Witness, ...], observations: tuple[str, ...]
) -> Verdict:
    told = [_sentence(change) for change in found.changes] + list(found.rewrites)
    evidence = tuple(Evidence(text, observations) for change in found.changes for text in _regions(change))
    evidence = (*(Evidence(text, observations) for text in told), *evidence)
    if found.certain and not found.doubts:
        return Violated(f"{target}: {'; '.join(told)}; {RULE}", evidence, witnesses)
    doubts = (*told, *found.doubts)
    if doubts or not witnesses:
        return Unproven(f"{target}: {'; '.join(doubts) or 'one of the rulesets holds no rule'}", evidence, witnesses)
    same = f"{seen.saved_file} lets exactly the packets pass, to {target} and through it, that the running ruleset lets pass"
    return Compliant(f"{target}: {same}", (Evidence(same, observations),), witnesses)


def _listing(seen: FirewallRules, name: str, listing: Listing | None) -> Listing:
    if listing is None:
        raise NotRead(f"its {name} ruleset was not read: {seen.unseen.get(name, 'nobody said why')}")
    return listing


def _lies(listing: Listing) -> tuple[str, ...]:
    return differences(listing.program, listing.reloaded)


def _sentence(change: Change) -> str:
    return f"{change.packet} {FATES[change.kind]} ({change.hook})"


def _regions(change: Change) -> Iterator[str]:
    for group in change.groups:
        by = " and ".join(map(str, group.by)) or "no chain that decides"
        yield from (f"{FATES[change.kind]}: {region} ({by})" for region in group.regions[:MOST_REGIONS])


def _witnesses(seen: FirewallRules, rulesets: tuple[Ruleset, ...], observations: tuple[str, ...]) -> tuple[Witness, ...]:
    counts = [sum(len(chain.rules) for chain in ruleset.chains.values()) for ruleset in rulesets]
    if not all(counts):
        return ()
    text = f"{seen.saved_file} was loaded ({counts[0]} rules) and what runs was listed ({counts[1]} rules), on {seen.system}"
    return (Witness(text, observations),)
