"""The gate of iptables: whether the kernel, given these rules, says the same rules again.

The texts are restored in an empty network namespace and saved once more, and what is read of both is compared, rule by rule,
with the members of the sets that a rule asks. What cannot be restored, or comes back as something else, is not proved. Rules
that mean the same and are written otherwise are the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import zip_longest

from ordinance.errors import DataError
from ordinance.proof import netns
from ordinance.proof.fields import Range
from ordinance.proof.ir import (
    All,
    Base,
    Either,
    Havoc,
    In,
    Kind,
    Match,
    Nat,
    Not,
    Notrack,
    Rule,
    Ruleset,
    Statement,
    Taint,
    Verdict,
    VerdictMap,
)
from ordinance.proof.read.iptables import read_iptables
from ordinance.proof.wording import plain

MOST = 5


def gate_iptables(ruleset: Ruleset, v4: str | None, v6: str | None, ipsets: str | None) -> tuple[str, ...]:
    """Return why a ruleset, which was read from these texts, is not to be trusted; nothing if it is."""
    try:
        four, six, sets = netns.load_saved(v4, v6, ipsets)
    except netns.NoNamespace as error:
        return (f"the rules were not restored and saved once more: {plain(str(error))}",)
    except (netns.NotLoaded, netns.NotListed) as error:
        return (f"iptables cannot restore and save these rules: {plain(str(error))}",)
    try:
        found = read_iptables(_headed(four, v4), _headed(six, v6), sets)
    except DataError as error:
        return (f"what iptables and ipset save of these rules cannot be read: {error.problems[0]}",)
    return differences(ruleset, found)


def _headed(again: str | None, given: str | None) -> str | None:
    """Put the comments of the text that was given in place of this machine's: they say whose rules these are."""
    if again is None:
        return None
    comments = [line for line in (given or "").splitlines() if line.startswith("#") and "tables-save v" in line]
    return "\n".join([*comments[:1], *(line for line in again.splitlines() if not line.startswith("#")), ""])


def differences(given: Ruleset, again: Ruleset) -> tuple[str, ...]:
    """Return how two readings of the same rules differ."""
    found = [*_policies(given, again), *_rules(given, again)]
    more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return (*found[:MOST], *more)


def _policies(given: Ruleset, again: Ruleset) -> Iterator[str]:
    """A chain that is not there lets everything pass."""
    left, right = _by_chain(given), _by_chain(again)
    for key in sorted(left.keys() | right.keys()):
        policies = [side[key].policy if key in side else Kind.ACCEPT for side in (left, right)]
        if policies[0] is not policies[1]:
            where = left[key].where if key in left else given.source
            yield f"{where}: the policy of {key} is {policies[0].value} in the text and {policies[1].value} once restored"


def _by_chain(ruleset: Ruleset) -> dict[str, Base]:
    return {base.chain: base for base in ruleset.bases}


def _rules(given: Ruleset, again: Ruleset) -> Iterator[str]:
    for key in [*given.chains, *(key for key in again.chains if key not in given.chains)]:
        sides = [ruleset.chains[key].rules if key in ruleset.chains else () for ruleset in (given, again)]
        for left, right in zip_longest(*sides):
            if left is None or right is None or _plain(left) != _plain(right):
                yield _differs(left, right, key)
                break  # what follows is shifted


def _plain(rule: Rule) -> tuple[frozenset[Hashable], tuple[Statement, ...]]:
    """What a rule asks for, in whatever order, and what it then does: iptables asks for all before it does anything."""
    asked: list[Match] = []
    done: list[Statement] = []
    for statement in rule.statements:
        if isinstance(statement, Verdict | VerdictMap | Havoc | Taint | Nat | Notrack):
            done.append(statement)
        else:
            asked.extend(statement.parts if isinstance(statement, All) else [statement])
    return frozenset(map(_unordered, asked)), tuple(done)


def _unordered(match: Match) -> Hashable:
    """A match whose members may stand in any order, as those of a set do: the kernel lists them in its own."""
    if isinstance(match, In):
        return match.field, _joined(match.ranges)
    if isinstance(match, All | Either):
        return type(match), frozenset(map(_unordered, match.parts))
    if isinstance(match, Not):
        return Not, _unordered(match.part)
    return match


def _joined(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """Ranges in order, as one where nothing is between them."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def _differs(left: Rule | None, right: Rule | None, key: str) -> str:
    if left is None:
        return f"{key}: once restored there is a rule more: {plain(right.text if right else '')}"
    if right is None:
        return f"{left.where}: once restored this rule is not there: {plain(left.text)}"
    if left.text == right.text:
        return f"{left.where}: a set that this rule asks has other members once restored: {plain(left.text)}"
    return f"{left.where}: the text says {plain(left.text)}; once restored it is {plain(right.text)}"
