"""What a run is judged against, kept with its records: `inputs/` of the run folder, byte for byte.

    inputs/inventory.yml            the inventory
    inputs/hosts.json               the listing its `hosts_from` names, when there is one
    inputs/policy/clauses.yml, inputs/policy/controls.yml
    inputs/policy/profiles/NAME.yml one profile, the one that was used

Secrets are in none of them: an inventory names where they are kept.
"""

from __future__ import annotations

import re
from pathlib import Path

from ordinance.errors import OrdinanceError
from ordinance.inventory.load import listing_of
from ordinance.law.load import policy_folder, profile_file

INPUTS = "inputs"
INVENTORY = "inventory.yml"
LISTING = "hosts.json"
POLICY = "policy"
PROFILES = f"{POLICY}/profiles"
_POLICY_FILES = ("clauses.yml", "controls.yml")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def gather(inventory: Path, profile: str) -> dict[str, bytes]:
    """The bytes of every input, by its name below `inputs/`. Raises OrdinanceError, DataError."""
    policy, listing, used = policy_folder(), listing_of(inventory), profile_file(profile)
    paths = {INVENTORY: inventory, **({LISTING: listing} if listing is not None else {})}
    paths |= {f"{POLICY}/{name}": policy / name for name in _POLICY_FILES}
    paths[f"{PROFILES}/{used.stem if _PLAIN_NAME.match(used.stem) else 'profile'}.yml"] = used
    return {name: bytes_of(path) for name, path in paths.items()}


def profile_in(policy: Path) -> Path:
    """The one profile that is kept in a copied policy folder. Raises OrdinanceError when it is not one."""
    found = sorted((policy / "profiles").glob("*.yml"))
    if len(found) != 1:
        raise OrdinanceError(f"{policy / 'profiles'}: holds {len(found)} profiles; a run is judged by one")
    return found[0]


def bytes_of(path: Path) -> bytes:
    """What a file holds. Raises OrdinanceError, naming it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise OrdinanceError(f"{path} cannot be read: {error.strerror}") from error
