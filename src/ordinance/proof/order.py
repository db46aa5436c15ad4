"""The chains, each after those it jumps to; a jump to nowhere or in a circle is an error of the input."""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.errors import DataError, Problem
from ordinance.proof.ir import Chain, Kind, Rule, Ruleset, Verdict, VerdictMap


def targets(rule: Rule) -> Iterator[str]:
    """Yield the keys of the chains that a rule may jump or go to."""
    for statement in rule.statements:
        if isinstance(statement, Verdict) and statement.kind in (Kind.JUMP, Kind.GOTO):
            yield statement.target
        elif isinstance(statement, VerdictMap):
            yield from (verdict.target for _, verdict in statement.entries if verdict.kind in (Kind.JUMP, Kind.GOTO))


def called_first(ruleset: Ruleset) -> list[Chain]:
    """Return every chain after the chains it calls. Raises DataError."""
    calls = {key: _calls(ruleset, chain) for key, chain in ruleset.chains.items()}
    done: dict[str, Chain] = {}
    for start in ruleset.chains:
        path: dict[str, list[str]] = {}  # being visited, with what remains to be called; in order
        if start not in done:
            path[start] = list(calls[start])
        while path:
            key = next(reversed(path))
            if not path[key]:
                done[key] = ruleset.chains[key]
                del path[key]
                continue
            called = path[key].pop()
            if called in path:
                raise DataError([_circle(ruleset, key, called)])
            if called not in done:
                path[called] = list(calls[called])
    return list(done.values())


def own_policies(ruleset: Ruleset) -> dict[str, Kind]:
    """Return the policy of each base chain to which nothing jumps and that has a single one."""
    called = {target for chain in ruleset.chains.values() for rule in chain.rules for target in targets(rule)}
    policies: dict[str, set[Kind]] = {}
    for base in ruleset.bases:
        policies.setdefault(base.chain, set()).add(base.policy)
    return {key: found.pop() for key, found in policies.items() if len(found) == 1 and key not in called}


def _calls(ruleset: Ruleset, chain: Chain) -> dict[str, None]:
    found: dict[str, None] = {}
    for rule in chain.rules:
        for target in targets(rule):
            if target not in ruleset.chains:
                what = f'chain {chain.name} jumps to "{target}", which is not in the ruleset'
                raise DataError([Problem(rule.where.file, rule.where.line, what, "list the whole ruleset")])
            found[target] = None
    return found


def _circle(ruleset: Ruleset, caller: str, called: str) -> Problem:
    name, back = ruleset.chains[caller].name, ruleset.chains[called].name
    rule = next(rule for rule in ruleset.chains[caller].rules if called in targets(rule))
    what = f"chain {name} jumps to {back}, which leads back to {name}"
    return Problem(rule.where.file, rule.where.line, what, "no kernel loads a circle of chains; correct the file")
