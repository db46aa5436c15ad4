"""The last line of a raw sweep: answers as ranges, and all that the certificate needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordinance.observe.agent.listener import hops_of
from ordinance.observe.sweep.arrays import np
from ordinance.observe.sweep.witnesses import CLOSING

if TYPE_CHECKING:
    from ordinance.observe.sweep.engine import RawSweep

#: An address more than half of whose asked ports are open answers on every port, or somebody does in its name.
EVERYWHERE, ENOUGH = 0.5, 64


def last_line(sweep: RawSweep, drops: int, seconds: float) -> dict[str, Any]:
    """Tell everything. The keys are those of `agent.sweep.Sweep.result`, and from "ring_drops" on those of this engine alone."""
    answers = _answers(sweep)
    return {
        "voided": sweep.rounds.voided,
        "requeued": sweep.rounds.requeued,
        "local": len(sweep.lost_hosts) * len(sweep.plan.ports),
        "probes": sweep.air.sent,
        "answers": answers,
        "canaries": _canaries(sweep),
        "bounds": sweep.bounds.told(sweep.witnesses),
        "complete": not sweep.gave_up,
        "why_incomplete": sweep.gave_up,
        "quiet_loss": float(sweep.quiet_loss),
        "privileged": True,
        "awaited": sweep.awaited,
        "seconds": seconds,
        "ring_drops": drops,
        "asked_again": sweep.rounds.asked_again,
        "enobufs": sweep.air.busy(),
        "foreign": sweep.air.foreign,
        "mute": sweep.air.mute + sweep.witnesses.mute,
        "contradictions": sweep.ledger.contradictions,
        "source_ports": [sweep.sources.first, sweep.sources.last],
        "rate": sweep.pace.rate,
        "early": sweep.rounds.early,
        "everywhere": _everywhere(answers),
    }


def _answers(sweep: RawSweep) -> list[dict[str, Any]]:
    return [
        dict(outcome._asdict(), address=name, echo=host in sweep.plan.echoes, ports=ports)
        for host, name in enumerate(sweep.plan.swept)
        for outcome, ports in sweep.ledger.answers(host)
    ]


def _canaries(sweep: RawSweep) -> list[dict[str, Any]]:
    witnesses = sweep.witnesses
    counted = np.flatnonzero(witnesses.round[: witnesses.count] > 0)
    sent, answered = witnesses.tally(counted)
    late_sent, late_answered = witnesses.tally(witnesses.of_round(CLOSING))
    return [
        {
            "address": address,
            "port": port,
            "sent": int(sent[number]),
            "answered": int(answered[number]),
            "late_sent": int(late_sent[number]),
            "late_answered": int(late_answered[number]),
            "hops": hops_of(int(witnesses.ttl[number])) if witnesses.ttl[number] else None,
        }
        for number, (address, port, _) in enumerate(sweep.plan.canaries)
    ]


def _everywhere(answers: list[dict[str, Any]]) -> list[str]:
    """Swept addresses (the echo apart) of which most ports are open."""
    counts: dict[str, list[int]] = {}
    for group in answers:
        if not group["echo"]:
            held = counts.setdefault(group["address"], [0, 0])
            ports = sum(last - first + 1 for first, last in group["ports"])
            held[0] += ports if group["answer"] == "open" else 0
            held[1] += ports
    return [name for name, (opened, ports) in counts.items() if opened >= ENOUGH and opened > EVERYWHERE * ports]
