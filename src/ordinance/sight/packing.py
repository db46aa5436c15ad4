"""Sightings as JSON values and back, without loss: what is packed and unpacked is equal, or packing is refused.

The form is msgspec's: structs and dataclasses are objects, tuples and sets arrays, enums their values, bytes base64, the keys
of a mapping text. The type to read comes from whoever reads (the annotation of the look), never from the file.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Unpackable(ValueError):
    """A value is not what its type says, or JSON cannot hold it (a number that is none, half a surrogate pair)."""


def pack(value: Any) -> Any:
    """`value` as it will be read back from a line of JSON: objects, arrays, text, numbers, booleans, null. Raises Unpackable.

    Sets are sorted, so that equal values make equal lines.
    """
    try:
        built = msgspec.to_builtins(value, str_keys=True, order="deterministic")
        # the standard library's encoder, because it refuses NaN where msgspec would write null
        text = json.dumps(built, allow_nan=False, ensure_ascii=False)
        return msgspec.json.decode(text.encode())
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Unpackable(f"a {type(value).__name__} cannot be recorded: {error}") from error


def unpack(packed: Any, kind: type[T]) -> T:
    """The value of type `kind` that was packed. Raises Unpackable where it is not exactly one.

    A field that is missing, or that `kind` does not have, is refused: a default must not stand for what nobody recorded, and
    what somebody recorded must not be passed over.
    """
    try:
        value = msgspec.convert(packed, kind, strict=True, str_keys=True)
    except (ValueError, TypeError, RecursionError) as error:
        raise Unpackable(f"not a {kind.__name__}: {error}") from error
    if pack(value) != packed:
        raise Unpackable(f"not a {kind.__name__} of this version: a field of it is missing, strange or in another form")
    return value
