"""Sets of addresses that entries refer to by name, for their source or their destination."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ordinance.proof.fields import IPV4, IPV6
from ordinance.proof.ir import Match
from ordinance.proof.read.making import every, family, masked, network, some, span

_Made = Callable[[str], Match]


@dataclass(slots=True)
class Addresses:
    """A group of addresses. Every member says of which family it is, for two families share the bits of an address."""

    members: list[_Made] = field(default_factory=list)

    def of(self, asked: str) -> Match:
        """Return the match of the members; `asked` is `saddr` or `daddr`."""
        return some([member(asked) for member in self.members])

    def add(self, other: Addresses) -> None:
        """Take in the members of another group."""
        self.members.extend(other.members)

    def add_network(self, net: IPv4Network | IPv6Network) -> None:
        """Take in a network."""
        self.members.append(lambda asked: _in_family(net.version, network(asked, net)))

    def add_span(self, first: IPv4Address | IPv6Address, last: IPv4Address | IPv6Address) -> None:
        """Take in the addresses from first to last."""
        self.members.append(lambda asked: _in_family(first.version, span(asked, first, last)))

    def add_masked(self, address: IPv4Address, mask: IPv4Address) -> None:
        """Take in the addresses whose bits under the mask are those of `address`."""
        self.members.append(lambda asked: _in_family(4, masked(asked, address, mask)))

    def add_match(self, match: Match) -> None:
        """Take in what is the same for source and destination: everything of a family, or an unknown."""
        self.members.append(lambda _asked: match)


def _in_family(version: int, match: Match) -> Match:
    return every(family(IPV4 if version == 4 else IPV6), match)  # noqa: PLR2004 - IP's version
