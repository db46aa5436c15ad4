"""What was seen of packets that a firewall should stop: the answers outside, and at the firewall itself whether they crossed it.

`arrived`: copies that reached a managed firewall. `left`: copies that it sent on. `flows`: whether its connection tracking took
them for a flow, which it does once every hook has accepted the first packet, also of a packet for the firewall itself or for an
address that nobody uses. All are 0 where no firewall could be watched.
"""

from __future__ import annotations

import msgspec

from ordinance.sight.perimeter import Answer, Reply


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One firewall that was watched while the probes were sent. `unseen` says why it was not."""

    firewall: str
    tracks: bool = False  #: its connection tracking could be read
    lost: int = 0  #: packets that the watcher was too slow for
    unseen: str = ""
    observation: str = ""


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of probe to one address. `port` is 0 for protocols without ports; `what` names it to the reader."""

    address: str
    what: str
    port: int = 0
    sent: int
    silent: int
    replies: tuple[Reply, ...] = ()
    said: str = ""  #: safe text: the beginning of an answer
    control: bool = False  #: meant to cross: a declared public service, asked in the same way
    mute: bool = False  #: a service that never answers strangers
    arrived: int = 0
    left: int = 0
    flows: int = 0

    @property
    def answered(self) -> bool:
        """Whether the other end itself answered."""
        return any(reply.answer is Answer.OPEN for reply in self.replies)


class CrossingSighting(msgspec.Struct, frozen=True, kw_only=True):
    """All probes of one look. `complete` is false when time or pace ended it early."""

    vantage: str
    probes: tuple[Crossing, ...]
    watched: tuple[Watched, ...]
    complete: bool
    unsent: str = ""  #: why nothing could be sent at all; empty when it could
    unasked: tuple[str, ...] = ()  #: public addresses that are not in the inventory's scope
    observations: tuple[str, ...]

    def to(self, addresses: frozenset[str]) -> tuple[Crossing, ...]:
        """Probes to these addresses, controls among them."""
        return tuple(probe for probe in self.probes if probe.address in addresses)

    def controls(self, version: int) -> tuple[Crossing, ...]:
        """Probes of one family that were meant to cross."""
        return tuple(probe for probe in self.probes if probe.control and (":" in probe.address) == (version == 6))  # noqa: PLR2004
