"""What a sweep may claim, out of the last line of whichever engine swept."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import msgspec

from ordinance.sight.perimeter import (
    RAW,
    AddressSweep,
    Answer,
    Canary,
    Certificate,
    Coverage,
    Engine,
    FamilyBound,
    Unechoed,
)
from ordinance.sight.ports import Range, count

#: How the engines call themselves in a certificate.
NAMES = {
    "raw": "raw sweep, packet agent 1",
    "connect": "connect sweep, packet agent 1",
    "tunnel": "tunnel sweep through SSH channels",
}


def certificate(  # noqa: PLR0917 - of whom, by whom, when, and what is against it
    last: dict[str, Any], swept: Sequence[AddressSweep], vantage: str, ports: Range,
    known: tuple[tuple[str, str], tuple[int, ...]], reasons: Sequence[str],
) -> Certificate:  # fmt: skip
    """Read a last line. `known` are begin and end, and the echo's families; `reasons` are the look's own against completeness."""
    moments, echo_families = known
    against = [text for text in (last["why_incomplete"], *reasons) if text]
    covered = tuple(_coverage(swept, count([ports])))
    return Certificate(
        vantage=vantage, engine=NAMES[last["engine"]], started=moments[0], finished=moments[1],
        complete=last["complete"] and not against, why_incomplete="; ".join(against),
        ports_planned=sum(part.planned for part in covered), ports_covered=sum(part.covered for part in covered),
        probes=last["probes"], seconds=last["seconds"], canaries=msgspec.convert(last["canaries"], tuple[Canary, ...]),
        bounds=msgspec.convert(last["bounds"], tuple[FamilyBound, ...]), voided_windows=last["voided"],
        requeued=last["requeued"], local_errors=last["local"], hears_icmp=last["privileged"], reads_hops=last["privileged"],
        awaited=last.get("awaited", True),
        unechoed=tuple(_unechoed(last)), echo_families=echo_families, by=_engine(last, swept, covered),
    )  # fmt: skip


def _engine(last: dict[str, Any], swept: Sequence[AddressSweep], covered: tuple[Coverage, ...]) -> Engine:
    """Read what the engine noticed; of the one that connects the kernel did the hearing."""
    raw = last["engine"] == RAW
    counts = {name: last[name] if raw else 0 for name in ("ring_drops", "asked_again", "foreign", "mute", "contradictions")}
    everywhere = tuple(address.address for address in swept if address.everywhere)
    return msgspec.convert(
        {"name": last["engine"], "why": last["why"], **counts, "everywhere": everywhere, "covered": covered}, Engine
    )


def _coverage(swept: Sequence[AddressSweep], ports: int) -> list[Coverage]:
    parts = []
    for family in (4, 6):
        held = [address for address in swept if ip_address(address.address).version == family]
        if held:
            known = sum(address.covered() for address in held)
            parts.append(Coverage(family=family, protocol="tcp", addresses=len(held), planned=len(held) * ports, covered=known))
    return parts


def _unechoed(last: dict[str, Any]) -> list[Unechoed]:
    """List the ports on which an echo did not answer."""
    return [
        Unechoed(family=ip_address(answer["address"]).version, ports=tuple((low, high) for low, high in answer["ports"]))
        for answer in last["answers"]
        if answer["echo"] and answer["answer"] != Answer.OPEN
    ]
