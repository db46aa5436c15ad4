"""Makes `docs/sbom.cdx.json` from `uv.lock`: the bill of materials, CycloneDX 1.6; a test keeps the two alike.

The same lock gives the same bytes: no moment, no random serial, no host that a file came from.
"""

from __future__ import annotations

import json
import sys
import tomllib
import uuid
from collections.abc import Mapping
from typing import Any

from supply.licences import LICENCES
from supply.lock import PROJECT, PYTHONS, ROOT, Package, direct, holds, needed, read

SPECIFICATION = "1.6"
_SERIALS = uuid.UUID(
    "6f1d3b0a-6a53-5c0e-9f0c-2d0c7a1e1701"
)  #: namespace of our serial numbers: of no meaning, but for ever the same


def bill(packages: Mapping[str, Package]) -> dict[str, Any]:
    """Return the document: the core is `required`, what only an extra brings is `optional`."""
    extras = tuple(packages[PROJECT].extras)
    core = frozenset[str]().union(*(needed(packages, python) for python in PYTHONS))
    every = frozenset[str]().union(*(needed(packages, python, extras=extras) for python in PYTHONS))
    components = [_component(packages[name], "required" if name in core else "optional") for name in sorted(every)]
    body = {
        "metadata": {"component": _project(packages[PROJECT])},
        "components": components,
        "dependencies": [_edges(packages, name, extras if name == PROJECT else ()) for name in sorted({PROJECT, *every})],
    }
    serial = uuid.uuid5(_SERIALS, json.dumps(body, sort_keys=True))
    return {"bomFormat": "CycloneDX", "specVersion": SPECIFICATION, "serialNumber": f"urn:uuid:{serial}", "version": 1, **body}


def text(packages: Mapping[str, Package]) -> str:
    """Return the text of `docs/sbom.cdx.json`."""
    return json.dumps(bill(packages), indent=1, ensure_ascii=False) + "\n"


def _project(package: Package) -> dict[str, Any]:
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "type": "application",
        "bom-ref": package.purl,
        "name": about["name"],
        "version": about["version"],
        "description": about["description"],
        "licenses": _licences(about["license"]),
        "purl": package.purl,
    }


def _component(package: Package, scope: str) -> dict[str, Any]:
    """One package; `externalReferences` are the files of it that the set-up takes, each with its hash."""
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "scope": scope,
        "licenses": _licences(LICENCES[package.name]),
        "purl": package.purl,
        "externalReferences": [
            {"type": "distribution", "url": file.name, "hashes": [{"alg": "SHA-256", "content": file.sha256}]}
            for file in package.linux_files
        ],
    }


def _licences(expression: str) -> list[dict[str, Any]]:
    return [{"expression": expression} if " " in expression else {"license": {"id": expression}}]


def _edges(packages: Mapping[str, Package], name: str, extras: tuple[str, ...]) -> dict[str, Any]:
    package = packages[name]
    needs = [need for need in direct(package, extras) if any(holds(need.get("marker", ""), python) for python in PYTHONS)]
    return {"ref": package.purl, "dependsOn": sorted({packages[need["name"]].purl for need in needs})}


if __name__ == "__main__":
    sys.stdout.write(text(read()))
