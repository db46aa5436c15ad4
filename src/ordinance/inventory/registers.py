"""The registers: what people decided, by name and until a day."""

from __future__ import annotations

from ordinance.inventory import files
from ordinance.inventory.leaves import day
from ordinance.inventory.model import Attestation, Authorisation, Exemption, Registers


def resolve(file: files.Registers) -> Registers:
    """Return the registers with their days parsed. Expired entries stay: they are reported, not forgotten."""
    return Registers(
        authorisations=tuple(
            Authorisation(a.id, a.control, a.target, a.approved_by, a.reason, day(a.until), a.source or "")
            for a in file.authorisations
        ),
        attestations=tuple(Attestation(a.clause, a.by, day(a.given), a.reference, day(a.until)) for a in file.attestations),
        not_applicable=tuple(Exemption(e.control, e.decided_by, e.reason, day(e.until)) for e in file.not_applicable),
        legal_holds=tuple(file.legal_holds),
        departed=tuple(file.departed),
    )
