"""The JSON Schema of the inventory file, made from the file structs, so that the two cannot part."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from ordinance.inventory.files import InventoryFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """Return the schema as it stands in `inventory/schema.json`."""
    schema: dict[str, Any] = {"$schema": _DIALECT, "title": "Inventory of a city"} | msgspec.json.schema(InventoryFile)
    # A struct that forbids unknown keys cannot say "but any ansible_*": the reader does, so the schema must.
    schema["$defs"]["HostVars"]["patternProperties"] = {"^ansible_": {}}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
