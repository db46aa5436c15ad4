"""The agent as it is sent: one text, for old Pythons, of the standard library alone."""

from __future__ import annotations

import ast
import sys

from ordinance.observe.agent.source import PARTS, agent_source, request


def test_the_joined_agent_is_python_3_7() -> None:
    ast.parse(agent_source(), feature_version=(3, 7))


def test_it_imports_the_standard_library_alone() -> None:
    tree = ast.parse(agent_source())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_no_two_parts_use_one_name() -> None:
    seen: dict[str, int] = {}
    for node in ast.parse(agent_source()).body:
        targets = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        if isinstance(node, ast.Assign):
            targets = [name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            targets = [node.target.id]
        for name in targets:
            seen[name] = seen.get(name, 0) + 1
    assert {name: times for name, times in seen.items() if times > 1} == {}


def test_every_part_of_the_program_is_in_it() -> None:
    assert "def main(" in agent_source()
    assert "__main__" in agent_source().splitlines()[-2]
    assert len(PARTS) == len(set(PARTS))


def test_the_request_holds_the_length_of_the_agent_first() -> None:
    length, _, rest = request({"job": "echo"}).partition(b"\n")
    assert rest[int(length) :] == b'{"job": "echo"}\n'
