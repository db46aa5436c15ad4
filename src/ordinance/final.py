"""What may be said at the end: nothing good that rests on what the journal does not hold, and no secret."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar

from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Waived

_Piece = TypeVar("_Piece", bound=Evidence)


def final(verdict: Verdict, recorded: Collection[str], redact: Callable[[str], str]) -> Verdict:
    """The verdict as it is published. `recorded` are the ids of the journal, `redact` takes secrets out of a text.

    A peer may say back what was said to it, so a secret can stand in any sentence about it.
    """
    return _without_secrets(_as_recorded(verdict, recorded), redact)


def _as_recorded(verdict: Verdict, recorded: Collection[str]) -> Verdict:
    """Compliant (or waived) with a piece of evidence or a witness that nobody can look up proves nothing: unproven."""
    if not isinstance(verdict, Compliant | Waived):
        return verdict
    cited = dict.fromkeys(name for piece in (*verdict.evidence, *verdict.witnesses) for name in piece.observations)
    missing = [name for name in cited if name not in recorded]
    if not missing:
        return verdict
    why = f"it rests on {', '.join(missing[:3])}, which the journal does not hold ({len(missing)} of {len(cited)} observations)"
    return Unproven(f"{why}; what was said of it: {verdict.reason}", verdict.evidence, verdict.witnesses)


def _without_secrets(verdict: Verdict, redact: Callable[[str], str]) -> Verdict:
    return replace(
        verdict,
        reason=redact(verdict.reason),
        evidence=tuple(_piece(piece, redact) for piece in verdict.evidence),
        witnesses=tuple(_piece(piece, redact) for piece in verdict.witnesses),
    )


def _piece(piece: _Piece, redact: Callable[[str], str]) -> _Piece:
    return replace(piece, text=redact(piece.text))
