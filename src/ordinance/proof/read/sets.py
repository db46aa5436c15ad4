"""Named sets and maps of an nft listing, and the elements of anonymous ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordinance.proof.ir import All, Either, Match, Unknown
from ordinance.proof.read.shown import shown
from ordinance.proof.read.values import NotUnderstood

Reader = Callable[[Any], Match]
#: Keys of an element that leave it what it is.
_PLAIN = {"val", "comment", "counter"}
_EXPIRES = {"timeout", "expires"}


class Sets:
    """The sets and maps of all tables, by family, table and name."""

    def __init__(self) -> None:
        self._sets: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._updated: set[tuple[str, str, str]] = set()
        self._read: dict[tuple[str, str, str, str], Match] = {}

    def add(self, table: tuple[str, str], name: str, body: dict[str, Any]) -> None:
        """Learn of a set or map."""
        self._sets[(*table, name)] = body

    def extend(self, table: tuple[str, str], name: str, elements: Any) -> None:
        """Add elements that the listing names apart from their set."""
        body = self._sets.setdefault((*table, name), {})
        body["elem"] = _listed(body.get("elem")) + _listed(elements)

    def updated(self, table: tuple[str, str], name: str) -> None:
        """Learn that some rule adds to a set, or takes away: what is in it is not known."""
        self._updated.add((*table, name))

    def members(self, table: tuple[str, str], name: str, read: Reader, left: str) -> Match:
        """Return the match of a set's elements. Raises NotUnderstood for a set that changes by itself, or is missing."""
        key = (*table, name, left)
        found = self._read.get(key)
        if found is None:
            parts = self.elements(self._lasting(table, name).get("elem"), read)
            found = self._read[key] = parts[0] if len(parts) == 1 else Either(tuple(parts))
        return found

    def entries(self, table: tuple[str, str], data: Any) -> list[tuple[Any, Any]]:
        """Return keys and values of a map, named or not. Raises NotUnderstood."""
        if isinstance(data, str) and data.startswith("@"):
            return [_entry(item) for item in _listed(self._lasting(table, data[1:]).get("elem"))]
        if isinstance(data, dict) and "set" in data:
            return [_entry(item) for item in _listed(data["set"])]
        raise NotUnderstood("a map without elements")

    @staticmethod
    def elements(items: Any, read: Reader) -> list[Match]:
        """Return each element as a match."""
        return [element(item, read) for item in _listed(items)]

    def _lasting(self, table: tuple[str, str], name: str) -> dict[str, Any]:
        found = self._sets.get((*table, name))
        if found is None:
            raise NotUnderstood(f"@{name} is not in the listing")
        said = found.get("flags", [])
        flags = said if isinstance(said, list) else [said]
        if not all(isinstance(flag, str) for flag in flags):
            raise NotUnderstood(f"@{name} has flags that are none")
        if (*table, name) in self._updated or "dynamic" in flags or "timeout" in flags or "timeout" in found:
            raise NotUnderstood(f"@{name} changes by itself")
        return found


def element(item: Any, read: Reader) -> Match:
    """Return one element as a match; one that may expire, or is limited, holds perhaps."""
    if not (isinstance(item, dict) and isinstance(item.get("elem"), dict)):
        return read(item)
    body = item["elem"]
    found = read(body.get("val"))
    odd = body.keys() - _PLAIN
    if not odd:
        return found
    return All((found, Unknown(f"element {shown(body.get('val'))} ({', '.join(sorted(odd))})", fresh=not odd <= _EXPIRES)))


def _listed(items: Any) -> list[Any]:
    if items is None:
        return []
    return items if isinstance(items, list) else [items]


def _entry(item: Any) -> tuple[Any, Any]:
    if not isinstance(item, list) or len(item) != 2:  # noqa: PLR2004
        raise NotUnderstood(f"{shown(item)} is no entry of a map")
    return item[0], item[1]
