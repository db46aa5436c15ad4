"""What the templates are given: the record, arranged for reading. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ordinance.record.model import CheckRecord, ClauseRecord, ControlRecord, EvidenceRecord, Observation, Results, RunRecord
from ordinance.report import words
from ordinance.report.picture import Picture, picture

LINKS_A_PIECE = 12  #: observations linked from one piece of evidence; the others are counted
APPENDIX_MOST = 1_000  #: observations printed in the appendix; the journal has them all


@dataclass(frozen=True, slots=True)
class Link:
    """A cited observation. `number` is its place in the appendix; 0 when it is not printed there."""

    id: str
    number: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence with its links."""

    text: str
    links: tuple[Link, ...]
    more: int  #: cited observations that are not linked
    missing: int  #: cited observations that the journal does not hold
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check. `number` is its place in the results and names its anchor."""

    number: int
    record: CheckRecord
    kind: str
    evidence: tuple[Piece, ...]
    witnesses: tuple[Piece, ...]

    @property
    def calm(self) -> bool:
        """Whether nobody needs to look at it."""
        return self.kind not in words.NEEDS_ATTENTION


@dataclass(frozen=True, slots=True)
class ClauseView:
    """One clause with its checks."""

    number: int
    record: ClauseRecord
    kind: str
    checks: tuple[CheckView, ...]
    later: tuple[ControlRecord, ...]  #: controls that are not built yet

    @property
    def calm(self) -> bool:
        """Whether nobody needs to look at it."""
        return self.kind not in words.NEEDS_ATTENTION

    @property
    def opened(self) -> bool:
        """Whether the page shows it unfolded: a check of it needs a reader."""
        return any(not check.calm for check in self.checks)

    @property
    def attestation_lapsed(self) -> bool:
        """Whether there is an attestation, and it is not in force."""
        return self.record.attestation is not None and self.record.attestation.get("state") != "in force"

    @property
    def unattested(self) -> bool:
        """Whether a person would have to state the clause, or the human part of it, and nobody does at present."""
        asked = self.record.disposition == "attested" or bool(self.record.human_part)
        return asked and (self.record.attestation is None or self.attestation_lapsed)


@dataclass(frozen=True, slots=True)
class Chapter:
    """The clauses under one number of the policy ("9")."""

    number: str
    title: str
    clauses: tuple[ClauseView, ...]

    @property
    def calm(self) -> bool:
        """Whether nobody needs to look at it."""
        return all(clause.calm for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a bar: from `start` on, `width` wide, both in thousandths."""

    kind: str
    word: str
    count: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class View:
    """The whole report."""

    run: RunRecord
    kind: str
    chapters: tuple[Chapter, ...]
    checks: tuple[CheckView, ...]
    vantages: dict[str, str]  #: name of a vantage -> where that is, in words
    appendix: tuple[Observation, ...]
    cited: int
    verdict_shares: tuple[Share, ...]
    clause_shares: tuple[Share, ...]
    clauses: tuple[ClauseView, ...] = field(default=())

    def of_kind(self, kind: str) -> tuple[CheckView, ...]:
        """Select the checks with one verdict."""
        return tuple(check for check in self.checks if check.kind == kind)

    def standing(self, kind: str) -> tuple[ClauseView, ...]:
        """Select the clauses with one standing."""
        return tuple(clause for clause in self.clauses if clause.kind == kind)

    @property
    def unattested(self) -> tuple[ClauseView, ...]:
        """Clauses that somebody would have to state, and nobody does at present."""
        return tuple(clause for clause in self.clauses if clause.unattested)

    @property
    def attested(self) -> int:
        """Clauses that somebody states, the human part of tested ones included."""
        asked = [clause for clause in self.clauses if clause.record.disposition == "attested" or clause.record.human_part]
        return len(asked) - len(self.unattested)

    @property
    def later(self) -> tuple[ClauseView, ...]:
        """Clauses with controls that are not built yet."""
        return tuple(clause for clause in self.clauses if clause.later)


def arrange(results: Results, observations: Iterable[Observation]) -> View:
    """Arrange a run for reading."""
    known = {item.id: item for item in observations}
    printed, cited = _appendix(results.checks, known)
    numbers = {name: number for number, name in enumerate(printed, 1)}
    checks = tuple(_check(number, check, numbers, known) for number, check in enumerate(results.checks, 1))
    later = {control.id: control for control in results.controls if not control.covered}
    clauses = tuple(_clause(number, clause, checks, later) for number, clause in enumerate(results.clauses, 1))
    return View(
        run=results.run,
        kind=_headline_kind(results.run),
        chapters=_chapters(clauses, results.sections),
        checks=checks,
        vantages={place.get("name", ""): _where(place) for place in results.run.vantages},
        appendix=tuple(known[name] for name in printed),
        cited=cited,
        verdict_shares=_shares(words.VERDICTS, [check.kind for check in checks]),
        clause_shares=_shares(tuple(words.WORDS), [_share_of(clause) for clause in clauses]),
        clauses=clauses,
    )


def _share_of(clause: ClauseView) -> str:
    """Count a missing attestation apart from checks that could not be settled."""
    return "unattested" if clause.kind == "unproven" and not clause.checks else clause.kind


def _headline_kind(run: RunRecord) -> str:
    return run.headline if run.headline in ("compliant", "violated") else "unproven"


def _where(place: dict[str, str]) -> str:
    name, zone, host = (place.get(key, "") for key in ("name", "zone", "host"))
    return f"{name} (zone {zone}, {host})" if host not in ("", name) else name if name == zone else f"{name} (zone {zone})"


def _appendix(checks: Sequence[CheckRecord], known: dict[str, Observation]) -> tuple[list[str], int]:
    """Ids to print, in the order of the journal, those of checks that need attention kept first when there are too many."""
    urgent = sorted(checks, key=lambda check: check.verdict not in words.NEEDS_ATTENTION)
    cited = dict.fromkeys(
        name for check in urgent for piece in check.evidence for name in piece.observations[:LINKS_A_PIECE] if name in known
    )
    return sorted(list(cited)[:APPENDIX_MOST]), len(cited)


def _check(number: int, check: CheckRecord, numbers: dict[str, int], known: dict[str, Observation]) -> CheckView:
    def pieces(*, witness: bool) -> tuple[Piece, ...]:
        return tuple(_piece(item, numbers, known) for item in check.evidence if item.witness is witness)

    return CheckView(number, check, words.kind(check.verdict), pieces(witness=False), pieces(witness=True))


def _piece(item: EvidenceRecord, numbers: dict[str, int], known: dict[str, Observation]) -> Piece:
    cited = item.observations
    links = tuple(Link(name, numbers.get(name, 0)) for name in cited[:LINKS_A_PIECE] if name in known)
    missing = sum(name not in known for name in cited)
    return Piece(item.text, links, max(0, len(cited) - missing - len(links)), missing, picture(item.passages))


def _clause(number: int, clause: ClauseRecord, checks: tuple[CheckView, ...], later: dict[str, ControlRecord]) -> ClauseView:
    own = tuple(check for check in checks if check.record.clause == clause.id)
    waiting = tuple(later[name] for name in clause.controls_not_covered_yet if name in later)
    return ClauseView(number, clause, words.kind(clause.standing), own, waiting)


def _chapters(clauses: Sequence[ClauseView], headings: dict[str, str]) -> tuple[Chapter, ...]:
    grouped: dict[str, list[ClauseView]] = {}
    for clause in clauses:
        grouped.setdefault(clause.record.id.split(".")[0], []).append(clause)
    return tuple(
        Chapter(number, headings.get(number) or _title(number, members), tuple(members)) for number, members in grouped.items()
    )


def _title(number: str, members: list[ClauseView]) -> str:
    return next((clause.record.title for clause in members if clause.record.id == number), "")


def _shares(order: Sequence[str], kinds: Sequence[str]) -> tuple[Share, ...]:
    shares: list[Share] = []
    start = 0.0
    for kind in order:
        number = sum(item == kind for item in kinds)
        if number:
            width = 1000 * number / len(kinds)
            shares.append(Share(kind, words.WORDS[kind], number, round(start, 2), round(width, 2)))
            start += width
    return tuple(shares)
