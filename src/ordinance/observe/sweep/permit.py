"""Where frames may go. Link-layer frames pass by the kernel's output hooks, so nothing below asks this question again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network


class OutOfScope(Exception):
    """An address to which no frame may be made."""


class Networks:
    """Some networks, asked by prefix length: as fast for a hundred thousand of them as for one."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.held: dict[tuple[int, int], set[int]] = {}
        for network in map(ip_network, texts):
            bits = network.max_prefixlen - network.prefixlen
            self.held.setdefault((network.version, bits), set()).add(int(network.network_address) >> bits)

    def __contains__(self, address: str) -> bool:
        asked = ip_address(address)
        return any(version == asked.version and int(asked) >> bits in found for (version, bits), found in self.held.items())


class Permit:
    """A job's scope, {"allow": [network ...], "deny": [network ...]}. No scope admits nothing."""

    def __init__(self, scope: Mapping[str, Sequence[str]] | None) -> None:
        self.allow = Networks((scope or {}).get("allow", ()))
        self.deny = Networks((scope or {}).get("deny", ()))

    def require(self, addresses: Iterable[str]) -> None:
        """Refuse the whole of them for the sake of one outside."""
        for address in addresses:
            if address in self.deny or address not in self.allow:
                raise OutOfScope(f"{address} is outside the scope of this job")
