"""What came back when a packet that a ruleset lets through beyond the policy was really sent."""

from __future__ import annotations

import msgspec

from ordinance.sight.perimeter import CarefulAddress


class SentPacket(msgspec.Struct, frozen=True, kw_only=True):
    """The packet for one firewall whose ruleset lets some through: what was asked, or why nothing was sent."""

    host: str  #: the firewall
    source: str = ""  #: the vantage's own address
    careful: CarefulAddress | None = None  #: its one port, a decoy and a control; None: nothing was sent
    unsent: str = ""  #: why nothing was sent; empty when something was


class CounterexampleSighting(msgspec.Struct, frozen=True, kw_only=True):
    """One entry for each firewall whose ruleset lets packets through beyond the policy; none when nothing was to be sent."""

    vantage: str
    packets: tuple[SentPacket, ...] = ()
    unseen: str = ""  #: why nobody knows whether something was to be sent

    def of(self, host: str) -> SentPacket | None:
        """Find what was sent through a firewall; None when nothing was to be sent."""
        return next((sent for sent in self.packets if sent.host == host), None)
