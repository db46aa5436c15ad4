"""The tree a YAML file becomes: plain values that remember their lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rules:
    """What a kind of file may hold beyond the strictest."""

    aliases: bool = False  #: anchors and aliases (`&x`, `*x`)
    paragraphs: bool = False  #: line feeds inside block scalars (`|`, `>`)
    most_bytes: int = 16 * 1024 * 1024
    most_depth: int = 64
    most_nodes: int = 1_000_000  #: counted after aliases are followed


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `line` counts from 1; `odd` says that it was refused, so that nobody complains of it twice."""

    value: str | int | float | bool | None
    line: int
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's line and its value."""

    line: int
    node: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping; its keys are always text."""

    entries: dict[str, Entry]
    line: int


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> Any:
    """Return the node as built-in values, without lines."""
    if isinstance(node, Mapping):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value


def line_of(node: Node, path: Iterable[str | int]) -> int:
    """Return the line of the value at `path`, or of the deepest part of the path that exists."""
    line = node.line
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
            line, node = node.entries[step].line, node.entries[step].node
        elif isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
            node = node.items[step]
            line = node.line
        else:
            break
    return line
