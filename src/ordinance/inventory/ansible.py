"""Hosts taken from the output of `ansible-inventory --list` (JSON), named by `hosts_from`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ordinance.errors import DataError, Problem
from ordinance.inventory.files import GroupName, HostName, HostVars
from ordinance.inventory.groups import GroupNode, Membership
from ordinance.inventory.hosts import literal_secrets
from ordinance.strict import Mapping, Node, Scalar, Sequence, build, read


def add_listing(members: Membership, path: Path, problems: list[Problem]) -> None:
    """Add the groups and hosts of a listing to `members`; its host variables are already merged by Ansible."""
    try:
        tree = read(path)
    except DataError as error:
        problems += error.problems
        return
    file = str(path)
    if not isinstance(tree, Mapping):
        problems.append(Problem(file, 1, "not a listing of Ansible's", "write it with: ansible-inventory --list"))
        return
    problems += literal_secrets(tree, file)
    variables = _host_variables(tree, file, problems)
    for group, entry in tree.entries.items():
        if group != "_meta":
            build(Mapping({group: entry}, entry.line), dict[GroupName, Any], file, problems)
            _add_group(members, group, entry.node, variables, file)


def _host_variables(tree: Mapping, file: str, problems: list[Problem]) -> dict[str, Mapping]:
    meta = tree.entries.get("_meta")
    found = meta.node.entries.get("hostvars") if meta is not None and isinstance(meta.node, Mapping) else None
    if found is None or not isinstance(found.node, Mapping):
        what, right = "no _meta.hostvars, where host variables stand", "write the file with: ansible-inventory --list"
        problems.append(Problem(file, tree.line, what, right))
        return {}
    build(found.node, dict[HostName, HostVars], file, problems)
    return {name: entry.node for name, entry in found.node.entries.items() if isinstance(entry.node, Mapping)}


def _add_group(members: Membership, group: str, node: Node, variables: dict[str, Mapping], file: str) -> None:
    members.groups.setdefault(group, GroupNode(node.line))
    for child, line in _names(node, "children"):
        members.groups.setdefault(child, GroupNode(line)).parents.add(group)
    for host, line in _names(node, "hosts"):
        members.add_host(host, group, line, variables.get(host, Mapping({}, line)), file)


def _names(node: Node, key: str) -> list[tuple[str, int]]:
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    if entry is None or not isinstance(entry.node, Sequence):
        return []
    return [(item.value, item.line) for item in entry.node.items if isinstance(item, Scalar) and isinstance(item.value, str)]
