"""The public address space: ranges become every address in them."""

from __future__ import annotations

from ipaddress import IPv4Network

from ordinance.errors import Problem
from ordinance.inventory import leaves
from ordinance.inventory.files import InventoryFile, PublicRange
from ordinance.inventory.model import Address, PublicGroup
from ordinance.strict import Loaded

_WIDEST = 20  #: a /20 is 4096 addresses; a sweep of more belongs in groups of its own


def expand(loaded: Loaded[InventoryFile], problems: list[Problem]) -> tuple[PublicGroup, ...]:
    """Return the public groups, every address once."""
    seen: dict[Address, str] = {}
    names: set[str] = set()
    groups = []
    for index, public in enumerate(loaded.value.public):
        if public.name in names:
            problems.append(
                loaded.problem(
                    ("public", index, "name"), f'two public groups are named "{public.name}"', "give each its own name"
                )
            )
        names.add(public.name)
        groups.append(PublicGroup(public.name, tuple(_addresses(loaded, index, public, seen, problems))))
        if not public.ranges and not public.addresses:
            right = "list ranges (IPv4) or addresses (IPv4, IPv6)"
            problems.append(loaded.problem(("public", index), f'the public group "{public.name}" holds no address', right))
    return tuple(groups)


def _addresses(
    loaded: Loaded[InventoryFile], index: int, public: PublicRange, seen: dict[Address, str], problems: list[Problem]
) -> list[Address]:
    listed: list[tuple[Address, tuple[str | int, ...]]] = []
    for position, text in enumerate(public.ranges):
        path: tuple[str | int, ...] = ("public", index, "ranges", position)
        network = leaves.network(text)
        if not isinstance(network, IPv4Network):
            right = "list each used IPv6 address below addresses: no IPv6 range can be swept whole"
            problems.append(loaded.problem(path, f"{text} is an IPv6 range", right))
        elif network.prefixlen < _WIDEST:
            problems.append(
                loaded.problem(path, f"{text} is wider than a /{_WIDEST}", f"split it into ranges of /{_WIDEST} or narrower")
            )
        else:
            listed += [(address, path) for address in network]
    listed += [(leaves.address(text), ("public", index, "addresses", position)) for position, text in enumerate(public.addresses)]
    kept, twice = [], set()
    for address, path in listed:
        if address in seen and path not in twice:
            twice.add(path)
            what = f'{address} is already in the public group "{seen[address]}"'
            problems.append(loaded.problem(path, what, "list every public address once"))
        seen.setdefault(address, public.name)
        kept.append(address)
    return kept
