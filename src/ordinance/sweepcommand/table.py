"""A sweep for people: a table of what answered, and the certificate of what did not."""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.judge.sweeping import engine_words
from ordinance.report.text import clean
from ordinance.sight.perimeter import Certificate
from ordinance.sight.ports import count, listed, said
from ordinance.sweepcommand.meaning import OPEN, PASSED, REFUSED, REJECTED, SILENT, UNKNOWN, Row, Told

_WORDS = {
    OPEN: "open",
    PASSED: "let through, nobody listens",
    REJECTED: "rejected on the way",
    REFUSED: "refused, by whom is not known",
    UNKNOWN: "not known",
    SILENT: "silent",
}
_WIDTH = max(map(len, _WORDS.values()))
_NAME = 14
#: Addresses alike (all silent, say) are one line from so many on.
_ALIKE, _NAMED = 3, 16


def lines(told: Told) -> Iterator[str]:
    """Yield the whole answer, line by line; every character of it may be shown."""
    yield from map(clean, (*_addresses(told), "", *_certificate(told), "", *_verdict(told)))


def _addresses(told: Told) -> Iterator[str]:
    alike: dict[tuple[tuple[object, ...], ...], list[str]] = {}
    for address in dict.fromkeys(row.address for row in told.rows):
        shape = tuple((row.meaning, row.ports, row.how) for row in told.rows if row.address == address)
        alike.setdefault(shape, []).append(address)
    for names in alike.values():
        rows = [row for row in told.rows if row.address == names[0]]
        for heading in [f"{len(names)} addresses alike: {listed(names, most=_NAMED)}"] if len(names) >= _ALIKE else names:
            yield heading
            yield from map(_row, rows)


def _row(row: Row) -> str:
    number = count(row.ports)
    ports = f"{number:,} ports" if row.meaning == SILENT else said(row.ports)
    return f"  {_WORDS[row.meaning]:<{_WIDTH}}  {ports}{f': {row.how}' if row.how else ''}"


def _certificate(told: Told) -> Iterator[str]:
    held = told.seen.certificate
    yield "certificate"
    for name, text in _entries(held):
        yield f"  {name:<{_NAME}}{text}"


def _entries(held: Certificate) -> Iterator[tuple[str, str]]:
    yield "engine", engine_words(held)
    yield "from", f"{held.vantage}, {held.started} to {held.finished}, {held.seconds:.1f} s"
    yield "covered", f"{held.ports_covered:,} of {held.ports_planned:,} ports, {held.probes:,} probes"
    sent, answered = sum(c.sent for c in held.canaries), sum(c.answered for c in held.canaries)
    late = sum(bool(canary.late_answered) for canary in held.canaries)
    yield "canaries", f"{answered:,} of {sent:,} answered; {late} of {len(held.canaries)} witnesses answered at the end"
    for bound in held.bounds:
        yield "miss bound", f"IPv{bound.family} {bound.miss_bound:.1e} a port after {bound.rounds} rounds"
    yield "windows", f"{held.voided_windows:,} void, {held.requeued:,} ports asked again for it"
    lost = f", {held.by.ring_drops:,} answers that it had no room for ({held.by.asked_again:,} asked again)" if held.by else ""
    yield "dropped", f"{held.local_errors:,} probes that the vantage could not send{lost}"
    for gap in held.unechoed:
        yield "not echoed", f"IPv{gap.family} ports {said(gap.ports)}"
    icmp, hops = ("yes" if able else "no" for able in (held.hears_icmp, held.reads_hops))
    yield "privileges", f"hears late ICMP errors: {icmp}; reads hops: {hops}"


def _verdict(told: Told) -> Iterator[str]:
    for note in told.notes:
        yield f"note: {note}"
    if told.proven:
        yield "complete: what is not shown above was not open, within the miss bound"
        return
    yield "UNPROVEN: ports may have been missed"
    for doubt in told.doubts or ("the sweep was not complete",):
        yield f"  {doubt}"
