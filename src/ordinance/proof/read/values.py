"""What stands on the right of a match, as ranges of a field. Whatever cannot be read raises `NotUnderstood`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from ordinance.proof.fields import IPV4, TCP_FLAGS, TOP, Range, interface, ipv4, ipv6

#: An IPv4 address as nft writes it; whatever else could be one is left to the library.
_BYTE = r"([1-9]?[0-9]|[12][0-9]{2})"
_DOTTED = re.compile(rf"{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}")


class NotUnderstood(Exception):
    """A part of a rule that the proof has no meaning for. Its text says what."""


def number(value: Any, names: Mapping[str, int], top: int) -> int:
    """Return a number, or what a name stands for, from 0 to `top`."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise NotUnderstood(f"{value!r} is no number")
    found = names.get(value) if isinstance(value, str) else value
    if found is None:
        try:
            found = int(str(value), 0)
        except ValueError:
            raise NotUnderstood(f'"{value}" is no number') from None
    if not 0 <= found <= top:
        raise NotUnderstood(f"{value} does not fit")
    return found


def numbers(value: Any, names: Mapping[str, int], top: int) -> Range:
    """Return a number or a range of numbers."""
    if isinstance(value, dict) and "range" in value:
        first, last = pair(value["range"])
        return number(first, names, top), number(last, names, top)
    found = number(value, names, top)
    return found, found


def pair(value: Any) -> tuple[Any, Any]:
    """Return the two ends of a range."""
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004
        raise NotUnderstood(f"{value!r} is no range")
    return value[0], value[1]


def address(value: Any, family: int) -> int:
    """Return one address as a number of its own width."""
    if not isinstance(value, str):
        raise NotUnderstood(f"{value!r} is no address")
    if family == IPV4 and (plain := _DOTTED.fullmatch(value)):
        first, second, third, fourth = map(int, plain.groups())
        if max(first, second, third, fourth) < 256:  # noqa: PLR2004
            return first << 24 | second << 16 | third << 8 | fourth
    try:
        return int(IPv4Address(value) if family == IPV4 else IPv6Address(value))
    except AddressValueError:
        raise NotUnderstood(f'"{value}" is no address') from None


def addresses(value: Any, family: int) -> Range:
    """Return an address, prefix or range as a range of `saddr` or `daddr`."""
    spread = ipv4 if family == IPV4 else ipv6
    if isinstance(value, dict) and "range" in value:
        first, last = pair(value["range"])
        return spread(address(first, family), address(last, family))
    if isinstance(value, dict) and "prefix" in value:
        return spread(*_prefix(value["prefix"], family))
    return spread(address(value, family))


def _prefix(value: Any, family: int) -> Range:
    if not isinstance(value, dict) or isinstance(value.get("len"), bool) or not isinstance(value.get("len"), int):
        raise NotUnderstood(f"{value!r} is no prefix")
    width, length = 32 if family == IPV4 else 128, value["len"]
    if not 0 <= length <= width:
        raise NotUnderstood(f"/{length} is no prefix")
    below = (1 << (width - length)) - 1
    first = address(value.get("addr"), family) & ~below
    return first, first | below


def interfaces(value: Any) -> Range:
    """Return an interface, or those of a wildcard. nft 1.0.6 loses the names of wildcards in sets: that is not understood."""
    if not isinstance(value, str) or not value:
        raise NotUnderstood("an interface whose name is not in the listing")
    name = value.replace("\\*", "*") if value.endswith("\\*") else value.removesuffix("*")
    try:
        return interface(name, wildcard=value.endswith("*") and not value.endswith("\\*"))
    except ValueError as error:
        raise NotUnderstood(str(error)) from None


def tcp_flags(value: Any) -> int:
    """Return the bits of a flag, a list of flags, or flags joined by `|`."""
    if isinstance(value, str) and value in TCP_FLAGS:
        return TCP_FLAGS[value]
    if isinstance(value, dict) and "|" in value:
        value = value["|"]
    if isinstance(value, list) and len(value) <= 16:  # noqa: PLR2004
        bits = 0
        for part in value:
            bits |= tcp_flags(part)
        return bits
    return number(value, {}, TOP["flags"])


def clock(value: Any) -> int:
    """Return a time of day, `HH:MM` or `HH:MM:SS`, in seconds."""
    parts = value.split(":") if isinstance(value, str) else []
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):  # noqa: PLR2004
        raise NotUnderstood(f"{value!r} is no time of day")
    hours, minutes, seconds = (*map(int, parts), 0)[:3]
    found = hours * 3600 + minutes * 60 + seconds
    if not 0 <= found <= TOP["second"]:
        raise NotUnderstood(f"{value!r} is no time of day")
    return found
