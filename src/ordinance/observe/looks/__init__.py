"""The looks: each goes and sees one thing for the whole inventory, and decides nothing."""

from __future__ import annotations

import pkgutil
from importlib import import_module


def register_all() -> None:
    """Import every look of this package, so that each enters `ordinance.observe.api.LOOKS` under its name."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
