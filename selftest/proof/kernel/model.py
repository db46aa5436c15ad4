"""What the proof says of one packet: the walk's outcome at the hook that the packet comes to, asked for that packet alone."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from ordinance.proof.fields import CT_STATES, IPV4, IPV6, address_of, interface, ip_range
from ordinance.proof.ir import NatKind, Ruleset
from ordinance.proof.rewrite import Rewrite
from ordinance.proof.space import Space
from ordinance.proof.walk import Outcome, Walk, bases
from selftest.proof.kernel.choose import Tracked
from selftest.proof.kernel.packet import Packet
from selftest.proof.kernel.point import points
from selftest.proof.kernel.trial import Said

FORWARDED = (ip_network("10.8.0.0/14"), ip_network("fd08::/32"))
#: Where a redirect leads: the address of the interface that the packet came in by.
REDIRECTED = {IPV4: "10.1.0.1", IPV6: "fd01::1"}
Point = dict[str, int]


class Proof:
    """The outcomes of a ruleset at both hooks."""

    def __init__(self, ruleset: Ruleset, space: Space | None = None) -> None:
        self.ruleset = ruleset
        walk = Walk([ruleset], space)
        self.outcomes = {hook: walk.path(ruleset, hook) for hook in ("forward", "input")}
        summaries = [walk.summary(ruleset).chains[base.chain] for base in bases(ruleset, "prerouting")]
        unknown = walk.matcher.variables
        self._doubtful = any(
            summary.notrack and (summary.drop is not None or unknown & {*walk.space.support(summary.notrack)})
            for summary in summaries
        )
        tracked = {4: IPV4 in ruleset.tracked, 6: IPV6 in ruleset.tracked}
        self.tracked = Tracked(tracked, any(outcome.rewrites for outcome in self.outcomes.values()))

    def says(self, packet: Packet, number: int) -> Said:
        """What becomes of a packet: in every state that it may have, as far as that is known."""
        arrivals = [arrival for point in points(packet, number) for arrival in self._arrivals(packet, point)]
        said = {_says(outcome, point) for outcome, point in arrivals}
        return said.pop() if len(said) == 1 else Said.UNKNOWN

    def _arrivals(self, packet: Packet, point: Point) -> list[tuple[Outcome, Point]]:
        """The hook to which the packet comes, and what it may be there: translated, or not tracked."""
        for hook, outcome in self.outcomes.items():
            here = {**point, "oif": interface("f1")[0] if hook == "forward" else 0}
            for rewrite in outcome.rewrites:
                if outcome.space.holds(rewrite.before, here):
                    image = _image(rewrite, here)
                    if hook == ("forward" if _is_forwarded(image) else "input"):
                        return self._in_world(outcome, image)
        return self._in_world(self.outcomes["input" if packet.local else "forward"], point)

    def _in_world(self, outcome: Outcome, point: Point) -> list[tuple[Outcome, Point]]:
        """The packet in the state that there can be of it: tracked, or not; both where it hangs on an unknown."""
        not_tracked = {**point, "ct": CT_STATES["untracked"]}
        there = [each for each in (point, not_tracked) if outcome.space.holds(outcome.world, each)]
        found = there or [point]
        return [(outcome, each) for each in (found if self._doubtful else found[:1])]


def _says(outcome: Outcome, point: Point) -> Said:
    space = outcome.space
    if not space.holds(outcome.world, point):
        return Said.IMPOSSIBLE
    if outcome.taints or space.holds(outcome.tainted, point):
        return Said.UNKNOWN
    if space.holds(outcome.must, point):
        return Said.PASSES
    return Said.UNKNOWN if space.holds(outcome.may, point) else Said.BLOCKED


def _image(rewrite: Rewrite, point: Point) -> Point:
    image = {**point, "nat": rewrite.number}
    if rewrite.nat.addresses:
        image["daddr"] = rewrite.nat.addresses[0][0]
    elif rewrite.nat.kind is NatKind.REDIRECT:
        image["daddr"] = ip_range(ip_address(REDIRECTED[point["family"]]))[0]
    if rewrite.nat.ports:
        image["dport"] = rewrite.nat.ports[0][0]
    return image


def _is_forwarded(point: Point) -> bool:
    address = address_of(point["daddr"], point["family"])
    return any(address in network for network in FORWARDED if network.version == address.version)
