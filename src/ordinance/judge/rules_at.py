"""What a ruleset says of one address and port: whom it lets in from outside, and where address translation sends him."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ordinance.inventory.model import Address
from ordinance.judge.ruleset_read import Read
from ordinance.proof.fields import CT_STATES, IPV4, IPV6, TCP, Range, address_of, ip_range
from ordinance.proof.policy import PROTOCOLS, Policy
from ordinance.proof.space import NONE, Set
from ordinance.proof.walk import Outcome
from ordinance.sight.ports import ranges

#: An ordinary first packet of a flow, and the fields by which a ruleset may tell one such packet from another.
FIRST: dict[str, tuple[Range, ...]] = {
    "ct": ((CT_STATES["new"],) * 2,), "l4ok": ((1, 1),), "thdr": ((1, 1),), "fragoff": ((0, 0),)
}  # fmt: skip
SYN: tuple[Range, ...] = ((2, 2),)
TELLING = ("dport", "saddr", "sport", "second", "day")


class Lets(StrEnum):
    """Whom a ruleset lets in to a port."""

    NOBODY = "nobody"
    SOME = "some sources, or at some times"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Doorway:
    """One address and transport, as one walked ruleset treats packets from outside that nothing translates."""

    read: Read
    policy: Policy  #: says which devices face outside
    address: Address
    transport: str  #: "tcp" | "udp"

    def anybody(self) -> tuple[Range, ...]:
        """Return the ports to which at least somebody may be let in."""
        return _folded([span for outcome in self.read.outcomes for span in _ports(outcome, self._passing(outcome, outcome.may))])

    def everybody(self) -> tuple[Range, ...]:
        """Return the ports to which everybody is let in for certain, at any time."""
        spans = []
        for outcome in self.read.outcomes:
            space = outcome.space
            let_in = space.only(self._passing(outcome, outcome.must), TELLING)
            refused = space.minus(space.only(self._asking(outcome), TELLING), let_in)
            spans += _ports(outcome, space.minus(space.only(let_in, ("dport",)), space.only(refused, ("dport",))))
        return _folded(spans)

    def translated(self, port: int) -> tuple[tuple[Address | None, int], ...]:
        """Return where destination NAT may send who asks for a port, if he then may pass; None: nobody knows to which address."""
        found: dict[tuple[Address | None, int], None] = {}
        for outcome in self.read.outcomes:
            space = outcome.space
            asking = space.both(space.box({**self._packet(), "dport": ((port, port),)}), self.policy.from_outside(space))
            for rewrite in outcome.rewrites:
                passed = space.both(rewrite.apply(space, space.both(rewrite.before, asking)), outcome.may)
                if passed != NONE:
                    found |= dict.fromkeys(self._targets(outcome, passed))
        return tuple(found)

    def _packet(self) -> dict[str, tuple[Range, ...]]:
        number = PROTOCOLS[self.transport]
        flags = {"flags": SYN} if number == TCP else {}
        family = ((self._family, self._family),)
        return {**FIRST, **flags, "family": family, "l4proto": ((number, number),), "daddr": (ip_range(self.address),)}

    @property
    def _family(self) -> int:
        return IPV4 if self.address.version == 4 else IPV6  # noqa: PLR2004 - IP versions

    def _asking(self, outcome: Outcome) -> Set:
        space = outcome.space
        plain = space.box({**self._packet(), "nat": ((0, 0),)})
        return space.all_of([plain, outcome.world, self.policy.from_outside(space)])

    def _passing(self, outcome: Outcome, by: Set) -> Set:
        return outcome.space.both(self._asking(outcome), by)

    def _targets(self, outcome: Outcome, passed: Set) -> list[tuple[Address | None, int]]:
        space = outcome.space
        found: list[tuple[Address | None, int]] = []
        for region in space.regions(space.only(passed, ("daddr", "dport"))):
            port = region.get("dport", ((0, 0),))[0][0]
            if "daddr" not in region:
                found.append((None, port))
            for span in region.get("daddr", ()):
                first, last = (address_of(end, self._family) for end in span)
                found.append((first if first == last else None, port))
        return found


def _ports(outcome: Outcome, of: Set) -> list[Range]:
    space = outcome.space
    return [span for region in space.regions(space.only(of, ("dport",))) for span in region.get("dport", ((0, 65_535),))]


def _folded(spans: list[Range]) -> tuple[Range, ...]:
    return ranges(sorted({port for first, last in spans for port in range(first, last + 1)}))
