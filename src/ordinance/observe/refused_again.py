"""Ports that refused in a sweep, asked again with care: how far whoever refused is, and whether others are refused alike."""

from __future__ import annotations

from ordinance.inventory.model import Address
from ordinance.observe.api import CouldNotLook, LookContext, VantagePoint
from ordinance.observe.careful import Ask, ask_with_care, control_for
from ordinance.sight.perimeter import AddressSweep, Answer, CarefulAddress, PortAnswer
from ordinance.sight.ports import count, each

#: Refusals of one address that are asked again with care.
CAREFUL_A_KIND = 8


def ask_again(
    context: LookContext, vantage: VantagePoint, addresses: tuple[Address, ...], swept: tuple[AddressSweep, ...]
) -> tuple[tuple[CarefulAddress, ...], tuple[str, ...], str]:
    """Ask refused ports again, some of each kind and address; what was seen, its observations, and why it could not be."""
    asks = []
    for seen in swept:
        address = next(a for a in (*addresses, None) if a is None or str(a) == seen.address)
        ports = [port for group in seen.of(Answer.RST, Answer.ICMP) for port in _some(group)]
        if address is not None and ports:
            decoy = next(port for port in range(20_011, 60_000) if not _answered(seen, port) or port == 59_999)  # noqa: PLR2004
            specs = [{"transport": "tcp", "port": port} for port in ports]
            control = control_for(address, context.inventory)
            asks.append(Ask(address, specs, control, [{"transport": "tcp", "port": decoy}]))
    if not asks:
        return (), (), ""
    try:
        careful = ask_with_care(context, vantage, asks, context.seed + 1)
    except CouldNotLook as missed:
        return (), (missed.observation,) if missed.observation else (), f"refused ports could not be asked again: {missed}"
    return careful, tuple(dict.fromkeys(seen.observation for seen in careful)), ""


def _some(group: PortAnswer) -> list[int]:
    """Pick the first ports of a kind of answer, and its last."""
    ports = [port for _, port in zip(range(CAREFUL_A_KIND), each(group.ports), strict=False)]
    return ports if count(group.ports) <= CAREFUL_A_KIND else [*ports, group.ports[-1][1]]


def _answered(seen: AddressSweep, port: int) -> bool:
    groups = seen.of(Answer.OPEN, Answer.RST, Answer.ICMP)
    return any(first <= port <= final for group in groups for first, final in group.ports)
