"""What earlier runs of a reports folder swept: read from their own records, and verified before it counts.

A night counts when it is sealed, its evidence is sound, and every night from it to now is here and sound: a night that is missing
or was tampered with may have seen what somebody wants forgotten, so nothing older than it vouches for anything. What such older
nights, and runs that were killed, saw open is not forgotten all the same.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec.structs import replace

from ordinance.errors import OrdinanceError
from ordinance.inputs import INPUTS, INVENTORY, LISTING
from ordinance.inventory.load import load
from ordinance.inventory.model import Inventory
from ordinance.observe.api import Night
from ordinance.record.chain import NotSound
from ordinance.record.folder import JOURNAL
from ordinance.record.head import RUN_NAME
from ordinance.record.journal import read_journal
from ordinance.record.seal import SEAL
from ordinance.record.signers import own
from ordinance.record.verify import Sound, verify_run
from ordinance.sight.packing import Unpackable, unpack
from ordinance.sight.perimeter import SweepSighting
from ordinance.sightings import SIGHTING

LOOK = "perimeter-sweep"


def nights_before(reports: Path, run: str, inventory: Inventory) -> tuple[Night, ...]:
    """Every earlier night that swept the same city from the same vantage, newest first. Raises OrdinanceError without a key."""
    signers = own()
    broken = ""  # why nothing older vouches for anything
    awaited = ""  # the hash that the night before must have, by the one after it
    nights: list[Night] = []
    for path in sorted((p for p in reports.iterdir() if RUN_NAME.match(p.name) and p.name != run), reverse=True):
        sound, spoilt = _verified(path, signers)
        broken = broken or spoilt
        if sound is not None:
            broken = broken or _not_the_awaited(awaited, sound)
            previous = sound.head.previous
            awaited = previous.sha256 if previous is not None else _BEGINNING
        sweep, unread = _sweep_of(path, inventory)
        broken = broken or unread
        if sweep is not None:
            why = broken or ("" if sound is not None else f"{path.name} was never sealed")
            nights.append(Night(path.name, not why, why, sweep))
    return tuple(nights)


_BEGINNING = "none"


def _verified(path: Path, signers: Collection[bytes]) -> tuple[Sound | None, str]:
    """Verify one run; and why nothing older vouches, where it is not sound. One that was killed had no seal to lose."""
    if not any((path / name).exists() for name in SEAL):
        return None, ""
    try:
        return verify_run(path, signers), ""
    except (NotSound, OSError) as error:
        return None, f"the evidence of {path.name} is not sound ({error})"


def _not_the_awaited(awaited: str, sound: Sound) -> str:
    """Say when the night after this one names another as the night before it."""
    if awaited in ("", sound.head_sha256):
        return ""
    return f"{sound.folder.name} is not the night that the next one was sealed after: one is missing, or was replaced"


def _sweep_of(path: Path, inventory: Inventory) -> tuple[SweepSighting | None, str]:
    """Return what a run swept, if it did and was about this city; and why nothing older vouches, where it cannot be read."""
    if not (path / JOURNAL).is_file():
        # a run leaves its journal before its first packet; one whose inputs are there too had begun to look
        gone = (path / INPUTS).exists()
        return None, f"{path.name} has no journal" if gone else ""
    try:
        lines = [seen for seen in read_journal(path / JOURNAL) if seen.action == SIGHTING and seen.look == LOOK]
        if not lines or "sighting" not in lines[0].details:
            return None, ""
        if not _same_city(path, inventory):
            return None, ""
        packed = lines[0].details["sighting"]
        return _stripped(unpack(packed, SweepSighting)), ""
    except (OrdinanceError, NotSound, Unpackable, OSError, ValueError) as error:
        return None, f"the records of {path.name} cannot be read ({error})"


def _stripped(sweep: SweepSighting) -> SweepSighting:
    """Without what that night had itself taken over: each night speaks for itself."""
    return replace(sweep, rotation=None)


def _same_city(path: Path, inventory: Inventory) -> bool:
    """Whether the run was about this city, seen from this vantage."""
    listing = path / INPUTS / LISTING
    then = load(path / INPUTS / INVENTORY, copied_from=Path(inventory.source), listing=listing if listing.is_file() else None)
    return (then.city, then.lab) == (inventory.city, inventory.lab) and _outside(then) == _outside(inventory)


def _outside(inventory: Inventory) -> tuple[object, ...]:
    """Who the outside vantage is: its host, where it is reached, by which keys it is known."""
    place = inventory.vantages.get("outside")
    host = inventory.hosts.get(place.host or "") if place is not None else None
    if host is None or host.ssh is None:
        return (place,)
    return host.name, host.ssh.address, host.ssh.port, host.ssh.host_keys
