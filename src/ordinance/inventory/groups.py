"""Ansible's hosts and groups: who is in which group, and which variables a host ends up with.

The rules are Ansible's own ("How variables are merged"): `all` first, then groups from the outermost in, groups of one depth by
name, the host's own last; a later value replaces an earlier one whole. Values stay tree nodes, so that they keep their lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ordinance.errors import Problem
from ordinance.strict import Mapping, Node


@dataclass(slots=True)
class GroupNode:
    """One group, gathered from every place that speaks of it."""

    line: int
    parents: set[str] = field(default_factory=set)
    vars: list[Mapping] = field(default_factory=list)


@dataclass(slots=True)
class HostNode:
    """One host, gathered from every group that lists it."""

    file: str
    line: int
    groups: set[str] = field(default_factory=set)
    vars: list[Mapping] = field(default_factory=list)


@dataclass(slots=True)
class Membership:
    """The groups and hosts of one inventory before variables are merged."""

    file: str
    groups: dict[str, GroupNode] = field(default_factory=dict)
    hosts: dict[str, HostNode] = field(default_factory=dict)

    def add_tree(self, node: Mapping) -> None:
        """Take in the mapping below `all`."""
        self._add_group("all", None, node, node.line)

    def _add_group(self, name: str, parent: str | None, node: Node, line: int) -> None:
        group = self.groups.setdefault(name, GroupNode(line))
        if parent is not None:
            group.parents.add(parent)
        group.vars += [inner for _, _, inner in _named(node, "vars", whole=True)]
        for host, host_line, inner in _named(node, "hosts"):
            self.add_host(host, name, host_line, inner)
        for child, child_line, inner in _named(node, "children"):
            self._add_group(child, name, inner, child_line)

    def add_host(self, name: str, group: str, line: int, own: Mapping, file: str = "") -> None:
        """Note that a host stands in a group, with what is said of it there (in `file`, else the inventory itself)."""
        host = self.hosts.setdefault(name, HostNode(file or self.file, line))
        host.groups.add(group)
        host.vars.append(own)

    def cycles(self) -> list[Problem]:
        """Return a problem for every group that is its own ancestor."""
        return [
            Problem(self.file, group.line, f'the group "{name}" is inside itself', "take it out of its own children")
            for name, group in self.groups.items()
            if name in self._above(group.parents)
        ]

    def groups_of(self, host: str) -> frozenset[str]:
        """Return every group a host is in, those around its groups included, without `all`."""
        return frozenset(self._above(self.hosts[host].groups)) - {"all", "ungrouped"}

    def variables(self, host: str) -> Mapping:
        """Return the variables a host ends up with."""
        node = self.hosts[host]
        around = sorted(self._above(node.groups) | {"all"}, key=lambda name: (name != "all", self._depth(name), name))
        layers = [layer for name in around if name in self.groups for layer in self.groups[name].vars]
        merged = {key: entry for layer in [*layers, *node.vars] for key, entry in layer.entries.items()}
        return Mapping(merged, node.line)

    def _above(self, names: set[str]) -> set[str]:
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.groups[name].parents
        return found

    def _depth(self, name: str) -> int:
        return 1 + max((self._depth(parent) for parent in self.groups[name].parents), default=0)


def _named(node: Node, key: str, *, whole: bool = False) -> Iterator[tuple[str, int, Mapping]]:
    """Yield name, line and mapping of what hangs below `key`; with `whole`, the mapping at `key` itself."""
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    if entry is None or not isinstance(entry.node, Mapping):
        return
    if whole:
        yield key, entry.line, entry.node
        return
    for name, inner in entry.node.entries.items():
        yield name, inner.line, inner.node if isinstance(inner.node, Mapping) else Mapping({}, inner.line)
