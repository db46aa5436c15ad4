"""What is audited against what: inventory, policy, profile and selection, read before anything else happens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ordinance.inputs import INVENTORY, LISTING, POLICY, bytes_of, gather, profile_in
from ordinance.inventory.load import load as load_inventory
from ordinance.inventory.model import Inventory
from ordinance.judge.register import exempted
from ordinance.judge.verdict import Unproven, Verdict
from ordinance.law.load import load_law, load_profile
from ordinance.law.model import Law, Profile
from ordinance.plan import PlannedCheck, Selection, make_plan


@dataclass(frozen=True, slots=True)
class Brief:
    """What is audited against what."""

    inventory: Inventory
    inventory_sha256: str
    law: Law
    profile: Profile
    selection: Selection
    #: the bytes of what was read, by name below `inputs/`; a replay keeps none
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    #: the checks that a replay is about, by control and target; None: all that were selected
    kept: frozenset[tuple[str, str]] | None = None

    @classmethod
    def read(cls, inventory: Path, profile: str, selection: Selection) -> Brief:
        """Read inventory, policy and profile. Raises DataError with every problem found."""
        read, law, used = load_inventory(inventory), load_law(), load_profile(profile)
        inputs = gather(inventory, profile)
        return cls(read, hashlib.sha256(inputs[INVENTORY]).hexdigest(), law, used, selection, inputs)

    @classmethod
    def of_copies(
        cls, folder: Path, source: str, *, policy: Path | None = None, profile: str | None = None,
        kept: frozenset[tuple[str, str]] | None = None,
    ) -> Brief:  # fmt: skip
        """Read the `inputs/` of a run. `source` is where its inventory stood.

        Another `policy` folder or another `profile` (a name or a file) takes the place of the copy; with another policy and no
        profile, that policy's profile of the same name. Raises DataError, OrdinanceError.
        """
        listing = folder / LISTING
        inventory = load_inventory(folder / INVENTORY, copied_from=Path(source), listing=listing if listing.is_file() else None)
        copied = load_profile(profile_in(folder / POLICY))
        name = profile or (copied.name if policy is not None else None)
        digest = hashlib.sha256(bytes_of(folder / INVENTORY)).hexdigest()
        used = copied if name is None else load_profile(name, policy)
        return cls(inventory, digest, load_law(policy or folder / POLICY), used, Selection(), kept=kept)

    def plan(self) -> tuple[PlannedCheck, ...]:
        """Every check that was asked for."""
        made = make_plan(self.law, self.inventory, self.selection)
        return made if self.kept is None else tuple(check for check in made if check.key in self.kept)

    def says_the_same(self, other: Brief) -> bool:
        """Whether both lead to the same judgement of the same records."""
        return (self.inventory, self.inventory_sha256, self.law, self.profile) == (
            other.inventory,
            other.inventory_sha256,
            other.law,
            other.profile,
        )

    def day_of(self, moment: datetime) -> date:
        """The city's calendar day."""
        return moment.astimezone(ZoneInfo(self.inventory.timezone)).date()

    def foregone(self, check: PlannedCheck, today: date) -> Verdict | None:
        """A verdict that needs no looking: decided not to apply, or nothing declared to look at."""
        exemption = exempted(check.control, self.inventory.registers, today)
        if exemption is not None:
            return exemption
        return Unproven(check.lacking) if check.lacking else None

    def looks_behind(self, checks: Iterable[PlannedCheck], today: date) -> tuple[str, ...]:
        """Names of the looks that these checks rest on, where there is something to look at."""
        wanted = [
            name for check in checks if self.foregone(check, today) is None for name in self.law.controls[check.control].looks
        ]
        return tuple(dict.fromkeys(wanted))
