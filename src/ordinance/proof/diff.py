"""Two rulesets compared: which packets change fate, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ordinance.proof import wording
from ordinance.proof.groups import Group, groups
from ordinance.proof.ir import Ruleset
from ordinance.proof.rewrite import Rewrite
from ordinance.proof.space import NONE, Set
from ordinance.proof.typical import example
from ordinance.proof.walk import HOOKS, Outcome, Walk

#: How a change is told: packets of NEW that OLD certainly blocks; of OLD that NEW certainly blocks; all else that is not
#: certainly equal.
PASSES_NOW, PASSES_NO_MORE, MAY_CHANGE = "passes now", "passes no more", "may change"
_FATES = {
    PASSES_NOW: "passes now and was blocked",
    PASSES_NO_MORE: "passed and is blocked now",
    MAY_CHANGE: "may change its fate",
}


@dataclass(frozen=True, slots=True)
class Change:
    """Packets that change fate at one hook."""

    kind: str
    hook: str
    packet: str  #: one such packet
    sentence: str  #: one such packet
    groups: tuple[Group, ...]  #: all of them: by the rules that accept them, in NEW when they pass now, else in OLD


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes; none and no doubt: the rulesets do the same to every packet."""

    changes: tuple[Change, ...]
    rewrites: tuple[str, ...]  #: destination NAT that only one of them does
    doubts: tuple[str, ...]  #: why equality cannot be told

    @property
    def certain(self) -> bool:
        """Whether some packet changes fate for certain."""
        return bool(self.rewrites) or any(change.kind != MAY_CHANGE for change in self.changes)


def compare(
    old: Ruleset, new: Ruleset, refused: Sequence[str] = (), hooks: Sequence[str] = HOOKS, names: tuple[str, str] = ("OLD", "NEW")
) -> Difference:
    """Compare what passes each hook; `names` of the two, for people. Sets are of packets after destination NAT."""
    walk = Walk([old, new])
    changes: list[Change] = []
    rewritten: dict[str, None] = {}
    doubts = dict.fromkeys([*refused, *old.taints, *new.taints])
    for hook in hooks:
        before, after = walk.path(old, hook), walk.path(new, hook)
        changes += _changes(before, after)
        rewritten |= dict.fromkeys(_rewrites(before, after, names))
        if before.tainted != NONE or after.tainted != NONE:
            doubts[f"{hook}: what becomes of some packets is not followed"] = None
    return Difference(tuple(changes), tuple(rewritten), tuple(doubts))


def _changes(before: Outcome, after: Outcome) -> list[Change]:
    space = before.space

    def arriving(of: Set) -> Set:
        return space.exists(of, ["nat"])

    old_may, old_must = arriving(before.may), arriving(before.must)
    new_may, new_must = arriving(after.may), arriving(after.must)
    gained, lost = space.minus(new_must, old_may), space.minus(old_must, new_may)
    unsure = space.any_of([space.minus(new_may, old_must), space.minus(old_may, new_must)])
    unsure = space.minus(unsure, space.either(gained, lost))
    if unsure != NONE and (before.may, before.must) == (after.may, after.must):
        unsure = NONE if _same_rules(before.ruleset, after.ruleset) else unsure
    found = [(PASSES_NOW, after, gained), (PASSES_NO_MORE, before, lost), (MAY_CHANGE, after, unsure)]
    return [_change(kind, outcome, of) for kind, outcome, of in found if of != NONE]


def _same_rules(old: Ruleset, new: Ruleset) -> bool:
    """Whether two rulesets say the same word for word: then the same unknowns decide."""

    def words(ruleset: Ruleset) -> object:
        chains = {key: tuple(rule.statements for rule in chain.rules) for key, chain in ruleset.chains.items()}
        hooks = [(base.chain, base.families, base.hook, base.priority, base.policy, base.nat) for base in ruleset.bases]
        return chains, hooks

    return words(old) == words(new)


def _change(kind: str, outcome: Outcome, of: Set) -> Change:
    shown = example(outcome, of)
    subject = wording.packet(shown.point, shown.free, shown.when) if shown else "a packet"
    held = outcome.space.both(outcome.may, of if kind == MAY_CHANGE else outcome.space.exists(of, ["nat"]))
    fate = {PASSES_NOW: "passes now and was blocked", PASSES_NO_MORE: "passed and is blocked now"}.get(
        kind, "may change its fate"
    )
    return Change(kind, outcome.hook, subject, f"{subject} {fate} ({outcome.hook})", groups(outcome, held))


def _rewrites(before: Outcome, after: Outcome, names: tuple[str, str]) -> list[str]:
    old, new = _by_target(before), _by_target(after)
    found = []
    for key in old.keys() | new.keys():
        ours, theirs = old.get(key), new.get(key)
        if (ours[1] if ours else NONE) == (theirs[1] if theirs else NONE):
            continue
        rewrite = (theirs or ours or _never())[0]
        word = (
            f"only in {names[0]}"
            if theirs is None
            else f"only in {names[1]}"
            if ours is None
            else f"for other packets than in {names[0]}"
        )
        found.append(f"rule {rewrite.rule.where} rewrites packets {word}: {wording.plain(rewrite.rule.text)}")
    return sorted(found)


def _by_target(outcome: Outcome) -> dict[tuple[object, ...], tuple[Rewrite, Set]]:
    found: dict[tuple[object, ...], tuple[Rewrite, Set]] = {}
    for rewrite in outcome.rewrites:
        key = (rewrite.nat.kind, rewrite.nat.addresses, rewrite.nat.ports)
        first, held = found.get(key, (rewrite, NONE))
        found[key] = (first, outcome.space.either(held, rewrite.before))
    return found


def _never() -> tuple[Rewrite, Set]:
    raise AssertionError("a key is of one of the two")
