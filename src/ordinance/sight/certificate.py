"""What a sweep may claim: by which engine, of how many ports, how sure silence is, and what speaks against it."""

from __future__ import annotations

import msgspec

from ordinance.sight.ports import Range

#: The engines: SYNs of one's own making, connections of the kernel's, or channels of an SSH server.
RAW, CONNECT, TUNNEL = "raw", "connect", "tunnel"


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """A port that is known to be open and was asked again and again, at random moments of the same sweep."""

    address: str
    port: int
    sent: int
    answered: int
    late_sent: int  #: of these, the ones asked after the last port had been: a source barred half-way is seen here
    late_answered: int
    hops: int | None = None


class FamilyBound(msgspec.Struct, frozen=True, kw_only=True):
    """How sure silence is in one address family (4 or 6): chance that an open port stayed silent in every round."""

    family: int
    rounds: int
    miss_bound: float


class Unechoed(msgspec.Struct, frozen=True, kw_only=True):
    """Ports on which the outside echo did not answer in one family: the vantage is not shown to be able to send to them."""

    family: int
    ports: tuple[Range, ...]


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one family's and protocol's ports was to be asked, and is known about."""

    family: int
    protocol: str  #: "tcp"
    addresses: int
    planned: int  #: addresses x ports
    covered: int


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """Which engine swept, why that one, and what it noticed about its own hearing."""

    name: str  #: RAW, CONNECT or TUNNEL
    why: str
    ring_drops: int  #: answers for which the vantage had no room
    asked_again: int  #: of these, the ones whose ports were asked again
    foreign: int  #: answers to our ports that showed no number of ours, and were not believed
    mute: int  #: SYN-ACKs with an empty window, as a SYN proxy sends them
    contradictions: int  #: ports that answered in two ways; the weightier answer counts
    everywhere: tuple[str, ...]  #: addresses that answered on most of their ports
    covered: tuple[Coverage, ...]

    @property
    def lost(self) -> int:
        """Answers that were lost on the vantage for good: nobody knows whose."""
        return self.ring_drops - self.asked_again


class Certificate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a sweep may claim."""

    vantage: str
    engine: str
    started: str  #: UTC, RFC 3339
    finished: str
    complete: bool  #: every planned port was asked, and nothing stopped the sweep
    why_incomplete: str
    ports_planned: int
    ports_covered: int
    probes: int
    seconds: float
    canaries: tuple[Canary, ...]
    bounds: tuple[FamilyBound, ...]
    voided_windows: int
    requeued: int
    local_errors: int
    hears_icmp: bool  #: the vantage could hear late ICMP errors (an unused address let through answers after seconds)
    reads_hops: bool
    unechoed: tuple[Unechoed, ...]
    echo_families: tuple[int, ...]  #: families in which the echo was asked on every port
    awaited: bool = True  #: it was waited for a router's late word that nobody is there
    by: Engine | None = None  #: None in records older than the choice of engines: then it was the one that connects

    def bound(self, family: int) -> float:
        """Miss bound per port in `family`; 1.0 (nothing known) where no canary was asked."""
        return next((bound.miss_bound for bound in self.bounds if bound.family == family), 1.0)
