"""Which chains lead to which: from where a chain is reached, and that none leads to itself."""

from __future__ import annotations

from ordinance.proof.read.iptables.save import HOOKS, SavedTable
from ordinance.proof.read.text import Problems, shown


def roots_of(table: SavedTable) -> dict[str, frozenset[str]]:
    """Return, of every chain, the built-in chains from which it is reached (itself, when it is one)."""
    found: dict[str, set[str]] = {name: set() for name in table.chains}
    for root in HOOKS[table.name]:
        waiting = [root] if root in table.chains else []
        while waiting:
            name = waiting.pop()
            if root not in found[name]:
                found[name].add(root)
                waiting.extend(_targets(table, name))
    return {name: frozenset(roots) for name, roots in found.items()}


def check_loops(table: SavedTable, problems: Problems) -> None:
    """Report every rule that closes a circle of chains: the kernel takes no such ruleset."""
    done: set[str] = set()
    for start in table.chains:
        _walk(table, start, done, problems)


def _walk(table: SavedTable, start: str, done: set[str], problems: Problems) -> None:
    """Depth first, without recursion: a ruleset may be as deep as it likes."""
    path: list[tuple[str, list[str]]] = []
    open_chains: set[str] = set()

    def enter(name: str) -> None:
        path.append((name, _targets(table, name)))
        open_chains.add(name)

    if start not in done:
        enter(start)
    while path:
        name, left = path[-1]
        if not left:
            path.pop()
            open_chains.discard(name)
            done.add(name)
            continue
        target = left.pop()
        if target in open_chains:
            line = next(rule.line for rule in table.chains[name].rules if rule.parsed.target == target)
            problems.add(
                line, f"the chain {shown(target)} leads to itself", "the kernel takes no such ruleset; take one of the jumps out"
            )
        elif target not in done:
            enter(target)


def _targets(table: SavedTable, name: str) -> list[str]:
    return list(dict.fromkeys(rule.parsed.target for rule in table.chains[name].rules if rule.parsed.target in table.chains))
