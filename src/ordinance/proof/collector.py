"""Python's collector of circles, held off while much is made at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_off() -> Iterator[None]:
    """Hold it off: rules and sets are millions of objects without circles, and looking for some takes a fifth of all time."""
    if not gc.isenabled():  # somebody further out holds it off already
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
