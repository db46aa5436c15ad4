"""Ways of looking whose packages are not part of the core: loaded when they are first used, and missed in words.

A run without them is not a smaller one: what they would have shown is *not seen*, and so unproven.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from ordinance.observe.api import CouldNotLook, Unseen


def with_extra(module: str, extra: str) -> ModuleType:
    """Return a module of ours that stands on the packages of an extra; CouldNotLook(TOOL) where they are not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = f"the package {error.name} is not installed here: it comes with ordinance[{extra}]"
        raise CouldNotLook(Unseen.TOOL, missing) from error
