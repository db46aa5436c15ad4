"""Which open ports may be held against their address: those with which there was a conversation.

A SYN-ACK is a packet, and may be another's: a SYN proxy shakes hands for whoever is asked for, a tarpit for every port. Where
the sweep sent its own SYNs, a port must have taken a connection afterwards. Where an address is open on every port, its
handshakes say nothing at all of what is behind them: there a port must have spoken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ordinance.sight.perimeter import RAW, ConversationSighting, SweepSighting
from ordinance.sight.ports import ranges, said

#: Protocols of a conversation in which nothing was said.
MUTE = frozenset({"", "silent", "closed"})
#: Protocols of a conversation of which nobody knows what speaks there: within TLS too, nothing may have been said.
UNHEARD = MUTE | {"tls"}


class Opened(NamedTuple):
    """Open ports of an address: `confirmed` ones, and the `others` by why they are not."""

    confirmed: tuple[int, ...]
    others: dict[str, tuple[int, ...]]

    def doubts(self, address: str) -> Iterator[str]:
        """Say of each kind of the others why nobody knows."""
        for why, ports in self.others.items():
            yield f"{address} port{'s' if len(ports) > 1 else ''} {said(ranges(ports))}: {why}"


def opened(address: str, sweep: SweepSighting, talks: ConversationSighting) -> Opened:
    """Tell the open ports of an address apart."""
    ask = _Asking(address, sweep, talks)
    others: dict[str, list[int]] = {}
    for port in sweep.open_ports(address):
        others.setdefault(ask.unconfirmed(port), []).append(port)
    return Opened(tuple(others.pop("", ())), {why: tuple(ports) for why, ports in others.items()})


def unconfirmed(address: str, port: int, sweep: SweepSighting, talks: ConversationSighting) -> str:
    """Say why the sweep's word that a port is open is not enough; empty when it is, or when the port was talked to."""
    return _Asking(address, sweep, talks).unconfirmed(port)


class _Asking:
    """What is known of one address."""

    def __init__(self, address: str, sweep: SweepSighting, talks: ConversationSighting) -> None:
        seen, by = sweep.of(address), sweep.certificate.by
        self.everywhere = seen is not None and seen.everywhere
        self.raw = by is not None and by.name == RAW
        self.talks = {talk.port: talk for talk in talks.conversations if talk.address == address}
        left_out = any(group.reply.by == address for group in talks.left_out)
        # ports left out for their number are like those that were not
        self.like = left_out and bool(self.talks) and not any(talk.unseen for talk in self.talks.values())

    def unconfirmed(self, port: int) -> str:
        talk = self.talks.get(port)
        if talk is not None and talk.protocol not in MUTE:
            return ""
        if self.everywhere:
            return "it answers on every port, so its handshakes do not say what is behind it"
        if not self.raw:
            return ""  # the sweep's own connection was one
        if talk is None:
            return "" if self.like else "it answered the sweep, and was not talked to"
        return f"it answered the sweep, and took no connection afterwards ({talk.unseen})" if talk.unseen else ""
