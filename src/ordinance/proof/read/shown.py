"""nft's JSON put into words again, near enough to what a person wrote to be found in the ruleset. Total: never raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

MOST = 300
MOST_ITEMS = 20
_SKIPPED = ("counter", "comment", "last")


def rule_text(expressions: Any) -> str:
    """Return a rule as one line."""
    if not isinstance(expressions, list):
        return shown(expressions)
    return " ".join(shown(part) for part in expressions if not (isinstance(part, dict) and next(iter(part), "") in _SKIPPED))


def shown(part: Any) -> str:
    """Return any part of a rule as text on one line, cut when it is long."""
    try:
        text = _shown(part)
    except (TypeError, ValueError, KeyError, RecursionError, AttributeError, IndexError):
        text = "?"
    return text if len(text) <= MOST else text[: MOST - 4] + " ..."


def _shown(part: Any) -> str:
    if isinstance(part, list):
        return ",".join(map(_shown, part[:MOST_ITEMS])) + (",..." if len(part) > MOST_ITEMS else "")
    if not isinstance(part, dict):
        return part if isinstance(part, str) else json.dumps(part)
    if len(part) == 1:
        key, value = next(iter(part.items()))
        known = _KNOWN.get(key)
        return known(value) if known else f"{key} {_shown(value)}" if value is not None else key
    return json.dumps(part)


def _match(value: Any) -> str:
    sign = {"==": "", "in": ""}.get(value["op"], f"{value['op']} ")
    return f"{_shown(value['left'])} {sign}{_shown(value['right'])}"


def _payload(value: Any) -> str:
    if "protocol" in value:
        return f"{value['protocol']} {value['field']}"
    return f"@{value['base']},{value['offset']},{value['len']}"


def _set(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    return "{ " + ", ".join(_element(item) for item in items[:MOST_ITEMS]) + (", ..." if len(items) > MOST_ITEMS else "") + " }"


def _element(item: Any) -> str:
    return f"{_shown(item[0])} : {_shown(item[1])}" if isinstance(item, list) and len(item) == 2 else _shown(item)  # noqa: PLR2004


def _ct(value: Any) -> str:
    return " ".join(str(value[key]) for key in ("dir", "family", "key") if key in value).join(("ct ", ""))


_KNOWN: dict[str, Callable[[Any], str]] = {
    "match": _match,
    "payload": _payload,
    "meta": lambda value: value["key"] if value["key"] in ("iifname", "oifname", "iif", "oif") else f"meta {value['key']}",
    "ct": _ct,
    "set": lambda value: f"set {_shown(value)}" if isinstance(value, dict) else _set(value),
    "range": lambda value: f"{_shown(value[0])}-{_shown(value[1])}",
    "prefix": lambda value: f"{value['addr']}/{value['len']}",
    "concat": lambda value: " . ".join(map(_shown, value)),
    "&": lambda value: f"{_shown(value[0])} & ({_shown(value[1]).replace(',', '|')})",
    "|": lambda value: "|".join(map(_shown, value)),
    "vmap": lambda value: f"{_shown(value['key'])} vmap {_shown(value['data'])}",
    "map": lambda value: f"{_shown(value['key'])} map {_shown(value['data'])}",
    "elem": lambda value: _shown(value["val"]),
    "jump": lambda value: f"jump {value['target']}",
    "goto": lambda value: f"goto {value['target']}",
    "mangle": lambda value: f"{_shown(value['key'])} set {_shown(value['value'])}",
    "limit": lambda value: f"limit rate {'over ' if value.get('inv') else ''}{value['rate']}/{value['per']}",
    "log": lambda value: f'log prefix "{value["prefix"]}"' if isinstance(value, dict) and "prefix" in value else "log",
    "dnat": lambda value: _nat("dnat", value),
    "redirect": lambda value: _nat("redirect", value),
    "reject": lambda value: f"reject with {value['type']}" if isinstance(value, dict) and "type" in value else "reject",
}


def _nat(name: str, value: Any) -> str:
    if not isinstance(value, dict):
        return name
    address = _shown(value["addr"]) if "addr" in value else ""
    return f"{name} to {address}{':' + _shown(value['port']) if 'port' in value else ''}"
